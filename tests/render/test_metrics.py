"""Widths come from a fixed table; it must be the one in the fonts, and hostile texts must become harmless."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont

from graphviz_ad.render import metrics

FILES = {"sans": "DejaVuSans", "bold": "DejaVuSans-Bold", "mono": "DejaVuSansMono", "slanted": "DejaVuSansMono-Oblique"}


def advances(name: str) -> dict[str, int]:
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{FILES[name]}.ttf"
    with TTFont(path) as font:
        assert font["head"].unitsPerEm == metrics.UNITS
        return {chr(code): font["hmtx"][glyph][0] for code, glyph in font.getBestCmap().items()}


@pytest.mark.parametrize("font", metrics.FONTS)
def test_table_is_what_the_font_says(font: str) -> None:
    table = metrics._advances(font)
    real = advances(font)
    assert {char: real[char] for char in table} == table
    assert len(table) >= (95 if font == "mono" else 900)


@pytest.mark.parametrize(("font", "faces"), [("sans", ("sans", "bold")), ("mono", ("mono", "slanted"))])
def test_coverage_is_what_the_fonts_have(font: str, faces: tuple[str, ...]) -> None:
    shared = set.intersection(*(set(advances(face)) for face in faces))
    assert metrics._coverage(font) == frozenset(map(ord, shared))


def test_covered_characters_outside_the_table_are_not_taken_for_narrow() -> None:
    real = advances("sans")
    narrower = [char for char in real if metrics.covered(char, "sans") and metrics.width(char, "sans", 1) < real[char]]
    assert len(narrower) < 0.08 * len(real)  # ligatures and rarities wider than one em
    assert all(ord(char) > 0x17F for char in narrower)


def test_width_is_exact() -> None:
    assert metrics.width("−0.25", "mono", 13) == 5 * 1233 * 13
    assert metrics.pixels("", "sans", 12) == 0
    assert metrics.pixels("x", "mono", 2048) == 1233
    assert metrics.pixels("xx", "mono", 1) == 2  # 2466/2048, rounded up


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("abc", "abc"),
        ("<script>", "<script>"),
        ("a\x00b\x1bc", "a\ufffdb\ufffdc"),
        ("\ud800", "\ufffd"),
        ("\u202eabc\u202c", "\ufffdabc\ufffd"),
        ("\ufffe\uffff\U0001ffff", "\ufffd\ufffd\ufffd"),
        ("a\nb\tc", "a↵b c"),
        ("e" + "\u0301" * 50, "e\u0301\u0301\u0301"),
        ("שלום 😀", "שלום 😀"),
        ("σ₁", "σ₁"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert metrics.visible(raw) == shown


def test_visible_leaves_nothing_that_acts() -> None:
    for code in [*range(0x3100), *range(0xD7F0, 0x11000), *range(0xE0000, 0xE0080), sys.maxunicode]:
        char = chr(code)
        (shown,) = metrics.visible(char) or " "
        assert metrics.legal_in_xml(shown)
        assert unicodedata.category(shown) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(shown) not in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}


@pytest.mark.parametrize("text", ["a" * 10_000, "layers[10].weights.kernel", "W" * 30, "😀" * 40, "短い" * 30])
@pytest.mark.parametrize("room", [20, 60, 150])
def test_shorten_fits_and_says_so(text: str, room: int) -> None:
    shown = metrics.shorten(text, "bold", 14, room)
    assert metrics.pixels(shown, "bold", 14) <= room
    assert metrics.ELLIPSIS in shown


def test_shorten_keeps_both_ends() -> None:
    shown = metrics.shorten("layers[10].weights.kernel", "sans", 12, 100)
    head, tail = shown.split(metrics.ELLIPSIS)
    assert "layers[10].weights.kernel".startswith(head)
    assert "layers[10].weights.kernel".endswith(tail)
    assert tail
    assert metrics.shorten("[0.1, 0.2, 0.3]", "mono", 12, 60, keep_end=False).startswith("[0.1")


def test_shorten_leaves_what_fits() -> None:
    assert metrics.shorten("layers[0].W", "sans", 12, 200) == "layers[0].W"
