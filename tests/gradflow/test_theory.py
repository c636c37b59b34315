"""Theory of gradient flow against the numbers of the papers, SciPy's integrals, and networks drawn at random."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.gradflow import theory
from graphviz_ad.gradflow.activations import FUNCTIONS, erf, resolve
from graphviz_ad.gradflow.growth import kurtosis
from tests.gradflow.test_quadrature import by_scipy
from tests.run import ROOT
from tests.thinned import thinned

mean_field = theory.mean_field
K_STAR = (3 + math.sqrt(17)) / 2


def exact_gelu(x: Any) -> Any:
    """The exact x Φ(x); the one in gad.nn is its tanh form."""
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_point() -> Any:
    return theory.critical_line(exact_gelu, qs=[K_STAR])


def product_of_chi(depth: int) -> float:
    """∏ χ for Glorot and tanh: E‖δ¹‖²/E‖δᴸ‖²."""
    return math.exp(2 * mean_field("tanh", 1.0, 0.0).log_delta(depth)[0])


# ------------------------------------------------------------------------------------------------ the check numbers

# what, number from the table, tolerance, where it stands
Check = tuple[str, Callable[[], float], float, float, str]

MEAN_FIELD = [
    # activation, σ_w², σ_b², q*, χ₁, ln χ₁, log₁₀ slope of the norm, layers for a factor of 10
    ("tanh", 0.5, 0.0025, 0.00495, 0.49513, -0.7029, -0.1526, 6.6),
    ("tanh", 1.0, 0.0025, 0.03712, 0.93406, -0.0682, -0.0148, None),
    ("tanh", 1.5, 0.05, 0.41804, 0.93864, -0.0633, -0.0138, None),
    ("tanh", 1.76095, 0.05, 0.57005, 1.0, 0.0, 0.0, None),
    ("tanh", 2.25, 0.0025, 0.79839, 1.13671, 0.1281, 0.0278, None),
    ("tanh", 4.0, 0.0025, 2.12521, 1.36163, 0.3087, 0.0670, None),
    ("sigmoid", 1.0, 0.0, 0.26469, 0.05572, -2.8874, -0.6270, 1.6),
    ("relu", 1.0, 0.0, 0.0, 0.5, math.log(0.5), 0.5 * math.log10(0.5), None),
    ("relu", 2.0, 0.0, None, 1.0, 0.0, 0.0, math.inf),
    ("relu", 3.0, 0.0, math.inf, 1.5, math.log(1.5), 0.5 * math.log10(1.5), None),
    ("selu", 1.0, 0.0, 1.0, 1.0716, 0.0692, 0.0150, None),
]
CRITICAL_TANH = [
    (0.0, 1.0), (1e-5, 1.03952), (0.0025, 1.26009), (0.01, 1.42421),
    (0.05, 1.76095), (0.1, 1.98607), (0.2, 2.28515), (0.3, 2.50513),
]  # fmt: skip


def mean_field_checks() -> list[Check]:
    checks: list[Check] = []
    for name, w, b, q, chi, log, slope, tenfold in MEAN_FIELD:
        row, source = f"{name} {w} {b}", "mean field, table"
        if q is not None:
            checks.append((f"{row} q*", lambda n=name, w=w, b=b: mean_field(n, w, b).q_star, q, 6e-6, source))
        checks += [
            (
                f"{row} χ₁",
                lambda n=name, w=w, b=b: mean_field(n, w, b).chi_1,
                chi,
                6e-5 if name == "selu" else 6e-6,
                source,
            ),
            (f"{row} ln χ₁", lambda n=name, w=w, b=b: 2 * mean_field(n, w, b).slope, log, 8e-5, source),
            (
                f"{row} log₁₀ slope",
                lambda n=name, w=w, b=b: mean_field(n, w, b).slope / math.log(10),
                slope,
                6e-5,
                source,
            ),
        ]
        if tenfold is not None:
            checks.append(
                (f"{row} ×10", lambda n=name, w=w, b=b: mean_field(n, w, b).layers_per_tenfold, tenfold, 0.06, source)
            )
    return checks


CHECKS: list[Check] = [
    *mean_field_checks(),
    *(
        (f"critical tanh σ_b²={b}", lambda b=b: theory.critical_weight_var("tanh", b), w, 6e-6, "critical line")
        for b, w in CRITICAL_TANH
    ),
    ("critical ReLU", lambda: theory.critical_weight_var("relu"), 2.0, 0.0, "critical line"),
    ("SELU χ₁", lambda: mean_field("selu", 1.0, 0.0).chi_1, 1.07157, 6e-6, "quadrature"),
    ("ReLU χ₁ per σ_w²", lambda: mean_field("relu", 1.0, 0.0).chi_1, 0.5, 0.0, "quadrature"),
    ("GELU C_W", lambda: gelu_point().weight_var[0], 1.98306, 6e-6, "critical line"),
    ("GELU C_b", lambda: gelu_point().bias_var[0], 0.17292, 6e-6, "critical line"),
    ("GELU K*", lambda: K_STAR, 3.56155, 6e-6, "critical line"),
    # counted from a pre-activation of mean square 1 on, which is layer 1 with σ_w² = 1 and such inputs
    ("Glorot tanh l q at 100", lambda: 100 * mean_field("tanh", 1.0, 0.0).q(101)[100], 0.507, 6e-4, "Glorot"),
    ("Glorot tanh L ∏χ", lambda: 1000 * product_of_chi(1000), 0.71, 5e-3, "Glorot"),
    ("Glorot σ_w²", lambda: theory.init_weight_var("glorot", 300, 300), 1.0, 0.0, "Glorot"),
    ("old init n Var W", lambda: theory.init_weight_var("old", 300, 300), 1 / 3, 1e-15, "Glorot"),
    ("tanh at ⅓", lambda: math.exp(mean_field("tanh", 1 / 3, 0.0).slope), 0.577, 6e-4, "Glorot"),
    ("tanh at ⅓ log₁₀", lambda: mean_field("tanh", 1 / 3, 0.0).slope / math.log(10), -0.2386, 6e-5, "Glorot"),
    ("ReLU at ⅓", lambda: math.exp(mean_field("relu", 1 / 3, 0.0).slope), 0.408, 6e-4, "Glorot"),
    ("ReLU at ⅓ log₁₀", lambda: mean_field("relu", 1 / 3, 0.0).slope / math.log(10), -0.3891, 6e-5, "Glorot"),
    ("He ½ n Var W", lambda: 0.5 * 300 * theory.he_var(300), 1.0, 1e-15, "He"),
    ("He leaky", lambda: 0.5 * (1 + 0.2**2) * 300 * theory.he_var(300, 0.2), 1.0, 1e-15, "He"),
    ("He leaky χ₁", lambda: mean_field("leaky_relu", 300 * theory.he_var(300, 0.01), 0.0).chi_1, 1.0, 1e-15, "He"),
    ("finite width ReLU 100×50 mean", lambda: theory.finite_width(100, 50).mean, -1.25, 1e-12, "Hanin"),
    ("finite width ReLU 100×50 var", lambda: theory.finite_width(100, 50).variance, 2.5, 1e-12, "Hanin"),
    ("finite width ReLU 50×100 mean", lambda: theory.finite_width(50, 100).mean, -5.0, 1e-12, "Hanin"),
    ("finite width ReLU 50×100 var", lambda: theory.finite_width(50, 100).variance, 10.0, 1e-12, "Hanin"),
    ("finite width linear mean", lambda: theory.finite_width(100, 50, "linear").mean, -0.5, 1e-12, "Hanin"),
    ("finite width linear var", lambda: theory.finite_width(100, 50, "linear").variance, 1.0, 1e-12, "Hanin"),
    *(
        (f"s²_max Gaussian L={depth}", lambda d=depth: theory.singular_values(d).largest ** 2, edge, tolerance, "Saxe")
        for depth, edge, tolerance in ((1, 4.0, 1e-9), (2, 6.75, 1e-9), (10, 28.53, 6e-3), (50, 137.0, 0.5))
    ),
    ("s Gaussian var L=10", lambda: theory.singular_values(10).variance, 10.0, 1e-12, "Pennington"),
    ("s orthogonal", lambda: theory.singular_values(50, weights="orthogonal").largest, 1.0, 0.0, "Saxe"),
    ("s orthogonal var", lambda: theory.singular_values(50, weights="orthogonal").variance, 0.0, 1e-12, "Saxe"),
    ("s ReLU Gaussian var L=5", lambda: theory.singular_values(5, "relu").variance, 10.0, 1e-12, "Pennington"),
    ("s ReLU orthogonal", lambda: theory.singular_values(5, "relu", "orthogonal").variance, 5.0, 1e-12, "Pennington"),
    # the table has 1.46688 and 1.21115, 6·10⁻⁵ and 2·10⁻⁵ beside π/(π − 1) and its root
    ("batch norm ReLU", lambda: theory.batchnorm_growth("relu"), 1.46688, 7e-5, "Yang"),
    ("batch norm ReLU, exactly", lambda: theory.batchnorm_growth("relu"), math.pi / (math.pi - 1), 1e-14, "Yang"),
    ("batch norm ReLU norm", lambda: math.sqrt(theory.batchnorm_growth("relu")), 1.21115, 3e-5, "Yang"),
    (
        "batch norm ReLU ×10",
        lambda: 2 * math.log(10) / math.log(theory.batchnorm_growth("relu")), 12.0, 0.06, "Yang",
    ),
    ("batch norm tanh", lambda: theory.batchnorm_growth("tanh"), 1.17781, 6e-6, "Yang"),
    ("batch norm tanh norm", lambda: math.sqrt(theory.batchnorm_growth("tanh")), 1.08527, 6e-6, "Yang"),
    ("batch norm linear", lambda: theory.batchnorm_growth("linear"), 1.0, 1e-14, "Yang"),
    ("residual α=1 L=20", lambda: math.log(theory.residual_growth(1.0, 20)), 13.86, 6e-3, "residual"),
    ("residual α=1/√L", lambda: math.log(theory.residual_growth(1 / math.sqrt(1000), 1000)), 1.0, 1e-3, "residual"),
    ("residual α=0", lambda: math.log(theory.residual_growth(0.0, 20)), 0.0, 0.0, "residual"),
    ("RNN tanh 1/γ", lambda: theory.rnn_bounds("tanh").threshold, 1.0, 1e-12, "Pascanu"),
    ("RNN σ 1/γ", lambda: theory.rnn_bounds("sigmoid").threshold, 4.0, 1e-12, "Pascanu"),
    ("RNN .9⁵⁰", lambda: theory.rnn_bounds("tanh").growth(0.9, 50), 0.00515, 6e-6, "Pascanu"),
    ("RNN 1.1⁵⁰", lambda: theory.rnn_bounds("tanh").growth(1.1, 50), 117.4, 0.06, "Pascanu"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "value", "tolerance"), [row[1:4] for row in CHECKS], ids=[f"{row[0]} ({row[4]})" for row in CHECKS]
)
def test_check_number(found: Callable[[], float], value: float, tolerance: float) -> None:
    assert found() == pytest.approx(value, abs=tolerance, rel=0)


def test_the_gelu_point_is_critical() -> None:
    """χ = 1.0000 at K* for the rounded numbers too, and q stays there: it is a fixed point."""
    phi = resolve(exact_gelu)
    assert 1.98306 * by_scipy(lambda h: phi.derivative(h) ** 2, math.sqrt(K_STAR)) == pytest.approx(1, abs=5e-5)
    assert 1.98306 * by_scipy(lambda h: exact_gelu(h) ** 2, math.sqrt(K_STAR)) + 0.17292 == pytest.approx(
        K_STAR, abs=5e-5
    )


# ------------------------------------------------------------------------------------------------ another program


SLOPES: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda h: 1 / np.cosh(h) ** 2,
    "sigmoid": lambda h: np.exp(-h) / (1 + np.exp(-h)) ** 2,
    "relu": lambda h: 1.0 * (h > 0),
    "selu": lambda h: (
        nn.activations.SELU_SCALE * np.where(h > 0, 1, nn.activations.SELU_ALPHA * np.exp(np.minimum(h, 0)))
    ),
    "softplus": lambda h: 1 / (1 + np.exp(-h)),
    "sin": np.cos,
    "hard_tanh": lambda h: 1.0 * (np.abs(h) < 1),
    "erf": lambda h: 2 / math.sqrt(math.pi) * np.exp(-(h**2)),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize(("w", "b"), [(0.7, 0.1), (1.3, 0.02), (1.9, 0.4)])
def test_fixed_point_and_chi_against_scipy(name: str, w: float, b: float) -> None:
    """SciPy's integrals, slopes by formula, and plain iteration instead of a search."""
    phi, found = resolve(name), mean_field(name, w, b)
    if name in {"relu", "selu", "softplus"} and w > 1.5:
        w = 1.5
        found = mean_field(name, w, b)  # so that there is a fixed point
    q = w + b
    for _ in range(4000):
        following = w * float(_square(phi.function, q)) + b
        if abs(following - q) < 1e-12 * q:
            break
        q = following
    assert found.q_star == pytest.approx(q, rel=2e-7)
    kinks = phi.kinks
    root_q = math.sqrt(found.q_star)
    assert w * by_scipy(lambda h: phi.function(h) ** 2, root_q, kinks) + b == pytest.approx(found.q_star, rel=1e-10)
    assert found.chi_1 == pytest.approx(w * by_scipy(lambda h: SLOPES[name](h) ** 2, root_q, kinks), rel=1e-10)


