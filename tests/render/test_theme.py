"""Colours are written once, in the stylesheet; every text must be legible on whatever it stands, in both themes."""

from __future__ import annotations

import re

import pytest

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import theme

NAMES = {
    *("background", "panel", "text", "muted", "line", "value", "value-fill", "adjoint", "adjoint-fill", "local"),
    *("local-fill", "constant-fill", "input-fill", "active", "focus", "warning"),
}

# Class of a text, and the classes of what it can stand on.
FRAMES = ("gad-frame-box", "gad-frame-odd")
BOXES = ("gad-box", "gad-box-input", "gad-box-constant")
STANDS_ON = {
    "gad-name": BOXES,
    "gad-shape": BOXES,
    "gad-operation": BOXES,
    "gad-role": BOXES,
    "gad-note": BOXES,
    "gad-value": ("gad-slot-value",),
    "gad-adjoint": ("gad-slot-adjoint",),
    "gad-tangent": ("gad-slot-tangent",),
    "gad-counter": ("gad-slot-adjoint", "gad-background"),
    "gad-seed": ("gad-slot-adjoint",),
    "gad-number-local": ("gad-chip-local", "gad-background"),
    "gad-number-contribution": ("gad-chip-contribution",),
    "gad-number-pushed": ("gad-chip-pushed",),
    "gad-formula-value": ("gad-slot-value",),
    "gad-formula-adjoint": ("gad-slot-adjoint",),
    "gad-formula-tangent": ("gad-slot-tangent",),
    "gad-formula-local": ("gad-chip-local", "gad-background"),
    "gad-formula-contribution": ("gad-chip-contribution",),
    "gad-formula-pushed": ("gad-chip-pushed",),
    "gad-key": ("gad-background",),
    "gad-frame-label": FRAMES,
    "gad-outputs": ("gad-box",),
    "gad-scale": ("gad-background",),
    "gad-name-pending": ("gad-background",),
    "gad-caption": ("gad-background",),
    "gad-caption-step": ("gad-background",),
    "gad-caption-number": ("gad-background",),
    "gad-flow-tick": ("gad-background",),
    "gad-flow-title": ("gad-background",),
    "gad-flow-name": ("gad-background",),
    "gad-flow-index": ("gad-background",),
    "gad-flow-key": ("gad-background",),
    "gad-flow-reading": ("gad-background",),
    "gad-flow-mark-text": ("gad-flow-ground",),
    "gad-flow-chip-text": ("gad-flow-chip",),
}
# What is drawn and must be seen (WCAG 1.4.11: 3 to 1), and what it stands on.
SHOWS_ON = {
    "gad-line": ("gad-background", *FRAMES),
    "gad-break": ("gad-background",),
    "gad-bar": ("gad-background", *FRAMES),
    "gad-rim": ("gad-background", *FRAMES),
    "gad-box": ("gad-background", *FRAMES),
    "gad-frame-box": ("gad-background",),
    "gad-glyph-value": ("gad-slot-value", "gad-background"),
    "gad-glyph-adjoint": ("gad-slot-adjoint", "gad-background"),
    "gad-glyph-tangent": ("gad-slot-tangent", "gad-background"),
    "gad-slot-value": BOXES,
    "gad-slot-adjoint": BOXES,
    "gad-stack": ("gad-background", *FRAMES),
    "gad-grid": ("gad-slot-value", "gad-slot-adjoint", "gad-slot-tangent", "gad-chip-local", "gad-background"),
    "gad-mask-on": ("gad-grid",),
    "gad-mask-off": ("gad-grid",),
    "gad-heat-nan": ("gad-grid",),
    "gad-flow-axis": ("gad-background", "gad-flow-ground"),
    "gad-flow-line-delta": ("gad-flow-ground", "gad-flow-seeds-delta"),
    "gad-flow-line-weight": ("gad-flow-ground", "gad-flow-seeds-weight"),
    "gad-flow-dot-delta": ("gad-flow-ground", "gad-flow-seeds-delta"),
    "gad-flow-dot-weight": ("gad-flow-ground", "gad-flow-seeds-weight"),
    "gad-flow-theory": ("gad-flow-ground", "gad-flow-seeds-delta", "gad-flow-seeds-weight"),
    "gad-flow-width": ("gad-flow-ground", "gad-flow-seeds-delta", "gad-flow-seeds-weight"),
    "gad-flow-mark": ("gad-flow-ground",),
    "gad-flow-critical": ("gad-heat-n1", "gad-heat-p1", "gad-heat-n2", "gad-heat-p2"),
    "gad-box-active": ("gad-background",),
    "gad-line-active": ("gad-background",),
    "gad-line-feeding": ("gad-background",),
    "gad-line-moving": ("gad-background",),
}


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def fill(name: str, scheme: str) -> str:
    return theme.resolve(theme.style(name)["fill"], scheme)


