"""For everyone: nothing that axe minds, a focus that is seen, zoomed, in forced colours, without motion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import barriers
from tests.browser.driver import Explorer, Notebook
from tests.browser.pages import each_panel, network_page, neuron_page, tabs
from tests.conftest import JupyterLab

THEMES = pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
GRAPHS = pytest.mark.parametrize(
    "write",
    [pytest.param(neuron_page, id="scalars", marks=pytest.mark.slow), pytest.param(network_page, id="arrays")],
)


def opened(page: Page, file: Path) -> Explorer:
    page.goto(file.as_uri())
    explorer = Explorer(page)
    explorer.expect_step(0)
    return explorer


def moments(explorer: Explorer) -> dict[str, int]:
    steps = explorer.where[1]
    return {"first": 0, "middle": steps // 2 + 1, "last": steps}


@pytest.mark.parametrize(
    ("write", "theme"),
    [
        pytest.param(neuron_page, "light", id="scalars-light"),
        pytest.param(network_page, "dark", id="arrays-dark", marks=pytest.mark.slow),
        pytest.param(neuron_page, "dark", id="scalars-dark", marks=pytest.mark.slow),
        pytest.param(network_page, "light", id="arrays-light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_no_barrier_in_the_page(
    page_factory: Callable[..., Page],
    tmp_path: Path,
    screenshots: Path,
    theme: str,
    write: Callable[[Path], Path],
) -> None:
    page = page_factory(theme=theme, reduced_motion="reduce")
    file = write(tmp_path)
    explorer = opened(page, file)
    found: dict[str, list[str]] = {}
    for moment, step in moments(explorer).items():
        explorer.go(step)
        page.screenshot(path=screenshots / f"{file.stem}-{theme}-{moment}.png", full_page=True)
        for name in each_panel(explorer.root):
            found[f"{moment}, {name}"] = barriers(page)
            if moment == "last":
                page.screenshot(path=screenshots / f"{file.stem}-{theme}-{name}.png", full_page=True)
    explorer.root.focus()
    page.keyboard.press("?")
    expect(explorer.root.locator("dialog[open]")).to_be_visible()
    found["help"] = barriers(page)
    page.screenshot(path=screenshots / f"{file.stem}-{theme}-help.png")
    page.keyboard.press("Escape")
    explorer.root.focus()
    page.keyboard.press("l")
    expect(explorer.root).to_contain_class("gad-lecture")
    page.wait_for_timeout(300)
    found["lecture"] = barriers(page)
    page.screenshot(path=screenshots / f"{file.stem}-{theme}-lecture.png")
    lines = [f"{where}: {line}" for where, list_ in found.items() for line in list_]
    assert not lines, "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.slow)])
def test_axe_finds_no_barrier_in_a_notebooks_cell(
    page_factory: Callable[..., Page], jupyter_lab: JupyterLab, theme: str
) -> None:
    page = page_factory(theme="light")
    cell = (
        "import numpy as np\nimport graphviz_ad as gad\n"
        "def f(w, x):\n    z = w * x\n    y = np.tanh(z) + z\n    return y\ngad.explore(f, 0.5, 2.0)"
    )
    book = Notebook.write(page, jupyter_lab, f"axe-{theme}.ipynb", cell)
    book.run(0)
    explorer = book.explorer(0)
    if theme == "dark":
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    found: list[str] = []
    for step in moments(explorer).values():
        explorer.go(step)
        found += barriers(page, explorer.root)
    for name in each_panel(explorer.root):
        found += [f"{name}: {line}" for line in barriers(page, explorer.root)]
    assert not found, "\n".join(found)


# What has the focus: whether it is drawn so that one sees it, and where it stands.
FOCUS = """() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return null;
  const style = getComputedStyle(at), box = at.getBoundingClientRect();
  const lined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const probe = document.createElement("i");  // what --gad-focus is as a colour
  probe.style.color = "var(--gad-focus)";
  at.closest(".gad-explorer")?.append(probe);
  const wanted = getComputedStyle(probe).color;
  probe.remove();
  const lines = at.closest("svg") ? [...at.querySelectorAll("*")] : [];
  const shaped = lines.map((line) => getComputedStyle(line))
    .some(({ stroke, strokeWidth }) => stroke === wanted && parseFloat(strokeWidth) >= 2);
  return {
    name: at.getAttribute("aria-label") ?? at.dataset?.node ?? at.textContent.trim().slice(0, 40),
    what: `${at.localName}.${at.getAttribute("class") ?? ""}`,
    seen: lined || style.boxShadow !== "none" || shaped,
    inView: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
  };
}"""


@THEMES
@GRAPHS
def test_tab_walks_through_all_of_it_with_a_focus_that_is_seen(
    page_factory: Callable[..., Page],
    tmp_path: Path,
    screenshots: Path,
    theme: str,
    write: Callable[[Path], Path],
) -> None:
    page = page_factory(theme=theme, reduced_motion="reduce")  # else lines are on their way to their colours
    explorer = opened(page, write(tmp_path))
    explorer.press("Last step")
    page.evaluate("document.activeElement.blur()")
    for name in each_panel(explorer.root):
        page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
        explorer.root.focus()
        walk: list[dict[str, Any]] = []
        for _ in range(400):
            page.keyboard.press("Tab")
            place = page.evaluate(FOCUS)
            if place is None or not page.evaluate("document.activeElement.closest('.gad-explorer') !== null"):
                break
            walk.append(place)
        else:
            pytest.fail(f"{name}: Tab never leaves the explorer: {[place['name'] for place in walk[-5:]]}")
        names = [place["name"] for place in walk]
        for control in ("First step", "Step forward", "Step"):
            assert control in names, f"{name}: Tab does not reach {control}"
        for place in walk:
            assert place["seen"], f"{name}: no focus is seen on {place}"
            assert place["inView"], f"{name}: the focus is out of sight on {place}"


@pytest.mark.slow
@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_a_panel_opens_by_keyboard(page: Page, tmp_path: Path, key: str) -> None:
    explorer = opened(page, neuron_page(tmp_path))
    names = tabs(explorer.root)
    explorer.root.locator(f'[role=tab][data-panel="{names[0]}"]').focus()
    for name in [*names[1:], names[0]]:
        page.keyboard.press("ArrowRight")
        tab = explorer.root.locator(f'[role=tab][data-panel="{name}"]')
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(explorer.root.locator(f".gad-panel-{name}")).to_be_visible()
    assert explorer.where[0] == 0, "the arrows belong to the tabs here"
    page.keyboard.press(key)  # the open tab closes
    expect(explorer.root.locator("[role=tabpanel]:visible")).to_have_count(0)


# What stands out of the window, or is cut off by what it stands in, without a way to scroll there.
CUT = """() => {
  const lines = [];
  const shut = "dialog:not([open]), details:not([open]) > :not(summary), [hidden]";
  if (document.documentElement.scrollWidth > innerWidth + 1) lines.push(`page ${document.documentElement.scrollWidth}`);
  for (const part of document.querySelectorAll(".gad-explorer *")) {
    if (part.closest(`svg, .gad-stage, .gad-announcement, .gad-sizer, ${shut}`)) continue;
    const style = getComputedStyle(part), box = part.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || style.visibility === "hidden") continue;
    let scrolls = false;
    for (let around = part.parentElement; around; around = around.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(around).overflowX)) scrolls = true;
    }
    if (!scrolls && (box.right > innerWidth + 1 || box.left < -1)) lines.push(`out of the window: ${part.className}`);
    const clips = style.overflowX === "hidden" || style.overflowX === "clip";
    if (clips && style.textOverflow !== "ellipsis" && part.scrollWidth > part.clientWidth + 2) {
      lines.push(`cut off: ${part.className} ${part.scrollWidth} in ${part.clientWidth}`);
    }
  }
  return lines;
}"""


@pytest.mark.slow
@THEMES
@GRAPHS
@pytest.mark.parametrize("width", [640], ids=["200%"])
def test_zoomed_nothing_is_lost(
    page_factory: Callable[..., Page],
    tmp_path: Path,
    screenshots: Path,
    theme: str,
    write: Callable[[Path], Path],
    width: int,
) -> None:
    """A window of 1280 pixels at 200% has 640 of CSS's."""
    page = page_factory(theme=theme, width=width, height=450, device_scale_factor=2)
    file = write(tmp_path)
    explorer = opened(page, file)
    explorer.press("Last step")
    explorer.press("Ways to look")
    for name in each_panel(explorer.root):
        lines = page.evaluate(CUT)
        page.screenshot(path=screenshots / f"zoom-{width}-{file.stem}-{theme}-{name}.png", full_page=True)
        assert not lines, f"{name}: " + "\n".join(lines)


