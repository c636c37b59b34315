"""`check_grads`: right derivatives pass, wrong ones are found and named, in every mode, order and structure."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import graphviz_ad as gad

X3 = np.array([0.3, -0.7, 1.2])


def cube(x):
    return x * x * x


def right_vjp(adjoint, out, x):
    return 3 * adjoint * x * x


def right_jvp(tangents, out, x):
    return 3 * tangents[0] * x * x


def wrong_vjp(adjoint, out, x):
    return 3.001 * adjoint * x * x


def wrong_jvp(tangents, out, x):
    return 3.001 * tangents[0] * x * x


def flat_vjp(adjoint, out, x):
    """The right number without a derivative of its own: wrong from the second order on."""
    return 3 * adjoint * gad.detach(x) ** 2


def flat_jvp(tangents, out, x):
    return 3 * tangents[0] * gad.detach(x) ** 2


RIGHT = gad.custom(cube, vjp=right_vjp, jvp=right_jvp)
BAD_REVERSE = gad.custom(cube, vjp=wrong_vjp, jvp=right_jvp)
BAD_FORWARD = gad.custom(cube, vjp=right_vjp, jvp=wrong_jvp)
BAD_SECOND = gad.custom(cube, vjp=flat_vjp, jvp=flat_jvp)
Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (np.sin, (0.5,)),
        (np.sin, (np.float64(0.5),)),
        (np.sin, (np.array(0.5),)),
        (np.exp, (X3,)),
        (np.exp, (np.zeros((0, 2)),)),
        (RIGHT, (X3,)),
        (lambda x, y: np.outer(x, y) @ y, (X3, X3 + 1)),
        (lambda x, n, word: x**n, (X3, 3, "word")),
        (lambda d: d["a"] * np.sum(d["b"][0] ** 2), ({"a": 2.0, "b": [X3, 3]},)),
        (lambda p: p.a * np.sum(p.b), (Pair(2.0, X3),)),
        (lambda x: {"y": x * x, "more": [np.sin(x), 3, None, "text", x > 0]}, (X3,)),
        (lambda x: 3.0, (X3,)),
        (lambda x: x, (X3,)),
        (lambda x, y: y * y, (X3, 2.0)),
        (np.argmax, (X3,)),
    ],
)
def test_right_derivatives_pass(f, args) -> None:
    gad.check_grads(f, args)
    gad.check_grads(f, list(args), order=3)
    for mode in ("fwd", "rev"):
        gad.check_grads(f, args, modes=(mode,))
        gad.check_grads(f, args, order=1, modes=[mode])


def test_numbers_of_other_sizes_pass() -> None:
    gad.check_grads(cube, (1e4,), order=1)
    gad.check_grads(lambda x: np.sin(1e-4 * x), (1e4,))
    gad.check_grads(lambda x: x * x, (np.float32([1, 2]),), rtol=1e-2, atol=1e-2)


def test_arguments_of_very_different_sizes_pass() -> None:
    gad.check_grads(lambda big, angle: 1e-6 * big * np.sin(angle), (1e6, 0.5))
    gad.check_grads(lambda d: d["population"] * np.exp(-10 * d["rate"]) / 1e6, ({"population": 5e6, "rate": 0.1},))


@pytest.mark.parametrize("order", [1, 2])
def test_a_wrong_first_derivative_is_found_in_its_mode(order) -> None:
    for f, mode in ((BAD_REVERSE, "rev"), (BAD_FORWARD, "fwd")):
        for modes in (("fwd", "rev"), (mode,)):
            with pytest.raises(AssertionError, match=rf"by argument 0 is wrong in mode '{mode}'.*central differences"):
                gad.check_grads(f, (X3,), order=order, modes=modes)
    gad.check_grads(BAD_REVERSE, (X3,), order=order, modes=("fwd",))
    gad.check_grads(BAD_FORWARD, (X3,), order=order, modes=("rev",))


def test_a_wrong_second_derivative_alone_is_found() -> None:
    gad.check_grads(BAD_SECOND, (X3,), order=1)
    for modes, inner in ((("fwd", "rev"), "fwd"), (("fwd",), "fwd"), (("rev",), "rev")):
        with pytest.raises(AssertionError, match=rf"by argument 0 of the {inner} derivative is wrong"):
            gad.check_grads(BAD_SECOND, (X3,), modes=modes)


def test_a_wrong_third_derivative_alone_is_found() -> None:
    # right to second order: its own derivative is the custom function with the flat rule
    quartic = gad.custom(
        lambda x: x**4,
        vjp=lambda adjoint, out, x: 4 * adjoint * BAD_SECOND(x),
        jvp=lambda tangents, out, x: 4 * tangents[0] * BAD_SECOND(x),
    )
    gad.check_grads(quartic, (X3,), order=2)
    with pytest.raises(AssertionError, match="of the fwd derivative of the fwd derivative is wrong"):
        gad.check_grads(quartic, (X3,), order=3)


@pytest.mark.parametrize(
    ("f", "args", "place"),
    [
        (lambda x, y: x * BAD_REVERSE(y), (X3, X3), "argument 1 is"),
        (lambda n, x: n * BAD_REVERSE(x), (3, X3), "argument 1 is"),
        (lambda d: d["W"] + BAD_REVERSE(d["b"]["c"]), ({"W": X3, "b": {"a": X3, "c": X3}},), r"argument 0 at b\.c is"),
        (lambda x, d: x * BAD_REVERSE(d["l"][1][0]), (2.0, {"l": [[X3], [X3]]}), r"argument 1 at l\[1\]\[0\] is"),
        (lambda p: BAD_REVERSE(p.b) * p.a, (Pair(2.0, X3),), "argument 0 at b is"),
        (lambda x, y: x * gad.detach(y), (X3, X3), "argument 1 is"),
        (lambda d: d["w"] * gad.detach(d["b"]), ({"w": X3, "b": X3},), "argument 0 at b is"),
        (lambda x: {"right": x * x, "wrong": [x, BAD_REVERSE(x)]}, (X3,), "argument 0 is"),
    ],
)  # fmt: skip
def test_the_wrong_leaf_is_named(f, args, place) -> None:
    with pytest.raises(AssertionError, match=f"the derivative by {place} wrong in mode"):
        gad.check_grads(f, args)


def test_the_wrong_attribute_of_an_object_is_named() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = X3
            self.b = X3
            self.name = "net"

    gad.check_grads(lambda net: np.sum(net.W * RIGHT(net.b)), (Net(),))
    with pytest.raises(AssertionError, match="argument 0 at b is wrong"):
        gad.check_grads(lambda net: np.sum(net.W * BAD_REVERSE(net.b)), (Net(),))


def test_a_single_wrong_element_is_found() -> None:
    f = gad.custom(cube, vjp=lambda adjoint, out, x: 3 * adjoint * x * x + np.array([0, 0, 1e-4]))
    with pytest.raises(AssertionError, match="wrong in mode 'rev'"):
        gad.check_grads(f, (X3,), order=1, modes=("rev",))


def test_tolerances_are_obeyed() -> None:
    gad.check_grads(BAD_REVERSE, (X3,), order=1, rtol=1e-2)
    gad.check_grads(BAD_REVERSE, (X3,), order=1, atol=0.1)
    with pytest.raises(AssertionError, match=r"rtol=0\.0001, atol=0\.0"):
        gad.check_grads(BAD_REVERSE, (X3,), order=1, rtol=1e-4, atol=0.0)


def test_kinks_and_poles_are_told_apart_from_defects_in_words() -> None:
    with pytest.raises(AssertionError, match="At a kink or a pole"):
        gad.check_grads(lambda x: np.maximum(x, 0.0), (0.0,), order=1)


def test_nan_is_wrong() -> None:
    f = gad.custom(cube, vjp=lambda adjoint, out, x: adjoint * np.nan)
    with pytest.raises(AssertionError, match="it is nan"):
        gad.check_grads(f, (X3,), order=1, modes=("rev",))


def test_nothing_of_the_callers_changes_and_every_run_is_the_same() -> None:
    x = X3.copy()
    x.flags.writeable = False
    state = np.random.get_state()[1].copy()  # noqa: NPY002  (the global state is what is looked at)
    messages = set()
    for _ in range(2):
        with pytest.raises(AssertionError) as caught:
            gad.check_grads(BAD_REVERSE, (x,))
        messages.add(str(caught.value))
    assert len(messages) == 1
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.testing.assert_array_equal(x, X3)


def test_constants_are_not_checked() -> None:
    gad.check_grads(lambda x, y: x * y, (2.0, gad.constant(3.0)))
    gad.check_grads(lambda d: d["x"] * d["y"], ({"x": 2.0, "y": gad.constant(3.0)},))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gad.check_grads(3.0, (1.0,)), "f must be a function, not 3.0"),
        (lambda: gad.check_grads(np.sin, X3), r"args must be a tuple .* not array.*: check_grads\(f, \(x,\)\)"),
        (lambda: gad.check_grads(np.sin, 1.0), "args must be a tuple .* not 1.0"),
        (lambda: gad.check_grads(np.sin, (1,)), "2.0 instead of 2"),
        (lambda: gad.check_grads(lambda: 1.0, ()), "no argument holds a float"),
        (lambda: gad.check_grads(np.sin, (1.0,), order=0), "order must be an int of at least 1, not 0"),
        (lambda: gad.check_grads(np.sin, (1.0,), order=1.5), "order must be an int of at least 1, not 1.5"),
        (lambda: gad.check_grads(np.sin, (1.0,), modes="fwd"), r"unknown modes: 'fwd' \(must be some of"),
        (lambda: gad.check_grads(np.sin, (1.0,), modes=()), "unknown modes"),
        (lambda: gad.check_grads(np.sin, (1.0,), modes=("rev", "x")), "unknown modes"),
    ],
)
def test_arguments_that_cannot_be(call, words) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


def test_a_function_that_returns_nothing_is_no_right_one() -> None:
    with pytest.raises(gad.OutputError, match="return"):
        gad.check_grads(lambda x: None, (1.0,))
