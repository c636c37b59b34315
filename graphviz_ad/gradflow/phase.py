"""Draws the phase diagram over σ_w² and σ_b² as SVG parts: regions, the line χ₁ = 1, depth scales, the present net."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from contourpy import contour_generator

from graphviz_ad.gradflow import chart, plane
from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.chart import Frame, Panel, Place
from graphviz_ad.gradflow.meanfield import MeanField, mean_field
from graphviz_ad.gradflow.plane import Array, Range
from graphviz_ad.gradflow.predict import variance_of
from graphviz_ad.gradflow.settings import Settings
from graphviz_ad.render import metrics
from graphviz_ad.render.items import Box, Group, Item, Path, moved

WEIGHT_VARS, BIAS_VARS = (0.1, 4.0), (0.0, 0.3)
POINTS = (61, 31)  # of the grid: a curve over 380 px needs no more
SHADES = ("n4", "n3", "n2", "n1", "p1", "p2", "p3", "p4")
NAMES = {-1: ("ordered", "gradients vanish"), 1: ("chaotic", "gradients explode")}
Labels = list[tuple[Item, Place]]


def point_of(settings: Settings) -> MeanField | None:
    """Theory at the place of a net in the diagram; None for a net that has no place in it.

    That of plain nets whose weights have a variance: skips and normalisation change how q and χ go on.
    """
    weight_var = variance_of(settings)
    if weight_var is None or settings.residual is not None or settings.norm is not None:
        return None
    return mean_field(settings.function, weight_var, settings.bias_var)


def ranges(settings: Settings) -> tuple[Range, Range]:
    """What the axes run over: as far as the net's own variances, where these lie beyond."""
    weight_var, bias_var = variance_of(settings) or 1.0, settings.bias_var
    return (
        (min(WEIGHT_VARS[0], weight_var), max(WEIGHT_VARS[1], 1.1 * weight_var)),
        (0.0, max(BIAS_VARS[1], 1.1 * bias_var)),
    )


def frame_of(settings: Settings) -> Frame:
    """Where the diagram of a net's activation stands on its panel."""
    across, up = ranges(settings)
    return Frame(across, up, top=46)


def phase(settings: Settings) -> Panel:
    """The diagram of a net's activation, with the net in it.

    The ground is ``g.gad-flow-plane``; the net's dot, ``g.gad-flow-now``, has ``data-weight-var``, ``data-bias-var``,
    ``data-q-star`` and ``data-chi-1`` as Python writes them.
    """
    phi = resolve(settings.function)
    frame = frame_of(settings)
    ground, labels = _ground(phi, frame)
    point = point_of(settings)
    items = list(ground)
    if point is None:
        items += [label for label, _ in labels]
    else:
        x, y = frame.x(point.weight_var), frame.y(point.bias_var)
        here = (x - 9, y - 9, x + 9, y + 9)
        items += [_aside(label, place, here, frame) for label, place in labels]
        items.append(_dot(frame, point))
    return Panel(f"Phase diagram of {phi.name}", _alt(phi, point), tuple(items))


def _aside(label: Item, place: Place, here: Place, frame: Frame) -> Item:
    """A label that the net would hide: the name of a phase moves aside, any other is not seen."""
    if chart.apart(place, here):
        return label
    if "gad-flow-region" not in getattr(label, "classes", ()):
        return chart.blank(label)
    up, down = here[1] - place[3] - 1, here[3] - place[1] + 1
    return moved(label, 0, up if place[1] + up > frame.top and (-up < down or place[3] + down > frame.bottom) else down)


def _dot(frame: Frame, point: MeanField) -> Group:
    x, y = frame.x(point.weight_var), frame.y(point.bias_var)
    hooks = (
        ("data-weight-var", repr(float(point.weight_var))),
        ("data-bias-var", repr(float(point.bias_var))),
        ("data-q-star", repr(float(point.q_star))),
        ("data-chi-1", repr(float(point.chi_1))),
    )
    rim, inside = chart.disc(("gad-flow-rim",), x, y, 7.5), chart.disc(("gad-flow-here",), x, y, 5)
    return Group(("gad-flow-now",), (rim, inside), hooks, "this net")


