"""A watched training: its numbers are those of the loop by hand, and whatever ends it, nothing recorded is lost."""

from __future__ import annotations

import io
import itertools
import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.parameters import layers_of
from graphviz_ad.gradflow.watching import watch

X = np.random.default_rng(0).normal(size=(8, 3))
Y = np.sin(X[:, :1])


def loss(params: Any) -> Any:
    h = X
    for layer in params[:-1]:
        h = np.tanh(h @ layer["W"] + layer["b"])
    return np.mean((h @ params[-1]["W"] + params[-1]["b"] - Y) ** 2)


def start(width: int = 5, depth: int = 3) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    sizes = [3, *[width] * (depth - 1), 1]
    pairs = itertools.pairwise(sizes)
    return [{"W": rng.normal(size=pair) / pair[0] ** 0.5, "b": rng.normal(size=pair[1])} for pair in pairs]


def step(params: Any) -> Any:
    value, grads = gad.value_and_grad(loss)(params)
    new, _ = gad.nn.sgd(params, grads, lr=0.05)
    return value, grads, new


def in_place(params: Any) -> Any:
    value, grads = gad.value_and_grad(loss)(params)
    for layer, slope in zip(params, grads, strict=True):
        for name in layer:
            layer[name] -= 0.05 * slope[name]
    return value, grads


