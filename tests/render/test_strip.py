"""The film strip: the pictures at some steps, numbered, with their sentences, beside and below each other."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import caption, display
from graphviz_ad.render.compact import text_size
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Box, Group, Item, Text, moved, parts
from graphviz_ad.render.mpl import to_png
from graphviz_ad.render.presets import fitted
from graphviz_ad.render.reveal import at_step
from graphviz_ad.render.strip import film_strip, fitted_strip, notable
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage
from tests.widget import stories

SIZES = [(1, 1), (2, 3), (4, 4), (6, 2)]


def layer(W: Any, b: Any) -> Any:
    z = gad.constant(np.arange(6.0).reshape(3, 2)) @ W + b
    L = np.sum(z * z)
    return L


def grouped(x: Any) -> Any:
    def both(x: Any) -> Any:
        return np.sin(x), np.cos(x)

    with gad.scope("outer"):
        a, b = both(x)
        with gad.scope("inner"):
            c = a * b + a
    with gad.scope("last"):
        y = np.exp(c) * b
    return y


def drawn(scene: Scene) -> Picture:
    return picture(scene, engine="layered")


def frames(strip: Picture) -> list[Group]:
    return [item for item in strip.items if isinstance(item, Group)]


def border(frame: Group) -> Box:
    (found,) = [item for item in frame.items if "gad-film" in item.classes]
    assert isinstance(found, Box)
    return found


def words(frame: Group, name: str) -> str:
    return " ".join(item.text for item in frame.items if isinstance(item, Text) and item.classes == (name,))


def inside(frame: Group) -> list[Item]:
    """Return a frame's picture, back at its own place."""
    groups = [item for item in frame.items if isinstance(item, Group)]
    box = border(frame)
    return [moved(group, -box.x, -box.y - 30) for group in groups]