Z = np.linspace(-10, 10, 40001)  # the trapezium rule: quick, and right to 7 digits at kinks
WEIGHTS = np.exp(-Z * Z / 2) / np.sum(np.exp(-Z * Z / 2))


def _square(function: Callable[[Any], Any], q: float) -> Any:
    return np.sum(WEIGHTS * function(math.sqrt(q) * Z) ** 2)


@pytest.mark.parametrize("q", [0.01, 0.57, 4.0])
def test_critical_line_of_sin_in_closed_form(q: float) -> None:
    """E[cos²(√q z)] = ½ (1 + e^(−2q))."""
    line = theory.critical_line(np.sin, qs=[q])
    even = math.exp(-2 * q)
    assert line.weight_var[0] == pytest.approx(2 / (1 + even), rel=1e-13)
    assert line.bias_var[0] == pytest.approx(q - (1 - even) / (1 + even), abs=1e-14)


@pytest.mark.parametrize("q", [0.1, 2.0])
def test_mean_field_of_erf_in_closed_form(q: float) -> None:
    """E[erf(√q z)²] = (2/π) arcsin(2q/(1 + 2q)): Williams, "Computing with infinite networks" (1997)."""
    b = q - 0.3 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q))
    found = mean_field("erf", 0.3, b)
    assert found.q_star == pytest.approx(q, rel=1e-12)
    assert found.chi_1 == pytest.approx(0.3 * 4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)


