"""Arguments, functions and Python habits that an array library was not made for: a right number, or a clear error."""

from __future__ import annotations

import copy
import functools
import gc
import itertools
import math
import operator
import pickle
import statistics
import warnings
import weakref

import numpy as np
import pytest

import graphviz_ad as gad

# -- arrays that no derivative is defined for ----------------------------------------------------

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.matrix([[1.0, 2.0]])

RECORDS = np.array([(1.0, 2)], dtype=[("a", float), ("b", int)])
STRANGE = {
    "object": (np.array([1.0, None], dtype=object), "object"),
    "masked": (np.ma.array([1.0, 2.0], mask=[False, True]), "MaskedArray"),
    "matrix": (MATRIX, "matrix"),
    "structured": (RECORDS, r"\('a', '<f8'\)"),
    "record": (RECORDS.view(np.recarray), "rec"),
    "text": (np.array(["a", "b"]), "<U1"),
    "bytes": (np.array([b"a"]), r"\|S1"),
    "datetime": (np.array(["2020-01-01"], dtype="M8[D]"), "datetime64"),
    "timedelta": (np.array([1, 2], dtype="m8[s]"), "timedelta64"),
    "complex": (np.array([1j, 2.0]), "complex"),
}


def total(x):
    return np.sum(x * 1.0)


