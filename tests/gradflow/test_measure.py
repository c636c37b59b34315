"""Measured gradient flow against backward passes by hand and by PyTorch, and against what theory says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import measurement
from graphviz_ad.gradflow.activations import FUNCTIONS
from graphviz_ad.gradflow.measurement import measure
from graphviz_ad.gradflow.recurrent import measure_recurrent
from graphviz_ad.gradflow.sizes import norm, saturation
from graphviz_ad.gradflow.table import COLUMNS, Flow
from tests.thinned import thinned


def drawn(seed: int, depth: int, width: int, batch: int, weight_var: float, bias_var: float) -> tuple[Any, ...]:
    """Draw a net's inputs, weights, biases and residuals from the four streams of a seed."""
    inputs, weights, biases, targets = (np.random.default_rng([seed, stream]) for stream in range(4))
    x = inputs.standard_normal((batch, width))
    Ws = [weights.normal(0, math.sqrt(weight_var / width), (width, width)) for _ in range(depth)]
    bs = [biases.normal(0, math.sqrt(bias_var), width) if bias_var else np.zeros(width) for _ in range(depth)]
    return x, Ws, bs, targets.standard_normal((batch, width))


def by_hand(seed: int, depth: int, width: int, batch: int, weight_var: float, bias_var: float) -> dict[str, list[Any]]:
    """Compute the columns of a tanh net by a backward pass as a book writes it."""
    x, Ws, bs, r = drawn(seed, depth, width, batch, weight_var, bias_var)
    hs, activations = [], [x]
    for W, b in zip(Ws, bs, strict=True):
        hs.append(activations[-1] @ W.T + b)
        activations.append(np.tanh(hs[-1]))
    rows: dict[str, list[Any]] = {name: [] for name in COLUMNS[2:]}
    delta = 2 * r / r.size
    for layer in reversed(range(depth)):
        gradient, a = delta.T @ activations[layer], activations[layer + 1]
        saturated = 1 - a**2 <= 0.05
        for name, value in {
            "delta_norm": np.linalg.norm(delta),
            "delta_mean_square": np.mean(delta**2),
            "weight_grad_norm": np.linalg.norm(gradient),
            "activation_norm": np.linalg.norm(a),
            "activation_mean_square": np.mean(a**2),
            "saturated": saturated.mean(),
            "dead": saturated.all(axis=0).mean(),
            "update_ratio": 0.1 * np.linalg.norm(gradient) / np.linalg.norm(Ws[layer]),
        }.items():
            rows[name].insert(0, value)
        delta = delta @ Ws[layer] * (1 - activations[layer] ** 2)
    return rows


@pytest.mark.parametrize(("width", "seeds"), [(12, [3]), (12, [3, 8, 1]), (70, [3, 8])])
def test_every_column_is_that_of_a_backward_pass_by_hand(width: int, seeds: list[int]) -> None:
    flow = measure(depth=5, width=width, batch=9, weight_var=3.0, bias_var=0.2, seeds=seeds)
    for row, seed in enumerate(seeds):
        for name, expected in by_hand(seed, 5, width, 9, 3.0, 0.2).items():
            np.testing.assert_allclose(flow.by_seed(name)[row], expected, rtol=1e-12, err_msg=f"{name}, seed {seed}")
    assert flow["saturated"].max() > 0.1