# ------------------------------------------------------------------------------------------------ q*, wherever it goes


@pytest.mark.parametrize(
    ("name", "w", "b", "q", "chi"),
    [
        ("linear", 0.5, 0.0, 0.0, 0.5),
        ("linear", 1.0, 0.0, 1.0, 1.0),  # a line of fixed points: layer 1's
        ("linear", 1.0, 0.1, math.inf, 1.0),
        ("relu", 2.0, 0.0, 2.0, 1.0),
        ("relu", 2.0, 0.5, math.inf, 1.0),
        ("relu", 1.0, 0.5, 1.0, 0.5),  # σ_b²/(1 − σ_w²/2)
        ("relu", 2.1, 0.0, math.inf, 1.05),
        ("leaky_relu", 1.0, 0.0, 0.0, 0.50005),
        ("tanh", 1.0, 0.0, 0.0, 1.0),
        ("tanh", 0.9, 0.0, 0.0, 0.9),
        ("hard_tanh", 1.0, 0.0, 0.0, 1.0),  # falls more slowly than any power
        ("gelu", 1.5, 0.0, 0.0, 0.375),
        ("softplus", 2.0, 0.0, math.inf, 1.0),
        ("tanh", 0.0, 0.0, 0.0, 0.0),
        ("tanh", 0.0, 0.2, 0.2, 0.0),
        ("tanh", 0.5, 1e-14, 2e-14, 0.5),
    ],
)
def test_limits_and_lines(name: str, w: float, b: float, q: float, chi: float) -> None:
    found = mean_field(name, w, b)
    assert found.q_star == (pytest.approx(q, rel=1e-9) if q > 1e-13 else pytest.approx(q, abs=2e-14))
    assert found.chi_1 == pytest.approx(chi, rel=1e-10)


