"""PNG and PDF: the same bytes every time, the same picture as the SVG, and nothing of the user's matplotlib touched."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import textwrap
from typing import Any

import matplotlib as mpl
import pytest
from PIL import Image

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import theme
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Box, Group, parts
from graphviz_ad.render.mpl import to_pdf, to_png
from tests.render import figures
from tests.thinned import thinned

SCENES = sorted(figures.ALL)


def draw(name: str) -> Picture:
    return picture(figures.ALL[name](), engine="layered")


def pixels(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


@pytest.mark.parametrize("scheme", theme.THEMES)
@pytest.mark.parametrize("name", ["chain", "broken"])
def test_same_place_same_colour_as_in_the_svg(name: str, scheme: str) -> None:
    drawn = draw(name)
    image = pixels(to_png(drawn, theme=scheme, scale=2))
    assert image.size == (2 * max(drawn.width, drawn.legend_width), 2 * (drawn.height + drawn.legend_height))
    assert image.getpixel((1, 1)) == rgb(theme.colours(scheme)["--gad-background"])
    checked = set()
    for group in drawn.items:
        if not isinstance(group, Group) or "gad-node" not in group.classes:
            continue
        for item in group.items:
            if isinstance(item, Box) and item.classes[0].startswith("gad-slot"):
                at = (int(2 * (item.x + 4)), int(2 * (item.y + item.height / 2)))  # left of the triangle
                wanted = theme.resolve(theme.style(*item.classes)["fill"], scheme)
                assert image.getpixel(at) == rgb(wanted)
                checked.add(item.classes[0])
    assert checked == {"gad-slot-value", "gad-slot-adjoint"}


def test_every_text_is_drawn() -> None:
    """Ink of the number's own colour where the display list puts it."""
    drawn = draw("chain")
    image = pixels(to_png(drawn, scale=2))
    for name, variable in {"gad-name": "text", "gad-adjoint": "adjoint", "gad-number-local": "local"}.items():
        ink = rgb(theme.colours("light")[f"--gad-{variable}"])
        for item in parts(drawn.items):
            if name in item.classes:
                x, y = item.x, item.y  # type: ignore[union-attr]
                around = image.crop((int(2 * x) - 24, int(2 * y) - 24, int(2 * x) + 24, int(2 * y)))
                nearest = min(
                    sum(abs(a - b) for a, b in zip(ink, pixel, strict=True))
                    for _, pixel in around.getcolors(10_000) or ()
                )
                assert nearest < 60, item


@pytest.mark.parametrize(
    "name", [name if name != "large" else pytest.param(name, marks=pytest.mark.slow) for name in SCENES]
)
def test_same_scene_same_bytes(name: str) -> None:
    drawn = draw(name)
    assert to_png(drawn, scale=1) == to_png(drawn, scale=1)
    assert to_pdf(drawn) == to_pdf(drawn)


def test_no_date_and_no_version_of_anything() -> None:
    pdf = to_pdf(draw("chain"))
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert b"ModDate" not in pdf
    assert mpl.__version__.encode() not in pdf
    with Image.open(io.BytesIO(to_png(draw("chain")))) as image:
        assert image.text == {  # type: ignore[attr-defined]
            "Software": "graphviz_ad",
            "Title": "f",
            "Description": "The graph of f.",
        }


ODD_SETTINGS: dict[str, Any] = {
    "font.family": ["cursive"],
    "font.size": 40,
    "text.usetex": True,
    "text.color": "red",
    "text.parse_math": True,
    "text.antialiased": False,
    "patch.antialiased": False,
    "patch.linewidth": 9,
    "patch.facecolor": "red",
    "hatch.color": "red",
    "lines.linewidth": 9,
    "lines.scale_dashes": False,
    "path.sketch": (1, 100, 2),
    "path.snap": False,
    "figure.facecolor": "red",
    "figure.dpi": 33,
    "figure.autolayout": True,
    "savefig.dpi": 33,
    "savefig.bbox": "tight",
    "savefig.facecolor": "red",
    "savefig.transparent": True,
}