def test_each_frame_is_the_picture_at_its_step() -> None:
    scene = stories.fan_out()
    whole = drawn(scene)
    strip = film_strip(whole, scene, [0, 7, -2, 16])
    assert [dict(frame.hooks)["data-step"] for frame in frames(strip)] == ["0", "7", "15", "16"]
    for number, (frame, step) in enumerate(zip(frames(strip), (0, 7, 15, 16), strict=True), 1):
        assert inside(frame) == list(at_step(whole, scene, step).items)
        assert words(frame, "gad-caption") == (scene.steps[step - 1].narration if step else scene.intro)
        assert words(frame, "gad-caption-number") == str(number)
        phase = "forward" if step == 0 else "complete" if step == 16 else "backward"
        assert words(frame, "gad-caption-step") == f"step {step} of 16, {phase}"
        assert f"{number}. Step {step}: {words(frame, 'gad-caption')}" in strip.alt


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("fold", ["all", "none", ("both", "last")])
def test_groups_in_a_strip(fold: Any, mode: str) -> None:
    """Collapsed ones are nodes as all others; those of expanded ones have their frames in each picture."""
    scene = stage(gad.trace(grouped, 0.5), fold=fold, mode=mode)
    whole = drawn(scene)
    steps = [0, 1, len(scene.steps) // 2, -1]
    strip = film_strip(whole, scene, steps)
    expanded = {"all": [], "none": ["outer", "both", "inner", "last"]}.get(fold, ["outer", "inner"])
    for frame, step in zip(frames(strip), steps, strict=True):
        box = border(frame)
        left, top = box.x + (box.width - whole.width) // 2, box.y + 30
        shown = [item for item in frame.items if isinstance(item, Group)]
        assert shown == [moved(item, left, top) for item in at_step(whole, scene, step).items]
        assert [dict(item.hooks)["data-group"] for item in shown if "gad-frame" in item.classes] == expanded


WIDE = {
    "fan out": (stories.fan_out(), "page", None),
    "chain": (stories.chain(), "column", None),
    "meeting": (stories.meeting(), 900, [0, 6, -1]),
    "groups": (stage(gad.trace(grouped, 0.5), fold=("both", "last")), "170mm", [0, -1]),
    "layer": (stage(gad.trace(layer, np.array([[0.5], [-1.0]]), np.array([0.25]))), "page", [0, 5, -1]),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_strip_of_a_given_width(name: str) -> None:
    scene, width, steps = WIDE[name]
    strip = fitted_strip(scene, width, steps, engine="layered")
    assert strip.page is not None
    assert strip.page.width == {"page": "7in", "column": "3.5in", "170mm": "170mm", 900: "900"}[width]
    pixels, view = strip.page.pixels, strip.page.view
    scale = pixels[0] / view[2]
    assert pixels[1] / view[3] == pytest.approx(scale)
    assert pixels[1] <= 9 * 96
    assert strip.legend is not None
    for item in parts([*strip.items, strip.legend]):
        if isinstance(item, Text):
            assert text_size(item) * scale >= 7.99  # px: 6 pt
            assert view[0] < item.x < view[0] + view[2]
            assert 0 < item.y < view[3]
    boxes = [border(frame) for frame in frames(strip)]
    assert len(boxes) == (len(steps) if steps else {"fan out": 6, "chain": 3}[name])  # for more there is no room
    assert max(box.x + box.width for box in boxes) - min(box.x for box in boxes) > 0.9 * view[2]
    assert not any(
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
        for place, one in enumerate(boxes) for other in boxes[:place]
    )  # fmt: skip
    for frame, box in zip(frames(strip), boxes, strict=True):
        for item in parts([frame]):
            if isinstance(item, Box):
                assert box.x - 0.01 <= item.x <= item.x + item.width <= box.x + box.width + 0.01
                assert box.y <= item.y <= item.y + item.height <= box.y + box.height
        words = [item.y for item in frame.items if isinstance(item, Text) and "gad-caption" in item.classes]
        pictured = parts([part for part in frame.items if isinstance(part, Group)])
        lowest = max(item.y + item.height for item in pictured if isinstance(item, Box))
        assert lowest + 8 / scale <= min(words) <= max(words) < box.y + box.height


def test_its_legend_speaks_of_what_is_shown() -> None:
    """Where heat maps and masks are left out because they are too large, so is what they mean."""
    X, W, b = gad.constant(np.arange(6.0).reshape(3, 2)), np.array([[1.0], [-0.5]]), np.array([0.1])
    scene = stage(gad.trace(lambda W, b: np.sum(np.maximum(0, X @ W + b) ** 2), W, b))
    for width, shown in ((700, False), (2000, True)):
        strip = fitted_strip(scene, width, [0, -1], 2, engine="layered")
        assert strip.legend is not None
        cells = [
            sum(name.startswith(("gad-heat", "gad-mask")) for item in parts([group]) for name in item.classes) > 0
            for group in (strip.legend, strip.items[-1])
        ]
        assert cells == [shown, shown]


def test_columns_of_a_given_width() -> None:
    scene = stories.chain()
    for columns in (1, 2, 3):
        strip = fitted_strip(scene, 1200, [0, 3, -1], columns, engine="layered")
        assert len({border(frame).x for frame in frames(strip)}) == columns
        (room,) = {round(border(frame).width, 3) for frame in frames(strip)}
        assert strip.page is not None
        in_frame = room * strip.page.pixels[0] / strip.page.view[2]
        picture = fitted(scene, in_frame, engine="layered")
        shapes = [{type(item) for item in parts([*items])} for items in (picture.items, strip.items)]
        assert shapes[0] <= shapes[1]
        assert len(frames(strip)[-1].items) == len(at_step(picture, scene, -1).items) + 3 + len(
            [item for item in frames(strip)[-1].items if isinstance(item, Text) and "gad-caption" in item.classes]
        )


def test_it_takes_what_save_takes() -> None:
    """The same names with the same defaults; not what is of single pictures, moving ones, pages or LaTeX."""
    save, strip = (inspect.signature(made).parameters for made in (gad.Graph.save, gad.Graph.film_strip))
    assert set(save) - set(strip) == {"step", "animate", "fragment", "inputs"}
    assert set(strip) - set(save) == {"steps", "columns"}
    assert all(strip[name] == save[name] for name in set(save) & set(strip))


def test_its_options_do_what_they_do_in_save(tmp_path: Path) -> None:
    graph = gad.trace(grouped, 0.5)
    for options in (
        {"notation": "grad"}, {"fold": "all"}, {"fold": "all", "expand": ("outer",)}, {"mode": "forward"},
        {"show": ("constants",)}, {"precision": 2}, {"direction": "TB"}, {"output": "y", "seed": 2.0},
    ):  # fmt: skip
        plain = graph.film_strip(tmp_path / "plain.svg", [-1], engine="layered").read_text(encoding="utf-8")
        strip = graph.film_strip(tmp_path / "strip.svg", [-1], engine="layered", **options).read_text(encoding="utf-8")
        still = graph.save(tmp_path / "still.svg", step=-1, engine="layered", **options).read_text(encoding="utf-8")
        told = still.split("<desc>")[1].split("</desc>")[0].split(": ", 1)[1]
        assert told in strip
        assert plain != strip or "constants" in options.get("show", ())


@pytest.mark.parametrize(("count", "columns"), SIZES)
def test_frames_stand_side_by_side(count: int, columns: int) -> None:
    scene = stories.chain()
    strip = film_strip(drawn(scene), scene, range(count), columns)
    boxes = [border(frame) for frame in frames(strip)]
    across = min(count, columns)
    assert len({box.x for box in boxes}) == across
    assert len({box.y for box in boxes}) == -(-count // across)
    assert [(box.y, box.x) for box in boxes] == sorted((box.y, box.x) for box in boxes)
    for box in boxes:
        assert (box.width, box.height) == (boxes[0].width, boxes[0].height)
        assert 0 < box.x < box.x + box.width < strip.width
        assert 0 < box.y < box.y + box.height < strip.height
    assert not any(
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
        for place, one in enumerate(boxes) for other in boxes[:place]
    )  # fmt: skip
    for frame, box in zip(frames(strip), boxes, strict=True):
        for item in parts([frame]):
            if isinstance(item, Text):
                assert box.x < item.x < box.x + box.width
                assert box.y < item.y < box.y + box.height
            if isinstance(item, Box):
                assert box.x <= item.x <= item.x + item.width <= box.x + box.width
                assert box.y <= item.y <= item.y + item.height <= box.y + box.height


def test_the_legend_stands_below_all() -> None:
    scene = stories.chain()
    whole = drawn(scene)
    strip = film_strip(whole, scene)
    assert strip.legend is not None
    assert whole.legend is not None
    assert [item.text for item in strip.legend.items if isinstance(item, Text)] == [
        item.text for item in whole.legend.items if isinstance(item, Text)
    ]
    assert strip.legend_width <= strip.width
    heights = [item.y for item in strip.legend.items if isinstance(item, Text)]
    assert strip.height < min(heights) < strip.height + strip.legend_height


def test_the_layout_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[Sequence[Any]] = []
    arrange = display.arrange

    def counted(sizes: Sequence[Any], *args: Any, **options: Any) -> Any:
        made.append(sizes)
        return arrange(sizes, *args, **options)

    monkeypatch.setattr(display, "arrange", counted)
    gad.trace(lambda x: x**2 + x, 3.0).film_strip(tmp_path / "x.svg", engine="layered")
    assert len(made) == 1


def test_the_steps_that_matter_most() -> None:
    """By hand: the chain turns after three values; in the fan-out `c` waits at 9, 1 of 2, and is complete at 11."""
    assert notable(stories.chain()) == [0, 3, 4, 5, 7]
    assert notable(stories.fan_out()) == [0, 5, 6, 9, 11, 16]
    assert notable(stories.forwards()) == [0, 3, 4, 5, 7]
    assert notable(stage(gad.trace(lambda x: (x * 2, x + 1.0), 3.0))) == [0, 1, 2]
    assert notable(stage(gad.trace(lambda x: x, 3.0), mode="forward")) == [0, 1]
    for scene in (stories.large(60), stage(gad.trace(layer, np.array([[0.5], [-1.0]]), np.array([0.25])))):
        steps = notable(scene)
        assert steps[0] == 0
        assert steps[-1] == len(scene.steps)
        assert 4 <= len(steps) <= 6


def test_a_sum_over_axes_is_no_fork() -> None:
    """The contribution before a sum leaves the adjoint incomplete, and nobody waits for a second one."""
    scene = stage(gad.trace(lambda b: np.sum(gad.constant(np.arange(3.0)) * b), 2.0))
    kinds = [step.kind for step in scene.steps]
    assert kinds[-2:] == ["contribution", "sum"]
    turn = kinds.index("seed")
    assert notable(scene) == sorted({0, turn, turn + 1, (turn + 1 + len(kinds)) // 2, len(kinds)})


def test_columns_make_a_handy_shape() -> None:
    for scene in (stories.chain(), stories.fan_out(), stories.large(30)):
        strip = film_strip(drawn(scene), scene)
        alone = film_strip(drawn(scene), scene, columns=1)
        assert strip.width / strip.height < max(6, 1.3 * alone.width / alone.height)
        assert strip.width / strip.height > 0.6


def test_a_narrow_picture_leaves_room_for_the_words() -> None:
    scene = stage(gad.trace(lambda x: x, 3.0), mode="forward")
    whole = drawn(scene)
    assert whole.width < 340
    (frame,) = frames(film_strip(whole, scene, [0]))
    assert border(frame).width == 340
    groups = [item for item in frame.items if isinstance(item, Group)]
    boxes = [item for item in parts(groups) if isinstance(item, Box)]
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    assert abs(left + right - 2 * border(frame).x - 340) < 12  # in the middle


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_saved(tmp_path: Path, suffix: str) -> None:
    graph = gad.trace(lambda x: x**2 + 1, 3.0)
    path = graph.film_strip(tmp_path / f"strip{suffix}", [0, 1, -1], engine="layered", theme="dark")
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert path.read_bytes().startswith(starts[suffix])
    again = graph.film_strip(tmp_path / f"again{suffix}", [0, 1, -1], engine="layered", theme="dark")
    assert path.read_bytes() == again.read_bytes()


def test_pixels_of_a_strip() -> None:
    scene = stories.chain()
    assert len(to_png(film_strip(drawn(scene), scene, [0, -1]), scale=1)) > 5000


def test_what_is_no_strip(tmp_path: Path) -> None:
    graph = gad.trace(lambda x: x**2 + 1, 3.0)
    path = tmp_path / "x.svg"
    with pytest.raises(ArgumentError, match=r"there is no step 9: this story has \d steps"):
        graph.film_strip(path, [0, 9])
    with pytest.raises(ArgumentError, match="steps is empty: write at least one"):
        graph.film_strip(path, [])
    for wrong in (3, "0"):
        with pytest.raises(ArgumentError, match=r"steps must be a list of whole numbers such as \[0, 5, -1\], not"):
            graph.film_strip(path, wrong)  # type: ignore[arg-type]
    for columns in (0, -1, 1.5, True, "2"):
        with pytest.raises(ArgumentError, match="columns must be a whole number above 0, not"):
            graph.film_strip(path, columns=columns)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"a film strip has no width='slide': .* graph.save\(..., step=k, width="):
        graph.film_strip(path, width="slide")
    with pytest.raises(ArgumentError, match=r"of 9 frames with width='column' would be .* choose fewer steps"):
        graph.film_strip(path, [0] * 9, width="column")
    with pytest.raises(ArgumentError, match=r"4 frames side by side in width='300px' would be too narrow .* fewer col"):
        graph.film_strip(path, width=300, columns=4)
    with pytest.raises(ArgumentError, match=r"in a film strip with width='column', the picture of 90 nodes does not"):
        fitted_strip(stories.large(90), "column", engine="layered")
    with pytest.raises(ArgumentError, match="unknown width: 'broad'"):
        graph.film_strip(path, width="broad")
    with pytest.raises(ArgumentError, match=r"a film strip is a picture \(one of"):
        graph.film_strip(tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_a_line_of_a_caption_breaks_before_a_sign_and_not_inside_a_short_equation() -> None:
    given = "Given: w = 0.5, b = 0.1, x = 2, t = 1. First come the values."
    assert caption.lines(given, 190, 5) == ["Given: w = 0.5, b = 0.1,", "x = 2, t = 1. First come the", "values."]
    assert caption.lines("out = v2² = (−0.1995)² = 0.0398", 180, 5) == ["out = v2² = (−0.1995)²", "= 0.0398"]
    assert caption.lines("adjoint of v1 × ∂v1/∂x", 140, 5) == ["adjoint of v1", "× ∂v1/∂x"]
