"""Complex values between real inputs and a real result: every rule that takes them, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import COMPLEX, HOLOMORPHIC, REGISTRY
from graphviz_ad.core.traced import is_floating
from graphviz_ad.errors import ArgumentError, ExitError, GraphvizADError, InputError, OutputError, UnsupportedError
from tests.primitives.derivatives import check, check_no_promotion, is_number, random_like, record
from tests.primitives.test_every_primitive import CHECKS

rng = np.random.default_rng(3)
X, Y = rng.normal(size=4), rng.normal(size=4)
Z = X + 1j * Y

# -- the rules of all primitives that take complex values ---------------------------------------

NO_SAMPLES = {"detach", "alias", "astype", "side"}
PLAIN = {name for name in COMPLEX if name in REGISTRY and REGISTRY[name].kind in ("plain", "cut")}
WALKED = [REGISTRY[name] for name in sorted(COMPLEX) if name not in NO_SAMPLES | PLAIN | {"absolute"}]


def made_complex(primitive):
    """The samples of a primitive with complex numbers in place of floats: all of them, then the first alone."""
    for inputs, params in primitive.sample(np.random.default_rng(7)):
        if "dtype" in params or params.get("n") == 0:
            continue
        active = [place for place, x in enumerate(inputs) if is_number(x) and primitive.active(place)]
        for places in {tuple(active), tuple(active[:1])}:
            turned = list(inputs)
            for place in places:
                turned[place] = inputs[place] + 1j * np.random.default_rng(place).normal(size=np.shape(inputs[place]))
            yield tuple(turned), params


@pytest.mark.parametrize("name", sorted({*COMPLEX, *HOLOMORPHIC}))
def test_the_names_are_those_of_primitives(name: str) -> None:
    assert name in REGISTRY
    assert COMPLEX[name] in REGISTRY


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("run", CHECKS)
@pytest.mark.parametrize("primitive", WALKED, ids=lambda p: p.name)
def test_rules_at_complex_places(primitive, run: str) -> None:
    cases = 0
    for inputs, params in made_complex(primitive):
        if primitive.name in ("rfft", "rfftn") or (primitive.name == "power" and "ufunc" in params):
            continue
        node = record(primitive, inputs, params)
        if np.size(node.value) and not np.all(np.isfinite(node.value)):
            continue
        CHECKS[run](primitive, inputs, params)
        cases += 1
    assert cases or primitive.name in ("rfft", "rfftn")


@pytest.mark.parametrize("primitive", WALKED, ids=lambda p: p.name)
def test_complex64_stays_complex64(primitive) -> None:
    for inputs, params in made_complex(primitive):
        if primitive.name in ("rfft", "rfftn") or any(
            np.ndim(x) and np.asarray(x).dtype.kind in "iu" and primitive.name == "power" for x in inputs
        ):
            continue
        small = tuple(
            np.asarray(x, "f")[()] if is_floating(x) else np.asarray(x, "F")[()] if is_number(x) else x for x in inputs
        )
        with np.errstate(all="ignore"):
            check_no_promotion(record(primitive, small, params))


# -- whole functions ----------------------------------------------------------------------------

FUNCTIONS = {
    "two waves": lambda x: np.abs(np.exp(1j * x) + 1) ** 2,
    "real and imag": lambda x: np.real(np.exp((0.3 + 1j) * x)) * np.imag(x * (2 - 1j) + 1j * x**2),
    "attributes": lambda x: (1j * x + 2).real + ((1 + 1j) * x).conj().imag * (x * 1j).conjugate().imag,
    "angle": lambda x: np.angle(x + 1j * np.sin(x) + 2) + np.angle(np.exp(1j * x), deg=True),
    "quotient": lambda x: np.real((1 + 1j * x) / (2 - 1j * x) - 3j / (x + 1j)),
    "powers": lambda x: np.abs((x + 1j) ** 3 - (x - 2j) ** -2 + (1 + 1j * x) ** 2.5),
    "complex exponents": lambda x: np.real((-2.0) ** (1j * x) + 3 ** (x + 1j) + (1 + x * x) ** 1j),
    "characteristic function": lambda x: np.abs(np.mean(np.exp(1j * np.outer([0.5, 1.0, 2.0], x)), axis=1)) ** 2,
    "a matrix of phases": lambda x: np.sum(
        np.abs(np.exp(1j * x[:, None] * np.arange(3.0)) @ np.array([1, 1j, -1])) ** 2
    ),
    "einsum": lambda x: np.real(np.einsum("i,j,ij->", np.exp(1j * x), np.cos(x), np.ones((4, 4)) * (1 + 2j))),
    "where": lambda x: np.abs(np.where(x > 0, 1j * x, x + 2)),
    "concatenate": lambda x: np.abs(np.sum(np.concatenate([x, 1j * x[:2]])) + 1) ** 2,
    "indices": lambda x: np.imag((1j * x)[::2] * np.exp(1j * x)[[0, 0]]),
    "sqrt and log": lambda x: np.real(np.sqrt(x + 1j) * np.log(x + 2j)),
    "one qubit": lambda x: (
        np.abs(np.array([[1, 1], [1, -1]]) / 2**0.5 @ np.stack([np.cos(x / 2) + 0j, np.exp(1j * x) * np.sin(x / 2)]))
        ** 2
    ),
    "solve": lambda x: np.abs(np.linalg.solve(np.diag(1j * x) + np.ones((4, 4)) + np.eye(4), np.exp(1j * x))),
    "cast": lambda x: np.abs(x.astype(complex) * 1j + 1),
    "a product": lambda x: np.real(np.prod(x + 1j)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    check(FUNCTIONS[name], X)
    gad.check_grads(FUNCTIONS[name], (X,), order=2)


@pytest.mark.parametrize("name", ["two waves", "angle", "quotient", "powers", "complex exponents"])
def test_of_one_number(name: str) -> None:
    """Python's own complex numbers, which NumPy promotes weakly, are among these values."""
    check(FUNCTIONS[name], 0.7)
    check(FUNCTIONS[name], np.float64(0.7))


