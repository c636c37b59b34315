"""SciPy's special functions: SciPy's values, derivatives to second order, torch's numbers, and a lazy look-up."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import graphviz_ad as gad
from graphviz_ad.core.primitive import HANDLERS, REGISTRY
from graphviz_ad.primitives.special import RULES
from tests.primitives.derivatives import check
from tests.torched import torch

POSITIVE = np.array([[0.3, 1.6], [2.4, 0.55]])
UNIT = np.array([0.05, 0.3, 0.62, 0.97])
LINE = np.array([-2.3, -0.4, 0.7, 1.9])
PLACES = {
    **dict.fromkeys(("logit", "ndtri"), UNIT),
    "erfinv": 2 * UNIT - 1,
    "erfcinv": 2 * UNIT,
    **dict.fromkeys(("expit", "log_expit", "erf", "erfc", "erfi", "ndtr", "log_ndtr", "exp10", "exp2"), LINE),
    **dict.fromkeys(("expm1", "cosm1", "i0", "i1", "j0", "j1"), LINE),
}


def points(name):
    return PLACES.get(name, POSITIVE)


def arguments(name, dtype=float):
    x = points(name).astype(dtype)
    partials = RULES[name][0]
    if len(partials) == 1:
        return (x,)
    return (1, x) if partials[0] is None else (x, x[..., :1] + x.dtype.type(0.25))


@pytest.mark.parametrize("name", RULES)
def test_values_and_derivatives(name) -> None:
    f = getattr(special, name)
    check(f, *arguments(name), rtol=2e-6)
    for dtype in (np.float32, np.float16):
        given = arguments(name, dtype)
        value, pullback = gad.vjp(f, *given)
        np.testing.assert_array_equal(value, f(*given))
        assert value.dtype == f(*given).dtype
        assert pullback(np.ones_like(value))[-1].dtype == dtype
    scalars = [np.ravel(x)[0] if np.ndim(x) else x for x in arguments(name)]
    assert gad.vjp(f, *scalars)[0] == f(*scalars)
    assert gad.vjp(f, *[x if isinstance(x, int) else float(x) for x in scalars])[0] == f(*scalars)


def test_every_ufunc_of_the_table_is_there() -> None:
    assert all(getattr(special, name) in HANDLERS for name in RULES)
    assert special.psi in HANDLERS
    assert HANDLERS[special.psi] is HANDLERS[special.digamma]
    assert REGISTRY["erf"].symbol == "erf"


OF_TORCH = {
    "expit": torch.special.expit,
    "logit": torch.special.logit,
    "log_expit": torch.nn.functional.logsigmoid,
    "erf": torch.special.erf,
    "erfc": torch.special.erfc,
    "erfinv": torch.special.erfinv,
    "ndtr": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "ndtri": torch.special.ndtri,
    "gammaln": torch.special.gammaln,
    "digamma": torch.special.digamma,
    "entr": torch.special.entr,
    "i0": torch.special.i0,
    "i1": torch.special.i1,
}


@pytest.mark.parametrize("name", OF_TORCH)
def test_first_and_second_derivative_are_torchs(name) -> None:
    for x in np.ravel(points(name)):
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (first,) = torch.autograd.grad(OF_TORCH[name](t), t, create_graph=True)
        (second,) = torch.autograd.grad(first, t)
        slope = gad.grad(getattr(special, name))
        assert slope(x) == pytest.approx(float(first.detach()), rel=1e-9)
        assert gad.grad(slope)(x) == pytest.approx(float(second.detach()), rel=1e-9, abs=1e-12)


def test_derivatives_of_digamma_to_fourth_order() -> None:
    f = special.digamma
    for n in range(1, 5):
        f = gad.grad(f)
        for x in (0.3, 2.5, 40.0, -0.5, -2.3):
            assert f(x) == pytest.approx(special.polygamma(n, x), rel=1e-12)
    x = np.float32([0.5, 1.5])
    second = gad.elementwise_grad(gad.elementwise_grad(special.gammaln))(x)
    assert second.dtype == np.float32
    np.testing.assert_allclose(second, special.polygamma(1, x), rtol=1e-6)


def test_digits_are_kept_far_out() -> None:
    assert gad.grad(special.expit)(50.0) == pytest.approx(np.exp(-50.0), rel=1e-12)
    assert gad.grad(special.expit)(-800.0) == 0.0
    assert gad.grad(special.log_expit)(-800.0) == 1.0
    assert gad.grad(special.log_ndtr)(-40.0) == pytest.approx(40.0249, rel=1e-5)
    assert gad.grad(special.erfc)(10.0) == pytest.approx(-2 / np.sqrt(np.pi) * np.exp(-100.0), rel=1e-12)


def test_where_nothing_is_multiplied() -> None:
    with np.errstate(all="ignore"):
        assert gad.grad(special.xlogy, (0, 1))(0.0, 0.0) == (-np.inf, 0.0)
        assert gad.grad(special.xlogy, (0, 1))(0.0, 2.0) == (np.log(2.0), 0.0)
        assert gad.grad(special.xlog1py, (0, 1))(0.0, -1.0) == (-np.inf, 0.0)
        assert gad.grad(special.entr)(0.0) == np.inf
        assert gad.grad(special.rel_entr, (0, 1))(0.0, 1.0) == (-np.inf, 0.0)
    p = np.array([0.0, 1.0])
    np.testing.assert_array_equal(gad.grad(lambda q: np.sum(special.xlogy(p, q)))(p), [0.0, 1.0])


def test_an_order_has_no_derivative() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"scipy\.special\.jv has no derivative by its first argument at"):
        gad.grad(special.jv)(1.0, 2.0)
    assert gad.grad(lambda x: special.jv(gad.detach(x), x))(1.0) == pytest.approx(special.jvp(1, 1.0))


def test_outer() -> None:
    x = np.array([0.5, 1.5])
    check(lambda x: special.xlogy.outer(x, np.array([2.0, 3.0])), x)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: special.hyp2f1(x, 1, 2, 0.5), r"^scipy\.special\.hyp2f1 has no derivative rule"),
        (lambda x: special.zeta(x + 2), r"^scipy\.special\.zeta needs \S+zeta, which has no derivative rule"),
        (lambda x: special.erf(x, where=np.array([True])), r"^scipy\.special\.erf\(..., where=...\)"),
        (lambda x: special.erf(x + 0j), r"^erf has no rule for complex values"),
        (special.logsumexp, r"^scipy\.special\.logsumexp wants .*Write gad\.nn\.logsumexp\(x\)"),
        (lambda x: special.softmax(x), r"^scipy\.special\.softmax wants .*Write gad\.nn\.softmax\(x\)"),
        (lambda x: special.logsumexp([x, x]), r"^scipy\.special\.logsumexp wants .*gad\.nn\.logsumexp"),
    ],
)
def test_what_has_no_rule_is_named(call, words) -> None:
    with pytest.raises(gad.GraphvizADError, match=words):
        gad.grad(lambda x: np.sum(call(x)))(0.5)


def test_a_graph_with_a_special_function() -> None:
    graph = gad.trace(lambda x: special.erf(x) * special.digamma(x), 0.5)
    assert graph.evaluate(x=0.75).outputs[0].value == special.erf(0.75) * special.digamma(0.75)
    again = gad.Graph.from_dict(graph.to_dict())
    assert again.evaluate(x=0.75).outputs[0].value == graph.evaluate(x=0.75).outputs[0].value


LATE = """
import sys, numpy as np, graphviz_ad as gad
assert not any(name.partition(".")[0] == "scipy" for name in sys.modules)
import scipy.special
assert gad.grad(lambda x: scipy.special.expit(x))(0.0) == 0.25
flat = gad.trace(lambda x: scipy.special.erf(x), 0.5).to_dict()
print(__import__("json").dumps(flat))
"""
WITHOUT = """
import json, sys, graphviz_ad as gad
graph = gad.Graph.from_dict(json.loads(sys.stdin.read()))
assert not any(name.partition(".")[0] == "scipy" for name in sys.modules)
assert "erf" in graph.notice, graph.notice
import scipy.special
sys.stdout.write("fine")
"""


def test_scipy_is_never_imported_and_may_be_imported_later() -> None:
    """A graph that was made with it is shown unchecked where it is not loaded."""
    made = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)
    read = subprocess.run(
        [sys.executable, "-c", WITHOUT], input=made.stdout, capture_output=True, text=True, check=True
    )
    assert read.stdout == "fine"
