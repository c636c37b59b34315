"""`grad` and `value_and_grad`: arguments of every structure, dtypes, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphviz_ad as gad


def test_structure_shape_and_dtype_come_back() -> None:
    params = {"layers": [{"W": np.ones((2, 3)), "b": np.zeros(3)}], "scale": 2.0, "steps": 4}

    def loss(p, x):
        return np.sum((x @ p["layers"][0]["W"] + p["layers"][0]["b"]) * p["scale"])

    slope = gad.grad(loss)(params, np.ones((5, 2)))
    assert slope["layers"][0]["W"].shape == (2, 3)
    np.testing.assert_array_equal(slope["layers"][0]["b"], np.full(3, 10.0))
    assert type(slope["scale"]) is float
    assert slope["steps"] is None


def test_objects_with_array_attributes() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = np.array([1.0, 2.0])
            self.name = "net"

    net = Net()
    slope = gad.grad(lambda n: np.sum(n.W**2))(net)
    np.testing.assert_array_equal(slope.W, [2, 4])
    assert type(net.W) is np.ndarray  # the caller's object is untouched


def test_float32_stays_float32() -> None:
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    value, slope = gad.value_and_grad(lambda x: np.mean(np.tanh(x) ** 2 + 0.5 * x))(x)
    assert value.dtype == np.float32
    assert slope.dtype == np.float32
    assert type(gad.grad(lambda a: a * np.float32(2))(np.float32(1))) is np.float32


def test_argnums_extra_arguments_and_keywords() -> None:
    def f(a, b, power, *, shift=0.0):
        return (a * b) ** power + shift

    assert gad.grad(f, 1)(2.0, 3.0, 2) == 24.0
    assert gad.grad(f, (1, 0))(2.0, 3.0, 2, shift=5.0) == (24.0, 36.0)
    assert gad.grad(f, -2)(2.0, 3.0, 2) == 24.0
    assert gad.value_and_grad(f)(2.0, 3.0, 2, shift=5.0) == (41.0, 36.0)


def test_no_dependence_gives_zeros() -> None:
    np.testing.assert_array_equal(gad.grad(lambda x: 3.0)(np.ones(3)), np.zeros(3))
    assert gad.grad(lambda x, y: y * 2.0)(1.0, 4.0) == 0.0
    assert gad.grad(lambda x: gad.detach(x) * 2)(1.0) == 0.0


def test_gradients_share_no_memory() -> None:
    x = np.ones(3)
    slope = gad.grad(np.sum)(x)
    slope[0] = 9
    assert gad.grad(np.sum)(x)[0] == 1
    assert x[0] == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: gad.grad(lambda x: x)(2), gad.InputError, "2.0 instead of 2"),
        (lambda: gad.grad(np.sum)(np.arange(3)), gad.InputError, r"x.astype\(float\)"),
        (lambda: gad.grad(lambda x: x)(1j), gad.InputError, "real numbers"),
        (lambda: gad.grad(np.sum)(np.ones(2) * 1j), gad.InputError, "complex"),
        (lambda: gad.grad(np.sum)(np.ma.ones(2)), gad.InputError, "MaskedArray"),
        (lambda: gad.grad(lambda x: x)(np.ones(3)), gad.OutputError, "np.sum"),
        (lambda: gad.grad(lambda x: x > 0)(1.0), gad.OutputError, "bool"),
        (lambda: gad.grad(lambda x: np.argmax(x))(np.ones(3)), gad.OutputError, "int"),
        (lambda: gad.grad(lambda x: None)(1.0), gad.OutputError, "return"),
        (lambda: gad.grad(lambda x: (x, x))(1.0), gad.OutputError, "tuple"),
        (lambda: gad.grad(lambda x: x, 3)(1.0), gad.ArgumentError, "argnums=3"),
        (lambda: gad.grad(lambda x: x, "x"), gad.ArgumentError, "argnums"),
        (lambda: gad.grad(4.0), gad.ArgumentError, r"gad.grad\(f\)\(x\)"),
    ],
)
def test_what_is_refused_and_what_to_write(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()


def test_complex_and_integer_refusals_are_type_errors() -> None:
    assert issubclass(gad.InputError, TypeError)
    assert issubclass(gad.OutputError, TypeError)


def test_no_traced_value_leaks() -> None:
    value, slope = gad.value_and_grad(lambda x: np.sum(x * x))(np.ones(2))
    assert type(value) is np.float64
    assert type(slope) is np.ndarray


def test_threads_do_not_see_each_other() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def work(seed: int) -> bool:
        x = float(seed % 7) + 0.5
        return bool(abs(gad.grad(lambda x: np.sin(x) * x)(x) - (np.cos(x) * x + np.sin(x))) < 1e-12) and bool(
            abs(gad.trace(lambda x: np.sin(x) * x, x)["x"].adjoint - (np.cos(x) * x + np.sin(x))) < 1e-12
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


@pytest.mark.slow
def test_a_hundred_thousand_operations() -> None:
    def chain(x):
        for _ in range(100_000):
            x = x * 1.00001
        return x

    assert gad.grad(chain)(1.0) == pytest.approx(1.00001**100_000)
    graph = gad.trace(chain, 1.0)
    assert graph["x"].adjoint == pytest.approx(1.00001**100_000)
    assert len(graph.timeline()) == 200_001
    assert re.match(r"x_100001 = x_100000 × 1", graph.timeline()[99_999].narration)
    assert graph.evaluate(x=2.0).outputs[0].value == pytest.approx(2 * 1.00001**100_000)