def test_just_above_the_critical_point_q_is_small_but_not_zero() -> None:
    """V(q) = σ_w² (q − 2q² + …), so q* ≈ (σ_w² − 1)/2."""
    assert mean_field("tanh", 1 + 1e-6, 0.0).q_star == pytest.approx(5e-7, rel=1e-5)


def test_of_several_fixed_points_the_one_that_the_inputs_come_to() -> None:
    """A bump that passes nothing below h ≈ 2: 0 is a fixed point, and so is one that large inputs come to."""

    def bump(x: Any) -> Any:
        return 3 * np.tanh(x**3 / 8)

    small, large = mean_field(bump, 0.5, 0.0), mean_field(bump, 3.0, 0.0)
    assert small.q_star == 0
    assert large.q_star > 10
    q = large.q(200)
    assert q[0] == 3.0
    assert q[-1] == pytest.approx(large.q_star, rel=1e-9)
    assert large.q(200, q_0=0.01)[-1] < 1e-9  # the other one


@pytest.mark.parametrize(
    ("name", "w", "b"), [("tanh", 1.5, 0.05), ("sigmoid", 1.0, 0.0), ("sin", 5.0, 0.1), ("selu", 1.0, 0.2)]
)
def test_q_goes_to_the_fixed_point(name: str, w: float, b: float) -> None:
    found = mean_field(name, w, b)
    q = found.q(2000)
    assert q.shape == (2000,)
    assert q[0] == w + b
    assert q[-1] == pytest.approx(found.q_star, rel=1e-6)
    assert found.chi(2000)[-1] == pytest.approx(found.chi_1, rel=1e-6)


