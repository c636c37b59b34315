"""The training panel as a person uses it, without a kernel: every iteration's numbers against a loop by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.story.numbers import brief
from tests.browser.axe import barriers
from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = 2 * X + 1
RATE = 0.1
ITERATIONS = 12
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def line_fit(params: Any, x: Any, y: Any) -> Any:
    p = params["w"] * x + params["b"]
    L = np.mean((p - y) ** 2)
    return L


def by_hand(count: int) -> list[dict[str, float]]:
    """The loop in plain NumPy, its gradients from paper: dL/dw = mean(2(p − y)x), dL/db = mean(2(p − y))."""
    w, b = 0.5, 0.0
    found = []
    for _ in range(count):
        error = w * X + b - Y
        dw, db = float(np.mean(2 * error * X)), float(np.mean(2 * error))
        found.append({"L": float(np.mean(error**2)), "w": w, "b": b, "dw": dw, "db": db})
        w, b = w - RATE * dw, b - RATE * db
    return found


@pytest.fixture(scope="module")
def line_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    explorer = gad.explore_training(line_fit, {"w": 0.5, "b": 0.0}, None, X, Y, lr=RATE, steps=ITERATIONS)
    path = explorer.save(tmp_path_factory.mktemp("training") / "line.html")
    explorer.close()
    return path


@pytest.fixture
def opened(page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    def open_page(path: Path, **options: Any) -> Explorer:
        page = page_factory(**options)
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def expect_iteration(explorer: Explorer, number: int) -> None:
    expect(explorer.root).to_have_attribute("data-iteration", str(number))


def slide(explorer: Explorer, number: int) -> None:
    explorer.root.get_by_role("slider", name="Iteration", exact=True).fill(str(number))
    expect_iteration(explorer, number)


def test_every_iteration_shows_the_numbers_of_the_loop_by_hand(
    line_page: Path, opened: Callable[..., Explorer]
) -> None:
    explorer = opened(line_page)
    hand = by_hand(ITERATIONS + 1)
    for number in range(ITERATIONS):
        slide(explorer, number)
        steps = explorer.where[1]
        explorer.go(steps - 3)  # before the updates
        assert explorer.where[2] == "backward"
        assert float(explorer.read("w")["adjoint"]) == pytest.approx(hand[number]["dw"], rel=1e-12)
        assert float(explorer.read("b")["adjoint"]) == pytest.approx(hand[number]["db"], rel=1e-12)
        assert float(explorer.read("L")["value"]) == pytest.approx(hand[number]["L"], rel=1e-12)
        assert float(explorer.read("w")["value"]) == pytest.approx(hand[number]["w"], rel=1e-12)
        explorer.go(steps - 2)
        assert float(explorer.read("w")["value"]) == pytest.approx(hand[number + 1]["w"], rel=1e-12)
        assert float(explorer.read("b")["value"]) == pytest.approx(hand[number]["b"], rel=1e-12)
        explorer.go(steps)
        assert explorer.where[2] == "done"
        assert float(explorer.read("b")["value"]) == pytest.approx(hand[number + 1]["b"], rel=1e-12)


def test_slots_show_the_new_value_and_then_the_empty_accumulator(
    line_page: Path, opened: Callable[..., Explorer]
) -> None:
    explorer = opened(line_page)
    value = explorer.node("w").locator("text.gad-value")
    slot = explorer.node("w").locator("text.gad-adjoint")
    steps = explorer.where[1]
    explorer.go(steps - 3)
    expect(value).to_have_text("0.5")
    expect(slot).to_have_text("−13.5")
    explorer.press("Step forward")
    expect(value).to_have_text("1.85")
    expect(slot).to_have_text("−13.5")
    expect(explorer.root.locator(".gad-narration")).to_have_text(
        "Update: w ← w − 0.1 · ∂L/∂w: 0.5 − 0.1 × (−13.5) = 1.85."
    )
    explorer.press("Last step")
    expect(slot).to_have_text("0")
    expect(explorer.node("w")).to_have_attribute("data-adjoint", "0.0")
    explorer.go(steps - 3)  # and back again
    expect(value).to_have_text("0.5")
    expect(slot).to_have_text("−13.5")


def test_details_follow_the_update_and_the_zeroing(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    explorer.press("Last step")
    explorer.root.get_by_role("tab", name="Details").click()
    explorer.node("w").click()
    value, adjoint = (
        explorer.root.locator(f'.gad-details dt:text-is("{term}") + dd') for term in ("▲ value", "▼ adjoint")
    )
    before, after = by_hand(2)
    expect(value).to_have_text(f"{brief(after['w'])} updated, before: {brief(before['w'])}")
    expect(adjoint).to_have_text("0 set back to zero")
    explorer.press("Step back")
    expect(adjoint).to_have_text(brief(before["dw"]))
    explorer.press("Step back")
    explorer.press("Step back")
    expect(value).to_have_text(brief(before["w"]))


@pytest.mark.slow
def test_a_parameters_heat_map_becomes_that_of_its_new_value(
    tmp_path: Path, opened: Callable[..., Explorer], screenshots: Path
) -> None:
    explorer = gad.explore_training(
        lambda w, x: np.mean((w * x - 1.0) ** 2), np.array([0.5, -1.0, 0.0]), None, np.arange(3.0), lr=1.5, steps=3
    )
    shown = opened(explorer.save(tmp_path / "array.html"))
    old, new = (shown.node("w").locator(f".gad-heat-{kind}") for kind in ("value", "updated"))
    update = shown.where[1] - 1  # the zeroing is the last step
    for step, seen in ((0, old), (update - 1, old), (update, new), (update + 1, new), (0, old)):
        shown.go(step)
        shown.expect_step(step)
        expect(seen).to_be_visible()
        expect(old if seen is new else new).to_be_hidden()
    shown.go(update)
    shown.page.screenshot(path=screenshots / "training-updated.png")
    shown.go(update + 1)
    shown.press("Step forward")
    expect_iteration(shown, 1)
    expect(old).to_be_visible()
    assert json.loads(shown.read("w")["value"])["data"][1] == pytest.approx(1.0)  # −1 − 1.5 · ⅔ · (−1 − 1) · 1
    explorer.close()


@pytest.mark.slow
def test_steps_lead_from_iteration_to_iteration(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    explorer.press("Last step")
    explorer.press("Step forward")
    expect_iteration(explorer, 1)
    assert explorer.where[::2] == (0, "forward")
    explorer.press("Step back")
    expect_iteration(explorer, 0)
    assert explorer.where[2] == "done"
    explorer.page.keyboard.press("ArrowRight")
    expect_iteration(explorer, 1)
    explorer.expect_step(0)
    explorer.press("First step")
    explorer.press("Step back")
    expect_iteration(explorer, 0)
    explorer.press("First step")
    explorer.press("Step back")  # there is nothing before
    expect_iteration(explorer, 0)
    assert explorer.where[0] == 0


@pytest.mark.slow
def test_playing_goes_on_into_the_next_iteration(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    slide(explorer, ITERATIONS - 2)
    explorer.go(explorer.where[1] - 1)
    explorer.root.get_by_label("Speed").select_option("4")
    explorer.press("Play")
    expect_iteration(explorer, ITERATIONS - 1)
    explorer.press("Pause")
    explorer.press("Last step")
    explorer.press("Play")  # at the very end it begins with this iteration again
    expect(explorer.root.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect_iteration(explorer, ITERATIONS - 1)


@pytest.mark.slow
def test_buttons_go_by_one_and_by_ten(line_page: Path, opened: Callable[..., Explorer], screenshots: Path) -> None:
    explorer = opened(line_page)
    explorer.press("+ 1 iteration")
    expect_iteration(explorer, 1)
    explorer.press("+ 10 iterations")
    expect_iteration(explorer, 11)
    assert explorer.root.get_by_role("button", name="+ 10 iterations").is_disabled()
    explorer.press("− 1 iteration")
    expect_iteration(explorer, 10)
    expect(explorer.root.locator(".gad-training-where")).to_have_text("iteration 10 (last: 11)")
    explorer.press("Last step")
    explorer.page.screenshot(path=screenshots / "training-light.png", full_page=True)


@pytest.mark.slow
def test_the_slider_keeps_its_keys_for_itself(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    slider = explorer.root.get_by_role("slider", name="Iteration", exact=True)
    slider.focus()
    explorer.page.keyboard.press("ArrowRight")
    expect_iteration(explorer, 1)
    explorer.page.keyboard.press("End")
    expect_iteration(explorer, ITERATIONS - 1)
    assert explorer.where[0] == 0
    loss = brief(by_hand(ITERATIONS)[-1]["L"])
    expect(slider).to_have_attribute("aria-valuetext", f"iteration 11 (last: 11): L = {loss}")


@pytest.mark.slow
def test_the_table_holds_the_numbers_of_all_iterations(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    slide(explorer, 4)
    explorer.root.get_by_text("All numbers as a table").click()
    rows = explorer.root.locator(".gad-training-table tbody tr")
    expect(rows).to_have_count(ITERATIONS)
    for number, hand in enumerate(by_hand(ITERATIONS)):
        shown = [number, hand["L"], hand["w"], abs(hand["dw"]), hand["b"], abs(hand["db"])]
        assert rows.nth(number).locator("th, td").all_inner_texts() == [brief(one) for one in shown]
    assert rows.nth(4).get_attribute("aria-current") == "true"


def test_the_curve_follows_the_pointer_and_leads_where_it_is_clicked(
    line_page: Path, opened: Callable[..., Explorer]
) -> None:
    explorer = opened(line_page)
    chart = explorer.root.locator(".gad-training-card").first
    number = chart.locator(".gad-training-number")
    hand = by_hand(ITERATIONS)
    expect(number).to_have_text(brief(hand[0]["L"]))
    box = chart.locator("svg").bounding_box()
    assert box is not None
    explorer.page.mouse.move(box["x"] + box["width"] - 9, box["y"] + box["height"] / 2)
    expect(number).to_have_text(brief(hand[-1]["L"]))
    explorer.page.mouse.move(2, 2)
    expect(number).to_have_text(brief(hand[0]["L"]))
    explorer.page.mouse.click(box["x"] + box["width"] - 9, box["y"] + box["height"] / 2)
    expect_iteration(explorer, ITERATIONS - 1)


@pytest.mark.slow
def test_the_point_lies_at_the_present_iteration(line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page)
    point = explorer.root.locator(".gad-training-card circle.gad-chart-point").first
    places = []
    for number in (0, 5, 11):
        slide(explorer, number)
        places.append((float(point.get_attribute("cx") or "nan"), float(point.get_attribute("cy") or "nan")))
    across, up = zip(*places, strict=True)
    assert across[1] - across[0] == pytest.approx((across[2] - across[0]) * 5 / 11, abs=0.02)
    losses = [by_hand(12)[number]["L"] for number in (0, 5, 11)]
    assert (up[1] - up[0]) / (up[2] - up[0]) == pytest.approx(
        (losses[1] - losses[0]) / (losses[2] - losses[0]), abs=1e-3
    )
    explorer.root.get_by_label("log scale").check()
    high, low = (np.log(loss) for loss in (losses[0], losses[2]))
    slide(explorer, 5)
    middle = float(point.get_attribute("cy") or "nan")
    assert middle > up[0]
    assert (middle - up[0]) / (up[2] - up[0]) == pytest.approx((high - np.log(losses[1])) / (high - low), abs=0.05)


@pytest.mark.slow
def test_divergence_is_told(tmp_path: Path, opened: Callable[..., Explorer]) -> None:
    explorer = gad.explore_training(lambda w: (w - 1.0) ** 4, 3.0, lr=1.0, steps=8)
    shown = opened(explorer.save(tmp_path / "wild.html"))
    wild = next(k for k, loss in enumerate(explorer.training.losses) if not np.isfinite(loss))
    words = f"The loss became {explorer.training.losses[wild]} at iteration {wild}: is the learning rate too large?"
    expect(shown.root.locator(".gad-training-warning")).to_have_text(words)
    slide(shown, wild)
    shown.press("Last step")
    assert shown.read("out")["value"] in ("inf", "nan")
    expect(shown.root.locator(".gad-training-card .gad-chart-lost").first).to_be_visible()
    explorer.close()


@pytest.mark.slow
def test_a_network_learns_xor_in_the_page(tmp_path: Path, opened: Callable[..., Explorer], screenshots: Path) -> None:
    rng = np.random.default_rng(3)
    params = {"W1": rng.normal(size=(2, 4)), "b1": np.zeros(4), "W2": rng.normal(size=4), "b2": 0.0}

    def mlp(p: Any, x: Any, y: Any) -> Any:
        h = np.tanh(x @ p["W1"] + p["b1"])
        L = np.mean((h @ p["W2"] + p["b2"] - y) ** 2)
        return L

    target = np.array([0.0, 1.0, 1.0, 0.0])
    explorer = gad.explore_training(mlp, params, "adam", CORNERS, target, lr=0.1, steps=6)
    shown = opened(explorer.save(tmp_path / "xor.html"), theme="dark")
    slide(shown, 5)
    assert float(shown.read("b2")["value"]) == explorer.training[5].params["b2"]
    shown.press("Last step")
    assert float(shown.read("L")["value"]) == explorer.training[5].loss
    assert float(shown.read("b2")["value"]) == explorer.training[5].new_params["b2"]
    old, new = (shown.node("W1").locator(f".gad-heat-{kind}") for kind in ("value", "updated"))
    expect(old).to_have_css("visibility", "hidden")
    expect(new).to_be_visible()
    assert old.bounding_box() == new.bounding_box()
    names = shown.root.locator(".gad-training-way").evaluate_all("ways => ways.map(way => way.ariaLabel)")
    assert names == ["W1", "b1", "W2", "b2"]
    shown.page.screenshot(path=screenshots / "training-dark.png", full_page=True)
    explorer.close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_panel_has_no_barrier(theme: str, line_page: Path, opened: Callable[..., Explorer]) -> None:
    explorer = opened(line_page, theme=theme)
    slide(explorer, 3)
    explorer.root.get_by_text("All numbers as a table").click()
    expect(explorer.root.locator(".gad-training-table tbody tr").first).to_be_visible()
    assert barriers(explorer.page) == []


NOTEBOOK = """\
import numpy as np
import graphviz_ad as gad