def test_contrast_itself() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", theme.THEMES)
@pytest.mark.parametrize("name", STANDS_ON)
def test_text_is_legible(name: str, scheme: str) -> None:
    for ground in STANDS_ON[name]:
        assert contrast(fill(name, scheme), fill(ground, scheme)) >= 4.5, (name, ground, scheme)


@pytest.mark.parametrize("scheme", theme.THEMES)
@pytest.mark.parametrize("name", SHOWS_ON)
def test_shapes_are_seen(name: str, scheme: str) -> None:
    style = theme.style(name)
    ink = theme.resolve(style.get("stroke") or style["fill"], scheme)
    for ground in SHOWS_ON[name]:
        assert contrast(ink, fill(ground, scheme)) >= 3, (name, ground, scheme)


def test_every_text_class_is_checked() -> None:
    texts = {name for rule in theme.rules() for name in rule.classes if "font-size" in rule.style}
    assert texts - {"gad-sign"} == set(STANDS_ON) - {"gad-role", "gad-name-pending"}


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_every_colour_is_there(scheme: str) -> None:
    colours = theme.colours(scheme)
    assert {f"--gad-{name}" for name in NAMES} <= set(colours)
    used = {
        name
        for rule in theme.rules()
        for value in rule.style.values()
        for name in re.findall(r"--gad-[a-z0-9-]+", value)
    }
    assert used <= set(colours)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours.values())


def test_base_hues() -> None:
    light = theme.colours("light")
    assert light["--gad-value-line"] == "#009e73"
    assert light["--gad-adjoint-line"] == "#d55e00"
    assert light["--gad-local-line"] == "#0072b2"
    assert set(light.items()).isdisjoint(theme.colours("dark").items())


def test_rules_name_one_class_each() -> None:
    """`theme.style` is no CSS engine: what it cannot read must not be written."""
    for rule in theme.rules():
        assert re.fullmatch(r"\.gad-picture(( text)|( \.gad-[a-z0-9-]+)?)", rule.selector), rule.selector


def test_the_rules_stay_inside_an_explorer() -> None:
    """Or they would reach the figures beside it, whose own rules are no stronger."""
    written = re.findall(r"(?m)^(\S.*) \{$", theme.source().partition("/* picture")[2] + theme.plots())
    assert len(written) > 20
    assert [selector for selector in written if not selector.startswith(".gad-explorer .gad-picture")] == []


def test_style_merges_in_order() -> None:
    assert theme.style("gad-box")["fill"] == "var(--gad-panel)"
    assert theme.style("gad-box", "gad-box-input")["fill"] == "var(--gad-input-fill)"
    assert theme.style("gad-box", "gad-box-input")["stroke"] == "var(--gad-line)"


def test_stylesheet() -> None:
    light = theme.stylesheet("light", ".gad-abc", {"gad-line", "gad-line-cut"})
    assert ".gad-abc .gad-line{" in light
    assert ".gad-abc .gad-line-cut{" in light
    assert ".gad-box" not in light
    assert "var(" not in light
    assert "@media" not in light
    both = theme.stylesheet("auto", ".gad-abc", {"gad-line", "gad-line-cut"})
    assert both.startswith(light)
    dark = both.removeprefix(light)
    assert dark.startswith("@media (prefers-color-scheme:dark){.gad-abc")
    assert theme.colours("dark")["--gad-line"] in dark
    assert "stroke-width" not in dark


def test_what_is_not_filled_is_not_filled_in_the_dark_either() -> None:
    both = theme.stylesheet("auto", ".gad-abc", {"gad-slot-adjoint", "gad-slot-pending"})
    _, _, dark = both.partition("@media")
    adjoint, pending = (
        dark.index(".gad-abc .gad-slot-adjoint{fill:#"),
        dark.index(".gad-abc .gad-slot-pending{fill:none"),
    )
    assert adjoint < pending


def test_unknown_theme() -> None:
    with pytest.raises(ArgumentError, match=r"unknown theme: 'sepia' \(must be one of 'light', 'dark'\)"):
        theme.colours("sepia")