def test_q_overflows_to_inf() -> None:
    q = mean_field("relu", 4.0, 0.0).q(1200)
    assert q[10] == pytest.approx(4 * 2.0**10, rel=1e-12)
    assert q[-1] == math.inf
    assert not np.isnan(q).any()


def test_q_takes_the_inputs_mean_square() -> None:
    assert mean_field("linear", 0.5, 0.0).q(3, q_0=8.0).tolist() == pytest.approx([4.0, 2.0, 1.0])


def test_the_transient_of_the_adjoints() -> None:
    """The line is a sum of ½ ln χ over the layers between, and straight where q stands still."""
    found = mean_field("tanh", 1.0, 0.0025)
    line = found.log_delta(200)
    assert line[-1] == 0
    assert line[-2] == pytest.approx(found.slope, rel=1e-6)
    assert np.diff(line[150:]) == pytest.approx(-found.slope, rel=1e-4)
    # over layers 10 … 40 it adds −.0104 to ln χ₁ on average
    assert np.mean(np.log(found.chi(40)[9:])) - 2 * found.slope == pytest.approx(-0.0104, abs=6e-5)


def test_depth_scale_and_its_signs() -> None:
    vanishing, critical, exploding = mean_field("relu", 1.0), mean_field("relu", 2.0), mean_field("relu", 4.0)
    assert vanishing.depth_scale == pytest.approx(1 / math.log(2), rel=1e-14)
    assert exploding.depth_scale == pytest.approx(-1 / math.log(2), rel=1e-14)
    assert critical.depth_scale == critical.layers_per_tenfold == math.inf
    assert vanishing.layers_per_tenfold == exploding.layers_per_tenfold == pytest.approx(2 * math.log2(10), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "w", "b", "words"),
    [
        ("relu", 1.0, 0.0, ["q* = 0", "vanish", "×10 per 6.64 layers"]),
        ("relu", 3.0, 0.0, ["q* = ∞", "explode"]),
        ("relu", 2.0, 0.0, ["keeps the size", "neither vanish nor explode"]),
        ("tanh", 1.0, 0.0, ["dies out", "power of the depth"]),
        ("tanh", 1.5, 0.05, ["settles at q* = 0.418", "vanish"]),
        ("tanh", 0.0, 0.1, ["no gradient passes"]),
    ],
)
def test_the_note_says_it(name: str, w: float, b: float, words: list[str]) -> None:
    note = mean_field(name, w, b).note
    assert all(word in note for word in words), note