@pytest.mark.parametrize("form", [step, in_place])
def test_every_column_is_that_of_a_loop_by_hand(form: Callable[..., Any]) -> None:
    training = watch(form, start(), every=3, steps=8)
    rows: dict[str, list[Any]] = {name: [] for name in training.columns}
    params: Any = start()
    losses = []
    for number in range(8):
        value, grads, new = step(params)
        losses.append(value)
        if number % 3 == 0:
            for layer in range(3):
                for name in ("W", "b"):
                    was, moved = params[layer][name], new[layer][name] - params[layer][name]
                    sizes = [float(np.linalg.norm(array)) for array in (grads[layer][name], was, moved)]
                    row = (number, layer + 1, f"[{layer}].{name}", value, *sizes, sizes[2] / sizes[1])
                    for column, cell in zip(rows.values(), row, strict=True):
                        column.append(cell)
        params = new
    found = training.to_dict()
    assert found["parameter"] == [f"[{layer}].{name}" for _ in range(3) for layer in range(3) for name in ("W", "b")]
    for name, values in rows.items():
        if name != "parameter":
            np.testing.assert_allclose(found[name], values, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(training.losses, losses, rtol=1e-12)
    for ours, theirs in zip(training.params, params, strict=True):
        np.testing.assert_allclose(ours["W"], theirs["W"], rtol=1e-12)
    assert len(training.to_frame()) == len(training) == 18


def test_layers_have_the_norms_of_all_their_parameters() -> None:
    training = watch(step, start(), every=5, steps=6)
    table = training.by_layer
    assert table.to_dict()["layer"] == [1, 2, 3] * 2
    assert table.names == {1: "[0].W, [0].b", 2: "[1].W, [1].b", 3: "[2].W, [2].b"}
    both = training["gradient_norm"][:2]
    assert table["gradient_norm"][0] == pytest.approx(np.hypot(*both))
    assert table["update_ratio"][0] == pytest.approx(table["update_norm"][0] / table["parameter_norm"][0])
    assert table.to_dict()["loss"][3] == training.losses[5]


def test_arrays_of_the_user_are_neither_changed_nor_kept() -> None:
    params = start()
    training = watch(in_place, params, steps=12)
    for layer, same in zip(params, start(), strict=True):
        np.testing.assert_array_equal(layer["W"], same["W"])
    before = training.params[0]["W"].copy()
    training.params[0]["W"][:] = 7.0
    np.testing.assert_array_equal(training.params[0]["W"], before)
    held = training["gradient_norm"].copy()
    training.columns["gradient_norm"][:] = 0.0
    np.testing.assert_array_equal(training["gradient_norm"], held)


class Net(NamedTuple):
    W: Any
    b: Any
    name: str


class Model:
    def __init__(self, W: Any) -> None:
        self.W, self.rate = W, 1


@pytest.mark.parametrize(
    ("params", "names"),
    [
        (np.ones(2), ("params",)),
        (1.5, ("params",)),
        ({"W1": np.ones((2, 2)), "b1": np.ones(2)}, ("W1", "b1")),
        ([np.ones((2, 2)), (np.ones(2), 3)], ("[0]", "[1][0]")),
        (Net(np.ones((2, 2)), np.ones(2, np.float32), "net"), ("W", "b")),
        (Model(np.ones((2, 2))), ("W",)),
    ],
    ids=["array", "number", "dict", "nest", "named", "object"],
)
def test_parameters_may_be_any_nest(params: Any, names: tuple[str, ...]) -> None:
    def square(params: Any) -> Any:
        from graphviz_ad.core.pytree import is_float_leaf, leaves

        return sum(np.sum(leaf * leaf) for _, leaf in leaves(params) if is_float_leaf(leaf))

    def down(params: Any) -> Any:
        value, grads = gad.value_and_grad(square)(params)
        return value, grads, gad.nn.sgd(params, grads, lr=0.1)[0]

    training = watch(down, params, every=1, steps=2)
    assert training.names == names
    np.testing.assert_allclose(training["update_ratio"], 0.2, rtol=1e-6)
    np.testing.assert_allclose(training["gradient_norm"], 2 * training["parameter_norm"], rtol=1e-6)


def test_batches_are_given_in_turn_and_an_iterator_ends_the_training() -> None:
    seen: list[Any] = []

    def noted(params: Any, *batch: Any) -> Any:
        seen.append(batch)
        return 1.0, params, params

    assert watch(noted, 1.0, steps=5, batches=[(1, 2), 3]).steps == 5
    assert seen == [(1, 2), (3,), (1, 2), (3,), (1, 2)]
    assert watch(noted, 1.0, batches=[(1,), (2,), (3,)]).steps == 3
    assert watch(noted, 1.0, batches=iter([(1,), (2,)])).steps == 2
    assert watch(noted, 1.0, batches=iter([(1,), (2,)]), steps=9).steps == 2
    assert watch(noted, 1.0, steps=0).steps == 0
    assert watch(noted, 1.0).steps == 100
    training = watch(noted, 1.0, every=2, steps=3)
    assert training(8) == 1.0
    assert seen[-1] == (8,)
    assert training.run(2)["step"].tolist() == [0, 2, 4]
    for wrong, sentence in ((3, "batches must be a list"), ([], "batches is empty"), (iter([]), "batches is empty")):
        with pytest.raises(ArgumentError, match=sentence):
            watch(noted, 1.0, batches=wrong)  # type: ignore[arg-type]


def test_what_was_recorded_survives_whatever_ends_the_training() -> None:
    for error in (KeyboardInterrupt(), ZeroDivisionError("mine")):
        calls = []

        def fails(params: Any, error: BaseException = error, calls: list[int] = calls) -> Any:
            calls.append(1)
            if len(calls) == 14:
                raise error
            return step(params)

        with pytest.raises(type(error)) as raised:
            watch(fails, start(), steps=50)
        training = raised.value.watch  # type: ignore[attr-defined]
        assert (training.steps, sorted(set(training["step"].tolist()))) == (13, [0, 10])
        assert "step 13 of gad.gradflow.watch" in raised.value.__notes__[0]
        training.run(1)
        assert training.steps == 14


def test_the_first_step_that_is_not_finite_is_recorded_and_named() -> None:
    def bad(params: Any) -> Any:
        with np.errstate(all="ignore"):
            new = {"w": params["w"] * 1e100}
        return params["w"][0, 0], {"w": params["w"]}, new

    training = watch(bad, {"w": np.ones((1, 2))}, every=10, steps=15)
    assert training.first_bad == (4, "loss", math.inf)
    assert training["step"].tolist() == [0, 4, 10]
    assert "the loss is inf from step 4 on" in training.reading

    def slope(params: Any) -> Any:
        return 1.0, {"w": params["w"] * math.nan}, params

    assert watch(slope, {"w": np.ones((1, 2))}, every=2, steps=3).first_bad[:2] == (0, "gradient of w")  # type: ignore[index]


def shifted(params: Any) -> Any:
    return [{name: values[:1] for name, values in layer.items()} for layer in params]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda params: 3.0, r"the step returned 3\.0; it must return .loss, grads, new_params."),
        (lambda params: (1.0,), "it must return"),
        (lambda params: (params, 1.0), "the step's loss is a list"),
        (
            lambda params: (1.0, params[:1]),
            r"the gradients that the step .*\[1\].W has shape \(5, 5\) among the par.*nothing",
        ),
        (
            lambda params: (1.0, params, shifted(params)),
            r"new parameters that .*\[0\].W has shape \(3, 5\).*shape \(1, 5\)",
        ),
    ],
)
def test_a_step_that_returns_something_else_is_refused(wrong: Any, sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        watch(wrong, start(), steps=3)


def test_arguments_that_cannot_be_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"step_fn is .*must be a function"):
        watch(3, start())  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="params hold no float"):
        watch(step, {"n": 3})
    with pytest.raises(ArgumentError, match="every=0 must be a whole number"):
        watch(step, start(), every=0)
    with pytest.raises(ArgumentError, match="steps=-1 must be a whole number"):
        watch(step, start(), steps=-1)
    with pytest.raises(ArgumentError, match="unknown column: 'delta_norm'"):
        watch(step, start(), steps=1)["delta_norm"]


