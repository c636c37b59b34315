"""Arguments and results that are nests: dicts, lists, tuples, named tuples, objects, in every transformation."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central

X3 = np.array([0.3, -0.7, 1.2])
Pair = namedtuple("Pair", "a b")


class Layer(NamedTuple):
    W: Any
    b: Any


@dataclass
class Model:
    W: Any
    power: int = 2
    name: str = "model"
    layers: list[Layer] = field(default_factory=list)


class Net:
    """Its attributes are arrays, and other things that a class holds."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.layers = [
            {"W": rng.normal(size=(4, 3)), "b": np.zeros(4)},
            {"W": rng.normal(size=(2, 4)), "b": np.zeros(2)},
        ]
        self.scale = 0.5
        self.activation = np.tanh
        self.name = "net"
        self.steps = 7
        self.rng = rng

    def __call__(self, x):
        for layer in self.layers:
            x = self.activation(layer["W"] @ x + layer["b"])
        return self.scale * x

    def loss(self, x, t):
        return np.sum((self(x) - t) ** 2)


def same_structure(a, b) -> bool:
    """Whether two nests have the same types, keys and lengths, down to the leaves that are floats."""
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same_structure(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_structure, a, b))
    if isinstance(a, float) or getattr(getattr(a, "dtype", None), "kind", "") == "f":
        return type(a) is type(b) and np.shape(a) == np.shape(b)
    return b is None


NESTS = {
    "a dict": {"a": 2.0, "b": X3},
    "a list": [2.0, X3],
    "a tuple": (2.0, X3),
    "a named tuple": Pair(2.0, X3),
    "a typed named tuple": Layer(X3, 2.0),
    "an ordered dict": OrderedDict(a=2.0, b=X3),
    "a dict with a default": defaultdict(list, a=2.0, b=X3),
    "deep": {"layers": [Layer(X3, 1.0), Layer(X3 + 1, 2.0)], "rest": ({"deep": [[X3]]}, 3.0)},
    "keys of every kind": {1: 2.0, ("a", 2): X3, "with space": 1.5, None: 2.5},
    "empty parts": {"a": 2.0, "none": [], "nothing": {}, "void": ()},
    "floats of two sizes": [np.float32(2), X3.astype(np.float32), 1.5],
    "one leaf": [X3],
}
MIXED = {
    "an int": {"a": 2.0, "n": 3, "b": X3},
    "a text and a function": [2.0, "text", X3, np.sin],
    "nothing": Pair(None, X3),
    "ints in arrays": {"a": X3, "positions": np.array([0, 2]), "mask": np.array([True, False])},
}


def squares(tree):
    """The sum of the squares of all floats, each leaf with a weight of its own, times the sum of the last leaf."""

    def floats(part):
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list | tuple):
            return [leaf for item in part for leaf in floats(item)]
        kind = getattr(getattr(part, "dtype", None), "kind", None)
        return [part] if isinstance(part, float) or kind == "f" else []

    found = floats(tree)
    return sum(np.sum((number + 1.0) * leaf**2) for number, leaf in enumerate(found)) * np.sum(found[-1])


@pytest.mark.parametrize("name", [*NESTS, *MIXED])
def test_gradients_have_the_structure_of_the_argument(name) -> None:
    nest = {**NESTS, **MIXED}[name]
    for found in (
        gad.grad(squares)(nest),
        gad.value_and_grad(squares)(nest)[1],
        gad.elementwise_grad(squares)(nest),
        gad.jacobian(squares, mode="rev")(nest),
        gad.vjp(squares, nest)[1](1.0)[0],
    ):
        assert same_structure(nest, found), found
    gad.check_grads(squares, (nest,), rtol=1e-2 if "sizes" in name else 1e-6, order=1)


