"""The pages that `make tables` writes are what it writes today, and every example in them runs."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from graphviz_ad import errors
from graphviz_ad.core.primitive import HANDLERS

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_this_numpy(page: str) -> list[str]:
    """The lines of a page, less the functions that the NumPy of this environment does not have."""
    rows = [(re.match(r"\| `np\\.([\w.]+)`", line), line) for line in page.splitlines()]
    return [line for found, line in rows if not found or has(found.group(1))]


def has(name: str) -> bool:
    place = np
    for part in name.split("."):
        place = getattr(place, part, None)
    return place is not None


@pytest.mark.parametrize("name", ["coverage.md", "errors.md", "exercises.md", "curriculum.md"])
def test_no_drift(tables: ModuleType, name: str) -> None:
    kept = (DOCS / name).read_text(encoding="utf-8")
    assert of_this_numpy(kept) == tables.PAGES[name]().splitlines(), f"run `make tables`: docs/{name} is not up to date"


def test_every_function_that_has_a_rule_is_in_the_table(tables: ModuleType) -> None:
    page = (DOCS / "coverage.md").read_text(encoding="utf-8")
    named = [function for function in HANDLERS if not isinstance(function, str) and tables.names_of(function)]
    assert len(named) > 150
    assert [function for function in named if f"`{tables.names_of(function)[0]}`" not in page] == []


def test_a_function_without_a_fitting_call_is_noticed(tables: ModuleType) -> None:
    def nobody_calls_this(a: int, b: int, c: int, d: int, e: int) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="no call in CALLS fits"):
        tables.primitives_of(nobody_calls_this)


def test_what_a_row_says_comes_from_the_call_itself(tables: ModuleType) -> None:
    assert {primitive.name for primitive in tables.primitives_of(np.diag)} == {"diag", "diagonal"}
    assert tables.primitives_of(np.shape) == set()
    assert "np.where" in tables.primitives_of(np.place)
    assert tables.arguments_of(np.mean) == "a, axis=None, dtype=None, keepdims=…, *, where=…"
    assert tables.placeless(ValueError("this at line 3 of model.py (`y = x`), which")) == "this, which"


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_tells_its_cause_and_remedy_and_its_example_raises_it(tables: ModuleType, kind: type) -> None:
    parts = tables.parts_of(kind)
    assert all(parts[part].endswith((".", ")")) for part in ("what", "cause", "remedy")), parts
    (example,) = doctest.DocTestFinder().find(kind, kind.__name__, module=errors)
    assert doctest.DocTestRunner().run(example).failed == 0
    if kind is not errors.GraphvizADError:  # the base is never raised itself
        assert example.examples[-1].exc_msg.startswith(f"{errors.__name__}.{kind.__name__}: ")
