"""A training loop as a story: its numbers are those of the loop by hand, to the last bit; what every step says."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.core.pytree import leaves
from graphviz_ad.errors import ArgumentError, InputError, OutputError
from graphviz_ad.graph import Graph
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage, story_line
from graphviz_ad.story.state import state_at
from graphviz_ad.story.training import Training, curves, prepared, train_scene

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = 2 * X + 1
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
OR = np.array([0.0, 1.0, 1.0, 1.0])


def line_fit(params: Any, x: Any, y: Any) -> Any:
    p = params["w"] * x + params["b"]
    L = np.mean((p - y) ** 2)
    return L


def logistic(params: Any, x: Any, y: Any) -> Any:
    z = x @ params[0] + params[1]
    L = np.mean(np.log1p(np.exp(-z)) + (1 - y) * z)
    return L


def mlp(params: Any, x: Any, y: Any) -> Any:
    h = np.tanh(x @ params.W1 + params.b1)
    L = np.mean((h @ params.W2 + params.b2 - y) ** 2)
    return L


def two_layers() -> Any:
    rng = np.random.default_rng(7)
    return SimpleNamespace(W1=rng.normal(size=(2, 3)), b1=np.zeros(3), W2=rng.normal(size=3), b2=0.0, width=3)


CURRICULUM: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "line": (line_fit, {"w": 0.5, "b": 0.0}, (X, Y)),
    "logistic": (logistic, [np.zeros(2), np.float32(0.5)], (CORNERS, OR)),
    "xor": (mlp, two_layers(), (CORNERS, XOR)),
}


def own_rule(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
    """A person's own optimiser: its rate shrinks."""
    turn = 1 if state is None else state + 1
    return nn.sgd(params, grads, None, lr=0.5 / turn)[0], turn


RULES: dict[str, Any] = {
    "sgd": functools.partial(nn.sgd, lr=0.1),
    "momentum": functools.partial(nn.sgd, lr=0.05, momentum=0.9, nesterov=True),
    "adam": functools.partial(nn.adam, lr=0.1),
    "own": own_rule,
}


def train(loss: Any, params: Any, optimizer: Any = None, *args: Any, **options: Any) -> Training:
    given = {"lr": None, "steps": 20, "batches": None, "zero": True} | options
    return prepared(Graph, loss, params, optimizer, args, **given)


def told(training: Training, number: int, **options: Any) -> Scene:
    iteration = training[number]
    scene = stage(iteration.graph, **options)
    return train_scene(scene, story_line(iteration.graph, **options), iteration, training, notation="∂L/∂v", digits=4)


def same(one: Any, two: Any) -> bool:
    """Whether two structures are the same to the last bit, dtypes and types included."""
    first, second = leaves(one), leaves(two)
    return [path for path, _ in first] == [path for path, _ in second] and all(
        type(a) is type(b) and np.array_equal(a, b) and getattr(a, "dtype", None) == getattr(b, "dtype", None)
        for (_, a), (_, b) in zip(first, second, strict=True)
    )


# ------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("example", CURRICULUM)
def test_its_numbers_are_those_of_the_loop_by_hand(example: str, rule: str) -> None:
    loss, params, batch = CURRICULUM[example]
    training = train(loss, params, RULES[rule], *batch, steps=12)
    state = None
    for iteration in training:
        value, grads = gad.value_and_grad(loss)(params, *batch)
        assert iteration.loss == value
        assert same(iteration.params, params)
        assert same(iteration.gradients, grads)
        params, state = RULES[rule](params, grads, state)
        assert same(iteration.new_params, params)
    assert len(training.losses) == 12


def test_nothing_is_run_before_it_is_asked_for() -> None:
    calls = []

    def loss(w: Any) -> Any:
        calls.append(1)
        return w**2

    training = train(loss, 3.0)
    assert calls == []
    assert training[4].number == 4
    assert len(calls) == 5
    assert training[2].number == 2
    assert len(calls) == 5
    assert len(training) == 20