@pytest.mark.parametrize("setting", thinned(ODD_SETTINGS, 5))
def test_settings_of_the_user_change_nothing(setting: str) -> None:
    if setting not in mpl.rcParams:
        pytest.skip(f"this matplotlib has no {setting}")
    drawn = draw("broken")
    plain = to_png(drawn, scale=1), to_pdf(drawn)
    with mpl.rc_context({setting: ODD_SETTINGS[setting]}):
        odd = to_png(drawn, scale=1), to_pdf(drawn)
    assert odd[0] == plain[0]
    assert odd[1] == plain[1]


def test_matplotlib_is_left_as_it_was() -> None:
    """In a process of its own: pyplot is not imported, no backend is chosen, no setting differs afterwards."""
    code = """
        import sys, warnings
        warnings.simplefilter("error")
        from tests.render import figures
        from graphviz_ad.render.display import picture
        from graphviz_ad.render.svg import to_svg
        from graphviz_ad.render.mpl import to_pdf, to_png
        drawn = picture(figures.chain(), engine="layered")
        to_svg(drawn)
        assert "matplotlib" not in sys.modules, "an SVG needs no matplotlib"
        import matplotlib
        before = {name: matplotlib.rcParams._get(name) for name in matplotlib.rcParams}
        to_png(drawn); to_pdf(drawn)
        after = {name: matplotlib.rcParams._get(name) for name in matplotlib.rcParams}
        assert before == after
        assert "matplotlib.pyplot" not in sys.modules
        print("untouched")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.stdout == "untouched\n", done.stderr


@pytest.mark.parametrize(
    "name",
    ["$x^2$", "$\\frac", "😀👩‍👧", "短い名前", "\ud800", "a\x00b", "\u202eevil", "x" * 10_000, "", "   ", "\\", "a\nb"],
)
def test_hostile_names(name: str) -> None:
    """Warnings are errors here: a glyph that DejaVu lacks must have been replaced."""
    scene = figures.chain(name)
    scene = dataclasses.replace(
        scene,
        title=name,
        alt=name,
        nodes=tuple(dataclasses.replace(n, operation=n.operation and name, value_text=name) for n in scene.nodes),
        edges=tuple(dataclasses.replace(e, local_text=name) for e in scene.edges),
    )
    drawn = picture(scene, engine="layered")
    assert to_png(drawn, scale=1).startswith(b"\x89PNG")
    assert to_pdf(drawn).startswith(b"%PDF")


def test_no_mathematics_is_set() -> None:
    """Digits and dollar signs of the bold font have one width, so both names end at the same place."""
    images = [pixels(to_png(picture(figures.chain(name), engine="layered"), scale=2)) for name in ("$x^2$", "0x^20")]
    boxes = [image.crop((0, 50, 240, 150)).convert("L").point(lambda v: 255 * (v < 90)).getbbox() for image in images]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert abs(boxes[0][2] - boxes[1][2]) <= 2


@pytest.mark.parametrize("scheme", ["auto", "page", "sepia"])
def test_unknown_theme(scheme: str) -> None:
    with pytest.raises(ArgumentError, match="unknown theme"):
        to_png(draw("chain"), theme=scheme)
    with pytest.raises(ArgumentError, match="unknown theme"):
        to_pdf(draw("chain"), theme=scheme)


@pytest.mark.parametrize("scale", [0, -1.0, float("nan"), 1000])
def test_unusable_scale(scale: float) -> None:
    with pytest.raises(ArgumentError, match="scale must be"):
        to_png(draw("chain"), scale=scale)


def test_a_wide_picture_stays_within_what_agg_can_draw() -> None:
    drawn = dataclasses.replace(draw("chain"), width=20_000, height=300)
    assert max(pixels(to_png(drawn, scale=4)).size) <= 2**15