# ------------------------------------------------------------------------------------------------ critical line, plane


def test_critical_line_by_q_and_by_bias_agree() -> None:
    by_q = theory.critical_line("tanh", qs=[0.1, 0.57, 1.4])
    by_bias = theory.critical_line("tanh", by_q.bias_var)
    np.testing.assert_allclose(by_bias.weight_var, by_q.weight_var, rtol=1e-12)
    np.testing.assert_allclose(by_bias.q, by_q.q, rtol=1e-10)


@pytest.mark.parametrize("name", thinned(["tanh", "erf", "sin", "selu", "elu", "hard_tanh", "sigmoid"], 3))
@pytest.mark.parametrize("b", [0.05, 0.3])
def test_on_the_critical_line_chi_is_one(name: str, b: float) -> None:
    w = theory.critical_weight_var(name, b)
    assert mean_field(name, w, b).chi_1 == pytest.approx(1, abs=1e-9)


def test_where_nothing_is_critical() -> None:
    assert math.isnan(theory.critical_weight_var("relu", 0.1))
    assert math.isnan(theory.critical_weight_var("linear", 0.1))
    assert theory.critical_weight_var("linear") == 1.0
    # GELU without bias: the signal dies out below some σ_w² and explodes above it, and χ₁ jumps over 1
    assert math.isnan(theory.critical_weight_var("gelu"))
    assert np.isnan(theory.critical_line("softplus", qs=[1.0]).weight_var).all()  # it would need σ_b² < 0
    with pytest.raises(gad.ArgumentError, match="bias_vars or qs"):
        theory.critical_line("tanh")