def test_two_inputs_build_one_value() -> None:
    check(lambda x, y: np.abs(np.sin(x + 1j * y)) ** 2, X, Y)


def test_the_adjoint_of_a_complex_value_is_that_of_its_parts() -> None:
    """∂L/∂a + i ∂L/∂b: against both parts as inputs of their own, and as PyTorch has it (see below)."""

    def end(z):
        return np.sum(np.abs(z * (1 + 2j) + np.exp(z)) ** 2) + np.sum(np.real(z) * np.imag(z) ** 3)

    def f(x, y):
        z = x + 1j * y
        return end(z)

    graph = gad.trace(f, X, Y)
    by_parts = gad.grad(lambda a, b: end(a + 1j * b), (0, 1))(X, Y)
    np.testing.assert_allclose(graph["z"].adjoint, by_parts[0] + 1j * by_parts[1], rtol=1e-12)
    step = 1e-3 * graph["z"].adjoint
    assert end(Z - step) < end(Z)  # against the adjoint it goes downhill
    graph.forward({"x": Y, "y": X})
    np.testing.assert_allclose(graph["z"].tangent, Y + 1j * X, rtol=1e-12)


def test_pytorch_has_the_same_adjoints() -> None:
    from tests.torched import torch

    def f(x, y, np=np):
        z = x + 1j * y
        return np.sum(np.abs(z) ** 2 * np.angle(z) + np.real(np.exp(z) / (z + 2)) + np.imag(np.conj(z) * np.sin(z)))

    class Torch:
        conj, abs, angle, exp, sin, sum = torch.conj, torch.abs, torch.angle, torch.exp, torch.sin, torch.sum
        real, imag = torch.real, torch.imag

    x, y = (torch.tensor(value, requires_grad=True) for value in (X, Y))
    f(x, y, Torch).backward()
    ours = gad.grad(f, (0, 1))(X, Y)
    np.testing.assert_allclose(ours[0], x.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours[1], y.grad.numpy(), rtol=1e-12)
    graph = gad.trace(f, X, Y)
    z = torch.tensor(Z, requires_grad=True)
    torch.sum(
        torch.abs(z) ** 2 * torch.angle(z)
        + torch.real(torch.exp(z) / (z + 2))
        + torch.imag(torch.conj(z) * torch.sin(z))
    ).backward()
    np.testing.assert_allclose(graph["z"].adjoint, z.grad.numpy(), rtol=1e-12)


def test_hessian_hvp_and_many_seeds() -> None:
    f = FUNCTIONS["a matrix of phases"]
    hessian = gad.hessian(f)(X)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    np.testing.assert_allclose(gad.hvp(f)(X, Y), hessian @ Y, rtol=1e-12)
    np.testing.assert_allclose(hessian, gad.jacobian(gad.grad(f), mode="fwd")(X), atol=1e-12)