def test_what_a_person_passed_stays_as_it_is() -> None:
    params = {"W": np.array([1.0, 2.0])}

    def in_place(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        state = state or {"turns": []}
        state["turns"].append(1)
        params["W"] -= 0.1 * grads["W"]
        grads["W"] *= 0
        return params, state

    training = train(lambda p: np.sum(p["W"] ** 2), params, in_place)
    training.run(4)
    assert params["W"].tolist() == [1.0, 2.0]
    assert training[0].params["W"].tolist() == [1.0, 2.0]
    assert training[0].gradients["W"].tolist() == [2.0, 4.0]
    assert np.allclose(training[1].params["W"], [0.8, 1.6])
    assert [len(one.new_state["turns"]) for one in training.known] == [1, 2, 3, 4]


def test_random_numbers_are_drawn_anew_in_every_iteration() -> None:
    def loss(rng: Any) -> Callable[[Any], Any]:
        return lambda w: np.mean((w * rng.normal(size=3)) ** 2)

    traced, plain = loss(np.random.default_rng(5)), loss(np.random.default_rng(5))
    training = train(traced, 1.0, lr=0.1, steps=4)
    w = 1.0
    for iteration in training:
        value, grad = gad.value_and_grad(plain)(w)
        assert (iteration.loss, iteration.gradients) == (value, grad)
        w = w - 0.1 * grad


def test_another_branch_is_another_graph() -> None:
    def loss(w: Any) -> Any:
        return w**2 if w > 1 else -w

    training = train(loss, 1.5, lr=0.25, steps=3)
    assert [node.primitive.name for node in training[0].graph.nodes if node.primitive][-1] == "power"
    assert training[1].gradients == -1.0
    assert training[2].params == 1.0


def test_batches_are_taken_one_by_one_and_then_again_from_the_first() -> None:
    taken = []

    def stream() -> Iterator[tuple[Any, Any]]:
        for scale in (1.0, 2.0, 3.0):
            taken.append(scale)
            yield X * scale, Y

    training = train(line_fit, {"w": 0.5, "b": 0.0}, batches=stream(), steps=5)
    assert taken == []
    training.run(1)
    assert taken == [1.0]
    training.run(5)
    params: Any = {"w": 0.5, "b": 0.0}
    for iteration, scale in zip(training, (1.0, 2.0, 3.0, 1.0, 2.0), strict=True):
        value, grads = gad.value_and_grad(line_fit)(params, X * scale, Y)
        assert iteration.loss == value
        params, _ = nn.sgd(params, grads, lr=0.1)


def test_a_batch_may_be_one_argument() -> None:
    assert train(lambda w, x: np.sum(w * x), 1.0, batches=[X, Y], steps=2).run(2) == 2


def test_parameters_have_their_role_and_batches_are_constants() -> None:
    graph = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y)[0].graph
    found = {node.name: (node.kind, node.role) for node in graph.nodes if node.primitive is None}
    assert [found[name] for name in "wb"] == [("input", "parameter")] * 2
    assert [found[name] for name in "xy"] == [("constant", "")] * 2


def test_other_parameters_from_one_iteration_on() -> None:
    training = train(line_fit, {"w": 0.5, "b": 0.0}, "adam", X, Y, lr=0.1)
    training.run(6)
    other = training.changed(3, {"w": 1.25})
    assert other.losses[:3] == training.losses[:3]
    assert other[3].params == {"w": 1.25, "b": training[3].params["b"]}
    assert other[3].state is training[3].state
    value, grads = gad.value_and_grad(line_fit)(other[3].params, X, Y)
    params, _ = nn.adam(other[3].params, grads, training[3].state, lr=0.1)
    assert (other[3].loss, other[4].params) == (value, params)
    assert len(training.known) == 6
    with pytest.raises(ArgumentError, match="'x' is no parameter; these are trained: w, b"):
        training.changed(3, {"x": 1.0})


# ------------------------------------------------------------------------------------------------ the story


def test_the_story_ends_with_one_update_for_each_parameter_and_the_zeroing() -> None:
    training = train(lambda w, b: (w["w"] * 4.0 + w["b"] - b) ** 2, {"w": 0.5, "b": 1.0}, "sgd", 2.0, lr=0.25)
    scene = told(training, 0)
    kinds = [step.kind for step in scene.steps]
    assert kinds[kinds.index("seed") :] == ["seed", *["contribution"] * 5, "update", "update", "zero"]
    w, b, zero = scene.steps[-3:]
    assert w.narration == "Update: w ← w − 0.25 · ∂out/∂w: 0.5 − 0.25 × 8 = −1.5."
    assert b.narration == "Update: b ← b − 0.25 · ∂out/∂b: 1 − 0.25 × 2 = 0.5."
    assert (w.value, w.value_text) == ("-1.5", "−1.5")
    assert zero.narration == (
        "Zeroing: the accumulators of w and b go back to 0; the next pass would add to what is left there. "
        "Iteration 1 begins with the new values."
    )
    assert scene.intro.startswith("Iteration 0 (last: 19). Given: w = 0.5, b = 1.")
    assert "begins with" not in told(training, 19).steps[-1].narration


