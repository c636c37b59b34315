"""Looks for barriers with axe-core, in a page or in a part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python  # carries axe.min.js, so that nothing is fetched
from playwright.sync_api import Locator, Page

SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def barriers(page: Page, part: Locator | None = None) -> list[str]:
    """Return what axe finds, a line for each element: the rule, the element, what is wrong with it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    run = "part => axe.run(part ?? document, {resultTypes: ['violations'], elementRef: false})"
    target = part.element_handle() if part is not None else None
    found: dict[str, Any] = page.evaluate(run, target)
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary'].splitlines()[-1].strip()}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
