"""From the README's first lines to a function of one's own that is stepped through, without a notebook."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from graphviz_ad.sphinx import snippets
from tests.run import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ten_lines_to_a_function_of_ones_own(page: Page, tmp_path: Path) -> None:
    first = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    begun, _, rest = first.partition("def neuron")
    (saving,) = re.findall(r'Without a notebook, `(graph\.save\("neuron\.html"\))`', README)
    (tracing,) = re.findall(r"^(graph = gad\.trace\()neuron.*\)", rest, re.MULTILINE)
    own = "def area(width, height):\n    border = 2 * (width + height)\n    return width * height / border**2\n"
    code = f"{begun}{own}{tracing}area, 3.0, 2.0)\n{saving}\n"
    assert len([*filter(str.strip, code.splitlines())]) <= 10
    with snippets.scratch() as folder:
        snippets.run(code, {}, "mine.py")
        text = (folder / "neuron.html").read_bytes()
    (tmp_path / "mine.html").write_bytes(text)
    page.goto((tmp_path / "mine.html").as_uri())
    root = page.locator(".gad-explorer")
    expect(root).to_have_attribute("data-step", "0")
    page.keyboard.press("Tab")
    root.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("data-step", "2")
    expect(page.locator('g.gad-node[data-node="border"]')).to_have_attribute("data-value", "10.0")
    page.keyboard.press("End")
    expect(root).to_have_attribute("data-phase", "done")
    slope = float(str(page.locator('g.gad-node[data-node="width"]').get_attribute("data-adjoint")))
    assert abs(slope - (2.0 / 100 - 2 * 6.0 / 1000 * 2)) < 1e-12