BY_ARGUMENT = {
    "grad": lambda x: gad.grad(total)(x),
    "value_and_grad": lambda x: gad.value_and_grad(total)(x),
    "elementwise_grad": lambda x: gad.elementwise_grad(total)(x),
    "jacobian": lambda x: gad.jacobian(total, mode="fwd")(x),
    "hessian": lambda x: gad.hessian(total)(x),
    "hvp": lambda x: gad.hvp(total)(x, x),
    "variable": lambda x: gad.variable(x),
    "constant": lambda x: gad.constant(x),
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("call", BY_ARGUMENT)
def test_such_an_array_is_no_argument(call, kind) -> None:
    array, word = STRANGE[kind]
    if (call, kind) == ("constant", "complex"):
        assert gad.constant(array).dtype == complex  # complex data is welcome: nothing is differentiated by it
        return
    before = copy.deepcopy(array)
    with pytest.raises(gad.InputError, match=word) as caught:
        BY_ARGUMENT[call](array)
    assert "asarray" in str(caught.value) or "astype(float)" in str(caught.value) or kind == "complex"
    assert repr(array) == repr(before)


@pytest.mark.parametrize("kind", STRANGE)
def test_such_an_array_is_no_input_of_a_graph(kind) -> None:
    array, _ = STRANGE[kind]
    with pytest.raises(gad.InputError):
        gad.trace(total, array)


@pytest.mark.parametrize("kind", ["masked", "matrix", "complex"])
def test_an_array_of_floats_that_follows_other_rules_is_found_in_containers(kind) -> None:
    array, word = STRANGE[kind]
    with pytest.raises(gad.InputError, match=rf"p\.a.*{word}"):
        gad.trace(lambda p: p["x"] * 2, {"x": 2.0, "a": array})
    with pytest.raises(gad.InputError, match=rf"argument 0, a is .*{word}"):
        gad.grad(lambda p: p["x"] * 2)({"x": 2.0, "a": array})


def test_what_is_no_number_passes_through_containers() -> None:
    kinds = ("structured", "text", "bytes", "datetime", "timedelta")
    rest = {kind: STRANGE[kind][0] for kind in kinds} | {"object": np.array(["a", None], dtype=object)}

    def f(p):
        assert all(p[kind] is array for kind, array in rest.items())
        return p["x"] * 2

    assert gad.grad(f)({"x": 2.0, **rest}) == {"x": 2.0} | dict.fromkeys(rest)
    assert [node.name for node in gad.trace(f, {"x": 2.0, **rest}).inputs] == ["x"]


MEETINGS = {
    "x * a": lambda x, a: np.sum(x * a),
    "np.add(a, x)": lambda x, a: np.sum(np.add(a, x)),
    "np.maximum(x, a)": lambda x, a: np.sum(np.maximum(x, a)),
    "np.where(x > 0, x, a)": lambda x, a: np.sum(np.where(x > 0, x, a)),
    "x < a": lambda x, a: x if np.any(x < a) else 2 * x,
    "np.stack([x, x]) @ a": lambda x, a: np.sum(np.stack([x, x]) @ a),
    "np.clip(x, a, None)": lambda x, a: np.sum(np.clip(x, a, None)),
}


@pytest.mark.parametrize("kind", [kind for kind in STRANGE if kind != "complex"])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_such_an_array_may_not_meet_a_traced_value(meeting, kind) -> None:
    array, word = STRANGE[kind]
    f = functools.partial(MEETINGS[meeting], a=array)
    for call in (gad.grad(f), functools.partial(gad.trace, f)):
        with pytest.raises(gad.InputError, match=word) as caught:
            call(2.0)
        assert "meets a traced value at line" in str(caught.value)


@pytest.mark.parametrize("meeting", MEETINGS)
def test_complex_data_may_meet_a_traced_value_but_may_not_come_out(meeting) -> None:
    """Of such a result there is no gradient; what compares cannot take it in the first place."""
    f = functools.partial(MEETINGS[meeting], a=STRANGE["complex"][0])
    for call in (gad.grad(f), functools.partial(gad.trace, f)):
        with pytest.raises((gad.OutputError, gad.UnsupportedError), match=r"np\.abs\(z\)"):
            call(2.0)


# -- arrays that are unusual and right ------------------------------------------------------------


def locked(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


UNUSUAL = {
    "float16": np.array([1, 2, 3], np.float16),
    "float32": np.array([1, 2, 3], np.float32),
    "longdouble": np.array([1, 2, 3], np.longdouble),
    "big-endian": np.array([1, 2, 3], ">f8"),
    "big-endian float32": np.array([1, 2, 3], ">f4"),
    "strided": np.arange(6.0)[::2],
    "backwards": np.arange(3.0)[::-1],
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "broadcast": np.broadcast_to(1.5, (3,)),
    "read-only": locked(np.arange(3.0)),
    "unaligned": np.frombuffer(b"x" + np.arange(3.0).tobytes(), dtype=np.uint8)[1:].view(float),
    "field of records": RECORDS["a"],
    "0-d": np.array(2.0),
    "empty": np.zeros(0),
    "empty matrix": np.zeros((0, 3)),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_arrays_have_right_derivatives_and_stay_as_they_are(kind) -> None:
    x = UNUSUAL[kind]
    flags, before = str(x.flags), x.tobytes()
    expected = 3 * x.astype(np.longdouble) ** 2
    with np.errstate(all="raise"):
        slope = gad.grad(lambda x: np.sum(x * x * x))(x)
        graph = gad.trace(lambda x: np.sum(x * x * x), x)
        rows = gad.jacobian(lambda x: x * x * x)(x)
        tangent = gad.jvp(lambda x: x * x * x, (x,), (np.ones_like(x),))[1]
    size = x.size
    found = (slope, graph.inputs[0].adjoint, np.diagonal(rows.reshape(size, size)).reshape(x.shape), tangent)
    for array in found:
        assert array.dtype.newbyteorder("=") == x.dtype.newbyteorder("=")
        np.testing.assert_array_equal(array, expected)
    assert gad.Graph.from_dict(graph.to_dict()).outputs[0].value == graph.outputs[0].value == np.sum(x * x * x)
    assert gad.grad(lambda w: np.sum(w * x))(2.0) == np.sum(x.astype(float))
    assert (str(x.flags), x.tobytes()) == (flags, before)


def test_longdouble_keeps_all_its_digits() -> None:
    tenth = np.longdouble("0.1")
    assert gad.grad(np.sin)(tenth) == np.cos(tenth)
    graph = gad.trace(lambda x: np.exp(x) * tenth, tenth)
    assert graph.outputs[0].value == np.exp(tenth) * tenth
    assert gad.Graph.from_dict(graph.to_dict()).outputs[0].value == np.exp(tenth) * tenth


def test_memory_maps_and_subclasses_are_asked_to_become_arrays(tmp_path) -> None:
    class Own(np.ndarray):
        pass

    file = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(3,))
    file[:] = [1, 2, 3]
    for array, word in ((file, "memmap"), (np.ones(3).view(Own), "Own")):
        for call in (gad.grad(total), functools.partial(gad.trace, total), gad.jacobian(total)):
            with pytest.raises(gad.InputError, match=rf"{word}.*np\.asarray\(x\)"):
                call(array)
        with pytest.raises(gad.InputError, match=rf"{word} meets a traced value"):
            gad.grad(lambda x, array=array: np.sum(x * array))(2.0)
        np.testing.assert_array_equal(gad.grad(total)(np.asarray(array)), np.ones(3))
    assert file.tolist() == [1, 2, 3]


# -- functions of every kind ----------------------------------------------------------------------


class Cube:
    """A function as an object, with methods of every kind."""

    power = 3

    def __call__(self, x):
        return x**self.power

    def method(self, x):
        return x**self.power

    @classmethod
    def of_the_class(cls, x):
        return x**cls.power

    @staticmethod
    def static(x):
        return x**3


def recursive(x, n=3):
    return x if n == 1 else x * recursive(x, n - 1)


CUBES = {
    "object": Cube(),
    "method": Cube().method,
    "class method": Cube.of_the_class,
    "static method": Cube.static,
    "partial by position": functools.partial(lambda n, x: x**n, 3),
    "partial by keyword": functools.partial(lambda x, n: x**n, n=3),
    "recursion": recursive,
    "composition": lambda x: functools.reduce(operator.mul, [x, x, x]),
    "generator inside": lambda x: math.prod(x for _ in range(3)),
    "wrapped": functools.wraps(recursive)(lambda x: x * x * x),
}


@pytest.mark.parametrize("kind", CUBES)
def test_a_cube_is_a_cube(kind) -> None:
    f = CUBES[kind]
    assert gad.grad(f)(2.0) == gad.elementwise_grad(f)(2.0) == gad.jacobian(f)(2.0) == 12.0
    assert gad.value_and_grad(f)(2.0) == (8.0, 12.0)
    assert gad.hessian(f)(2.0) == gad.hvp(f)(2.0, 1.0) == 12.0
    assert gad.jvp(f, (2.0,), (1.0,)) == (8.0, 12.0)
    assert gad.vjp(f, 2.0)[1](1.0) == (12.0,)
    graph = gad.trace(f, 2.0)
    assert graph.inputs[0].adjoint == 12.0
    assert graph.evaluate(**{graph.inputs[0].name: 3.0}).outputs[0].value == 27.0
    gad.check_grads(f, (2.0,))


@pytest.mark.parametrize(
    ("f", "slope"),
    [(np.sin, np.cos(2.0)), (abs, 1.0), (operator.neg, -1.0), (np.square, 4.0), (np.sum, 1.0), (np.negative, -1.0)],
)
def test_builtins_and_ufuncs_themselves(f, slope) -> None:
    assert gad.grad(f)(2.0) == gad.jvp(f, (2.0,), (1.0,))[1] == slope
    assert gad.trace(f, 2.0).inputs[0].adjoint == slope


@pytest.mark.parametrize("f", [3.0, "f", None, [np.sin], np.ones(2)])
def test_what_is_no_function_is_refused(f) -> None:
    calls = [gad.grad, gad.value_and_grad, gad.elementwise_grad, gad.jacobian, gad.hessian, gad.hvp, gad.trace]
    calls += [lambda f: gad.vjp(f, 2.0), lambda f: gad.jvp(f, (2.0,), (1.0,)), lambda f: gad.check_grads(f, (2.0,))]
    for call in calls:
        with pytest.raises(gad.ArgumentError, match="function"):
            call(f)


def yielding(x):
    yield x * 2


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (yielding, "generator"),
        (lambda x: map(np.sin, [x]), "map"),
        (lambda x: {1.0}, r"set|1\.0"),
        (lambda x: 1j, "complex|1j"),
        (lambda x: None, "forget `return`|NoneType"),
    ],
)
def test_results_without_derivative_are_refused(f, words) -> None:
    for transform in (gad.grad, gad.value_and_grad, gad.elementwise_grad, gad.jacobian, gad.hessian):
        with pytest.raises(gad.OutputError, match=words):
            transform(f)(2.0)
    with pytest.raises(gad.OutputError, match=words):
        gad.hvp(f)(2.0, 1.0)
    with pytest.raises(gad.OutputError, match=words):
        gad.trace(f, 2.0)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_async_functions_are_refused() -> None:
    async def f(x):
        return x * 2

    with pytest.raises(gad.OutputError, match="coroutine"):
        gad.grad(f)(2.0)
    with pytest.raises(gad.OutputError, match="coroutine"):
        gad.trace(f, 2.0)