def test_other_rules_say_what_was_and_what_is() -> None:
    training = train(lambda w: w**2, 1.0, "adam", lr=0.125)
    update = told(training, 0).steps[-2]
    assert update.narration == "Update by adam, lr = 0.125: w: 1 → 0.875 (change −0.125; ∂out/∂w = 2)."
    heavy = train(line_fit, {"w": np.ones(4), "b": 0.0}, functools.partial(nn.sgd, lr=0.1, momentum=0.5), X, Y)
    words = [step.narration for step in told(heavy, 1).steps if step.kind == "update"]
    assert words[0].startswith("Update by sgd, lr = 0.1, momentum = 0.5: w becomes [")
    assert "it moved by" in words[0]


def test_arrays_are_updated_entry_by_entry() -> None:
    training = train(lambda p: np.sum(p["W"] ** 2), {"W": np.array([1.0, -2.0])}, lr=0.25)
    update = told(training, 0).steps[-2]
    assert update.narration == "Update: W ← W − 0.25 · ∂out/∂W, entry by entry: [0.5, −1] of shape (2,)."
    assert json.loads(update.value or "") == {"shape": [2], "data": [0.5, -1.0]}


def test_the_state_shows_the_new_value_and_the_empty_accumulator() -> None:
    training = train(lambda p: (p["w"] - p["b"]) ** 2, {"w": 3.0, "b": 1.0}, lr=0.25)
    scene = told(training, 0)
    last = len(scene.steps)
    ids = {node.name: node.id for node in scene.nodes}
    before, one, both, end = (state_at(scene, last - 3 + k) for k in range(4))
    assert (before.phase, one.phase, both.phase, end.phase) == ("backward", "backward", "backward", "done")
    assert [state.nodes[ids["w"]].updated for state in (before, one, both, end)] == [None, "2", "2", "2"]
    assert [state.nodes[ids["b"]].updated for state in (before, one, both, end)] == [None, None, "2", "2"]
    assert [state.nodes[ids["w"]].zeroed for state in (before, one, both, end)] == [None, None, None, "0"]
    assert end.nodes[ids["w"]].accumulator == "4"  # the adjoint is known; its slot shows 0
    assert end.nodes[ids["out"]].zeroed is None


def test_parameters_inside_a_folded_group_are_told_in_words() -> None:
    def layer(h: Any, W: Any) -> Any:
        a = h * W
        return np.tanh(a)

    def deep(params: Any) -> Any:
        h = params["start"]
        for k in range(20):
            h = layer(h, params[f"w{k}"])
        return np.sum(h)

    params = {"start": np.ones(2), **{f"w{k}": np.full(2, 0.5) for k in range(20)}}
    training = train(deep, params)
    scene = told(training, 0, fold="all")
    shown = {node.id for node in scene.nodes}
    updates = [step for step in scene.steps if step.kind == "update"]
    assert len(updates) == 21
    assert {step.node for step in updates} <= shown
    assert any(step.value is None for step in updates)
    assert all(step.narration.startswith("Update: ") for step in updates)
    state_at(scene, -1)


# ------------------------------------------------------------------------------------------------ nobody zeroes


def test_without_zeroing_every_pass_adds_to_the_gradients() -> None:
    training = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y, zero=False)
    params: Any = {"w": 0.5, "b": 0.0}
    held: Any = None
    for iteration in training:
        value, grads = gad.value_and_grad(line_fit)(params, X, Y)
        held = grads if held is None else {name: held[name] + grads[name] for name in grads}
        assert iteration.loss == value
        assert iteration.gradients == held
        params, _ = nn.sgd(params, held, lr=0.1)
    assert training.losses != train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y).losses