@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "gelu", "selu", "sigmoid", "softplus", "silu", "leaky_relu", "elu"]
)
@pytest.mark.parametrize(("residual", "norm_of"), [(None, None), (0.5, None), (None, "batch"), (0.7, "layer")])
def test_adjoints_and_gradients_are_those_of_pytorch(
    activation: str, residual: float | None, norm_of: str | None
) -> None:
    from tests.torched import torch

    functions = torch.nn.functional
    phi = getattr(functions, activation)
    if activation == "gelu":
        phi = lambda h: functions.gelu(h, approximate="tanh")  # noqa: E731
    depth, width, batch = 4, 11, 7
    x, Ws, _, r = drawn(5, depth, width, batch, 1.5, 0.0)
    weights = [torch.tensor(W, requires_grad=True) for W in Ws]
    hs: list[Any] = []
    for W in weights:
        if hs:
            taken = hs[-1]
            if norm_of == "batch":
                taken = functions.batch_norm(taken, None, None, training=True)
            elif norm_of == "layer":
                taken = functions.layer_norm(taken, (width,))
            branch = phi(taken) @ W.T
            h = branch if residual is None else hs[-1] + residual * branch
        else:
            h = torch.tensor(x) @ W.T
        h.retain_grad()
        hs.append(h)
    functions.mse_loss(hs[-1], hs[-1].detach() - torch.tensor(r)).backward()
    flow = measure(
        depth, width, batch, activation=activation, weight_var=1.5, residual=residual, norm=norm_of, seeds=[5]
    )  # fmt: skip
    np.testing.assert_allclose(flow["delta_norm"], [float(h.grad.norm()) for h in hs], rtol=1e-9)
    np.testing.assert_allclose(flow["weight_grad_norm"], [float(W.grad.norm()) for W in weights], rtol=1e-9)


# -- theory --------------------------------------------------------------------------------------

ROWS = [
    ("tanh", 0.5, 0.0025, 0.49513),
    ("tanh", 1.0, 0.0025, 0.93406),
    ("tanh", 1.5, 0.05, 0.93864),
    ("tanh", 1.76095, 0.05, 1.0),
    ("tanh", 2.25, 0.0025, 1.13671),
    ("tanh", 4.0, 0.0025, 1.36163),
    ("sigmoid", 1.0, 0.0, 0.05572),
    ("relu", 1.0, 0.0, 0.5),
    ("relu", 2.0, 0.0, 1.0),
    ("relu", 3.0, 0.0, 1.5),
    ("selu", 1.0, 0.0, 1.07157),
]
WINDOW = (20, 48)


def log_chi(activation: str, weight_var: float, bias_var: float, width: int, seeds: int) -> float:
    flow = measure(
        width=width, batch=32, activation=activation, weight_var=weight_var, bias_var=bias_var, seeds=seeds
    )  # fmt: skip
    assert flow.slope("delta_mean_square", WINDOW) == pytest.approx(2 * flow.slope("delta_norm", WINDOW))
    return flow.slope("delta_mean_square", WINDOW)


@pytest.mark.parametrize(("activation", "weight_var", "bias_var", "chi"), thinned(ROWS, 3))
def test_the_slope_is_that_of_mean_field_theory_within_the_band_of_a_finite_width(
    activation: str, weight_var: float, bias_var: float, chi: float
) -> None:
    width, seeds, layers = 400, 3, WINDOW[1] - WINDOW[0]
    # Hanin (2018): ln ‖δ‖² walks by 5/n of variance per layer, and drifts by −5/(2n); a line through a random walk of m
    # steps has a slope of variance 6/5 of a step's by m
    spread = math.sqrt(1.2 * 5 / width / layers / seeds)
    measured = log_chi(activation, weight_var, bias_var, width, seeds)
    assert abs(measured - math.log(chi)) < 2.5 / width + 2 * spread


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "weight_var", "bias_var", "chi"), ROWS)
def test_the_slope_is_that_of_mean_field_theory_at_width_1000(
    activation: str, weight_var: float, bias_var: float, chi: float
) -> None:
    assert log_chi(activation, weight_var, bias_var, 1000, 5) == pytest.approx(math.log(chi), abs=0.015)


def test_weight_gradients_of_a_relu_net_are_flat_while_its_adjoints_are_not() -> None:
    noise = []
    for weight_var in (1.0, 2.0, 3.0):
        flow = measure(width=200, batch=32, activation="relu", weight_var=weight_var, seeds=4)
        noise.append(flow.slope("weight_grad_norm", WINDOW))
        assert abs(noise[-1]) < 0.025
        assert flow.slope("delta_norm", WINDOW) == pytest.approx(math.log(weight_var / 2) / 2, abs=0.025)
    # forward and backward factors cancel in δ aᵀ: what is left is the same for every σ_w²
    assert max(noise) - min(noise) < 1e-9