def test_generators_are_no_arguments_to_differentiate_by() -> None:
    with pytest.raises(gad.InputError, match="generator"):
        gad.grad(sum)(item for item in [1.0, 2.0])
    with pytest.raises(gad.InputError, match="generator"):
        gad.trace(sum, (item for item in [1.0, 2.0]))
    assert gad.grad(lambda x, items: x * sum(items))(2.0, (item for item in [1.0, 2.0])) == 3.0


class Stop(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize("error", [KeyError, Stop, RecursionError])
def test_the_users_own_errors_come_through_and_leave_nothing_behind(error) -> None:
    kept = []

    def f(x):
        kept.append(x * x)
        raise error("mine")

    calls = [lambda: gad.grad(f)(2.0), lambda: gad.jacobian(f)(2.0), lambda: gad.jvp(f, (2.0,), (1.0,))]
    for call in [*calls, lambda: gad.trace(f, 2.0), lambda: gad.vjp(f, 2.0), lambda: gad.hessian(f)(2.0)]:
        with pytest.raises(error, match="mine") as caught:
            call()
        assert gad.grad(lambda x: x * x)(3.0) == 6.0
    assert gad.grad(lambda y: y * gad.detach(kept[0]))(3.0) == 4.0
    with pytest.raises(error) as caught:
        gad.trace(f, 2.0)
    if error is not Stop:
        assert [node.value for node in caught.value.graph.nodes] == [2.0, 4.0]


def test_a_recursion_without_end_is_pythons_own_error() -> None:
    def f(x):
        return f(x * 1)

    for call in (gad.grad(f), functools.partial(gad.trace, f)):
        with pytest.raises(RecursionError):
            call(2.0)
    assert gad.grad(lambda x: x * x)(3.0) == 6.0


# -- traced values that outlive their call ----------------------------------------------------------


def leak(transform):
    """A traced value x² at x = 2 that its function kept, when the call was over."""
    kept = []

    def f(x):
        kept.append(x * x)
        return x * 3

    transform(f)
    return kept[-1]


LEAKS = {
    "grad": lambda f: gad.grad(f)(2.0),
    "trace": lambda f: gad.trace(f, 2.0),
    "jvp": lambda f: gad.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda f: gad.vjp(f, 2.0),
    "jacobian": lambda f: gad.jacobian(f)(2.0),
}


@pytest.mark.parametrize("way", LEAKS)
def test_a_leaked_value_is_an_ordinary_value_and_stays_right(way) -> None:
    kept = leak(LEAKS[way])
    assert f"{np.sqrt(kept)} {kept:.1f} {kept > 1}" == "2.0 4.0 True"
    assert gad.grad(lambda y: y * kept)(3.0) == 4.0
    assert gad.jacobian(lambda y: y * kept, mode="fwd")(3.0) == 4.0
    graph = gad.trace(lambda y: y * kept, 3.0)
    assert (graph.outputs[0].value, graph["y"].adjoint, [node.name for node in graph.inputs]) == (12.0, 4.0, ["y"])
    assert gad.graph(kept * 2).inputs[0].adjoint == 8.0
    assert gad.grad(lambda y: y * y)(kept) == 8.0
    assert gad.grad(lambda y: kept)(2.0) == 0.0
    with pytest.raises(gad.ExitError):
        float(kept)
    with pytest.raises(gad.SeedError, match="must be a number"):
        gad.trace(lambda y: y * y, 2.0).backward(kept)


def test_a_leaked_value_keeps_no_frame_alive() -> None:
    class Local:
        """Something that a frame holds."""

    watched, kept = [], []

    def f(x):
        local = Local()
        watched.append(weakref.ref(local))
        kept.append(x * x)
        return x * 3

    def later():
        local = Local()
        watched.append(weakref.ref(local))
        kept.append(kept[0] * 2)

    for call in (functools.partial(gad.trace, f), gad.grad(f)):
        kept.clear()
        call(2.0)
        later()
        gc.collect()
        assert [reference() for reference in watched] == [None] * len(watched)
        assert kept[-1] == 8.0


def test_a_value_kept_by_an_outer_call_is_differentiated_there() -> None:
    kept = {}

    def outer(x):
        kept["x"] = x * 2
        return gad.grad(lambda y: y * y * kept["x"])(x)

    assert outer(3.0) == 36.0
    assert gad.grad(outer)(3.0) == 24.0  # d/dx of 2 · x · 2x
    assert gad.grad(gad.grad(outer))(3.0) == 8.0
    kept.clear()


# -- Python's own functions on traced scalars ---------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "value", "slope"),
    [
        (lambda x: sum([x, x * 2]), 6.0, 3.0),
        (lambda x: sum(x * k for k in range(3)), 6.0, 3.0),
        (lambda x: min(x * 3, x * 2, 100), 4.0, 2.0),
        (lambda x: max(x, x * 2, 1.0), 4.0, 2.0),
        (lambda x: sorted([x * 3, x, x * 2])[1], 4.0, 2.0),
        (lambda x: sorted([x * 3, x, x * 2], reverse=True)[1], 4.0, 2.0),
        (lambda x: math.prod([x, x]), 4.0, 4.0),
        (lambda x: statistics.median([x * 3, x, x * 2]), 4.0, 2.0),
        (lambda x: list(itertools.accumulate([x, x, x]))[-1], 6.0, 3.0),
        (lambda x: x * 2 if x in [1.0, 2.0] else x * 3, 4.0, 2.0),
        (lambda x: x * 2 if x not in [1.0, 2.0] else x * 3, 6.0, 3.0),
        (lambda x: [1.0, 2.0, 2.0].count(x) * x, 4.0, 2.0),
        (lambda x: x * 2 if 1 < x < 3 else x, 4.0, 2.0),
        (lambda x: x * len(f"{x:.3f}"), 10.0, 5.0),
        (lambda x: x * 2 if x != None else x, 4.0, 2.0),  # noqa: E711  (users write it)
        (lambda x: copy.deepcopy({"x": [x]})["x"][0] * copy.copy(x), 4.0, 4.0),
        (lambda x: np.sum([1.0, 2.0] * np.stack([x, x])), 6.0, 3.0),
        (lambda x: np.array([1.0, 3.0])[np.argmax(np.stack([x * 0, x]))] * x, 6.0, 3.0),
        (lambda x: np.sum(np.array([1.0, 3.0])[np.stack([-x, x]) > 1]) * x, 6.0, 3.0),
        (lambda x: [1.0, 3.0][np.argmax(np.stack([x * 0, x]))] * x, 6.0, 3.0),
        (lambda x: {"a": x}["a"] * x, 4.0, 4.0),
    ],
)
def test_what_works_has_the_right_value_and_slope(f, value, slope) -> None:
    assert f(2.0) == value
    assert gad.value_and_grad(f)(2.0) == (value, slope)
    graph = gad.trace(f, 2.0)
    assert (graph.outputs[0].value, graph["x"].adjoint) == (value, slope)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: {x: 1}, "dictionary key or in a set.*name as the key"),
        (lambda x: {x}, "dictionary key or in a set"),
        (lambda x: functools.lru_cache(lambda z: z)(x), "dictionary key or in a set"),
        (math.sqrt, r"np\.sin\(x\) instead of math\.sin"),
        (math.floor, r"np\.floor"),
        (math.ceil, r"np\.ceil"),
        (lambda x: math.fsum([x, x]), r"^math\.fsum wants the plain number .*Write np\.sum\(x\)"),
        (lambda x: math.isnan(x) or x, r"^math\.isnan wants .*Write np\.isnan\."),
        (lambda x: statistics.fmean([x, x]), r"^statistics\.fmean wants .*Write np\.mean\(x\)"),
        (lambda x: statistics.stdev([x, x]), r"^statistics\.stdev wants .*Write np\.std\(x, ddof=1\)"),
        (lambda x: "%f" % x, r"float\(\)"),  # noqa: UP031  (users write it)
        (complex, r"complex\(\)"),
        (lambda x: np.array([x, x]), r"np\.stack"),
        (lambda x: np.asarray(x), r"np\.stack"),
        (lambda x: np.float64(x), r"^np\.float64 wants .*x\.astype\(np\.float64\)"),
        (lambda x: np.random.default_rng(0).normal(x), r"^np\.random\.normal wants .*scale \* rng\.standard_normal"),
        (lambda x: range(x), "an index"),
        (lambda x: [1, 2, 3][x], "an index"),
        (lambda x: [1, 2, 3][:x], "an index"),
        (lambda x: "ab" * x, "an index"),
        (lambda x: x and x * 2, "x != 0"),
        (lambda x: not x, "x != 0"),
    ],
)
def test_what_would_cut_the_graph_says_so(f, words) -> None:
    for call in (gad.grad(f), gad.jacobian(f, mode="fwd"), functools.partial(gad.trace, f)):
        with pytest.raises(gad.ExitError, match=words):
            call(2.0)


