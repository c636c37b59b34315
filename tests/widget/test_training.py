"""The explorer of a training loop in Python: iterations and steps, edits, looks, and the page that it writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.errors import ArgumentError
from graphviz_ad.widget import desk
from graphviz_ad.widget.packing import unpack
from graphviz_ad.widget.training import TrainingExplorer

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = 2 * X + 1


def line_fit(params: Any, x: Any, y: Any) -> Any:
    p = params["w"] * x + params["b"]
    L = np.mean((p - y) ** 2)
    return L


@pytest.fixture
def explorer() -> Iterator[TrainingExplorer]:
    made = gad.explore_training(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y)
    yield made
    made.close()


def by_hand(count: int) -> list[tuple[float, dict[str, float]]]:
    params: Any = {"w": 0.5, "b": 0.0}
    found = []
    for _ in range(count):
        loss, grads = gad.value_and_grad(line_fit)(params, X, Y)
        found.append((loss, params))
        params, _ = nn.sgd(params, grads, lr=0.1)
    return found


def test_it_opens_at_the_first_iteration(explorer: TrainingExplorer) -> None:
    assert (explorer.iteration, explorer.step, explorer.phase) == (0, 0, "forward")
    assert repr(explorer) == f"<TrainingExplorer of line_fit: iteration 0 (last: 19), step 0 of {explorer.steps}>"
    assert explorer.training.losses == [by_hand(1)[0][0]]
    assert [step["kind"] for step in explorer.shown["steps"]][-3:] == ["update", "update", "zero"]


def test_setting_the_iteration_shows_its_graph(explorer: TrainingExplorer) -> None:
    seen: list[int] = []
    explorer.observe(lambda change: seen.append(change["new"]), "iteration")
    explorer.iteration = 3
    loss, params = by_hand(4)[3]
    assert explorer.graph["L"].value == loss
    assert explorer.inputs == params
    assert explorer.shown["training"]["iteration"] == 3
    assert explorer.shown["training"]["losses"]["numbers"] == [loss for loss, _ in by_hand(4)]
    assert explorer.look == {"iteration": 3}
    explorer.iteration = 0
    assert explorer.look == {}
    assert explorer.graph["L"].value == by_hand(1)[0][0]
    assert seen == [3, 0]


def test_the_phase_is_done_only_after_the_zeroing(explorer: TrainingExplorer) -> None:
    explorer.step = explorer.steps - 1
    assert explorer.phase == "backward"
    explorer.step = explorer.steps
    assert explorer.phase == "done"


def test_the_step_is_kept_where_the_next_story_is_as_long(explorer: TrainingExplorer) -> None:
    explorer.step = 4
    explorer.iteration = 2
    assert explorer.step == 4


@pytest.mark.parametrize("number", [-1, 20])
def test_an_iteration_that_there_is_not_is_an_error(explorer: TrainingExplorer, number: int) -> None:
    with pytest.raises(ArgumentError, match=f"there is no iteration {number}: write a whole number from 0 to 19"):
        explorer.iteration = number
    with pytest.raises(traitlets.TraitError):
        explorer.iteration = 1.5
    assert explorer.iteration == 0


def test_the_page_moves_by_look_or_iteration_and_is_clamped(explorer: TrainingExplorer) -> None:
    explorer.set_state({"look": {"iteration": 2}})
    assert (explorer.iteration, explorer.error) == (2, "")
    explorer.set_state({"iteration": 5})
    assert (explorer.iteration, explorer.look) == (5, {"iteration": 5})
    explorer.set_state({"iteration": 500})
    assert explorer.iteration == 19


@pytest.mark.parametrize("wanted", [{"iteration": 20}, {"iteration": "2"}, {"iteration": True}, {"zero": "no"}])
def test_a_look_that_cannot_be_is_refused_in_words(explorer: TrainingExplorer, wanted: dict[str, Any]) -> None:
    explorer.set_state({"look": wanted})
    assert explorer.look == {}
    assert explorer.iteration == 0
    assert "iteration" in explorer.error or "zero" in explorer.error


def test_an_edit_trains_on_from_there(explorer: TrainingExplorer) -> None:
    explorer.iteration = 3
    explorer.set_state({"edit": {"name": "w", "text": "1.25", "nonce": 1.0}})
    assert explorer.error == ""
    assert explorer.iteration == 3
    params: Any = {"w": 1.25, "b": by_hand(4)[3][1]["b"]}
    loss, grads = gad.value_and_grad(line_fit)(params, X, Y)
    assert explorer.graph["L"].value == loss
    explorer.iteration = 4
    assert explorer.inputs == nn.sgd(params, grads, lr=0.1)[0]
    assert explorer.training.losses[:3] == [loss for loss, _ in by_hand(3)]


def test_forgetting_to_zero_is_another_loop_that_can_be_compared(explorer: TrainingExplorer) -> None:
    explorer.iteration = 2
    explorer.look = {**explorer.look, "zero": False}
    assert explorer.training.zero is False
    assert explorer.iteration == 2
    gradients = [iteration.gradients["w"] for iteration in explorer.training.known]
    assert explorer.graph["w"].adjoint + gradients[1] == gradients[2]
    assert explorer.shown["training"]["rival"]["numbers"] == [loss for loss, _ in by_hand(3)]
    assert explorer.shown["steps"][-1]["kind"] == "update"
    explorer.look = {"iteration": 2}
    assert explorer.training.zero is True
    assert explorer.graph["L"].value == by_hand(3)[2][0]


def details(explorer: TrainingExplorer, name: str) -> dict[str, Any]:
    view: Any = explorer._base.looked(explorer.look)
    node = next(node for node in view.scene.nodes if node.name == name)
    found = desk.answer(view, f"node:{node.id}").data
    assert isinstance(found, dict)
    return found


def test_details_follow_the_update_and_the_zeroing(explorer: TrainingExplorer) -> None:
    told = details(explorer, "w")
    steps = explorer.shown["steps"]
    assert steps[told["update"]["step"] - 1]["kind"] == "update"
    assert told["update"]["value"]["exact"] == repr(by_hand(2)[1][1]["w"]) == steps[told["update"]["step"] - 1]["value"]
    assert told["zero"]["step"] == explorer.steps
    assert told["zero"]["adjoint"] == {"text": "0", "shape": "", "exact": "0.0"}
    assert "update" not in details(explorer, "p")


def test_details_without_zeroing_start_from_what_was_left() -> None:
    # w² at 1 sends 2; lr = 0: w stays, and every pass adds 2
    explorer = gad.explore_training(lambda w: w**2, 1.0, lr=0.0, steps=4, zero=False)
    explorer.iteration = 2
    told = details(explorer, "w")
    assert (told["adjoint"]["exact"], [(row["old"], row["sent"], row["new"]) for row in told["ledger"]]) == (
        "6.0",
        [("4", "2", "6")],
    )
    assert "zero" not in told
    explorer.close()


def test_the_cells_of_an_accumulator_hold_what_was_left() -> None:
    explorer = gad.explore_training(lambda w: np.sum(w * w), np.array([1.0, 2.0]), lr=0.0, steps=3, zero=False)
    explorer.iteration = 1
    told = details(explorer, "w")
    assert told["adjoint"]["text"] == "[4, 8]"
    assert [(row["old"], row["new"]) for row in told["ledger"]][-1][1] == "[4, 8]"
    view: Any = explorer._base.looked(explorer.look)
    assert desk.answer(view, f"array:{told['id']}:adjoint").data["entries"] == [4.0, 8.0]
    explorer.close()


def test_other_looks_go_together_with_an_iteration(explorer: TrainingExplorer) -> None:
    explorer.look = {"iteration": 2, "mode": "forward", "seed": "w"}
    assert explorer.shown["mode"] == "forward"
    assert explorer.shown["training"]["iteration"] == 2
    assert {step["kind"] for step in explorer.shown["steps"]} == {"value", "seed", "tangent"}
    explorer.iteration = 3
    assert explorer.look == {"iteration": 3, "mode": "forward", "seed": "w"}
    assert explorer.graph["w"].value == by_hand(4)[3][1]["w"]


def test_a_loop_that_stopped_goes_no_further() -> None:
    def careful(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        if abs(grads) > 10:
            raise ValueError("too steep")
        return params - 2.0 * grads, None

    explorer = gad.explore_training(lambda w: w**2, 1.0, careful)
    with pytest.raises(ArgumentError, match=r"there is no iteration 5|iteration 5 was not reached: careful cannot"):
        explorer.iteration = 5
    explorer.iteration = 2
    assert explorer.shown["training"]["iterations"] == 3
    assert explorer.shown["training"]["words"].startswith("The training stops after iteration 2")
    explorer.close()


def unpacked(path: Path, name: str = "gad-baked") -> dict[str, Any]:
    """What a page carries, its payload or what was computed beforehand."""
    found = re.search(f'id="{name}">([^<]*)<', path.read_text(encoding="utf-8"))
    assert found
    held: dict[str, Any] = unpack(found[1])
    return held


def carried(path: Path) -> int:
    count: int = unpacked(path, "gad-payload")["training"]["carried"]
    return count


def test_a_page_carries_every_iteration(explorer: TrainingExplorer, tmp_path: Path) -> None:
    explorer.iteration = 1
    path = explorer.save(tmp_path / "training.html", iterations=4)
    keys = {key for key in unpacked(path)["variants"] if key.startswith("iteration=")}
    assert keys == {"iteration=1", "iteration=2", "iteration=3"}
    training = unpacked(path, "gad-payload")["training"]
    assert (training["iteration"], training["carried"], training["iterations"]) == (0, 4, 20)
    assert training["losses"]["numbers"] == [loss for loss, _ in by_hand(4)]
    assert explorer.iteration == 1


def test_a_page_of_a_loop_that_forgets_carries_that_loop(explorer: TrainingExplorer, tmp_path: Path) -> None:
    explorer.look = {"zero": False}
    baked = unpacked(explorer.save(tmp_path / "forgets.html", iterations=3))
    last = next(node for node in explorer.training[2].graph.inputs if node.name == "w")
    patch = baked["variants"]["iteration=2"]["payload"]["nodes"]
    assert [repr(float(last.value))] in [change.get("value") for change in patch.values()]
    assert explorer.training[2].params != by_hand(3)[2][1]


def test_showing_it_in_a_notebook_runs_nothing(explorer: TrainingExplorer) -> None:
    view: Any = explorer._adapter
    assert "<iframe" in view.still()
    assert len(explorer.training.known) == 1


def test_a_page_carries_no_more_than_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = gad.explore_training(lambda w: w**2, 1.0, steps=3)
    assert carried(fresh.save(tmp_path / "fresh.html", iterations=99)) == 3, "as many as there are, run for the page"
    fresh.close()
    explorer = gad.explore_training(lambda w: w**2, 1.0, steps=3)
    assert carried(explorer.save(tmp_path / "few.html")) == 3
    assert carried(explorer.save(tmp_path / "all.html", iterations=300)) == 3
    monkeypatch.setattr("graphviz_ad.widget.training.MAX_BAKED", 2)
    assert carried(explorer.save(tmp_path / "most.html")) == 2
    for wanted in (0, True, 2.5):
        with pytest.raises(ArgumentError, match="iterations must be a whole number from 1 on"):
            explorer.save(tmp_path / "none.html", iterations=wanted)  # type: ignore[arg-type]
    explorer.close()


def test_pictures_show_the_present_iteration(explorer: TrainingExplorer, tmp_path: Path) -> None:
    explorer.iteration = 2
    text = explorer.save(tmp_path / "now.svg", theme="dark").read_text(encoding="utf-8")
    assert f'data-value="{by_hand(3)[2][1]["w"]!r}"' in text
    assert "image/svg+xml" in explorer._adapter.static_bundle()


def test_parameters_of_any_structure_are_trained() -> None:
    class Model:
        def __init__(self) -> None:
            self.W, self.b = np.ones((2, 2)), 0.0

    explorer = gad.explore_training(lambda m, x: np.sum((m.W @ x + m.b) ** 2), Model(), "adam", np.ones(2), lr=0.1)
    explorer.iteration = 1
    assert [way["name"] for way in explorer.shown["training"]["ways"]] == ["W", "b"]
    explorer.close()


def test_the_picture_holds_what_an_array_becomes_and_a_saved_one_does_not() -> None:
    explorer = gad.explore_training(
        lambda w, x: np.mean((w * x - 1.0) ** 2), np.array([0.5, -1.0, 0.0]), None, np.arange(3.0), steps=2
    )
    np.testing.assert_allclose(explorer.training[0].new_params, [0.5, -13 / 15, 2 / 15])
    assert ["value", "1", "4"] in explorer.shown["scales"]  # levels end at 1/25, 4/25, 9/25, … of 4

    def levels(kind: str) -> list[str]:
        found = re.search(f'<g class="gad-heat-{kind}"[^>]*>(.*?)</g>', explorer.shown["svg"])
        return [] if found is None else re.findall(r"gad-heat-([np][0-9]|zero)", found[1])

    assert levels("value") == ["n3", "zero", "p2"]
    assert levels("updated") == ["n3", "p1", "p2"]
    assert 'class="gad-heat-updated" display="none"' in explorer.shown["svg"]
    assert "gad-heat-updated" not in explorer._adapter.svg()
    explorer.look = {"mode": "forward", "seed": "w"}  # where nothing is updated
    assert levels("updated") == []
    explorer.close()


def test_callbacks_may_turn_to_the_next_iteration(explorer: TrainingExplorer) -> None:
    heard: list[tuple[int, int]] = []

    def on(step: int) -> None:
        heard.append((explorer.iteration, step))
        if step == explorer.steps and explorer.iteration < 3:
            explorer.iteration += 1
            explorer.step = 0
        elif step == 0:
            explorer.step = explorer.steps

    explorer.on_step(on)
    explorer.set_state({"step": explorer.steps})
    assert (explorer.iteration, explorer.look, explorer.step) == (3, {"iteration": 3}, explorer.steps)
    assert explorer.graph["L"].value == by_hand(4)[3][0]
    assert [iteration for iteration, step in heard if step] == [0, 1, 2, 3]


def test_a_callback_that_raises_does_not_turn_the_iteration_back(explorer: TrainingExplorer) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    explorer.observe(broken, ["payload", "inputs"])
    with pytest.raises(ZeroDivisionError):
        explorer.iteration = 2
    assert (explorer.iteration, explorer.look, explorer.shown["training"]["iteration"]) == (2, {"iteration": 2}, 2)
    with pytest.raises(ZeroDivisionError):
        explorer.set_state({"look": {"iteration": 1}})
    assert (explorer.iteration, explorer.look, explorer.error) == (1, {"iteration": 1}, "")
    assert explorer.inputs == by_hand(2)[1][1]


def test_an_interrupted_iteration_can_be_asked_for_again() -> None:
    stop = False

    def loss(w: Any) -> Any:
        if stop:
            raise KeyboardInterrupt
        return w**2

    explorer = gad.explore_training(loss, 1.0)
    stop = True
    for wanted in ({"look": {"iteration": 5}}, {"iteration": 5}):
        with pytest.raises(KeyboardInterrupt):
            explorer.set_state(wanted)
        assert (explorer.iteration, explorer.look, explorer.shown["training"]["iteration"]) == (0, {}, 0)
        assert explorer.error == "The computation was interrupted."
    stop = False
    explorer.set_state({"look": {"iteration": 5}})
    assert (explorer.iteration, explorer.shown["training"]["iteration"], explorer.error) == (5, 5, "")
    explorer.close()