@pytest.mark.parametrize("name", thinned(["tanh", "relu", "selu", "gelu"], 4))
def test_the_plane_is_what_mean_field_says_point_by_point(name: str) -> None:
    w, b = np.linspace(0, 4, 9), np.array([0.0, 0.1, 0.5])
    plane = theory.phase_diagram(name, w, b)
    assert plane.chi_1.shape == plane.q_star.shape == (3, 9)
    points = [[mean_field(name, x, y) for x in w] for y in b]
    np.testing.assert_allclose(plane.chi_1, [[p.chi_1 for p in row] for row in points], rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(plane.q_star, [[p.q_star for p in row] for row in points], rtol=1e-2)


# ------------------------------------------------------------------------------------------------ finite width, spectra


def test_the_spread_of_products_of_matrices() -> None:
    """Var and mean of ln ‖J u‖² over 400 ReLU networks of width 60 and depth 12: within four standard errors."""
    rng = np.random.default_rng(0)
    n, depth, nets = 60, 12, 400
    u = np.ones((nets, n, 1)) / math.sqrt(n)
    for _ in range(depth):
        W = rng.normal(size=(nets, n, n)) * math.sqrt(2 / n)
        u = W @ u * (rng.random((nets, n, 1)) < 0.5)
    logs = np.log(np.sum(u**2, axis=(1, 2)))
    told = theory.finite_width(n, depth)
    assert np.mean(logs) == pytest.approx(told.mean, abs=4 * told.std / math.sqrt(nets))
    assert np.var(logs) == pytest.approx(told.variance, rel=4 * math.sqrt(2 / nets))


def test_finite_width_of_many_shapes() -> None:
    assert theory.finite_width([100] * 50).variance == pytest.approx(2.5, rel=1e-13)
    assert theory.finite_width([50, 100], activation="linear").variance == pytest.approx(2 * 0.03, rel=1e-13)
    along = theory.finite_width(100, np.arange(4))
    assert along.variance == pytest.approx([0.0, 0.05, 0.1, 0.15])
    low, high = along.band()
    assert high - low == pytest.approx(4 * along.std)
    assert kurtosis("tanh", 1.0) > kurtosis("tanh", 0.01) > 1  # saturation makes it uneven


def test_the_slope_of_a_random_walk() -> None:
    """The standard error that `finite_width_slope` names is that of least squares through random walks."""
    rng = np.random.default_rng(1)
    step = 5 / 400
    walks = np.cumsum(rng.normal(-step / 2, math.sqrt(step), size=(4000, 29)), axis=1)
    slopes = np.polyfit(np.arange(29), walks.T, 1)[0]
    bias, error = theory.finite_width_slope(400, (20, 48), "relu")
    assert np.mean(slopes) == pytest.approx(bias, abs=4 * error / math.sqrt(4000))
    assert np.std(slopes) == pytest.approx(error, rel=0.05)
    assert theory.finite_width_slope(400, (20, 48), "relu", seeds=4)[1] == pytest.approx(error / 2)


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("name", ["linear", "relu", "tanh"])
def test_singular_values_of_a_random_jacobian(weights: str, name: str) -> None:
    """Three layers of width 500: mean and variance of s², and the edge, within what that width allows."""
    rng = np.random.default_rng(2)
    n, depth = 500, 3
    phi = resolve(name)
    slopes = phi.derivative(rng.normal(size=(depth, n, 1)))
    gain = 1 / math.sqrt(np.mean(slopes**2))
    J = np.eye(n)
    for D in slopes:
        W = rng.normal(size=(n, n)) / math.sqrt(n) if weights == "gaussian" else nn.orthogonal((n, n), rng=rng)
        J = gain * D * (W @ J)
    squares = np.linalg.svd(J, compute_uv=False) ** 2
    told = theory.singular_values(depth, name, weights)
    assert told.mean_square == pytest.approx(1, abs=1e-12)
    assert np.mean(squares) == pytest.approx(1, abs=0.03)
    assert np.var(squares) == pytest.approx(told.variance, rel=0.12, abs=1e-10)
    assert math.sqrt(squares.max()) == pytest.approx(told.largest, rel=0.04)


def test_singular_values_at_other_variances_scale() -> None:
    one, four = theory.singular_values(3), theory.singular_values(3, weight_var=4.0)
    assert four.mean_square == pytest.approx(64)
    assert four.largest == pytest.approx(8 * one.largest, rel=1e-9)
    assert four.variance == pytest.approx(64**2 * one.variance)


# ------------------------------------------------------------------------------------------------ anybody's activation


@pytest.mark.parametrize(
    ("mine", "name"),
    [
        (lambda x: np.where(x > 0, x, 0.0 * x), "relu"),
        (lambda x: np.maximum(x, 0.01 * x), "leaky_relu"),
        (lambda x: np.minimum(np.maximum(x, -1.0), 1.0), "hard_tanh"),
        (lambda x: x, "linear"),
        (lambda x: 2 / (1 + np.exp(-2 * x)) - 1, "tanh"),
        (
            lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1)),
            "selu",
        ),
    ],
)
@pytest.mark.parametrize(("w", "b"), [(1.2, 0.1), (1.0, 0.0)])
def test_a_function_of_ones_own_is_as_good_as_a_name(mine: Any, name: str, w: float, b: float) -> None:
    """Kinks that nobody told are found."""
    own, known = mean_field(mine, w, b), mean_field(name, w, b)
    assert own.chi_1 == pytest.approx(known.chi_1, rel=1e-9)
    assert own.q_star == pytest.approx(known.q_star, rel=1e-8, abs=1e-9)


def test_erf_is_right_to_rounding_and_keeps_shape_and_dtype() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20001), np.geomspace(1e-300, 1, 200), [0.0, -0.0, math.inf, -math.inf]])
    exact = np.array([math.erf(value) for value in x.tolist()])
    np.testing.assert_allclose(erf(x), exact, rtol=4e-16, atol=0)
    assert math.isnan(erf(np.array([math.nan]))[0])
    assert erf(np.ones((2, 3), np.float32)).dtype == np.float32
    assert erf(np.ones((2, 3), np.float32)).shape == (2, 3)
    assert erf(0.5) == pytest.approx(math.erf(0.5), rel=4e-16)
    np.testing.assert_array_equal(erf(np.array([0, 1])), erf(np.array([0.0, 1.0])))


