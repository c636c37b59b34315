"""Names that look like HTML, in a real browser: they are read as texts, run nothing, and turn nothing around."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

import graphviz_ad as gad
from tests.browser.driver import Explorer

IMAGE = "<img src=x onerror=alert(1)>"


def graph_of(name: str) -> gad.Graph:
    x = gad.variable(1.5, name=name)

    def f(x: float) -> object:
        return x**2 * x

    f.__name__ = name
    return gad.trace(f, x)


def parts(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...document.querySelectorAll('*')].map(e => e.tagName).sort()")
    return found


@pytest.mark.parametrize(
    "name",
    [
        IMAGE,
        "</script><script>document.title='x'</script>",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("</style></svg><b>", "\"' onload='alert(1)", "${alert(1)}")
        ),
    ],
)
def test_names_are_texts_in_the_page(name: str, tmp_path: Path, page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    page.goto(graph_of("abc").save(tmp_path / "plain.html").as_uri())
    Explorer(page).press("Last step")
    expected = parts(page)
    page.goto(graph_of(name).save(tmp_path / "graph.html").as_uri())
    explorer = Explorer(page)
    for _ in range(explorer.where[1]):
        explorer.press("Step forward")
    assert parts(page) == expected
    assert page.locator("img, b").count() == 0
    assert page.title() == name
    assert explorer.root.locator(".gad-field label").first.inner_text() == f"{name} ="
    assert name in explorer.root.get_by_role("status").inner_text()
    nodes = explorer.root.locator("g.gad-node")
    assert nodes.evaluate_all("nodes => nodes.map(node => node.dataset.node)")[0] == name


def test_an_override_turns_nothing_outside_of_the_name(tmp_path: Path, page: Page) -> None:
    """U+202E would set the rest of its line from right to left: what follows must stay on the right."""
    page.goto(graph_of("a\u202ebc").save(tmp_path / "graph.html").as_uri())
    after = page.locator(".gad-field label").first.evaluate(
        """label => {
            const place = (node, from, to) => {
                const range = document.createRange();
                range.setStart(node, from);
                range.setEnd(node, to);
                return range.getBoundingClientRect();
            };
            const end = label.lastChild;
            const sign = place(end, end.data.indexOf("="), end.data.length);
            return sign.left - label.firstChild.getBoundingClientRect().right;
        }"""
    )
    assert after >= -1