@functools.lru_cache(maxsize=32)
def _ground(phi: Activation, frame: Frame) -> tuple[tuple[Item, ...], tuple[tuple[Item, Place], ...]]:
    """All but the net, which is the same wherever it stands; the labels apart, with their places."""
    field = plane.field(phi, frame.across, frame.up, POINTS)
    with np.errstate(divide="ignore"):
        logs = np.clip(np.log(field.chi_1), -8, 8)
    weight_var, bias_var = field.weight_var, field.bias_var
    made = contour_generator(frame.x(weight_var), frame.y(bias_var), logs)
    levels = [-1 / 3, -1 / 10, -1 / 30, 0.0, 1 / 30, 1 / 10, 1 / 3]
    left, top, wide, high = frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top
    shades: list[Item] = [Box((f"gad-heat-{SHADES[0]}",), left, top, wide, high)]
    for shade, level in zip(SHADES[1:], levels, strict=True):
        shades += _filled(made, level, f"gad-heat-{shade}")  # over those below: no seam is left between two
    ticks_w = [(value, f"{value:g}") for value in _round(frame.across)]
    ticks_b = [(value, f"{value:g}") for value in _round(frame.up)]
    line = frame.points(*plane.critical(phi, frame.up[1]))
    line = _inside(line, frame)
    lines: list[Item] = []
    labels: Labels = []
    critical = max(chart.runs(line), key=len, default=[])
    if critical:
        x, y = min(critical, key=lambda point: abs(point[1] - (top + 0.2 * high)))
        x = min(max(x, frame.left + 32), frame.right - 32)
        labels.append(chart.chip(x, max(y, top + 12), "χ₁ = 1", "gad-flow-strong"))
    for number, scale in enumerate(plane.SCALES):
        for sign in (-1, 1):
            points = _contour(made, sign / scale)
            lines += [chart.line(("gad-flow-contour",), points)]
            height = top + (0.42 + 0.2 * (number % 3)) * high
            labels += _label(points, height, frame, labels, f"ξ = {scale}")
    labels += _regions(logs, frame.x(weight_var), frame.y(bias_var), frame, labels)
    items = (
        chart.heading(f"Phase diagram of {metrics.shorten(metrics.visible(phi.name), 'sans', 13, 200)}"),
        Group(("gad-flow-plane",), tuple(shades)),
        *lines,
        chart.line(("gad-flow-critical",), line),
        *chart.axes(frame, ticks_w, ticks_b, grid=False)[1:],
        *chart.variance((frame.left + frame.right) / 2, chart.HEIGHT - 10, "w", anchor="middle"),
        *chart.variance(frame.left - 26, frame.top - 12, "b"),
    )
    return items, tuple(labels)


def _filled(made: Any, level: float, shade: str) -> list[Item]:
    """The area in which ln χ₁ is above a level, with its holes."""
    found: list[Item] = []
    points, offsets = made.filled(level, 1e9)
    for outline, cuts in zip(points, offsets, strict=True):
        commands: chart.Commands = []
        for start, end in itertools.pairwise(cuts):
            ring = outline[start : end - 1].tolist()
            commands += [("L" if at else "M", ((x, y),)) for at, (x, y) in enumerate(ring)] + [("Z", ())]
        found.append(Path((shade,), tuple(commands)))
    return found


def _contour(made: Any, level: float) -> list[tuple[float, float]]:
    """The points of a contour, its pieces apart by nan."""
    found: list[tuple[float, float]] = []
    for piece in made.lines(level):
        found += [(x, y) for x, y in piece.tolist()] + [(math.nan, math.nan)]
    return found