x = np.array([0.0, 1.0, 2.0, 3.0])

def line_fit(params, x, y):
    p = params["w"] * x + params["b"]
    L = np.mean((p - y) ** 2)
    return L

explorer = gad.explore_training(line_fit, {"w": 0.5, "b": 0.0}, "sgd", x, 2 * x + 1, lr=0.1)
explorer"""


@pytest.mark.slow
def test_in_a_notebook_every_iteration_is_run_when_it_is_asked_for(
    page_factory: Callable[..., Page], jupyter_lab: JupyterLab, screenshots: Path
) -> None:
    book = Notebook.write(page_factory(), jupyter_lab, "training.ipynb", NOTEBOOK, "", "", "")
    book.run(0)
    explorer = book.explorer(0)
    hand = by_hand(8)
    assert book.run(1, "print(len(explorer.training.known))") == "1"
    explorer.press("+ 1 iteration")
    expect_iteration(explorer, 1)
    explorer.press("Last step")
    explorer.press("Step forward")
    expect_iteration(explorer, 2)
    explorer.expect_step(0)
    explorer.press("Step back")
    expect_iteration(explorer, 1)
    expect(explorer.root).to_have_attribute("data-phase", "done")
    assert float(explorer.read("w")["value"]) == pytest.approx(hand[2]["w"], rel=1e-12)
    assert book.run(2, "print(explorer.iteration, len(explorer.training.known))") == "1 3"
    book.run(3, "explorer.iteration = 6")
    expect_iteration(explorer, 6)
    explorer.press("Last step")
    assert float(explorer.read("L")["value"]) == pytest.approx(hand[6]["L"], rel=1e-12)
    explorer.root.get_by_label("forget to zero").check()
    expect(explorer.root.locator(".gad-training-about")).to_contain_text("accumulators are never zeroed")
    expect_iteration(explorer, 6)
    explorer.root.get_by_label("forget to zero").uncheck()
    expect(explorer.root.locator(".gad-training-about")).to_have_text("sgd, lr = 0.1")
    explorer.root.scroll_into_view_if_needed()
    book.page.screenshot(path=screenshots / "training-lab.png")
    explorer.field("w").fill("1.0")
    explorer.field("w").press("Enter")
    expect(explorer.node("w").locator("text.gad-name")).to_be_visible()
    assert book.run(1, "import json; print(json.dumps([explorer.iteration, explorer.inputs['w']]))") == "[6, 1.0]"


@pytest.mark.slow
def test_other_explorers_have_no_training(tmp_path: Path, opened: Callable[..., Explorer]) -> None:
    shown = opened(gad.trace(lambda x: x**2, 3.0).save(tmp_path / "plain.html"))
    assert shown.root.get_by_role("tab", name="Training").count() == 0
    shown.press("Last step")
    shown.press("Step forward")
    assert shown.where[2] == "done"