@pytest.mark.parametrize("other", [None, "a", {}, object()])
def test_what_is_no_number_is_pythons_own_type_error(other) -> None:
    with pytest.raises(TypeError):
        gad.grad(lambda x: x + other)(2.0)
    assert gad.grad(lambda x: x * 2 if x == other else x * 3)(2.0) == 3.0


def test_a_traced_value_is_not_pickled_alone() -> None:
    z = gad.variable(2.0)
    for _ in range(5000):
        z = z * 1.0
    with pytest.raises(gad.UnsupportedError, match=r"Pickle gad\.graph"):
        pickle.dumps(z)
    assert copy.deepcopy(z) is z
    assert pickle.loads(pickle.dumps(gad.graph(z))).inputs[0].adjoint == 1.0


# -- writing -------------------------------------------------------------------------------------


def wrote(statement: str):
    """A function of one float that runs a statement between making plain arrays p, q and returning a sum."""
    names: dict[str, object] = {"np": np}
    lines = ["p = np.zeros((2, 2)); q = p[0]; t = np.stack([x, x])", statement, "return np.sum(p) * x"]
    exec("def f(x):\n    " + "\n    ".join(lines), names)
    return names["f"]


@pytest.mark.parametrize(
    "statement",
    [
        "p[0, 0] = x", "p[:] = x", "p[0] = t", "p[p == 0] = x", "p[0, 0] += x", "p += x", "q += t", "q *= x",
        "p.fill(x)", "p.put([0], x)", "t[0] = 1.0", "t[:] += 1.0", "np.add(x, 1.0, out=q)", "np.multiply(p, x, p)",
        "np.sum(t, None, None, q[0, None])", "np.matmul(t * np.eye(2), p, out=p)", "np.stack([x, x], out=q)",
        "p.clip(x, 2.0, out=p)", "np.add(1.0, 2.0, out=t)", "np.add.at(p, 0, t)", "np.copyto(p, t)",
    ],
)  # fmt: skip
def test_nothing_is_written_behind_the_graphs_back(statement) -> None:
    f = wrote(statement)
    for call in (gad.grad(f), functools.partial(gad.trace, f)):
        with pytest.raises((gad.ImmutableError, gad.ExitError, ValueError)) as caught:
            call(2.0)
        ours = caught.value if isinstance(caught.value, gad.GraphvizADError) else caught.value.__cause__
        assert isinstance(ours, gad.ImmutableError | gad.ExitError)