@pytest.mark.parametrize(("activation", "growth"), [("relu", math.pi / (math.pi - 1)), ("tanh", 1.17781)])
def test_batch_normalisation_without_skips_explodes_at_every_variance(activation: str, growth: float) -> None:
    for weight_var in (0.5, 3.0):
        flow = measure(40, 200, 128, activation, weight_var=weight_var, norm="batch", seeds=2)
        assert flow.slope("delta_mean_square", (5, 35)) == pytest.approx(math.log(growth), abs=0.04)


def test_residual_nets_grow_by_one_plus_alpha_squared_per_layer() -> None:
    def growth(residual: Any) -> float:
        flow = measure(21, 400, 32, "relu", "he", residual=residual, seeds=4)
        ends = np.log(flow.by_seed("delta_mean_square")[:, [0, -1]])
        return float((ends[:, 0] - ends[:, 1]).mean())

    assert growth(1.0) == pytest.approx(20 * math.log(2), abs=0.5)  # 13.86
    assert growth("1/sqrt(L)") == pytest.approx(20 * math.log(1 + 1 / 21), abs=0.2)
    assert growth(0.0) == 0


def test_orthogonal_weights_keep_every_adjoint_of_a_linear_net() -> None:
    flow = measure(30, 64, 16, "linear", "orthogonal", seeds=3)
    np.testing.assert_allclose(flow.by_seed("delta_norm"), flow.by_seed("delta_norm")[:, :1].repeat(30, 1), rtol=1e-12)
    wide = measure(10, 64, 16, "linear", "orthogonal", weight_var=1.44, seeds=3)
    assert wide.slope("delta_norm") == pytest.approx(math.log(1.2), abs=1e-12)


@pytest.mark.parametrize(
    ("init", "variance"),
    [("glorot", 1.0), ("glorot_uniform", 1.0), ("lecun", 1.0), ("he", 2.0), ("he_uniform", 2.0), ("old", 1 / 3)],
)
def test_an_initialisation_has_its_variance(init: str, variance: float) -> None:
    flow = measure(20, 300, 16, "linear", init, seeds=2)
    assert flow.slope("delta_mean_square") == pytest.approx(math.log(variance), abs=0.02)


def test_lsuv_brings_every_pre_activation_to_variance_one() -> None:
    for width in (40, 80):  # all seeds at once, and one after the other
        flow = measure(12, width, 64, "linear", "lsuv", seeds=2, bias_var=0.1)
        np.testing.assert_allclose(flow["activation_mean_square"], 1, atol=0.1)  # the variance, and a small mean


def test_an_initialisation_may_be_a_function() -> None:
    def half(shape: tuple[int, ...], *, rng: np.random.Generator) -> Any:
        return np.eye(shape[0]) / 2

    assert measure(6, 8, 4, "linear", half, seeds=2).slope("delta_norm") == pytest.approx(math.log(0.5))
    for wrong, words in (
        (lambda shape, *, rng: np.ones(8), r"init gave a weight of shape \(8,\)"),
        (lambda shape: np.ones(shape), r"init must be a function of shape and rng"),
        (lambda shape, *, rng: "zeros", r"what init gives must be numbers"),
        (lambda shape, *, rng: np.full(shape, np.nan), r"init gave NaN in 64 of 64 weights"),
    ):
        with pytest.raises(ArgumentError, match=words):
            measure(3, 8, 4, init=wrong)


# -- the same numbers whatever the way -----------------------------------------------------------


@pytest.mark.parametrize("norm_of", [None, "batch", "layer"])
@pytest.mark.parametrize("loss", thinned(["mse", "cross_entropy"], 2))
@pytest.mark.parametrize("init", ["glorot", "lsuv"])
def test_a_seed_measures_the_same_alone_and_among_others(norm_of: str | None, loss: str, init: str) -> None:
    def both(seeds: list[int]) -> Flow:
        return measure(7, 16, 8, init=init, bias_var=0.1, norm=norm_of, loss=loss, clip=0.1, seeds=seeds)

    together = both([2, 0, 5])
    for row, seed in enumerate([2, 0, 5]):
        for name in COLUMNS[2:]:
            np.testing.assert_allclose(both([seed])[name], together.by_seed(name)[row], rtol=1e-11, atol=1e-15)
    assert together.seeds == (2, 0, 5)