def test_a_kink_beside_zero() -> None:
    """E[φ′²] of max(h − 0.7, 0) is the probability beyond it."""
    found = mean_field(lambda x: np.maximum(x - 0.7, 0), 1.0, 2.0)
    tail = 0.5 * math.erfc(0.7 / math.sqrt(2 * found.q_star))
    assert found.chi_1 == pytest.approx(tail, rel=1e-11)


def test_names_as_people_write_them() -> None:
    for name in ("ReLU", "leaky relu", "Leaky-ReLU", "identity", "swish", "hardtanh", " tanh "):
        assert resolve(name).name in FUNCTIONS
    assert resolve(np.tanh).function(1.0) == np.tanh(1.0)
    assert resolve(nn.selu).name == "selu"
    assert resolve(nn.selu).kinks == (0.0,)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mean_field("tahn", 1.0), r"unknown activation: 'tahn' .*'relu'.*Did you mean 'tanh'"),
        (lambda: mean_field(3.0, 1.0), "unknown activation"),
        (lambda: mean_field(lambda x: 1.0 * (x > 0), 1.0), "no derivative but 0"),
        (lambda: mean_field(lambda x: x if x > 0 else 0 * x, 1.0), "does not work on an array"),
        (lambda: mean_field(lambda x: np.sum(x), 1.0), "one float for each"),
        (lambda: mean_field(lambda x: x / np.sum(np.abs(x)), 1.0), "mixes"),
        (lambda: mean_field(np.vectorize(math.sin), 1.0), "no derivative"),
        (lambda: mean_field("tanh", -1.0), "weight_var=-1.0"),
        (lambda: mean_field("tanh", 1.0, math.nan), "bias_var=nan"),
        (lambda: mean_field("tanh", 1.0).q(0), "layers=0"),
        (lambda: mean_field("tanh", 1.0).q(3, q_0=-1.0), "q_0=-1.0"),
        (lambda: theory.finite_width(0, 3), "width=0"),
        (lambda: theory.finite_width(3, -1), "depth=-1"),
        (lambda: theory.finite_width([3, 4], 2), "leave depth out"),
        (lambda: theory.finite_width(3), "needs depth"),
        (lambda: theory.finite_width_slope(100, 5), r"layers=5 must be the pair"),
        (lambda: theory.he_var(10, alpha="a"), "alpha='a'"),
        (lambda: theory.singular_values(0), "depth=0"),
        (lambda: theory.singular_values(3, weights="dense"), "unknown weights.*gaussian"),
        (lambda: theory.singular_values(3, weight_var=0.0), "weight_var"),
        (lambda: theory.init_weight_var("xavier"), "unknown init.*glorot"),
        (lambda: theory.residual_growth(1.0, -1), "depth=-1"),
        (lambda: theory.rnn_bounds(0.0), "gamma"),
    ],
)
def test_what_is_not_allowed_is_said(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(gad.ArgumentError, match=says):
        call()


def test_what_overflows_is_inf() -> None:
    assert theory.residual_growth(3.0, 1000) == math.inf
    assert theory.rnn_bounds(1.0).growth(10.0, 1000) == math.inf


def test_every_function_names_its_paper() -> None:
    for name in theory.__all__:
        function = getattr(theory, name)
        if not isinstance(function, type) and name not in {"critical_weight_var", "init_weight_var"}:
            assert any(f"({year})" in function.__doc__ for year in range(1997, 2027)), name


def test_the_package_is_there_when_it_is_asked_for_and_brings_no_picture_library() -> None:
    code = (
        "import sys, graphviz_ad as gad; early = 'graphviz_ad.gradflow' in sys.modules; "
        "gad.gradflow.theory.mean_field('tanh', 1.0); print(early, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]
    with pytest.raises(AttributeError, match="measure"):
        gad.gradflow.maesure  # noqa: B018