def test_lists_may_be_changed() -> None:
    def f(x):
        parts = [1.0, 2.0]
        parts[0] *= x
        parts.append(x)
        parts += [x]
        return sum(parts)

    assert gad.value_and_grad(f)(3.0) == (11.0, 3.0)


# -- seeds and tangents ----------------------------------------------------------------------------

BAD_DIRECTIONS = [np.ones(3), np.ones((2, 1)), 1.0, None, "a", [1.0], 1j * np.ones(2), np.array(["a", "b"])]


@pytest.mark.parametrize("bad", BAD_DIRECTIONS, ids=repr)
def test_wrong_seeds_and_tangents_are_named(bad) -> None:
    x = np.array([1.0, 2.0])
    graph = gad.trace(lambda x: x * 2.0, x)
    if bad is not None:
        with pytest.raises(gad.SeedError, match=r"seed of 'out'"):
            graph.backward(bad)
    with pytest.raises(gad.ArgumentError, match=r"tangent of 'x'"):
        graph.forward({"x": bad})
    with pytest.raises(gad.SeedError, match="adjoint"):
        gad.vjp(lambda x: x * 2.0, x)[1](bad)
    with pytest.raises(gad.ArgumentError, match="tangent of argument 0"):
        gad.jvp(lambda x: x * 2.0, (x,), (bad,))
    with pytest.raises(gad.ArgumentError, match=r"^v |tangent of argument 0"):
        gad.hvp(lambda x: np.sum(x * x))(x, bad)