@pytest.mark.parametrize("width", [1, 16, 63, 64])
@pytest.mark.parametrize(
    "options", [{}, {"activation": "relu", "init": "he", "residual": 0.5}, {"norm": "layer"}], ids=str
)
def test_all_seeds_of_a_narrow_net_go_through_one_sweep_with_the_numbers_of_one_by_one(
    width: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps: list[int] = []
    swept = measurement._swept
    monkeypatch.setattr(
        measurement, "_swept", lambda settings, seeds: [sweeps.append(len(seeds)), swept(settings, seeds)][1]
    )  # fmt: skip
    together = measure(5, width, 6, seeds=7, **options)
    assert sweeps == [7]
    monkeypatch.setattr(measurement, "ENTRIES_AT_ONCE", 3 * 5 * width * (width + 4 * 6))
    in_threes = measure(5, width, 6, seeds=7, **options)
    assert sweeps == [7, 3, 3, 1]
    monkeypatch.setattr(measurement, "TOGETHER", 0)
    alone = measure(5, width, 6, seeds=7, **options)
    assert sweeps == [7, 3, 3, 1, *[1] * 7]
    for name in COLUMNS:
        np.testing.assert_allclose(together[name], alone[name], rtol=1e-10, err_msg=name)
        np.testing.assert_allclose(in_threes[name], alone[name], rtol=1e-10, err_msg=name)
    sweeps.clear()
    measure(2, 65, 6, seeds=3)
    assert sweeps == [1, 1, 1]


def test_the_first_layers_do_not_depend_on_the_depth() -> None:
    shallow, deep = measure(3, 16, 8, bias_var=0.1, seeds=1), measure(9, 16, 8, bias_var=0.1, seeds=1)
    np.testing.assert_array_equal(shallow["activation_norm"], deep["activation_norm"][:3])


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("width", [16, 70])
def test_float32_measures_the_same_net_in_half_the_memory(activation: str, width: int) -> None:
    exact, single = (measure(6, width, 8, activation, bias_var=0.1, seeds=2, dtype=d) for d in ("float64", "float32"))
    for name in COLUMNS[2:]:
        atol = 2 / (8 * width) if name in {"saturated", "dead"} else 0  # a unit that lies on the border
        np.testing.assert_allclose(single[name], exact[name], rtol=2e-4, atol=atol, err_msg=name)
    assert np.any(single["delta_norm"] != exact["delta_norm"])


@pytest.mark.parametrize("options", [{}, {"init": "lsuv"}, {"norm": "batch"}, {"residual": "1/sqrt(L)"}], ids=str)
def test_float32_is_float32_in_every_layer(options: dict[str, Any]) -> None:
    seen = set()

    def own(h: Any) -> Any:
        seen.add((str(h.dtype), h.ndim))
        return np.tanh(h)

    measure(4, 16, 8, own, bias_var=0.1, seeds=2, dtype="float32", **options)
    assert {dtype for dtype, ndim in seen if ndim == 3} == {"float32"}


def test_float32_stays_close_over_fifty_layers() -> None:
    deep = [measure(50, 32, 8, "relu", "he", seeds=3, dtype=dtype) for dtype in ("float64", "float32")]
    np.testing.assert_allclose(deep[1]["delta_norm"], deep[0]["delta_norm"], rtol=1e-3)


def test_every_activation_of_the_table_has_its_name_in_measurement_and_theory() -> None:
    for name in (*FUNCTIONS, "ReLU", "leaky relu", "identity", "swish"):
        flow = measure(3, 8, 4, name, seeds=1)
        assert flow.settings.activation == gad.gradflow.theory.mean_field(name, 1.0).activation
        assert np.isfinite(flow["delta_norm"]).all()
        assert f", {flow.settings.activation}, init glorot" in flow.title


def test_an_activation_that_is_flat_nearly_everywhere_is_one() -> None:
    assert measure(3, 8, 4, lambda h: np.maximum(h - 2, 0), seeds=1)["saturated"].max() > 0.9


def test_an_activation_of_your_own_measures_as_the_same_one_by_name() -> None:
    for name, own in {"relu": lambda h: np.maximum(h, 0), "gelu": gad.nn.gelu, "silu": gad.nn.silu}.items():
        known, mine = measure(5, 30, 20, name, seeds=2), measure(5, 30, 20, own, seeds=2)
        for column in COLUMNS:
            np.testing.assert_allclose(mine[column], known[column], rtol=1e-12)


def test_saturation_is_where_the_slope_is_small() -> None:
    h = np.linspace(-9, 9, 4001)
    for name, function in FUNCTIONS.items():
        np.testing.assert_array_equal(saturation(name)(h), saturation(function)(h), err_msg=name)
    far = np.linspace(90, 99, 4001)  # sin is flat again and again, wherever one looks
    np.testing.assert_array_equal(saturation("sin")(far), np.abs(np.cos(far)) <= 0.05)


def test_losses_send_their_own_adjoint() -> None:
    flow = measure(1, 6, 5, "linear", loss=lambda out: np.sum(out**3), seeds=[4])
    x, (W,), _, _ = drawn(4, 1, 6, 5, 1.0, 0.0)
    assert flow["delta_norm"][0] == pytest.approx(np.linalg.norm(3 * (x @ W.T) ** 2))
    flow = measure(1, 6, 5, "linear", loss="cross_entropy", seeds=[4])
    p = gad.nn.softmax(x @ W.T)
    p[np.arange(5), np.random.default_rng([4, 3]).integers(6, size=5)] -= 1
    assert flow["delta_norm"][0] == pytest.approx(np.linalg.norm(p / 5))


def test_clipping_scales_all_weight_gradients_by_one_factor_and_no_adjoint() -> None:
    free, clipped = measure(8, 20, 8, seeds=3), measure(8, 20, 8, seeds=3, clip=1e-3)
    np.testing.assert_array_equal(clipped["delta_norm"], free["delta_norm"])
    np.testing.assert_allclose(np.linalg.norm(clipped.by_seed("weight_grad_norm"), axis=1), 1e-3)
    factor = clipped.by_seed("weight_grad_norm") / free.by_seed("weight_grad_norm")
    np.testing.assert_allclose(factor, factor[:, :1].repeat(8, 1))
    np.testing.assert_allclose(clipped["update_ratio"] / free["update_ratio"], factor.ravel())
    np.testing.assert_array_equal(measure(8, 20, 8, seeds=3, clip=1e9)["weight_grad_norm"], free["weight_grad_norm"])


# -- overflow, and what is refused ---------------------------------------------------------------


def test_overflow_stays_in_the_table_and_is_said() -> None:
    flow = measure(50, 16, 8, "relu", weight_var=1e20, seeds=2)
    assert len(flow) == 100
    first = flow.overflow["activation_norm"][0]
    assert 25 < first < 40
    assert np.isfinite(flow["activation_norm"][flow["layer"] < first]).all()
    assert not np.isfinite(flow["activation_norm"][flow["layer"] == first]).all()
    assert f"activations overflow from layer {first} on" in flow.reading
    assert math.isnan(flow.slope("delta_norm"))


def test_exploding_adjoints_overflow_towards_the_input() -> None:
    flow = measure(20, 16, 8, "linear", weight_var=100.0, seeds=[0], loss=lambda out: 1e300 * np.sum(out))
    first, last = flow.overflow["delta_norm"]
    assert first == 1
    assert 8 < last < 18
    assert np.isfinite(flow["activation_norm"]).all()
    assert f"adjoints overflow from layer {last} on, towards the input" in flow.reading


def test_vanished_adjoints_are_zero_and_said() -> None:
    flow = measure(40, 8, 4, "tanh", weight_var=1e-20, seeds=1)
    assert flow["delta_norm"][0] == 0
    assert 0 < flow["delta_norm"][10] < 1e-250
    assert "adjoints are exactly 0 in layer" in flow.reading


def test_norms_neither_overflow_nor_underflow_before_their_arrays_do() -> None:
    assert norm(np.full((2, 2), 1e200)) == pytest.approx(2e200)
    assert norm(np.full((2, 2), 1e-200)) == pytest.approx(2e-200)
    assert norm(np.full((2, 2), 1e30, np.float32)) == pytest.approx(2e30, rel=1e-6)
    assert norm(np.zeros((0, 2))) == 0
    assert norm(np.array([1.0, np.inf])) == np.inf
    assert math.isnan(norm(np.array([np.nan, np.inf])))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"depth": 0}, r"depth=0 must be a whole number, at least 1"),
    ({"width": 0}, r"width=0 must be"),
    ({"batch": 2.0}, r"batch=2.0 must be"),
    ({"depth": True}, r"depth=True must be"),
    ({"weight_var": -1.0}, r"weight_var=-1.0 must be a finite number, 0 or more"),
    ({"weight_var": math.nan}, r"weight_var=nan must be"),
    ({"bias_var": -0.1}, r"bias_var=-0.1 must be"),
    ({"activation": "tahn"}, r"unknown activation: 'tahn' \(must be one of \['elu', .*Did you mean 'tanh'"),
    ({"activation": 3}, r"unknown activation: "),
    ({"activation": np.sign}, r"activation sign has no derivative"),
    ({"activation": np.round}, r"activation round has no derivative"),
    ({"activation": lambda h: h > 0}, r"gives bool of shape"),
    ({"activation": lambda h: 1.0 * (h > 0)}, r"has no derivative but 0"),
    ({"activation": np.sum}, r"activation sum gives float64 of shape \(\) for floats of shape \(47,\)"),
    ({"activation": lambda h: h.nothing}, r"does not work on an array"),
    ({"activation": lambda h: h if h > 0 else 0 * h}, r"does not work on an array .* with np.where"),
    ({"activation": gad.nn.softmax}, r"activation softmax mixes the elements"),
    ({"activation": lambda h: h * np.random.default_rng().normal(size=h.shape)}, r"or draws at random"),
    ({"activation": np.vectorize(math.tanh)}, r"has no derivative"),
    ({"init": "xavier"}, r"unknown init: 'xavier' \(must be one of .*'glorot'"),
    ({"residual": "1/L"}, r"unknown residual: '1/L'.*1/sqrt\(L\)"),
    ({"residual": math.inf}, r"residual=inf must be a finite number"),
    ({"residual": True}, r"residual=True must be"),
    ({"norm": "group"}, r"unknown norm: 'group' \(must be one of \['batch', 'layer', None\]"),
    ({"norm": "batch", "batch": 1}, r"needs batch ≥ 2"),
    ({"clip": 0}, r"clip=0 must be more than 0"),
    ({"loss": "hinge"}, r"unknown loss: 'hinge' \(must be one of \['cross_entropy', 'mse'\]"),
    ({"seeds": 0}, r"seeds=0 must be"),
    ({"seeds": []}, r"at least one seed"),
    ({"seeds": [1, 1]}, r"none of them twice"),
    ({"seeds": [-1]}, r"a seed=-1 must be"),
    ({"seeds": 2.5}, r"seeds=2.5 must be how many"),
    ({"dtype": "float16"}, r"unknown dtype: 'float16' \(must be one of \['float32', 'float64'\]"),
    ({"init": "lsuv", "weight_var": 1.0}, r"Leave one of the two out"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_what_cannot_be_measured_is_refused_with_what_can(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        measure(**{"depth": 3, "width": 4, "batch": 4, "seeds": 1} | arguments)


def test_settings_are_kept_with_every_seed() -> None:
    flow = measure(3, 4, 5, seeds=2, residual="1/√L", dtype=np.float32)
    assert flow.settings.seeds == (0, 1)
    assert (flow.settings.depth, flow.settings.width, flow.settings.batch) == (3, 4, 5)
    assert flow.settings.dtype == "float32"
    assert flow.settings.scale == pytest.approx(1 / math.sqrt(3))
    assert "depth 3, width 4, batch 5, tanh, init glorot, residual 1/√L, float32, 2 seeds" in repr(flow)


# -- across time ---------------------------------------------------------------------------------


def test_a_recurrent_net_sums_what_its_steps_contribute() -> None:
    steps, width, batch = 6, 5, 4
    flow = measure_recurrent(steps, width, batch, weight_var=1.3, input_var=0.4, seeds=[7])
    weights, inputs, targets = (np.random.default_rng([7, stream]) for stream in range(3))
    W = math.sqrt(1.3) * weights.normal(0, 1 / math.sqrt(width), (width, width))
    u = math.sqrt(0.4) * inputs.standard_normal((steps, batch, width))
    h, hs = np.zeros((batch, width)), [np.zeros((batch, width))]
    for step in u:
        h = np.tanh(h) @ W.T + step
        hs.append(h)
    delta = 2 * targets.standard_normal((batch, width)) / h.size
    for step in reversed(range(steps)):
        assert flow["delta_norm"][step] == pytest.approx(np.linalg.norm(delta))
        assert flow["weight_grad_norm"][step] == pytest.approx(np.linalg.norm(delta.T @ np.tanh(hs[step])))
        delta = delta @ W * (1 - np.tanh(hs[step]) ** 2)
    assert flow.unit == "time step"


@pytest.mark.parametrize(("weight_var", "grows"), [(0.81, False), (1.21, True)])
def test_an_orthogonal_recurrence_with_small_states_is_a_power_of_its_singular_value(
    weight_var: float, grows: bool
) -> None:
    flow = measure_recurrent(50, 32, 8, weight_var=weight_var, input_var=1e-12, orthogonal=True, seeds=2)
    first, last = flow.by_seed("delta_norm")[:, [0, -1]].T
    # 0.9⁵⁰ = 0.00515 and 1.1⁵⁰ = 117.4 (Pascanu 2013): 49 steps back from the last one
    np.testing.assert_allclose(first / last, math.sqrt(weight_var) ** 49, rtol=1e-6)
    assert (flow.slope("delta_norm") > 0) is grows


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates_that_keep_hold_gradients_where_a_simple_net_loses_them(cell: str) -> None:
    simple = measure_recurrent(40, 32, 16, weight_var=0.25, seeds=2)
    gated = measure_recurrent(40, 32, 16, cell, weight_var=0.25, keep_bias=4.0, seeds=2)
    assert simple.slope("delta_norm") < -0.6
    assert abs(gated.slope("delta_norm")) < 0.1
    closed = measure_recurrent(40, 32, 16, cell, weight_var=0.01, keep_bias=-4.0, seeds=2)
    assert closed.slope("delta_norm") < -1


def test_clipping_acts_on_the_sum_over_time() -> None:
    free = measure_recurrent(10, 8, 4, seeds=1)
    clipped = measure_recurrent(10, 8, 4, seeds=1, clip=1e-4)
    np.testing.assert_array_equal(clipped["delta_norm"], free["delta_norm"])
    ratio = clipped["weight_grad_norm"][1:] / free["weight_grad_norm"][1:]
    np.testing.assert_allclose(ratio, ratio[0])
    assert ratio[0] < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "elman"}, r"unknown cell: 'elman' \(must be one of \['rnn', 'gru', 'lstm'\]"),
        ({"steps": 0}, "steps=0 must be"),
        ({"weight_var": -1}, "weight_var=-1 must be"),
        ({"activation": "x"}, "unknown activation"),
        ({"clip": -1.0}, "clip=-1.0 must be"),
        ({"keep_bias": math.inf}, "keep_bias=inf must be"),
    ],
)
def test_what_no_recurrent_net_has_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        measure_recurrent(**arguments)