def test_without_zeroing_the_story_starts_from_what_was_left() -> None:
    training = train(lambda w: w**2, 1.0, lr=0.0, zero=False)
    assert [iteration.gradients for iteration in training[:3]] == [2.0, 4.0, 6.0]
    scene = told(training, 1)
    assert scene.intro.startswith("Iteration 1 (last: 19). Nobody zeroed the accumulators after the last pass.")
    sent, update = scene.steps[-2:]
    assert (sent.kind, sent.adjoint, update.kind) == ("contribution", "4.0", "update")
    assert sent.narration.endswith("Its accumulator still held 2 from the pass before: it now shows 4.")
    assert update.narration == (
        "Update: w ← w − 0 · accumulator: 1 − 0 × 4 = 1. "
        "Nobody zeroes the accumulator of w: the next pass adds to what is there."
    )
    assert next(node for node in scene.nodes if node.name == "w").adjoint == "4.0"


def test_without_zeroing_every_step_shows_what_the_accumulator_holds() -> None:
    # L = mean((w·x + b − y)²): of b's contributions the first step sends four, the next one adds their sum
    training = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y, zero=False)
    scene = told(training, 1)
    b = next(node.id for node in scene.nodes if node.name == "b")
    w, bias = 0.5, 0.0
    error = w * X + bias - Y
    left = np.mean(2 * error)
    w, bias = w - 0.1 * np.mean(2 * error * X), bias - 0.1 * left
    now = np.mean(2 * (w * X + bias - Y))
    sent, summed = [step for step in scene.steps if step.node == b and step.kind in ("contribution", "sum")]
    assert (sent.kind, summed.kind) == ("contribution", "sum")
    assert float(str(sent.adjoint)) == pytest.approx(left)
    assert float(str(summed.adjoint)) == pytest.approx(left + now)


def test_both_ways_can_be_compared() -> None:
    training = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y)
    training.run(3)
    other = training.zeroing(False)
    assert other.rival == training.losses
    assert training.rival == []
    other.run(2)
    assert training.rival == other.losses
    assert training.zeroing(None) is training
    assert other.zeroing(None) is training
    assert other.zeroing(False) is other


# ------------------------------------------------------------------------------------------------ curves


def test_curves_hold_the_numbers_and_their_texts() -> None:
    training = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y)
    training.run(3)
    found = curves(training)
    assert found["losses"]["numbers"] == training.losses
    assert found["losses"]["texts"] == ["13.38", "0.3587", "0.02553"]
    assert (found["loss"], found["optimizer"], found["iterations"]) == ("L", "sgd, lr = 0.1", 20)
    w, b = found["ways"]
    assert w["value"]["numbers"] == [one.params["w"] for one in training.known]
    assert b["gradient"]["numbers"] == [abs(one.gradients["b"]) for one in training.known]
    json.dumps(found, allow_nan=False)


def test_arrays_have_norm_mean_and_range_and_small_ones_their_entries() -> None:
    params = {"W": np.array([3.0, -4.0]), "big": np.arange(9.0).reshape(3, 3)}
    training = train(lambda p: np.sum(p["W"]) + np.sum(p["big"] ** 2), params, lr=0.1)
    training.run(1)
    small, big = curves(training)["ways"]
    assert small["norm"]["numbers"] == [5.0]
    assert [entry["name"] for entry in small["entries"]] == ["W[0]", "W[1]"]
    assert [entry["numbers"] for entry in small["entries"]] == [[3.0], [-4.0]]
    assert "entries" not in big
    assert [big[what]["numbers"] for what in ("low", "mean", "high")] == [[0.0], [4.0], [8.0]]
    assert (small["shape"], big["shape"]) == ([2], [3, 3])


@pytest.mark.parametrize(
    ("lr", "steps", "words"),
    [
        (2.0, 200, "The loss became inf at iteration 128: is the learning rate too large?"),
        (1.0, 4, "The loss has grown from 13.38 to "),
        (0.1, 5, ""),
    ],
)
def test_divergence_is_said_in_words(lr: float, steps: int, words: str) -> None:
    training = train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y, lr=lr, steps=steps)
    training.run(steps)
    found = curves(training)
    assert found["words"].startswith(words)
    assert bool(found["words"]) == bool(words)
    text = json.dumps(found, allow_nan=False)
    if "inf" in words:
        assert '"inf"' in text
        told(training, 199)  # and can still be told