@pytest.mark.slow
def test_in_forced_colours_everything_still_has_an_edge(
    page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path
) -> None:
    page = page_factory(forced_colors="active")
    explorer = opened(page, neuron_page(tmp_path))
    explorer.press("Last step")
    page.screenshot(path=screenshots / "forced-colors.png", full_page=True)
    for button in explorer.root.locator("button:visible").all():
        edge = button.evaluate(
            """button => { const { borderBottomWidth, textDecorationLine } = getComputedStyle(button);
                           return parseFloat(borderBottomWidth) >= 1 || textDecorationLine === "underline" }"""
        )
        assert edge, button.evaluate("button => button.outerHTML")
    assert not barriers(page)


@pytest.mark.slow
def test_without_motion_nothing_moves_by_itself(page_factory: Callable[..., Page], tmp_path: Path) -> None:
    page = page_factory(reduced_motion="reduce")
    explorer = opened(page, neuron_page(tmp_path))
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        running = explorer.root.evaluate(
            "root => root.getAnimations({subtree: true}).filter(one => one.playState === 'running').length"
        )
        assert running == 0, f"step {step}"
    page.emulate_media(reduced_motion="no-preference")
    moved = []
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        moved.append(explorer.root.evaluate("root => root.getAnimations({subtree: true}).length"))
    assert any(moved), "else this test could not fail"