def test_seeds_and_tangents_of_other_dtypes_are_taken_as_the_nodes() -> None:
    x = np.array([1.0, 2.0], np.float32)
    for seed in (np.ones(2), np.ones(2, int), np.ones(2, bool), np.ones(2, ">f8"), [1, 1], (1.0, 1.0)):
        graph = gad.trace(lambda x: x * x, x).backward(seed).forward({"x": seed})
        pulled = gad.vjp(lambda x: x * x, x)[1](seed if isinstance(seed, np.ndarray) else np.array(seed))[0]
        for array in (graph["x"].adjoint, graph.outputs[0].tangent, pulled):
            assert array.dtype == np.float32
            np.testing.assert_array_equal(array, 2 * x)


def test_structures_of_seeds_and_tangents_are_checked() -> None:
    out, pullback = gad.vjp(lambda x: {"a": x, "b": [x * 2, 3]}, 2.0)
    assert out == {"a": 2.0, "b": [4.0, 3]}
    assert pullback({"a": 1.0, "b": [1.0, None]}) == (3.0,)
    for wrong in (1.0, {"a": 1.0}, {"a": 1.0, "b": [1.0]}, [1.0, [1.0, None]], {"a": 1.0, "b": 1.0}):
        with pytest.raises(gad.SeedError, match="structure of the result"):
            pullback(wrong)
    for tangents in ((1.0,), ({"b": 1.0},), ({"a": 1.0, "c": 1.0},)):
        with pytest.raises(gad.ArgumentError, match=r"structure of (the )?argument 0; they differ at"):
            gad.jvp(lambda p: p["a"] * 2, ({"a": 2.0},), tangents)
    with pytest.raises(gad.ArgumentError, match=r"one for each|one tangent for each"):
        gad.jvp(operator.mul, (2.0, 3.0), (1.0,))
    with pytest.raises(gad.ArgumentError, match="cannot move"):
        gad.jvp(operator.pow, (2.0, 3), (1.0, 1.0))


def test_results_share_no_memory_with_seeds_and_tangents() -> None:
    seed, x = np.ones((2, 2)), np.ones((2, 2))
    for f in (lambda x: x.T, lambda x: x, lambda x: x + 0.0, lambda x: np.reshape(x, (4,))[:].reshape(2, 2)):
        for array in (gad.vjp(f, x)[1](seed)[0], gad.jvp(f, (x,), (seed,))[1]):
            array[0, 1] = 9.0
            np.testing.assert_array_equal(seed, np.ones((2, 2)))
    assert gad.jvp(lambda x: x * 2.0, (x,), (seed,))[1].flags.writeable