def test_a_gradient_of_zero_is_said_in_words() -> None:
    training = train(lambda w: np.maximum(0.0, w) ** 2, -1.0)
    training.run(1)
    assert curves(training)["words"] == "Every gradient of iteration 0 is exactly 0: no parameter moves any more."


# ------------------------------------------------------------------------------------------------ where it stops


def test_an_optimiser_that_gives_up_ends_the_loop() -> None:
    def careful(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        if abs(grads) > 100:
            raise ValueError("too steep")
        return params - 2.0 * grads, None

    training = train(lambda w: w**2, 1.0, careful)
    assert training.run(20) == 5
    assert len(training) == 5
    words = "careful cannot update the parameters: ValueError: too steep"
    assert training.stopped == words
    assert curves(training)["words"] == f"The training stops after iteration 4: {words}"
    assert [step.kind for step in told(training, 4).steps][-1] == "contribution"
    with pytest.raises(IndexError):
        training[5]


def test_a_loss_that_fails_later_ends_the_loop() -> None:
    def loss(w: Any) -> Any:
        if w < 0.2:
            raise RuntimeError("out of range")
        return w**2

    training = train(loss, 1.0, lr=0.3)
    assert training.run(20) == 2
    assert training.stopped == "iteration 2 cannot be computed: RuntimeError: out of range"
    with pytest.raises(RuntimeError, match="out of range"):
        train(loss, 0.1).run(1)


# ------------------------------------------------------------------------------------------------ what may be asked


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (
            {"optimizer": "rmsprop"},
            ArgumentError,
            r"unknown optimizer: 'rmsprop' \(must be a function, or one of \['sgd', 'adam'\]",
        ),
        ({"optimizer": 0.1}, ArgumentError, r"for a learning rate write lr=0\.1"),
        (
            {"optimizer": nn.sgd},
            ArgumentError,
            r"missing a required argument: 'lr'.*functools\.partial\(nn\.sgd, lr=0\.1\)",
        ),
        ({"optimizer": lambda params, grads: params}, ArgumentError, "called as optimizer.params, grads, state."),
        ({"optimizer": lambda p, g, s: p}, ArgumentError, "returned float: an optimizer returns two things"),
        ({"optimizer": lambda p, g, s: ({"w": p}, s)}, ArgumentError, "changed the structure of the parameters"),
        ({"params": 2}, InputError, "Write 2.0 instead of 2"),
        ({"params": gad.constant(2.0)}, InputError, "is a gad.constant, which is not trained"),
        ({"loss": 3.0}, ArgumentError, r"needs a function loss\(params, \.\.\.\), not 3.0"),
        ({"loss": lambda w: w * X}, OutputError, r"returned an array of shape \(4,\); write np.mean"),
        ({"loss": lambda w: (w, w * 2)}, OutputError, "returned 2 numbers"),
        ({"steps": 0}, ArgumentError, "steps must be a whole number from 1 on"),
        ({"steps": 2.5}, ArgumentError, "steps must be a whole number from 1 on"),
        ({"zero": 1}, ArgumentError, "zero must be True or False"),
        ({"batches": 3}, ArgumentError, "batches must be a list of tuples"),
        ({"batches": []}, ArgumentError, "batches is empty"),
    ],
)
def test_what_cannot_be_trained_is_an_error_that_teaches(
    given: dict[str, Any], error: type[Exception], words: str
) -> None:
    whole: dict[str, Any] = {"loss": lambda w: w**2, "params": 1.0, "optimizer": None} | given
    options = {key: whole[key] for key in whole if key not in ("loss", "params", "optimizer")}
    with pytest.raises(error, match=words):
        train(whole["loss"], whole["params"], whole["optimizer"], **options).run(1)


def test_arguments_and_batches_exclude_each_other() -> None:
    with pytest.raises(ArgumentError, match="either batches"):
        train(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y, batches=[(X, Y)])


def test_a_learning_rate_is_passed_on_to_any_rule() -> None:
    training = train(lambda w: w**2, 1.0, nn.sgd, lr=0.25)
    assert training.optimiser.name == "sgd, lr = 0.25"
    assert training[0].new_params == 0.5
    assert train(lambda w: w**2, 1.0, own_rule).optimiser.name == "own_rule"
    assert train(lambda w: w**2, 1.0, lambda p, g, s: (p, s)).optimiser.name == "the optimizer"