@pytest.mark.parametrize("name", [*NESTS, *MIXED])
def test_hessian_vector_products_of_nests(name) -> None:
    nest = {**NESTS, **MIXED}[name]
    v = gad.grad(squares)(nest)
    found = gad.hvp(squares)(nest, v)
    # along v, the gradient of ⟨gradient, v⟩
    wanted = gad.vjp(gad.grad(squares), nest)[1](v)[0]
    for (path, a), (_, b) in zip(flat(found), flat(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4 if "sizes" in name else 1e-10, err_msg=path)


def flat(tree, path=""):
    """The leaves that are numbers, with their places."""
    if isinstance(tree, dict):
        return [leaf for key, item in tree.items() for leaf in flat(item, f"{path}[{key!r}]")]
    if isinstance(tree, list | tuple):
        return [leaf for key, item in enumerate(tree) for leaf in flat(item, f"{path}[{key}]")]
    return [] if tree is None else [(path, tree)]


@pytest.mark.parametrize("name", NESTS)
def test_both_modes_agree_on_nests(name) -> None:
    nest = NESTS[name]
    rows, columns = gad.jacobian(squares, mode="rev")(nest), gad.jacobian(squares, mode="fwd")(nest)
    for (path, a), (_, b) in zip(flat(rows), flat(columns), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if "sizes" in name else 1e-12, err_msg=path)


def test_jacobians_of_nests_by_nests() -> None:
    point = {"a": 2.0, "b": X3, "n": 3}

    def f(d):
        return Pair({"outer": np.outer(d["b"], d["b"]), "scaled": d["a"] * d["b"]}, [d["a"] ** d["n"]])

    for mode in ("rev", "fwd", None):
        found = gad.jacobian(f, mode=mode)(point)
        assert type(found) is Pair
        assert found.a["outer"]["b"].shape == (3, 3, 3)
        np.testing.assert_allclose(found.a["outer"]["b"], central(lambda x: np.outer(x, x), X3), atol=1e-8)
        assert found.a["outer"]["a"].shape == (3, 3)
        assert not found.a["outer"]["a"].any()
        np.testing.assert_allclose(found.a["scaled"]["a"], X3)
        np.testing.assert_allclose(found.a["scaled"]["b"], 2 * np.eye(3))
        assert found.b[0] == {"a": 12.0, "b": pytest.approx(np.zeros(3)), "n": None}


def test_hessians_of_nests_are_nests_of_blocks() -> None:
    found = gad.hessian(lambda p: p.a * np.sum(p.b**3))(Pair(2.0, X3))
    assert found.a.a == 0
    np.testing.assert_allclose(found.a.b, 3 * X3**2)
    np.testing.assert_allclose(found.b.a, 3 * X3**2)
    np.testing.assert_allclose(found.b.b, np.diag(12 * X3))


def test_hessians_by_what_holds_ints_and_texts_too() -> None:
    found = gad.hessian(lambda d: d["a"] ** d["n"])({"a": 2.0, "n": 3, "name": "cube"})
    assert found["a"]["a"] == 12.0
    model = Model(X3, power=3)
    np.testing.assert_allclose(gad.hessian(lambda m: np.sum(m.W**m.power))(model).W.W, np.diag(6 * X3))


def test_tangents_and_adjoints_of_nests() -> None:
    def f(d, k):
        return {"y": d["x"][0] * d["x"][1] ** k, "both": (d["w"], d["w"] * 2)}

    point = {"x": [2.0, 3.0], "w": X3}
    out, tangent = gad.jvp(f, (point, 2), ({"x": [1.0, 0.5], "w": X3}, None))
    assert out["y"] == 18.0
    assert tangent["y"] == 9.0 + 0.5 * 12.0
    np.testing.assert_allclose(tangent["both"][1], 2 * X3)
    _, pullback = gad.vjp(f, point, 2)
    back, nothing = pullback({"y": 2.0, "both": (X3, X3)})
    assert nothing is None
    assert back["x"] == [18.0, 24.0]
    np.testing.assert_allclose(back["w"], 3 * X3)


def test_results_with_parts_that_are_no_floats() -> None:
    def f(x):
        return {"y": x * x, "positive": x > 0, "n": 3, "word": "text", "nothing": None, "empty": []}

    out, pullback = gad.vjp(f, X3)
    assert (out["n"], out["word"], out["nothing"], out["empty"]) == (3, "text", None, [])
    assert out["positive"].dtype == bool
    seed = {"y": np.ones(3), "positive": None, "n": 0, "word": None, "nothing": None, "empty": []}
    np.testing.assert_allclose(pullback(seed)[0], 2 * X3)
    _, tangent = gad.jvp(f, (X3,), (X3,))
    np.testing.assert_allclose(tangent["y"], 2 * X3**2)
    np.testing.assert_array_equal(tangent["positive"], np.zeros(3))
    assert tangent["n"] == 0
    assert (tangent["word"], tangent["nothing"], tangent["empty"]) == (None, None, [])


# -- objects ------------------------------------------------------------------------------------


def test_objects_of_every_kind_give_objects_back() -> None:
    model = Model(X3, power=3, layers=[Layer(X3, 1.0)])
    before = dict(vars(model))
    found = gad.grad(lambda m: np.sum(m.W**m.power) * m.layers[0].b)(model)
    assert type(found) is Model
    np.testing.assert_allclose(found.W, 3 * X3**2)
    assert found.layers[0].b == pytest.approx(np.sum(X3**3))
    assert (found.power, found.name) == (None, None)
    assert vars(model) == before  # the very same objects


def test_frozen_dataclasses_and_hidden_attributes() -> None:
    @dataclass(frozen=True)
    class Frozen:
        W: Any

    class Hidden:
        def __init__(self) -> None:
            self._w = X3

        @property
        def w(self):
            return self._w

    np.testing.assert_allclose(gad.grad(lambda m: np.sum(m.W**2))(Frozen(X3)).W, 2 * X3)
    np.testing.assert_allclose(gad.grad(lambda m: np.sum(m.w**2))(Hidden()).w, 2 * X3)


def test_a_network_is_differentiated_by_all_that_it_holds() -> None:
    net, x, t = Net(), X3, np.array([0.1, -0.2])
    before = [layer["W"].copy() for layer in net.layers]
    found = gad.grad(Net.loss)(net, x, t)
    assert type(found) is Net
    for number, layer in enumerate(net.layers):
        assert layer["W"] is net.layers[number]["W"]
        np.testing.assert_array_equal(layer["W"], before[number])

        def along(W, number=number):
            other = Net()
            other.layers[number]["W"] = W
            return other.loss(x, t)

        np.testing.assert_allclose(found.layers[number]["W"], central(along, layer["W"]), rtol=1e-6, atol=1e-8)
    assert (found.name, found.steps, found.activation, found.rng) == (None, None, None, None)
    assert type(found.scale) is float
    # the inputs, through the bound method and through the object itself
    np.testing.assert_allclose(gad.grad(net.loss)(x, t), central(lambda x: net.loss(x, t), x), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(gad.jacobian(net)(x), central(net, x), rtol=1e-6, atol=1e-8)
    gad.check_grads(Net.loss, (net, x, t))


def test_objects_as_tangents_adjoints_and_results() -> None:
    model = Model(X3, power=3)

    def f(m):
        return Model(m.W**m.power, name="out")

    out, tangent = gad.jvp(f, (model,), (Model(np.ones(3), None, None),))
    assert (type(out), type(tangent), out.name) == (Model, Model, "out")
    np.testing.assert_allclose(tangent.W, 3 * X3**2)
    _, pullback = gad.vjp(f, model)
    np.testing.assert_allclose(pullback(Model(np.ones(3)))[0].W, 3 * X3**2)
    slope = gad.grad(lambda m: np.sum(m.W**m.power))(model)
    np.testing.assert_allclose(gad.hvp(lambda m: np.sum(m.W**m.power))(model, slope).W, 6 * X3 * 3 * X3**2)


def test_an_object_that_refers_to_itself() -> None:
    net = Net()
    net.myself = net
    found = gad.grad(Net.loss)(net, X3, np.zeros(2))
    np.testing.assert_array_equal(found.layers[0]["W"], gad.grad(Net.loss)(Net(), X3, np.zeros(2)).layers[0]["W"])


def test_an_object_is_the_same_through_every_way_to_it() -> None:
    class Node:
        def __init__(self, W) -> None:
            self.W = W

    root = Node(X3)
    root.child = Node(2.0)
    root.child.parent = root
    # the way over the child and back leads to the same array: 2 · W twice, or an error; never half of it
    try:
        found = gad.grad(lambda n: np.sum(n.child.parent.W * n.W))(root)
    except gad.InputError:
        return
    np.testing.assert_allclose(found.W, 2 * X3)


def test_a_function_that_changes_its_containers_changes_copies() -> None:
    argument = {"w": X3, "history": [], "notes": {}}

    def f(d):
        d["history"].append(d["w"])
        d["notes"]["w"] = d["w"]
        d["w"] = d["w"] * 2
        return np.sum(d["w"] ** 2)

    found = gad.grad(f)(argument)
    np.testing.assert_allclose(found["w"], 8 * X3)
    assert (found["history"], found["notes"]) == ([], {})
    assert argument["w"] is X3
    assert (argument["history"], argument["notes"]) == ([], {})


def test_keys_that_print_alike_are_different_keys() -> None:
    class Key:
        def __repr__(self) -> str:
            return "Key"

    first, second = Key(), Key()
    assert list(gad.grad(lambda d: d[first] * d[second])({first: 2.0, second: 5.0}).values()) == [5.0, 2.0]


def test_a_function_that_writes_into_what_it_was_given() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = 2.0

    def rebind(d):
        d["w"] = d["w"] * 2
        return d["w"] ** 2

    def take_away(d):
        return d.pop("w") ** 2

    def normalise(net, x):
        net.W = net.W / np.sqrt(net.W**2 + 1.0)
        net.x = x
        return net.W * net.x

    assert gad.grad(rebind)({"w": 3.0}) == {"w": 24.0}
    assert gad.jacobian(rebind, mode="fwd")({"w": 3.0}) == {"w": 24.0}
    assert gad.grad(take_away)({"w": 3.0, "b": 1.0}) == {"w": 6.0, "b": 0.0}
    by_net, by_x = gad.grad(normalise, (0, 1))(Net(), 3.0)
    assert vars(by_net) == {"W": pytest.approx(3.0 / 5.0**1.5)}
    assert by_x == pytest.approx(2.0 / np.sqrt(5.0))


def test_arrays_used_in_two_places_are_two_leaves() -> None:
    found = gad.grad(lambda d: np.sum(d["a"] * d["b"] * 2))({"a": X3, "b": X3})
    np.testing.assert_allclose(found["a"], 2 * X3)
    np.testing.assert_allclose(found["b"], 2 * X3)
    assert found["a"] is not found["b"]
    both = gad.grad(lambda a, b: np.sum(a * b), (0, 1))(X3, X3)
    assert not np.shares_memory(*both)


def test_containers_that_come_by_keyword_are_not_differentiated() -> None:
    d = {"w": X3, "c": gad.constant(2.0)}
    np.testing.assert_allclose(gad.grad(lambda x, d=None: np.sum(x * d["w"]) * d["c"])(X3, d=d), 2 * X3)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({}, "holds no float"),
        ([1, 2], "holds no float"),
        ({"a": 1.0, "b": np.ones(2) * 1j}, r"argument 0, b is complex"),
        ({"a": 1.0, "b": 1j}, r"argument 0, b is complex"),
        ({"a": 1.0, "b": [np.ma.ones(2)]}, r"argument 0, b\[0\] is a numpy.*MaskedArray"),
    ],
    ids=str,
)
def test_arguments_that_hold_what_cannot_be_differentiated(argument, words) -> None:
    for transformation in (gad.grad, gad.jacobian, gad.elementwise_grad):
        with pytest.raises(gad.InputError, match=words):
            transformation(lambda d: 1.0)(argument)


