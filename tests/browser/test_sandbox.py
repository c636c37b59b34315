"""The page in a frame that may run scripts and nothing else: no origin, so no storage, no history, no parent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Explorer
from tests.browser.pages import each_panel, network_page, neuron_page


@pytest.mark.parametrize(
    ("way", "write"),
    [
        pytest.param("srcdoc", neuron_page, id="scalars-srcdoc"),
        pytest.param("src", neuron_page, id="scalars-src", marks=pytest.mark.slow),
        pytest.param("srcdoc", network_page, id="arrays-srcdoc", marks=pytest.mark.slow),
        pytest.param("src", network_page, id="arrays-src", marks=pytest.mark.slow),
    ],
)
def test_the_page_plays_in_a_sandboxed_frame(
    page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path, way: str, write: Callable[[Path], Path]
) -> None:
    file = write(tmp_path)
    source = (
        f'srcdoc="{html.escape(file.read_text(encoding="utf-8"))}"' if way == "srcdoc" else f'src="{file.name}#step=2"'
    )
    host = tmp_path / "host.html"
    frame = f'<iframe sandbox="allow-scripts" width="1200" height="850" title="page" {source}></iframe>'
    host.write_text(f"<!DOCTYPE html><html lang=en><title>host</title><body>{frame}", encoding="utf-8")
    page = page_factory()
    page.goto(host.as_uri())
    inside = page.frames[1]
    explorer = Explorer(page, page.frame_locator("iframe").locator(".gad-explorer"))
    explorer.expect_step(0 if way == "srcdoc" else 2)  # a link to a step works wherever there is an address
    rights = inside.evaluate("() => { try { return String(localStorage.length) } catch (error) { return error.name } }")
    assert rights == "SecurityError", "the frame is as poor as it is meant to be"
    steps = explorer.where[1]
    explorer.press("Last step")
    assert explorer.where == (steps, steps, "done")
    for name in each_panel(explorer.root):
        panel = explorer.root.locator(f".gad-panel-{name}")
        expect(panel).to_be_visible()
        expect(panel).to_have_text(re.compile(r"\w"))
    mode = explorer.root.get_by_label("Mode", exact=True)
    mode.select_option(index=1)  # the variants are packed as well
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    page.screenshot(path=screenshots / f"sandbox-{way}-{file.stem}.png")
