"""Cases in which a number could be wrong without a word: each is right, or says what to write instead."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import math
import types
from collections import namedtuple

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import mutation, sweep, transforms


def test_a_constant_changed_after_its_use_is_noticed() -> None:
    def f(x):
        W = np.ones(3)
        y = np.sum(x * W)
        W *= 5
        return y

    with pytest.raises(gad.MutationError, match=r"shape \(3,\) .* at line \d+ of test_never_wrong.py \(`y = np.sum"):
        gad.grad(f)(2.0)
    assert gad.trace(f, 2.0)["x"].adjoint == 3.0  # a trace copies

    def between(x):
        W = np.ones(2)
        a = np.sum(x * W)
        W[0] += 1
        return a + np.sum(x * W)

    with pytest.raises(gad.MutationError):
        gad.grad(between)(2.0)


@pytest.mark.parametrize("size", [2, 100_000])
def test_an_argument_changed_through_a_closure_is_noticed(size) -> None:
    data = np.ones(size)

    def f(x):
        y = np.sum(x * x)
        data[:] = 9
        return y

    with pytest.raises(gad.MutationError):
        gad.grad(f)(data)


CHANGES = {
    "one element": lambda a: a.__setitem__((0, 0), 7.25),
    "all negated": lambda a: np.negative(a, out=a),
    "a row negated": lambda a: a.__setitem__(1, -a[1]),
    "a column negated": lambda a: a.__setitem__((slice(None), 0), -a[:, 0]),
    "two elements negated": lambda a: (a.__setitem__((0, 0), -a[0, 0]), a.__setitem__((-1, -1), -a[-1, -1])),
    "doubled": lambda a: np.multiply(a, 2, out=a),
    "halved": lambda a: np.divide(a, 2, out=a),
    "two rows exchanged": lambda a: a.__setitem__([0, 1], a[[1, 0]]),
    "rolled": lambda a: a.__setitem__(slice(None), np.roll(a, 1, axis=1)),
    "overwritten": lambda a: a.__setitem__(slice(None), 1.0),
    "nan for a number": lambda a: a.__setitem__((2, 0), np.nan),
}


@pytest.mark.parametrize("shape", [(4, 3), (64, 64), (256, 512)], ids=str)
@pytest.mark.parametrize("start", ["normal", "zeros", "signs"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_kind_of_change_of_a_constant_is_noticed(change, start, shape) -> None:
    rng = np.random.default_rng(0)
    made = {"normal": rng.normal(size=shape), "zeros": np.zeros(shape), "signs": rng.choice([-1.0, 1.0], size=shape)}
    array = made[start]
    before = array.copy()

    def f(x):
        y = np.sum(array * x**2)
        change(array)
        return y

    x = np.ones(shape)
    if np.array_equal(before.view(np.int64), _changed(before.copy(), change).view(np.int64)):
        np.testing.assert_array_equal(gad.grad(f)(x), 2 * before)  # nothing happened: zeros doubled, or rolled
    else:
        with pytest.raises(gad.MutationError, match="changed in place after it was used"):
            gad.grad(f)(x)


def _changed(array, change):
    change(array)
    return array


def test_an_argument_that_is_a_constant_too_is_watched_whole() -> None:
    weights = np.random.default_rng(0).normal(size=(64, 64))

    def f(w, c):
        y = np.sum(w * c * w)
        c[0, 1] = 100.0
        return y

    with pytest.raises(gad.MutationError):
        gad.grad(f)(weights, weights)


@pytest.mark.parametrize("order", ["C", "F", "neither"])
@pytest.mark.parametrize("size", [30, 64])
def test_an_argument_that_changes_while_the_function_runs_is_noticed(size, order) -> None:
    whole = np.ones((size, 2 * size))
    w = whole[:, ::2] if order == "neither" else np.ones((size, size), order=order)

    def f(traced):
        y = np.sum(traced**3)
        w[:] = w * 5
        return y

    with pytest.raises(gad.MutationError, match="an argument, an array of shape"):
        gad.grad(f)(w)


def test_large_arrays_are_digested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "KEPT", 8)
    array = np.arange(12.0).reshape(3, 4).T
    before = mutation.contents(array)
    assert len(before) == 64
    assert mutation.contents(array.copy()) == before
    array[0, 0] = -0.0
    assert mutation.contents(array) != before


def test_arrays_in_a_custom_functions_keywords_are_those_of_the_call() -> None:
    product = gad.custom(lambda x, *, A: A @ x, vjp=lambda adjoint, out, x, *, A: A.T @ adjoint)
    A, x = np.eye(3), np.array([1.0, 2.0, 3.0])

    def f(x):
        y = np.sum(product(x, A=A))
        A[:] = 7
        return y

    np.testing.assert_array_equal(gad.grad(f)(x), np.ones(3))


def test_slots_and_attributes_are_both_leaves() -> None:
    class Base:
        __slots__ = ("w",)

    class Net(Base):
        def __init__(self) -> None:
            self.w = np.ones(2)
            self.b = 3.0

    @dataclasses.dataclass(slots=True, frozen=True)
    class Layer:
        W: np.ndarray
        n: int = 2

    slope = gad.grad(lambda net: np.sum(net.w**2) * net.b)(Net())
    np.testing.assert_array_equal(slope.w, [6.0, 6.0])
    assert slope.b == 2.0
    inner = gad.grad(lambda p: np.sum(p[0].W ** p[0].n) * p[1])([Layer(np.ones(2)), 2.0])
    np.testing.assert_array_equal(inner[0].W, [4.0, 4.0])
    assert inner[0].n is None


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ([collections.deque([2.0]), 1.0], "deque"),
        ([types.MappingProxyType({"a": 2.0}), 1.0], "mappingproxy"),
        ([np.array([1.0, None], object), 1.0], "array of objects"),
        ([type("Scaled", (dict,), {})(a=1.0), 1.0], ""),
    ],
    ids=["deque", "proxy", "objects", "attribute"],
)
def test_containers_that_nothing_looks_into_are_refused(argument, words) -> None:
    if not words:
        argument[0].scale = 2.0
        words = "Scaled holds floats in its attribute 'scale'"
    for transformation in (gad.grad, gad.trace):
        with pytest.raises(gad.InputError, match=words):
            transformation(lambda p: p[1] * 2)(argument) if transformation is gad.grad else gad.trace(
                lambda p: p[1] * 2, argument
            )


@pytest.mark.parametrize(
    "f", [lambda x: collections.deque([x * 3]), lambda x: lambda y: x * y, lambda x: functools.partial(max, x)]
)
def test_results_that_nothing_looks_into_are_refused(f) -> None:
    for call in (lambda: gad.vjp(f, 2.0), lambda: gad.jvp(f, (2.0,), (1.0,)), lambda: gad.jacobian(f)(2.0)):
        with pytest.raises(gad.OutputError, match="into which nothing can look"):
            call()


def test_a_detached_value_may_leave_and_is_guarded() -> None:
    def f(x):
        scale = float(gad.detach(x))
        return x * scale

    assert gad.grad(f)(3.0) == 3.0
    graph = gad.trace(f, 3.0)
    assert graph["x"].adjoint == 3.0
    again = graph.evaluate(x=5.0)
    assert again["x"].adjoint == 5.0
    assert "scale = float(gad.detach(x))" in again.notice or "float(gad.detach(x))" in again.notice


def test_detach_reaches_into_containers() -> None:
    assert gad.grad(lambda p: gad.detach(p)["a"] * p["a"])({"a": 3.0}) == {"a": 3.0}
    assert gad.trace(lambda x: x * gad.detach([x])[0], 2.0)["x"].adjoint == 2.0


def test_the_callers_objects_stay_as_they_are() -> None:
    class Mode(enum.Enum):
        FAST = 1.0

    gad.trace(lambda x, m: x * 2, 3.0, Mode.FAST)
    assert Mode.FAST.__dict__["_value_"] == 1.0

    class Stubborn:
        def __init__(self) -> None:
            self.w = 1.0

        def __copy__(self):
            return self

    stubborn = Stubborn()
    with pytest.raises(gad.InputError, match="cannot be copied"):
        gad.grad(lambda s: s.w * 2)(stubborn)
    assert stubborn.w == 1.0


def test_memory_order_is_kept_so_sums_have_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        fortran = np.asfortranarray(rng.normal(size=(50, 37)))
        graph = gad.trace(lambda x, W=fortran: np.sum(W * x), 0.3)
        assert graph.evaluate(x=0.3).outputs[0].value == graph.outputs[0].value
        assert gad.trace(np.sum, fortran).outputs[0].value == np.sum(fortran)
        assert gad.trace(np.sum, fortran * 2).evaluate(a=fortran).outputs[0].value == np.sum(fortran)


def test_evaluate_takes_a_number_as_the_kind_that_the_input_was() -> None:
    graph = gad.trace(lambda x: (x * 2.0) * np.float32(0.1), 1.0)
    assert graph.evaluate(x=np.float64(2.3)).outputs[0].value == (2.3 * 2.0) * np.float32(0.1)
    assert type(gad.trace(lambda x: x * 2, np.array(1.0)).evaluate(x=3.0)["x"].value) is np.ndarray


def test_axes_out_of_range_are_numpys_error() -> None:
    for wrong in (lambda x: np.transpose(x, (0, 3)), lambda x: np.swapaxes(x, 0, 3), lambda x: np.sum(x, axis=4)):
        with pytest.raises(np.exceptions.AxisError):
            gad.grad(lambda x, wrong=wrong: np.sum(wrong(x)))(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: g.backward({}), gad.SeedError, "no seed was given"),
        (lambda g: g.backward({"out": None}), gad.SeedError, "seed of 'out' must be a number"),
        (lambda g: g.backward("a"), gad.SeedError, "seed of 'out' must be a number"),
        (lambda g: g.backward(1j), gad.SeedError, "1j"),
        (lambda g: g.forward({"x": None}), gad.ArgumentError, "tangent of 'x'"),
        (lambda g: g.forward({"x": "a"}), gad.ArgumentError, "tangent of 'x'"),
        (lambda g: g.save(3), gad.ArgumentError, "path must be a file name"),
        (lambda g: g.save("x.svg", precision="a"), gad.ArgumentError, "precision"),
        (lambda g: g.save("x.svg", show=None), gad.ArgumentError, "show"),
        (lambda g: g.save("x.svg", engine=["dot"]), gad.ArgumentError, "unknown engine"),
        (lambda g: gad.constant(None), gad.InputError, r"gad\.constant"),
        (lambda g: gad.graph(), gad.OutputError, "nothing"),
    ],
)
def test_bad_arguments_are_named(call, error, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    graph = gad.trace(lambda x: x * 2, 3.0)
    with pytest.raises(error, match=words):
        call(graph)
    assert not list(tmp_path.iterdir())
    assert graph["x"].adjoint == 2.0


def test_local_jacobians_check_shapes() -> None:
    local = gad.trace(lambda x: np.sum(x, axis=0), np.ones((3, 2))).edges[0].local
    with pytest.raises(gad.ArgumentError, match=r"shape \(3, 2\)"):
        local.jvp(np.ones(5))
    with pytest.raises(gad.ArgumentError, match="the adjoint must be a number or an array of numbers"):
        local.vjp("a")


def test_a_graphs_numbers_cannot_be_written_and_seeds_are_copied() -> None:
    seed = np.ones(2)
    graph = gad.trace(lambda x: x * 1.0, np.ones(2))
    graph.backward(seed)
    seed[0] = 50
    np.testing.assert_array_equal(graph["x"].adjoint, [1, 1])
    for array in (graph["x"].value, graph["x"].adjoint, graph.edges[0].contribution):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 99


def test_a_gradient_holds_gradients_and_none() -> None:
    params = {"w": 1.0, "shape": (3, 4), "n": 3, "names": ["a"], "f": np.tanh}
    slope = gad.grad(lambda p: p["w"] * 2)(params)
    assert slope == {"w": 2.0, "shape": (None, None), "n": None, "names": [None], "f": None}


def test_a_choice_gives_its_name_to_no_comparison() -> None:
    def f(x):
        y = max(x * 2, x * 3)
        return y * 1.0

    graph = gad.trace(f, 2.0)
    assert graph["y"].value == 6.0  # the value chosen, as an alias
    ys = gad.trace(lambda x: list(map(np.sin, [x, x])), 1.0)
    assert [node.name for node in ys.outputs] == ["out", "out_2"]


def test_division_by_zero_in_higher_derivatives() -> None:
    with np.errstate(all="ignore"):
        assert gad.trace(lambda x: x / 0.0, 2.0).derivative("x").outputs[0].value == np.inf
        assert gad.grad(lambda x: gad.grad(lambda y: y / 0.0)(x) * x)(2.0) == np.inf
    assert gad.grad(lambda x: x**0)(np.inf) == 0.0


@pytest.mark.parametrize("call", [lambda x: x << 1, lambda x: -x >> 1])
def test_operators_without_rule_say_so(call) -> None:
    with pytest.raises((gad.UnsupportedError, TypeError), match=r"no derivative rule|unsupported operand"):
        gad.grad(call)(2.5)


def test_slices_with_traced_ints() -> None:
    def f(x):
        n = np.argmax(x)
        return np.sum(x[: n + 1])

    graph = gad.trace(f, np.array([1.0, 3.0, 2.0]))
    np.testing.assert_array_equal(graph["x"].adjoint, [1, 1, 0])
    assert gad.Graph.from_dict(graph.to_dict()).outputs[0].value == 4.0
    assert graph.evaluate(x=np.array([1.0, 3.0, 4.0])).outputs[0].value == 8.0
    assert gad.trace(lambda x: np.sum(x[[]]) + x[0], np.ones(3)).outputs[0].value == 1.0


def test_copies_inside_a_function() -> None:
    assert gad.trace(lambda p: copy.deepcopy(p)["w"] * 2, {"w": 1.0})["w"].adjoint == 2.0
    assert gad.grad(lambda x: copy.copy(x) * 2)(1.0) == 2.0


def test_the_users_own_error_comes_through() -> None:
    @dataclasses.dataclass(frozen=True)
    class MyError(Exception):
        code: int

    def f(x):
        raise MyError(x.ndim)

    with pytest.raises(MyError):
        gad.trace(f, 1.0)


def test_a_variable_from_outside_is_a_constant_of_the_trace() -> None:
    w = gad.variable(5.0, name="w")
    graph = gad.trace(lambda x: w * x, 3.0)
    assert [node.name for node in graph.inputs] == ["x"]
    assert (graph["w"].kind, graph["w"].role, graph["w"].adjoint) == ("constant", "", None)


def test_a_result_returned_twice_is_two_outputs() -> None:
    graph = gad.trace(lambda x: (x * 2,) * 2, 1.0)
    assert len(graph.outputs) == 2
    graph.backward([1.0, 10.0])
    assert graph["x"].adjoint == 22.0


def test_the_flat_form_keeps_the_sweep() -> None:
    graph = gad.trace(lambda x: np.stack([x, x * x]), 3.0).backward([1.0, 10.0])
    data = graph.to_dict()
    assert gad.Graph.from_dict(data).to_dict() == data
    assert gad.Graph.from_dict(data)["x"].adjoint == 61.0


def test_names_of_leaves() -> None:
    Point = namedtuple("Point", "a b")
    assert [n.name for n in gad.trace(lambda p: p.a * p.b, Point(1.0, 2.0)).inputs] == ["a", "b"]
    nested = {"layers": [{"W": 1.0}, {"W": 2.0}]}
    graph = gad.trace(lambda p: p["layers"][0]["W"] * p["layers"][1]["W"], nested)
    assert [n.name for n in graph.inputs] == ["layers[0].W", "layers[1].W"]
    assert [n.name for n in gad.trace(lambda xs: xs[0] * xs[1], [1.0, 2.0]).inputs] == ["xs[0]", "xs[1]"]


def test_zero_gradients_are_the_arguments_kind_and_float32_stays() -> None:
    assert type(gad.grad(lambda x: 3.0)(np.array(2.0))) is np.ndarray
    graph = gad.trace(lambda x: np.sum(np.maximum(x, 0) ** 0.5), np.ones(3, np.float32))
    graph.forward({"x": np.ones(3)})
    assert all(node.tangent.dtype == np.float32 for node in graph.nodes if node.differentiable)
    assert gad.trace(lambda x: x * 2, np.ones(1)).derivative("x").outputs[0].value == 2


def test_every_number_on_an_edge_has_the_dtype_of_its_node() -> None:
    """A float64 constant may not turn the float32 part of a sweep into float64, in either mode or in its graph."""
    x = np.ones(3, np.float32)
    graph = gad.trace(lambda x: np.sum(np.tanh(x) * np.arange(3.0)), x)
    product = next(edge for edge in graph.edges if edge.consumer.dtype == np.float64 and edge.input.dtype == np.float32)
    node = graph.records[product.consumer.id]
    assert sweep.contribution(node, product.argnum, np.ones(3)).dtype == np.float32
    assert sweep.push(node, product.argnum, np.ones(3, np.float32)).dtype == np.float64
    assert graph.derivative("x").outputs[0].dtype == np.float32
    nested = gad.grad(lambda x: np.sum(gad.grad(lambda y: np.sum(y * y * np.arange(3.0)))(x)))(x)
    assert nested.dtype == np.float32
    root = gad.trace(lambda x: np.sum(np.maximum(x, 0)), x)
    assert sweep.push(root.records[root["v1"].id], 0, np.ones(3)).dtype == np.float32


def test_a_trace_inside_a_derivative_would_cut_it() -> None:
    def f(x):
        return gad.trace(lambda y: y * y, x).outputs[0].value * x

    with pytest.raises(gad.InputError, match=r"argument y of gad\.trace was given .*differentiated.*gad\.detach"):
        gad.grad(f)(3.0)
    assert gad.grad(lambda x: gad.trace(lambda y: y * y, gad.detach(x)).outputs[0].value * x)(3.0) == 9.0


def test_a_gradient_is_handed_over_only_by_its_sole_owner() -> None:
    x, y = np.ones(3), np.ones(3)
    first, second = gad.grad(lambda x, y: np.sum((x + y) * 2.0), (0, 1))(x, y)
    first += 5.0  # x and y had one adjoint
    np.testing.assert_array_equal(second, np.full(3, 2.0))
    weights = np.arange(3.0)
    gradient = gad.grad(lambda x: np.sum(x * weights))(x)
    gradient += 1.0
    np.testing.assert_array_equal(weights, np.arange(3.0))
    seed = np.ones(3)
    (back,) = gad.vjp(lambda x: x, x)[1](seed)
    back += 1.0
    np.testing.assert_array_equal(seed, np.ones(3))


@pytest.mark.parametrize(
    "inside",
    [
        lambda x: gad.variable(x) * x,
        lambda x: gad.graph(x * x).outputs[0].value * x,
        lambda x: gad.trace(lambda y: y * x, 2.0)["y"].adjoint * x,
        lambda x: gad.trace(lambda y: y * y, 1.0).evaluate(y=x).outputs[0].value * x,
    ],
    ids=["variable", "graph", "closure", "evaluate"],
)
def test_numbers_of_what_is_being_differentiated_are_refused(inside) -> None:
    for transformation in (gad.grad, gad.trace):
        with pytest.raises(gad.InputError, match=r"cut in silence\. Pass gad\.detach"):
            gad.grad(inside)(3.0) if transformation is gad.grad else gad.trace(inside, 3.0)


def test_rounding_a_traced_int_gives_the_int() -> None:
    def f(x):
        n = np.argmax(np.stack([x, 2 * x]))
        return x * round(n) * math.floor(n) * math.ceil(n) * math.trunc(n)

    assert gad.grad(f)(2.0) == 1.0


def test_masks_are_not_dropped() -> None:
    graph = gad.trace(lambda x: x * 2.0, np.ones(3))
    masked = np.ma.masked_array(np.ones(3), [False, True, False])
    calls = [
        lambda: graph.evaluate(x=masked),
        lambda: graph.backward(masked),
        lambda: graph.forward({"x": masked}),
        lambda: gad.vjp(lambda x: x * 2.0, np.ones(3))[1](masked),
        lambda: gad.jvp(lambda x: x * 2.0, (np.ones(3),), (masked,)),
    ]
    for call in calls:
        with pytest.raises(gad.InputError, match="MaskedArray"):
            call()


def test_results_with_slots_are_followed() -> None:
    class Holder:
        __slots__ = ("v",)

        def __init__(self, v) -> None:
            self.v = v

    out, pullback = gad.vjp(lambda x: Holder(x * 2), 2.0)
    assert out.v == 4.0
    assert pullback(Holder(1.0)) == (2.0,)


@pytest.mark.parametrize(
    "sweep_over",
    [
        lambda f, x: gad.jvp(f, (x,), (x,)),
        lambda f, x: gad.jacobian(f, mode="fwd")(x),
        lambda f, x: gad.jacobian(f, mode="rev")(x),
        lambda f, x: gad.elementwise_grad(f)(x),
        lambda f, x: gad.vjp(f, x)[1](x),
        lambda f, x: gad.hvp(lambda v: np.sum(f(v)))(x, x),
        lambda f, x: gad.hessian(lambda v: np.sum(f(v)))(x),
    ],
    ids=["jvp", "jacobian fwd", "jacobian rev", "elementwise_grad", "vjp", "hvp", "hessian"],
)
def test_every_transformation_notices_a_changed_constant(sweep_over) -> None:
    weights = np.arange(1.0, 4.0)

    def f(x):
        y = x**3 * weights
        weights[0] += 1.0
        return y

    with pytest.raises(gad.MutationError, match="changed in place after it was used"):
        sweep_over(f, np.ones(3))


@pytest.mark.parametrize("mode", ["rev", "fwd"])
def test_seeds_in_several_pieces_give_the_whole_jacobian(mode, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = np.random.default_rng(0).normal(size=(5, 7))
    monkeypatch.setattr(transforms, "ENTRIES_AT_ONCE", 14)
    found = gad.jacobian(lambda x: np.tanh(matrix @ x), mode=mode)(np.ones(7))
    expected = (1 - np.tanh(matrix.sum(axis=1)) ** 2)[:, None] * matrix
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_detached_nan_that_stays_nan_is_no_other_branch() -> None:
    graph = gad.trace(lambda x, y: x * 2 if np.isfinite(float(gad.detach(y))) else x, 3.0, np.nan)
    again = graph.evaluate(x=5.0)
    assert (again.outputs[0].value, again.notice) == (5.0, "")


def test_sweeps_stay_in_the_dtype_of_their_nodes() -> None:
    seen = []

    def rule(adjoint, out, x):
        seen.append(adjoint.dtype)
        return adjoint * x

    small = gad.custom(lambda x: x * x, vjp=rule)
    wide = np.ones((2, 3))
    gad.grad(lambda x: np.sum(small(x) * wide[0]))(np.ones(3, np.float32))  # of one shape
    gad.grad(lambda x: np.sum(small(x) * wide))(np.ones(3, np.float32))  # summed over a broadcast axis
    assert seen == [np.float32] * 2
