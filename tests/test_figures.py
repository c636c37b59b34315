"""The figures in assets/ are what `make figures` draws today."""

from __future__ import annotations

import importlib.util
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

ASSETS = Path(__file__).parent.parent / "assets"
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_figures", ASSETS / "make_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    load().draw(folder)
    return folder


def test_every_figure_is_drawn_here(drawn: Path) -> None:
    kept = {file.name for file in ASSETS.iterdir() if file.suffix in {".svg", ".png", ".pdf"}}
    assert kept == {file.name for file in drawn.iterdir()}


@pytest.mark.parametrize("name", sorted(file.name for file in ASSETS.glob("*.svg")))
def test_no_drift(drawn: Path, name: str) -> None:
    """Structure exactly; numbers to 1e-9, since processors differ in a function's last bit."""
    kept, new = ((folder / name).read_text(encoding="utf-8") for folder in (ASSETS, drawn))
    prefix = re.compile(r"gad-[0-9a-f]{6,}")  # a hash of the content
    kept, new = prefix.sub("gad-0", kept), prefix.sub("gad-0", new)
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", new), f"run `make figures`: {name} is not what the code draws"
    for a, b in zip(NUMBER.findall(kept), NUMBER.findall(new), strict=True):
        assert math.isclose(float(a), float(b), rel_tol=1e-9)
    ET.fromstring(kept)