def _inside(points: list[tuple[float, float]], frame: Frame) -> list[tuple[float, float]]:
    """A line cut off at the frame: where it leaves, the last piece ends on the edge."""
    found: list[tuple[float, float]] = []
    for place, (x, y) in enumerate(points):
        if (
            math.isfinite(x)
            and frame.left - 1e-6 <= x <= frame.right + 1e-6
            and frame.top - 1e-6 <= y <= frame.bottom + 1e-6
        ):
            if place and not found:
                found += _edge((x, y), points[place - 1], frame)
            found.append((x, y))
        else:
            if found and math.isfinite(found[-1][0]):
                found += _edge(found[-1], (x, y), frame)
            found.append((math.nan, math.nan))
    return found


def _edge(inner: tuple[float, float], outer: tuple[float, float], frame: Frame) -> list[tuple[float, float]]:
    """Where the way from a point inside to one outside crosses the frame."""
    (x, y), (u, v) = inner, outer
    if not math.isfinite(u):
        return []
    share = 1.0
    for start, end, low, high in ((x, u, frame.left, frame.right), (y, v, frame.top, frame.bottom)):
        if end > high:
            share = min(share, (high - start) / (end - start))
        elif end < low:
            share = min(share, (low - start) / (end - start))
    return [(x + share * (u - x), y + share * (v - y))]


def _free(place: Place, frame: Frame, labels: Labels) -> bool:
    """Whether a label would stand within the frame and hide no other."""
    inside = frame.left < place[0] and place[2] < frame.right and frame.top < place[1] and place[3] < frame.bottom
    return inside and all(chart.apart(place, other) for _, other in labels)


def _label(
    points: list[tuple[float, float]], height: float, frame: Frame, labels: Labels, words: str
) -> Iterator[tuple[Item, Place]]:
    """The words of a contour on it, where they hide nothing else; none where there is no such place."""
    for x, y in sorted((p for p in points if math.isfinite(p[0])), key=lambda p: abs(p[1] - height)):
        made, place = chart.chip(x, y, words)
        if _free(place, frame, labels):
            yield made, place
            return


def _regions(logs: Array, xs: Array, ys: Array, frame: Frame, labels: Labels) -> Iterator[tuple[Item, Place]]:
    """The names of the two phases, each in its own region, as far from everything as it can be."""
    labels = list(labels)
    for sign, (name, what) in NAMES.items():
        chosen, others = np.argwhere(np.sign(logs) == sign), np.argwhere(np.sign(logs) == -sign)
        best: tuple[float, float, float] | None = None
        for row, column in chosen[:: max(1, len(chosen) // 400)]:
            x, y = float(xs[column]), float(ys[row])
            if not _free((x - 58, y - 20, x + 58, y + 18), frame, labels):
                continue
            edge = min(x - frame.left, frame.right - x, 2 * (y - frame.top), 2 * (frame.bottom - y))
            away = np.min(np.hypot(xs[others[:, 1]] - x, 2 * (ys[others[:, 0]] - y))) if len(others) else math.inf
            if best is None or min(edge, away) > best[0]:
                best = (min(edge, float(away)), x, y)
        if best is not None:
            _, x, y = best
            lines = (chart.chip(x, y + 7, what)[0], chart.chip(x, y - 8, name, "gad-flow-strong")[0])
            region = Group(("gad-flow-region",), lines, (("data-region", name),)), (x - 58, y - 20, x + 58, y + 18)
            labels.append(region)
            yield region


def _round(ends: Range) -> list[float]:
    """Round numbers within an axis."""
    low, high = ends
    power = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= (high - low) / 5)
    return [
        round(count * step, 10) for count in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def _alt(phi: Activation, point: MeanField | None) -> str:
    what = f"Phase diagram of {phi.name}: where gradients vanish and where they explode, and the line between, χ₁ = 1"
    if point is None:
        return f"{what}. This net has no place in it."
    return f"{what}. This net is at σ_w² = {point.weight_var:g}, σ_b² = {point.bias_var:g}: {point.note}"
