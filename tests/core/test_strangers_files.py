"""A stranger's file: read exactly, refused with the place and the reason, and never able to show what is not so."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import flat, place
from tests.thinned import thinned

# -- the graphs whose files are read -----------------------------------------------------------------


def layer(x: Any, W: Any, b: Any) -> Any:
    return np.tanh(x @ W + b)


def net(x: Any, W: Any, b: Any, v: Any) -> Any:
    h = layer(x, W, b)
    loss = np.mean((h @ v) ** 2)
    return loss


def branch(x: Any) -> Any:
    y = x**2
    if y > 1:
        return y * 3
    return y


def pieces(x: Any) -> Any:
    return np.sum(np.where(x > 0, x, 0.1 * x)[:, None][1:, [0, 0]]) + x[np.argmax(x)] + np.max(x[1:3])


def several(x: Any) -> Any:
    return {"double": x * 2, "both": np.stack([x, x * x])}


def shapes(x: Any) -> Any:
    return np.sum(np.pad(np.tile(x, (2, 1)), ((1, 0), (2, 1))) * np.repeat(np.diag(x[0], k=1), 2)[:1])


def einsum(x: Any) -> Any:
    return np.einsum("ij,jk->", x, x.T)


def make(name: str) -> gad.Graph:
    """One of the graphs, with adjoints where there is one scalar output."""
    rng = np.random.default_rng(5)
    if name == "scalars":
        graph = gad.trace(lambda x, y: (x * y + 1) ** 2 / y, 1.5, -2.0)
    elif name == "net":
        arrays = [rng.normal(size=shape) for shape in ((3, 2), (2,), (2,))]
        graph = gad.trace(net, gad.constant(rng.normal(size=(4, 3))), *arrays)
    elif name == "branch":
        graph = gad.trace(branch, 1.5)
    elif name == "pieces":
        graph = gad.trace(pieces, np.array([0.5, -1.0, 2.0, np.nan, -np.inf][:3], dtype=np.float32))
    elif name == "several":
        return gad.trace(several, 3.0).backward({"out_2": [1.0, 0.5]})
    elif name == "derivative":
        graph = gad.trace(lambda x: np.exp(x) * x, 0.5).derivative("x")
    elif name == "variables":
        x, w = gad.variable(2.0, name="x", role="data"), gad.variable(np.arange(3.0), name="w", role="parameter")
        graph = gad.graph(np.sum(x * w) ** 2)
    elif name == "infinite":
        with np.errstate(all="ignore"):
            graph = gad.trace(lambda x: np.sum(np.log(x) * 2.0), np.array([0.0, -1.0, np.inf]))
    elif name == "custom":
        bend = gad.custom(BEND, vjp=lambda adjoint, out, x, y, k=1: (adjoint * y * k, None))
        graph = gad.trace(lambda x, y: bend(x * 2, y, k=3) ** 2, 1.5, 2.0)
        graph.keeps = bend  # type: ignore[attr-defined]
    else:
        graph = gad.trace({"shapes": shapes, "einsum": einsum}[name], rng.normal(size=(2, 3)))
    return graph.backward()


def BEND(x: Any, y: Any, k: int = 1) -> Any:
    return x * y * k


GRAPHS = (
    "scalars", "net", "branch", "pieces", "several", "derivative", "variables", "infinite", "custom", "shapes",
    "einsum",
)  # fmt: skip


def written(name: str = "net") -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(make(name).to_dict(), allow_nan=False))
    return data


@pytest.fixture
def data() -> dict[str, Any]:
    """The file of the net."""
    return written()


KEPT = ("name", "kind", "role", "dtype", "shape", "group", "source")


# -- what is right comes back ------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_files_come_back_as_they_were(name: str) -> None:
    graph = make(name)
    text = json.dumps(graph.to_dict(), allow_nan=False)
    back = gad.Graph.from_dict(json.loads(text))
    assert json.dumps(back.to_dict(), allow_nan=False) == text
    assert back.notice == ""
    for old, new in zip(graph.nodes, back.nodes, strict=True):
        assert (old.name, old.kind, old.role, old.dtype, old.shape) == (
            new.name,
            new.kind,
            new.role,
            new.dtype,
            new.shape,
        )
        np.testing.assert_array_equal(old.value, new.value)
        assert (old.adjoint is None) == (new.adjoint is None)
        if old.adjoint is not None:
            np.testing.assert_array_equal(old.adjoint, new.adjoint)


def test_arrays_come_back_in_c_order() -> None:
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    graph = gad.trace(lambda x: np.sum(x), x)
    assert graph["x"].value.flags.f_contiguous
    back = gad.Graph.from_dict(graph.to_dict())
    assert back["x"].value.flags.c_contiguous
    np.testing.assert_array_equal(back["x"].value, x)


def test_numbers_with_more_digits_than_json_has_come_back() -> None:
    third = np.longdouble(1) / 3
    back = gad.Graph.from_dict(json.loads(json.dumps(gad.trace(lambda x: x * x, third).to_dict())))
    assert back["x"].value == third
    assert back["x"].dtype == np.longdouble


@pytest.mark.parametrize("name", ["", "a\nb", "\ud800", "\u202eabc", "x" * 10_000, "💥", "__proto__", "a.b[0]"])
def test_any_name_comes_back(name: str) -> None:
    graph = gad.trace(lambda x: x * 2, gad.variable(1.0, name=name or "x")).backward()
    assert gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict()))).names == graph.names


def test_copies_need_no_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written()
    monkeypatch.setattr(flat, "_lie", lambda _record: pytest.fail("computed again"))
    assert flat.from_dict(gad.Graph, data, trusted=True).to_dict() == data


# -- nothing of the machine --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".html", ".svg", ".txt", ".dot"])
@pytest.mark.parametrize("file", ["/data/ada/secret/model.py", r"D:\ada\secret\model.py", "/data/ipykernel_4711/12.py"])
def test_labels_name_neither_folder_nor_process(suffix: str, file: str, tmp_path: Path) -> None:
    source = "def f(x):\n    y = x * 2\n    if y > 0:\n        y = y + 1\n    return y\n"
    import linecache

    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict[str, Any] = {}
    exec(compile(source, file, "exec"), space)  # as IPython runs a cell
    graph = gad.trace(space["f"], 1.5)
    assert str(graph["y"].source) in {"model.py:2", "cell:2"}
    text = graph.save(tmp_path / f"graph{suffix}").read_text(encoding="utf-8")
    for secret in ("secret", "ada", "ipykernel", "4711", str(Path.cwd()), str(os.getpid()), str(tmp_path)):
        assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text), secret
    assert not re.search(r"0x[0-9a-f]{6}", text)


# -- what is wrong is refused, and where it is ---------------------------------------------------------

Damage = Callable[[dict[str, Any]], Any]


def at(path: str, value: Any) -> Damage:
    """Put a value at a path such as ``nodes.3.inputs.0``."""

    def change(data: dict[str, Any]) -> None:
        *way, last = [int(step) if step.lstrip("-").isdigit() else step for step in path.split(".")]
        target: Any = data
        for step in way:
            target = target[step]
        target[last] = value

    return change


def deep(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = {"tuple": [found]}
    return found


ARRAY = {"numpy": "array", "dtype": "<f8", "shape": [1], "data": [1.0]}

DAMAGES: dict[str, tuple[Damage, str]] = {
    "no nodes": (lambda d: d.pop("nodes"), r"the whole has no 'nodes'"),
    "empty": (at("nodes", []), r"nodes is a list; expected 1 to 1,000,000 nodes"),
    "nodes is text": (at("nodes", "many"), r"nodes is 'many'; expected a list"),
    "a node is null": (at("nodes.1", None), r"nodes\[1\] is null; expected an object"),
    "missing key": (lambda d: d["nodes"][2].pop("group"), r"nodes\[2\] has no 'group'"),
    "version true": (at("version", True), r"version true"),
    "version 1.0": (at("version", 1.0), r"version 1.0"),
    "id": (at("nodes.1.id", 7), r"nodes\[1\]\.id is 7; expected its position in the list, 1"),
    "negative": (at("nodes.-1.inputs.0", -1), r"inputs\[0\] is -1; expected no position but that of an earlier"),
    "bool": (at("nodes.-1.inputs.0", True), r"inputs\[0\] is true; expected no position"),
    "float": (at("nodes.-1.inputs.0", 0.0), r"inputs\[0\] is 0\.0; expected no position"),
    "huge int": (at("nodes.-1.inputs.0", 10**5000), r"inputs\[0\] is a number of 16,610 bits"),
    "text of 10 MB": (
        at("title", "x" * 10**7),
        r"title is 'x+'… \(10,000,000 characters\); expected a text of at most",
    ),
    "name of 10 MB": (at("nodes.0.name", "x" * 10**7), r"nodes\[0\]\.name is"),
    "key of 10 MB": (
        lambda d: d["aliases"].update({"x" * 10**7: 0}),
        r"aliases is an object; expected an object with keys",
    ),
    "name is null": (at("nodes.0.name", None), r"nodes\[0\]\.name is null; expected a text"),
    "duplicate": (lambda d: d["nodes"][1].update(name=d["nodes"][0]["name"]), r"nodes\[1\]\.name .* nodes\[0\]"),
    "alias of a name": (
        lambda d: d["aliases"].update(W=0),
        r"aliases\.W is 0; expected an alias that is no node's name",
    ),
    "alias to nowhere": (lambda d: d["aliases"].update(other=99), r"aliases\.other is 99; expected the position"),
    "kind": (at("nodes.0.kind", "primitive"), r"nodes\[0\]\.kind is 'primitive'; expected what inputs and primitive"),
    "unknown kind": (at("nodes.0.kind", "magic"), r"nodes\[0\]\.kind is 'magic'; expected one of"),
    "role": (at("nodes.0.role", "boss"), r"nodes\[0\]\.role is 'boss'; expected one of \['input', 'parameter'"),
    "twice an input": (lambda d: d["inputs"].append(d["inputs"][0]), r"inputs is a list; expected every input once"),
    "no outputs": (at("outputs", []), r"outputs is a list; expected at least one"),
    "output nowhere": (at("outputs", [99]), r"outputs\[0\] is 99; expected the position of a node"),
    "computed input": (lambda d: d["inputs"].append(len(d["nodes"]) - 1), r"expected what inputs and primitive"),
    "dtype object": (at("nodes.0.value.dtype", "O"), r"nodes\[0\]\.value\.dtype is 'O'; expected one of"),
    "dtype record": (at("nodes.0.value.dtype", "f8,f8"), r"value\.dtype is 'f8,f8'"),
    "dtype is a list": (at("nodes.0.value.dtype", [["a", "<f8"]]), r"value\.dtype is a list"),
    "shape 10**9": (at("nodes.0.value.shape", [10**9]), r"value\.shape\[0\] is 1000000000"),
    "shape 10**6 without data": (
        at("nodes.0.value.shape", [10**6]),
        r"expected a list of 1000000, which is what the shape",
    ),
    "shape 0 times much": (at("nodes.0.value", ARRAY | {"shape": [0, 10**6, 10**6], "data": []}), r"shape .* numbers"),
    "negative shape": (at("nodes.0.value.shape.0", -1), r"shape\[0\] is -1"),
    "200 axes": (at("nodes.0.value", ARRAY | {"shape": [1] * 200}), r"at most 64 lengths"),
    "text for a number": (at("nodes.0.value.data.0", "1.0"), r"data\[0\] is '1.0'; expected a finite float or one of"),
    "nan for a number": (at("nodes.0.value.data.0", float("nan")), r"data\[0\] is nan; expected a float"),
    "bool for a number": (at("nodes.0.value.data.0", False), r"data\[0\] is false; expected a float"),
    "list for a number": (at("nodes.0.value.data.0", [1.0]), r"data\[0\] is a list"),
    "number beyond the dtype": (at("nodes.0.value", ARRAY | {"dtype": "|i1", "data": [300]}), r"fit into dtype int8"),
    "number beyond float32": (
        at("nodes.0.value", ARRAY | {"dtype": "<f4", "data": [1e300]}),
        r"fit into dtype float32",
    ),
    "int beyond floats": (at("nodes.0.value.data.0", 10**400), r"fit into dtype float64"),
    "python int beyond floats": (
        at("nodes.0.value", {"python": "int", "data": 10**400}),
        r"a number that a float can hold",
    ),
    "python object": (at("nodes.0.value", {"python": "object", "data": 1}), r"python is 'object'; expected one of"),
    "python bool is int": (at("nodes.0.value", {"python": "int", "data": True}), r"data is true; expected a int"),
    "ints as input": (
        at("nodes.0.value", ARRAY | {"dtype": "<i8", "data": [1]}),
        r"expected floats, since it is an input",
    ),
    "deep": (at("nodes.-1.params", {"axis": deep(5000)}), r"params\.axis.*expected parameters nested at most 16 deep"),
    "param of a kind": (
        at("nodes.-1.params", {"axis": {"object": "os.system"}}),
        r"expected one of the kinds of parameters",
    ),
    "param of two kinds": (at("nodes.-1.params", {"axis": {"tuple": [], "list": []}}), r"an object with one key"),
    "param a bare float": (at("nodes.-1.params", {"axis": 1.5}), r"params\.axis is 1\.5; expected an object"),
    "unknown param": (at("nodes.-1.params", {"evil": 1}), r"nodes\[\d+\], mean: it takes no 1 inputs with .*'evil'"),
    "a text for an axis": (at("nodes.-1.params.axis", "__import__('os')"), r"mean: it cannot be computed \(TypeError"),
    "no dynamic": (at("nodes.-1.params", {"axis": {"dynamic": 5}}), r"dynamic is 5; expected the number of one of its"),
    "param without hash": (
        at("nodes.-1.params", {"axis": {"dict": [[{"list": []}, 1]]}}),
        r"expected a text or a number",
    ),
    "slice of two": (at("nodes.-1.params", {"axis": {"slice": [1, 2]}}), r"slice is a list; expected a list of 3"),
    "inputs missing": (at("nodes.-1.inputs", []), r"at least one input that was traced"),
    "inputs too many": (lambda d: d["nodes"][-1]["inputs"].append(0), r"nodes\[\d+\], mean: it"),
    "params of an input": (at("nodes.0.params", {"a": 1}), r"expected no primitive, inputs or params"),
    "folder of a source": (at("nodes.-1.source.file", "/data/ada/f.py"), r"source\.file .* without a folder"),
    "line of a source": (at("nodes.-1.source.line", -3), r"source\.line is -3; expected a whole number"),
    "group": (at("nodes.-1.group", 3), r"group is 3; expected a text"),
    "seed of another shape": (at("seeds.loss", ARRAY), r"seeds\.loss is an object; expected numbers of shape \(\)"),
    "seed of no output": (lambda d: d["seeds"].update(W=d["seeds"]["loss"]), r"seeds\.W is no output"),
    "seeds is a list": (at("seeds", []), r"seeds is a list; expected an object"),
    "guards": (at("guards", [None]), r"guards\[0\] is null; expected an object"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_is_wrong_is_named_with_its_place(kind: str, data: dict[str, Any]) -> None:
    damage, words = DAMAGES[kind]
    damage(data)
    with pytest.raises(gad.ArgumentError, match=words) as caught:
        gad.Graph.from_dict(data)
    assert type(caught.value) is gad.ArgumentError
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("whole", [None, 3, "text", [], {}, {"format": "other"}, {"format": ["graphviz_ad.graph"]}])
def test_what_is_no_graph_at_all(whole: Any) -> None:
    with pytest.raises(gad.ArgumentError, match=r"lacks the format mark"):
        gad.Graph.from_dict(whole)


def test_all_arrays_together_are_bounded(data: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MAX_ENTRIES", 20)
    with pytest.raises(gad.ArgumentError, match=r"too large: at nodes\[\d\]\.value\.data it has more than 20 numbers"):
        gad.Graph.from_dict(data)


def test_keys_that_nobody_knows_are_skipped(data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    data["later"] = data["nodes"][0]["later"] = data["nodes"][0]["value"]["later"] = {"deep": [None]}
    assert gad.Graph.from_dict(data).to_dict() == before


# -- what a file states must be so ---------------------------------------------------------------------


def test_a_value_that_its_primitive_does_not_give_is_refused() -> None:
    data = written("scalars")
    node = next(node for node in data["nodes"] if node["primitive"] == "multiply")
    node["value"]["data"] *= 1.01
    with pytest.raises(gad.ArgumentError, match=rf"nodes\[{node['id']}\], multiply: its value is not what it gives"):
        gad.Graph.from_dict(data)


@pytest.mark.parametrize("change", [{"shape": [1, 1], "numpy": "array"}, {"dtype": "<f2"}])
def test_a_value_of_another_shape_or_dtype_is_refused(change: dict[str, Any], data: dict[str, Any]) -> None:
    data["nodes"][-1]["value"] |= change
    with pytest.raises(gad.ArgumentError, match=r"mean: its value has shape .* but what it gives .* shape \(\) and"):
        gad.Graph.from_dict(data)


def test_rounding_is_no_lie() -> None:
    data = written("scalars")
    for node in data["nodes"]:
        if node["primitive"]:
            node["value"]["data"] *= 1 + 1e-14
    assert gad.Graph.from_dict(data).names == make("scalars").names


def test_a_bool_that_is_not_so_is_refused() -> None:
    data = written("branch")
    node = next(node for node in data["nodes"] if node["primitive"] == "greater")
    node["value"]["data"] = [False]
    with pytest.raises(gad.ArgumentError, match=r"greater: its value is not what it gives"):
        gad.Graph.from_dict(data)
    data = written("branch")
    data["guards"][0]["value"]["data"] = [False] if "numpy" in data["guards"][0]["value"] else False
    with pytest.raises(gad.ArgumentError, match=r"guards\[0\]\.value is an object; expected the value of its node"):
        gad.Graph.from_dict(data)


def test_stated_adjoints_are_not_believed(data: dict[str, Any]) -> None:
    true = make("net")
    for node in data["nodes"]:
        if node["adjoint"] is not None:
            node["adjoint"]["data"] = [7.0] * len(node["adjoint"]["data"])
    read = gad.Graph.from_dict(data)
    np.testing.assert_array_equal(read["W"].adjoint, true["W"].adjoint)


@pytest.mark.parametrize(
    ("name", "primitive", "params"),
    [
        ("shapes", "tile", {"reps": {"tuple": [10**6, 10**6]}}),
        ("shapes", "repeat", {"repeats": 10**9, "axis": None}),
        ("shapes", "diag", {"k": 10**6}),
        ("shapes", "pad", {"pad_width": {"tuple": [{"tuple": [10**5, 10**5]}] * 2}, "mode": "constant"}),
        ("pieces", "index", {"key": 0, "lead": 10**9}),
        ("net", "mean", {"axis": None, "keepdims": False, "dtype": "S1000000000"}),
    ],
)
def test_no_line_makes_much(name: str, primitive: str, params: dict[str, Any]) -> None:
    import tracemalloc

    data = written(name)
    node = next(node for node in data["nodes"] if node["primitive"] == primitive)
    node["params"] = params
    tracemalloc.start()
    try:
        with pytest.raises(gad.ArgumentError, match=rf"{primitive}: it is too large to be computed again"):
            gad.Graph.from_dict(data)
        assert tracemalloc.get_traced_memory()[1] < 5 * 10**7
    finally:
        tracemalloc.stop()


def node_of(position: int, primitive: str | None, inputs: list[int], value: Any, **params: Any) -> dict[str, Any]:
    return {
        "id": position, "name": f"n{position}", "kind": "input" if primitive is None else "primitive",
        "role": "input" if primitive is None else "", "primitive": primitive, "inputs": inputs, "params": params,
        "value": value, "source": None, "group": None,
    }  # fmt: skip


def file_of(*nodes: dict[str, Any], inputs: list[int]) -> dict[str, Any]:
    return {
        "format": flat.FORMAT, "version": flat.VERSION, "title": "f", "nodes": list(nodes), "aliases": {}, "seeds": {},
        "inputs": inputs, "outputs": [len(nodes) - 1], "guards": [],
    }  # fmt: skip


LONG = ARRAY | {"shape": [50_000], "data": [1.0] * 50_000}


@pytest.mark.parametrize("primitive", ["outer", "add", "matmul", "power"])
def test_two_lines_make_no_more(primitive: str) -> None:
    row, column = LONG | {"shape": [1, 50_000]}, LONG | {"shape": [50_000, 1]}
    nodes = node_of(0, None, [], column), node_of(1, None, [], row), node_of(2, primitive, [0, 1], ARRAY)
    with pytest.raises(gad.ArgumentError, match=rf"nodes\[2\], {primitive}: it is too large to be computed again"):
        gad.Graph.from_dict(file_of(*nodes, inputs=[0, 1]))


def test_no_operation_writes_into_its_inputs() -> None:
    """In NumPy a further argument is often the array to write to."""
    a, b = (ARRAY | {"data": [number]} for number in (0.5, 0.25))
    for primitive, result in (("sin", np.sin(0.5)), ("round", 0.0), ("floor", 0.0)):
        nodes = node_of(0, None, [], a), node_of(1, None, [], b)
        data = file_of(*nodes, node_of(2, primitive, [0, 1], ARRAY | {"data": [float(result)]}), inputs=[0, 1])
        with pytest.raises(gad.ArgumentError, match=rf"nodes\[2\], {primitive}: "):
            gad.Graph.from_dict(data)


@pytest.mark.parametrize("change", [{"keepdims": None}, {"keepdims": False, "axis": None, "later": 1}])
def test_parameters_are_those_of_all_the_rules(change: dict[str, Any], data: dict[str, Any]) -> None:
    """`compute` may do without one that the rule of forward mode needs."""
    params = data["nodes"][-1]["params"]
    params.clear()
    params.update({key: value for key, value in change.items() if value is not None})
    with pytest.raises(gad.ArgumentError, match=r"mean: it takes no 1 inputs with the parameters \["):
        gad.Graph.from_dict(data)


def test_powers_of_whole_numbers_are_not_computed() -> None:
    whole = {"python": "int", "data": 10**9}
    nodes = [node_of(0, None, [], ARRAY), node_of(1, None, [], whole), node_of(2, "power", [1, 1], whole)]
    nodes[1] |= {"kind": "constant", "role": ""}
    with pytest.raises(gad.ArgumentError, match=r"nodes\[2\]\.inputs .* at least one input that was traced"):
        gad.Graph.from_dict(file_of(*nodes, inputs=[0]))


# -- primitives that this program does not have --------------------------------------------------------


@pytest.fixture
def foreign() -> dict[str, Any]:
    """The file of a graph with a `gad.custom` function that is not defined here."""
    data = written("custom")
    for node in data["nodes"]:
        if node["primitive"] and "#" in node["primitive"]:
            node["primitive"] = "their_bend#1"
    return data


def test_an_unknown_primitive_is_shown_with_what_the_file_says(foreign: dict[str, Any], tmp_path: Path) -> None:
    graph = gad.Graph.from_dict(foreign)
    # z = (3·2x·y)² at x = 1.5, y = 2: dz/dx = 2·18·3·2·2
    assert graph["x"].adjoint == 2 * 18 * 12
    assert graph["y"].adjoint == 0.0  # their rule gives y nothing
    assert graph.to_dict() == foreign
    assert "their_bend#1" in graph.notice
    assert "their_bend#1(v1, y)" in graph.save(tmp_path / "graph.txt").read_text(encoding="utf-8")
    for suffix in (".svg", ".html", ".dot", ".png", ".json"):
        assert graph.save(tmp_path / f"graph{suffix}").stat().st_size > 500
    assert "their_bend#1" in (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert graph.backward(2.0)["x"].adjoint == 2 * 2 * 18 * 12  # a pullback is linear


def test_an_unknown_primitive_computes_nothing(foreign: dict[str, Any]) -> None:
    graph = gad.Graph.from_dict(foreign)
    with pytest.raises(gad.ReplayError, match=r"does not have 'their_bend'.* define it before Graph\.from_dict"):
        graph.evaluate(x=1.0)
    with pytest.raises(gad.UnsupportedError, match=r"does not have 'their_bend', so no tangent"):
        graph.forward({"x": 1.0})
    with pytest.raises(gad.UnsupportedError, match=r"does not have 'their_bend', so nothing is swept"):
        graph.derivative("x")


def test_without_contributions_its_values_are_shown(foreign: dict[str, Any], tmp_path: Path) -> None:
    for node in foreign["nodes"]:
        node.pop("contributions", None)
    graph = gad.Graph.from_dict(foreign)
    assert not graph.has_adjoints
    assert "their_bend" in graph.save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    with pytest.raises(gad.UnsupportedError, match=r"does not have 'their_bend', so nothing is swept"):
        graph.backward()


def test_an_arrays_pullback_is_known_for_one_adjoint_only() -> None:
    bend = gad.custom(lambda x: x * x, vjp=lambda adjoint, out, x: 2 * adjoint * x)
    data = gad.trace(lambda x: np.sum(bend(x)), np.arange(100.0)).backward().to_dict()
    data["nodes"][1]["primitive"] = "theirs#3"
    graph = gad.Graph.from_dict(data)
    np.testing.assert_array_equal(graph["x"].adjoint, 2 * np.arange(100.0))
    with pytest.raises(gad.UnsupportedError, match="theirs"):
        graph.backward(2.0)


def test_a_function_of_the_same_name_that_gives_other_values_is_not_theirs() -> None:
    data = written("custom")
    graph = gad.Graph.from_dict(data)  # the fixture's own function is gone by now

    def BEND(x: Any, y: Any, k: int = 1) -> Any:
        return x + y + k

    other = gad.custom(BEND, vjp=lambda adjoint, out, x, y, k=1: (adjoint, adjoint))
    name = gad.trace(lambda x: other(x, 1.0), 2.0).to_dict()["nodes"][-1]["primitive"]
    for node in data["nodes"]:
        if node["primitive"] and "#" in node["primitive"]:
            node["primitive"] = name
    again = gad.Graph.from_dict(data)
    assert name in again.notice
    assert again["x"].adjoint == graph["x"].adjoint


def test_parameters_of_an_unknown_primitive_are_kept_and_not_shown(foreign: dict[str, Any], tmp_path: Path) -> None:
    for node in foreign["nodes"]:
        if node["primitive"] == "their_bend#1":
            node["params"] = {"axis": {"float": 1.5}, "key": {"tuple": [None]}}
    graph = gad.Graph.from_dict(foreign)
    assert "axis" not in graph.save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert graph.to_dict() == foreign


@pytest.mark.parametrize(
    "name", ["os.system", "__import__", "numpy.exec", "", "<script>", "eval", "Traced", "x" * 1000]
)
def test_names_of_primitives_are_looked_up_and_nothing_else(name: str) -> None:
    data = written("scalars")
    data["nodes"][-1]["primitive"] = name
    graph = gad.Graph.from_dict(data)
    with pytest.raises(gad.ReplayError):
        graph.evaluate(**{node.name: node.value + 1.0 for node in graph.inputs})


# -- files that were changed at random ---------------------------------------------------------------

JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 10**9, -(10**9), 2**63, 10**400, 0.0, -0.5, 1e308, float("nan"), float("inf"),
    "", "nan", "inf", "x", "a\nb", "\ud800", "</script>", "matmul", "index", "sum", "power", "<f4", "|b1", "<i8", [],
    {}, [0], [1, 2], [[]], {"tuple": [1, 0]}, {"array": ARRAY}, {"dynamic": 0}, {"slice": [None, 10**9, -1]},
    {"ellipsis": True}, {"python": "float", "data": 2.0}, {"python": "bool", "data": True}, ARRAY,
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        yield value, key
        yield from places(item)


def mutate(data: dict[str, Any], chance: random.Random) -> str:
    """Change one thing; return what, for the test's report."""
    found = list(places(data))
    # most places are numbers of arrays: take a key first, so that all kinds of places have their turn
    wanted = chance.choice(sorted({str(key) if isinstance(key, str) else "#" for _, key in found}))
    box, key = chance.choice([pair for pair in found if (pair[1] if isinstance(pair[1], str) else "#") == wanted])
    old = box[key]
    way = chance.choice(("junk", "junk", "delete", "repeat", "swap", "wrap", "number", "number", "cut", "rename"))
    if way == "delete":
        del box[key]
    elif way == "repeat" and isinstance(box, list):
        box.insert(key, copy.deepcopy(old))
    elif way == "swap":
        other, there = chance.choice(found)
        box[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(old)
    elif way == "wrap":
        box[key] = chance.choice(([old], {"tuple": [old]}, {"list": [old, old]}, {key: old}))
    elif way == "number" and isinstance(old, int | float):
        box[key] = chance.choice(
            (old + 1, old - 1, -old, old * 2, old * 1e-3, float(old), int(old) if old == old else 0)
        )
    elif way == "cut" and isinstance(old, list | str):
        box[key] = old[: len(old) // 2]
    elif way == "rename" and isinstance(box, dict):
        box[chance.choice(("x", "later", "axis", "W"))] = box.pop(key)
    else:
        way, box[key] = "junk", copy.deepcopy(chance.choice(JUNK))
    return f"{way} at {key!r}: {str(old)[:60]!r}"


FILES = {name: json.dumps(written(name)) for name in GRAPHS}


@pytest.mark.parametrize("name", thinned(GRAPHS, 3))
def test_changed_files_are_refused_or_work(name: str, tmp_path: Path) -> None:
    chance = random.Random(f"strangers {name}")
    read = 0
    for turn in range(190):
        data = json.loads(FILES[name])
        what = [mutate(data, chance) for _ in range(chance.choice((1, 1, 1, 2)))]
        try:
            graph = gad.Graph.from_dict(data)
        except gad.ArgumentError:
            continue
        read += 1
        uses: tuple[Callable[[], Any], ...] = (
            lambda graph=graph: json.dumps(graph.to_dict(), allow_nan=False),
            lambda graph=graph: gad.Graph.from_dict(graph.to_dict()).to_dict() == graph.to_dict(),
            lambda graph=graph: repr(graph) + repr(graph.nodes) + repr(graph.edges),
            lambda graph=graph: graph.save(tmp_path / "graph.txt"),
            lambda graph=graph: graph.evaluate(),
            lambda graph=graph: graph.backward(),
            lambda graph=graph, x=graph.inputs[0]: graph.timeline("forward", seed={x.name: x.value})[-1].narration,
        )
        for use in uses + (
            (lambda graph=graph: graph.save(tmp_path / "graph.svg", engine="layered"),) * (turn % 4 == 0)
        ):
            try:
                with np.errstate(all="ignore"):  # logarithms of negative numbers are the example's own
                    found = use()
            except gad.GraphvizADError:
                continue
            except Exception as error:  # noqa: BLE001  (which one, and after what, is the finding)
                pytest.fail(f"{what}: {type(error).__name__}: {error}")
            assert found is not False, what
    assert 5 < read < 150  # so that both ways are tried