@pytest.mark.parametrize(
    ("places", "layers"),
    [
        ([("['l1']", "['W']"), ("['l1']", "['b']"), ("['out']", "['W']"), ("['out']", "['b']")], [1, 1, 2, 2]),
        ([("['weights']", "[0]"), ("['weights']", "[1]"), ("['b']", "[0]"), ("['b']", "[1]")], [1, 2, 1, 2]),
        ([("[0]",), ("[1]",), ("[2]",), ("[3]",)], [1, 1, 2, 2]),
        ([("['b']",), ("['W_x']",), ("['W_h']",)], [1, 1, 2]),
        ([(".b",), (".c",)], [1, 2]),
        ([()], [1]),
    ],
)
def test_layers_are_told_from_places_and_axes(places: Any, layers: list[int]) -> None:
    matrices = {"W", "weights", "[0]", "[2]"}

    def axes(path: tuple[str, ...]) -> int:
        if path[:1] == ("['b']",) and len(path) == 2:
            return 1
        return 2 if any(word in part for part in path for word in matrices) else 1

    assert layers_of({path: axes(path) for path in places}) == layers


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_counts_the_steps_and_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphviz_ad.widget.progress.SECONDS_OF_SILENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    watch(step, start(), every=10, steps=25)
    written = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert [part.split()[-3:] for part in written.split("\r") if " of " in part] == [
        ["10", "of", "25"],
        ["20", "of", "25"],
    ]
    assert written.split("\r")[-2].strip() == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    watch(step, start(), steps=25, progress=False)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_plots_draw_a_training_as_it_is() -> None:
    training = watch(step, start(), every=5, steps=21)
    ax = gad.gradflow.plots.heat(training)
    drawn = np.asarray(ax.collections[0].get_array()).reshape(3, 5)
    table = training.by_layer
    np.testing.assert_allclose(drawn.T.ravel(), table["gradient_norm"])
    ax = gad.gradflow.plots.heat(training, column="update_ratio")
    np.testing.assert_allclose(np.asarray(ax.collections[0].get_array()).reshape(3, 5).T.ravel(), table["update_ratio"])
    ax = gad.gradflow.plots.update_ratio(training)
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["layer 1", "layer 2", "layer 3", "guide 1e-3"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), table["update_ratio"][1::3])
    assert ax.lines[1].get_xdata().tolist() == [0, 5, 10, 15, 20]  # type: ignore[union-attr]
    assert gad.gradflow.plots.reading(ax).startswith("At step 20 layer 1 moves by")
    empty = watch(step, start(), steps=0)
    assert empty.reading == "No step was taken yet."
    with pytest.raises(ArgumentError, match="no step was recorded"):
        gad.gradflow.plots.update_ratio(empty)


def test_a_training_that_overflows_is_drawn_with_a_mark() -> None:
    def bad(params: Any) -> Any:
        with np.errstate(all="ignore"):
            return params["w"][0, 0], {"w": params["w"]}, {"w": params["w"] * -1e100}

    training = watch(bad, {"w": np.ones((1, 2))}, every=2, steps=9)
    ax = gad.gradflow.plots.update_ratio(training)
    assert any(line.get_label() == "inf from step 4 on" for line in ax.lines)
    assert gad.gradflow.plots.heat(training).get_legend() is not None
