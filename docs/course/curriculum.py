"""Writes docs/curriculum.md: which cell of which notebook shows an item of the curriculum, and by which number."""

from __future__ import annotations

from typing import Any

from docs.course.executing import course, read
from tests.notebooks import gold_basics, gold_more
from tests.notebooks.items import ERRORS, ITEMS
from tests.notebooks.table import Gold, Shown

PAGE = """\
# The curriculum

Made by `make tables` from the metadata of the notebooks and from tests/notebooks/gold_*.py; a test fails when this page
and they disagree. Another test executes each notebook from clean, and after the cell that is named here it reads the
number that stands here from a graph.

{notebooks}
## The hundred items

| Item | What | Notebook and cell | Number |
|---|---|---|---|
{items}

## The errors

What the usual texts get wrong. It is shown under the heading “Pitfall”, and beside it what is right.

| Error | What | Notebook and cell | Wrong | Right |
|---|---|---|---|---|
{errors}
"""
ENTRIES = 4
"""So many entries of an array are told."""


def told(value: Any) -> str:
    """A value as text for a table."""
    if isinstance(value, list | tuple):
        shown = [told(one) for one in value[:ENTRIES]] + ["…"] * (len(value) > ENTRIES)
        return f"[{', '.join(shown)}]"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.6g}".replace("-", "−")
    return str(int(value) if isinstance(value, float) else value).replace("-", "−")


def place(row: Gold | Shown) -> str:
    """Where a row is shown, as a link."""
    return f"[{row.notebook}](../notebooks/{row.notebook}.ipynb) · `{row.cell}`"


def item_rows(golds: list[Gold]) -> list[str]:
    """A row for each gold number, in the order of the items."""
    rows = []
    for gold in sorted(golds, key=lambda gold: gold.item):
        number = f"{gold.what}: {told(gold.value)}" if gold.what else told(gold.value)
        number = number.replace("|", "\\|")
        rows.append(f"| {gold.item} | {ITEMS[gold.item]} | {place(gold)} | {number} |")
    return rows


def error_rows(shown: list[Shown]) -> list[str]:
    """A row for each pitfall, in the order of the errors."""
    return [
        f"| {one.error} | {ERRORS[one.error]} | {place(one)} | {told(one.wrong_value)} | {told(one.right_value)} |"
        for one in sorted(shown, key=lambda one: int(one.error[1:]))
    ]


def notebooks() -> str:
    """The notebooks with their titles and numbers of items."""
    golds = [*gold_basics.GOLD, *gold_more.GOLD]
    lines = []
    for path in course():
        title = read(path).cells[0].source.split("\n", 1)[0].lstrip("# ")
        count = len({gold.item for gold in golds if gold.notebook == path.stem})
        items = f", {count} items" if count else ""
        lines.append(f"- [{title}](../notebooks/{path.name}){items}")
    return "\n".join([*lines, ""])


def page() -> str:
    """The page docs/curriculum.md."""
    return PAGE.format(
        notebooks=notebooks(),
        items="\n".join(item_rows([*gold_basics.GOLD, *gold_more.GOLD])),
        errors="\n".join(error_rows([*gold_basics.SHOWN, *gold_more.SHOWN])),
    )
