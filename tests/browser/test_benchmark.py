"""What the benchmarks measure in a browser is what they say: without the clock, on small graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from benchmarks import explorer, figures


class Window:
    """A browser that gives the benchmarks a watched page."""

    def __init__(self, page_factory: Callable[..., Page]) -> None:
        self.open = page_factory

    def new_page(self, viewport: Any) -> Page:
        return self.open(**viewport)


@pytest.mark.parametrize("make", [explorer.repaint_pair, explorer.first_pair])
def test_a_page_is_proven_right_before_it_is_measured(
    make: Callable[..., Any], page_factory: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs: list[Any] = []
    agree = explorer.agree
    monkeypatch.setattr(explorer, "agree", lambda *words: (agree(*words), proofs.append(words)))
    ours, theirs = make(3, Window(page_factory))
    assert proofs
    assert 0 < ours() < 60
    assert theirs() == 1e-3


def test_a_page_that_shows_other_numbers_is_not_measured(
    page_factory: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = figures.view(3)
    other = figures.view(3)
    object.__setattr__(other, "graph", other.graph.evaluate(scale=7.0))
    monkeypatch.setattr(explorer.figures, "view", lambda fan_in: view)
    monkeypatch.setattr(explorer, "saved", lambda view, saved=explorer.saved: saved(other))
    with pytest.raises(AssertionError):
        explorer.repaint_pair(3, Window(page_factory))


def test_what_the_widget_says_is_found_in_a_frame() -> None:
    parts = [b"shell", b"{}", b"{}", b"{}", b'{"comm_id":"x","data":{"method":"update","state":{"step":3}}}']
    count = len(parts) + 1
    offsets, place = [], 8 * (count + 1)
    for part in parts:
        offsets.append(place)
        place += len(part)
    frame = b"".join(number.to_bytes(8, "little") for number in (count, *offsets, place)) + b"".join(parts)
    assert explorer.message(frame) == {"method": "update", "state": {"step": 3}}
    assert explorer.message("text") is None