def test_values_and_dtypes_are_numpys() -> None:
    for x in (X, X.astype(np.float32), 0.7, np.float32(0.7)):
        for name in ("two waves", "real and imag", "angle", "quotient"):
            value = FUNCTIONS[name](x)
            traced = gad.trace(FUNCTIONS[name], x).outputs[0].value
            assert np.asarray(traced).dtype == np.asarray(value).dtype
            np.testing.assert_array_equal(traced, value)
    x = X.astype(np.float32)
    graph = gad.trace(FUNCTIONS["two waves"], x)
    assert {node.dtype for node in graph.nodes if node.shape} == {np.dtype("f"), np.dtype("F")}
    seed = np.ones(4, np.float32)
    assert {node.adjoint.dtype for node in graph.backward(seed=seed).nodes if node.shape} == {
        np.dtype("f"),
        np.dtype("F"),
    }


# -- graphs -------------------------------------------------------------------------------------


def f_graph(x, y):
    z = np.exp(1j * x) + y
    w = z * (1 + 2j)
    return np.sum(np.abs(w) ** 2)


def test_evaluate_is_a_fresh_trace() -> None:
    graph = gad.trace(f_graph, X, Y)
    again, fresh = graph.evaluate(x=Y, y=X), gad.trace(f_graph, Y, X)
    for one, other in zip(again.nodes, fresh.nodes, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(np.asarray(one.adjoint), np.asarray(other.adjoint))
    weak = gad.trace(lambda x: abs(1j * x + 1), 0.5)
    assert type(weak.evaluate(x=0.7).nodes[2].value) is type(weak.nodes[2].value) is complex


@pytest.mark.parametrize("values", [(X, Y), (0.5, 0.7), (X.astype("f"), Y.astype("f"))])
def test_the_flat_form_comes_back(values) -> None:
    graph = gad.trace(f_graph, *values)
    text = json.dumps(graph.to_dict(), allow_nan=False)
    again = gad.Graph.from_dict(json.loads(text))
    for one, other in zip(graph.nodes, again.nodes, strict=True):
        assert type(one.value) is type(other.value)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(np.asarray(one.adjoint), np.asarray(other.adjoint))
    spoiled = json.loads(text.replace('"c16"', '"c99"').replace('"<c16"', '"<c99"').replace('"<c8"', '"<c99"'))
    if "c99" in json.dumps(spoiled):
        with pytest.raises(ArgumentError, match="dtype"):
            gad.Graph.from_dict(spoiled)


def test_the_graph_of_the_gradient() -> None:
    graph = gad.trace(f_graph, X, Y).derivative("x")
    np.testing.assert_allclose(graph.outputs[0].value, gad.grad(f_graph)(X, Y), rtol=1e-12)
    again = graph.evaluate(x=Y)
    np.testing.assert_allclose(again.outputs[0].value, gad.grad(f_graph)(Y, Y), rtol=1e-12)
    assert "conjugate" in {node.primitive.name for node in graph.nodes if node.primitive}
    traced = gad.trace(gad.grad(f_graph), X, Y)
    np.testing.assert_array_equal(traced.outputs[0].value, gad.grad(f_graph)(X, Y))


def test_local_derivatives() -> None:
    graph = gad.trace(f_graph, X, Y)
    by_name = {(edge.input.name, edge.consumer.name): edge for edge in graph.edges}
    np.testing.assert_array_equal(by_name["z", "w"].local, np.full(4, 1 + 2j))
    np.testing.assert_array_equal(by_name["z", "w"].contribution, graph["w"].adjoint * (1 - 2j))
    edge = next(edge for edge in graph.edges if edge.consumer.primitive and edge.consumer.primitive.name == "modulus")
    np.testing.assert_allclose(edge.local.vjp(np.ones(4)), graph["w"].value / np.abs(graph["w"].value), rtol=1e-12)


# -- constants, kinks, and what is refused ------------------------------------------------------


def test_complex_data() -> None:
    np.testing.assert_allclose(
        gad.grad(lambda x, h: np.sum(np.abs(x * h) ** 2))(X, Z), 2 * X * np.abs(Z) ** 2, rtol=1e-12
    )
    graph = gad.trace(lambda x, h: np.sum(np.abs(x * h) ** 2), X, gad.constant(Z))
    np.testing.assert_allclose(graph["x"].adjoint, 2 * X * np.abs(Z) ** 2, rtol=1e-12)
    assert [node.name for node in graph.inputs] == ["x"]


def test_a_complex_constant_that_changes_is_noticed() -> None:
    h = Z.copy()

    def f(x):
        y = x * h
        h[0] = 0
        return np.sum(np.abs(y))

    with pytest.raises(GraphvizADError, match="changed"):
        gad.grad(f)(X)


def test_where_there_is_no_derivative() -> None:
    for derivative in (gad.grad, lambda f: lambda x: gad.jvp(f, (x,), (1.0,))[1]):
        assert derivative(lambda x: np.abs(1j * x))(0.0) == 0.0
        assert derivative(lambda x: np.abs(1j * x) ** 2)(0.0) == 0.0
        with np.errstate(all="ignore"):
            assert np.isnan(derivative(lambda x: np.angle(x + 0j))(0.0))
            assert np.isnan(derivative(lambda x: np.angle(1j * x))(0.0))
        assert derivative(lambda x: np.angle(x) + x)(-2.0) == 1.0  # of a real number: a step
        assert derivative(lambda x: np.imag(x) + 3 * np.real(x) + np.conj(x))(-2.0) == 4.0


def test_real_values_have_parts() -> None:
    assert gad.trace(lambda x: np.conj(np.real(x)) + 1, 2.0).nodes[0].consumers[0].primitive.name == "add"
    assert gad.grad(lambda x: x.real**2 + x.imag + x.conj())(3.0) == 7.0
    assert (
        gad.trace(lambda x: np.where(np.iscomplexobj(1j * x) and np.isrealobj(x), x, 0.0), 2.0).outputs[0].value == 2.0
    )


@pytest.mark.parametrize(
    ("f", "kind", "words"),
    [
        (lambda z: float(z), ExitError, "float"),
        (lambda z: bool(z), ExitError, "bool"),
        (lambda z: z < 1, UnsupportedError, "complex numbers have no order"),
        (lambda z: z >= 2j, UnsupportedError, "no order"),
        (lambda z: np.maximum(z, 0.0), UnsupportedError, "no order"),
        (lambda z: np.max(z), UnsupportedError, "no order"),
        (lambda z: np.sort(z), UnsupportedError, "no order"),
        (lambda z: np.argmax(z), UnsupportedError, "no order"),
        (lambda z: np.clip(z, 0, 1), UnsupportedError, "no order"),
        (lambda z: z % 2, UnsupportedError, "no rule for complex values.*multiply"),
        (lambda z: z // 2, UnsupportedError, "no rule for complex values"),
        (lambda z: np.floor(z), UnsupportedError, "no rule for complex values"),
        (lambda z: np.arctan2(z, 1.0), UnsupportedError, "no rule for complex values"),
        (lambda z: np.linalg.norm(z), UnsupportedError, r"np.sqrt\(np.sum\(np.abs\(z\)"),
        (lambda z: np.var(z), UnsupportedError, "no rule for complex values"),
        (lambda z: np.sign(z), UnsupportedError, "no rule for complex values"),
        (lambda z: z.astype(float), UnsupportedError, "np.real"),
        (lambda z: np.linalg.det(np.diag(z)), UnsupportedError, "no rule for complex values"),
        (lambda z: z, OutputError, r"np.abs\(z\) \*\* 2"),
    ],
)
def test_what_is_refused(f, kind, words: str) -> None:
    for x in (X, 0.5):
        if isinstance(x, float) and "diag" in str(f.__code__.co_names):
            continue
        for run in (lambda g, x=x: gad.vjp(g, x), lambda g, x=x: gad.trace(g, x)):
            with pytest.raises(kind, match=words):
                run(lambda x, f=f: f(np.exp(1j * x)))


def test_complex_inputs_and_results_say_what_to_write() -> None:
    with pytest.raises(InputError, match="Pass real and imaginary parts"):
        gad.grad(lambda z: np.sum(np.abs(z)))(Z)
    with pytest.raises(InputError, match=r"gad\.constant"):
        gad.trace(lambda z: np.sum(np.abs(z)), Z)
    with pytest.raises(InputError, match="real and imaginary parts"):
        gad.variable(1j)
    with pytest.raises(InputError, match="complex"):
        gad.grad(lambda x: gad.grad(lambda z: np.abs(z))(1j * x))(0.5)
    for transform in (gad.grad, gad.jacobian, gad.elementwise_grad, gad.hessian):
        with pytest.raises(OutputError, match=r"np.real\(z\)"):
            transform(lambda x: np.exp(1j * x))(0.5)
    with pytest.raises(OutputError, match=r"np.real\(z\)"):
        gad.graph(1j * gad.variable(0.5))
    with pytest.raises(ExitError, match=r"x \+ 1j \* y"):
        gad.grad(lambda x: abs(complex(x)))(0.5)


def test_a_rule_without_the_conjugate_is_found() -> None:
    """The checks above can fail: a holomorphic primitive that is not conjugated has a wrong adjoint."""
    HOLOMORPHIC.discard("multiply")
    try:
        with pytest.raises(AssertionError):
            CHECKS["both modes"](REGISTRY["multiply"], (Z, np.exp(Z)), {})
    finally:
        HOLOMORPHIC.add("multiply")


def test_random_like_is_complex_where_its_value_is() -> None:
    assert np.iscomplexobj(random_like(rng, Z))
    assert not np.iscomplexobj(random_like(rng, X))