@pytest.mark.parametrize("result", ["generator", "zip", "set", "values"])
def test_results_into_which_nobody_can_look_are_refused_by_products_too(result) -> None:
    def f(x):
        return {
            "generator": lambda: (x * k for k in range(2)),
            "zip": lambda: zip([x], [x], strict=True),
            "set": lambda: {1.0},
            "values": lambda: {"a": x}.values(),
        }[result]()

    for call in (lambda: gad.vjp(f, 1.0), lambda: gad.jvp(f, (1.0,), (1.0,))):
        with pytest.raises(gad.OutputError):
            call()


def test_complex_results_are_refused_by_products_too() -> None:
    for result in (1j, np.ones(2) * 1j):
        with pytest.raises(TypeError, match="complex"):
            gad.vjp(lambda x, r=result: r, 1.0)
        with pytest.raises(TypeError, match="complex"):
            gad.jvp(lambda x, r=result: r, (1.0,), (1.0,))


@pytest.mark.parametrize("argument", [2, True, np.arange(3)], ids=repr)
def test_products_by_ints_alone_are_type_errors(argument) -> None:
    with pytest.raises(TypeError, match=r"2\.0 instead of 2|astype\(float\)"):
        gad.vjp(lambda x: x, argument)
    with pytest.raises(TypeError, match=r"2\.0 instead of 2|astype\(float\)"):
        gad.jvp(lambda x: x, (argument,), (None,))


def test_hessian_vector_products_keep_python_floats() -> None:
    found = gad.hvp(lambda d: d["a"] * np.sum(d["b"] ** 2))({"a": 2.0, "b": X3}, {"a": 1.0, "b": X3})
    assert type(found["a"]) is float
