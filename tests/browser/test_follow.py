"""A picture that takes over another one's numbers is the picture that would have been drawn anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.widget.patch import pieces
from graphviz_ad.widget.view import View
from tests.browser import live
from tests.browser.driver import Explorer

# Everything that there is of a picture; the order of attributes and classes says nothing, and what has the focus or is
# selected is the person's.
_WHOLE = """root => {
  const whole = (part) => part.nodeType === Node.TEXT_NODE ? part.nodeValue : [
    part.localName,
    [...part.classList].filter((name) => name !== "gad-selected").sort().join(" "),
    [...part.attributes]
      .filter(({ name }) => !/^(class|tabindex|aria-.*)$/.test(name))
      .map(({ name, value }) => `${name}=${value}`).sort(),
    [...part.childNodes].filter((child) => child.nodeType !== Node.TEXT_NODE || child.nodeValue).map(whole),
  ];
  return JSON.stringify(whole(root.querySelector("svg.gad-picture")));
}"""


def neuron(x, w, b):
    z = w * x + b
    return np.tanh(z) * z


def kinked(x, y):
    return np.maximum(x, 0.0) * y + np.sign(x) + np.log(y)


def tensor(x, s):
    return np.sum(np.exp(s * x) @ np.ones((3, 2)))


def hostile(**inputs):
    return sum(value**2 for value in inputs.values())


def several(t):
    a = np.sin(t)
    return a * t + np.cos(a) * a


CASES: dict[str, tuple[gad.Graph, list[dict[str, str]]]] = {
    "neuron": (gad.trace(neuron, 0.5, 2.0, -1.0), [{"x": "0.25"}, {"x": "-3"}, {"b": "0.125", "w": "1e-3"}]),
    "kinks": (gad.trace(kinked, 1.0, 2.0), [{"x": "-1"}, {"x": "0"}, {"y": "nan"}, {"x": "2", "y": "5"}]),
    "heat": (
        gad.trace(tensor, gad.constant(np.linspace(-1, 1, 12).reshape(4, 3)), 0.5),
        [{"s": "0.5001"}, {"s": "2"}, {"s": "-700"}],
    ),
    "names": (gad.trace(hostile, **{"a<b&c": 1.0, "q'<>": 2.0}), [{"a<b&c": "3"}, {"q'<>": "0.1"}]),
    "forks": (gad.trace(several, 1.0), [{"t": "1.5"}, {"t": "2"}, {"t": "-123456.789"}]),
}


@pytest.fixture
def open_page(page_factory: Callable[..., Page]) -> Callable[[View], tuple[Explorer, live.Kernel]]:
    def opened(view: View) -> tuple[Explorer, live.Kernel]:
        return live.show(page_factory(), view)

    return opened


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES))
def test_the_picture_at_other_inputs_is_that_which_is_drawn_anew(
    name: str, open_page: Callable[[View], tuple[Explorer, live.Kernel]]
) -> None:
    graph, changes = CASES[name]
    view = graph.explore()._adapter
    explorer, kernel = open_page(view)
    steps = explorer.where[1]
    stayed = 0
    explorer.root.evaluate("root => { window.stood = root.querySelector('svg.gad-picture'); }")
    for turn, change in enumerate(changes):
        explorer.go((turn * 5 + 2) % (steps + 1) if turn else steps)
        explorer.node(graph.inputs[0].name).click(force=True)  # selected: marked in the picture
        before = kernel.view.payload(True)
        for node, text in change.items():
            explorer.field(node).fill(text)
            explorer.field(node).press("Enter")
            expect(explorer.root).not_to_have_attribute("aria-busy", "true")
        after = kernel.view.payload(True)
        alike = pieces(before["svg"]) == pieces(after["svg"])
        fresh, _ = open_page(kernel.view)
        fresh.go(explorer.where[0])
        assert explorer.root.evaluate(_WHOLE) == fresh.root.evaluate(_WHOLE), (name, change)
        stood = explorer.root.evaluate("root => root.querySelector('svg.gad-picture') === window.stood")
        assert stood or not alike, "only what is different is changed"
        stayed += stood
        explorer.root.evaluate("root => { window.stood = root.querySelector('svg.gad-picture'); }")
    assert stayed
