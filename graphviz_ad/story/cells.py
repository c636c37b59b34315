"""Turns a scene's arrays into small grids of levels: heat maps, one scale to each kind of number, and masks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.primitive import is_ours
from graphviz_ad.story.numbers import short
from graphviz_ad.story.scene import Cells, Scene, SceneEdge, SceneNode

MOST = 8  # rows or columns; a longer axis is reduced to this many
LEVELS = 5  # on each side of zero
KINDS = ("value", "adjoint", "tangent")
GATES = ("maximum", "minimum", "fmax", "fmin", "where", "clip")
"""Primitives whose local derivative is a mask: 1 where a number passes, 0 where it does not, ½ where two share."""

_NOTHING = 1e-13  # of the scale: what rounding leaves of a sum that is zero
_SLACK = 1e-9  # a number this close to a level's border belongs below it, whatever its last bits are


class _Grid(NamedTuple):
    means: np.ndarray[Any, Any]  # two axes of at most MOST
    mask: bool
    slices: int
    note: str
    magnitude: bool = False


def paint(scene: Scene, nodes: Mapping[int, Node], edges: Sequence[Edge | None]) -> Scene:
    """The scene with a heat map for every array of two or more entries, and a mask on every edge into a gate.

    All values share one scale, all adjoints another, all tangents a third: a loss's adjoints are often a thousand
    times smaller than its values, and on a common scale they would all look like zero. Levels end at 1/25, 4/25, 9/25,
    16/25 and all of the scale's end: squares, so that small numbers are told apart beside large ones.

    Parameters
    ----------
    scene
        Without cells.
    nodes
        For the id of each scene node the node whose numbers it shows; ids may be missing.
    edges
        What each of ``scene.edges`` is; None where it stands for several edges, or for a way through a group.
    """
    grids: dict[str, dict[int, _Grid]] = {kind: {} for kind in KINDS}
    for shown in scene.nodes:
        node = nodes.get(shown.id)
        for kind in KINDS:
            if node is not None and getattr(shown, kind) is not None:
                grid = _grid(getattr(node, kind), binary=kind == "value" and shown.kind == "constant")
                if grid is not None:
                    grids[kind][shown.id] = grid
    peaks = {kind: _peak(grids[kind].values()) for kind in KINDS}

    def cells(kind: str, shown: SceneNode) -> Cells | None:
        grid = grids[kind].get(shown.id)
        return None if grid is None else _cells(grid, peaks[kind])

    return replace(
        scene,
        nodes=tuple(
            replace(
                shown,
                value_cells=cells("value", shown),
                adjoint_cells=cells("adjoint", shown),
                tangent_cells=cells("tangent", shown),
            )
            for shown in scene.nodes
        ),
        edges=tuple(_gated(shown, edge) for shown, edge in zip(scene.edges, edges, strict=True)),
        scales=tuple((kind, short(peak / 4, 2), short(peak)) for kind, peak in peaks.items() if peak),
    )


def on_scale(value: Any, peak: float) -> Cells | None:
    """An array on a scale that was made for others: what lies beyond its end takes the strongest colour.

    Examples
    --------
    >>> import numpy as np
    >>> on_scale(np.array([0.0, -1.0, 400.0]), 25.0).levels
    (0, -1, 5)
    """
    grid = _grid(value)
    if grid is None or grid.mask:
        return None
    ended = (
        grid.means
        if not peak
        else np.clip(grid.means, -peak, peak, where=np.isfinite(grid.means), out=grid.means.copy())
    )
    return _cells(grid._replace(means=ended), peak)


def _gated(shown: SceneEdge, edge: Edge | None) -> SceneEdge:
    if edge is None or shown.local is None:
        return shown
    primitive = edge.consumer.primitive
    if primitive is None or primitive.name not in GATES or not is_ours(primitive):
        return shown
    grid = _grid(edge.local)
    return shown if grid is None else replace(shown, mask=_cells(grid._replace(mask=True), 1.0))


def _grid(value: Any, binary: bool = False) -> _Grid | None:
    """The means of an array's blocks, of a complex one those of its magnitudes; None for scalars and empty arrays.

    ``binary`` takes an array of zeros and one other, positive number for a mask, as dropout's and one-hot rows are.
    """
    array = np.asarray(value)
    if array.size < 2 or array.dtype.kind not in "biufc":
        return None
    magnitude = array.dtype.kind == "c"
    table, slices = _unfolded(np.abs(array).astype(float) if magnitude else array.astype(float))
    mask = array.dtype.kind == "b" or (binary and _two_valued(table))
    own = _largest(table) or 1.0
    with np.errstate(all="ignore"):
        means = _block_means(table / own)  # numbers of at most 1: no sum overflows
    reduced = means.shape != table.shape
    note = f"{table.shape[0]} × {table.shape[1]} as means of blocks" if reduced else ""
    return _Grid(means if mask else means * own, mask, slices if means.shape[0] % slices == 0 else 1, note, magnitude)


def _unfolded(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int]:
    """An array as a table, and of how many stacked matrices: of more than two axes those of length 1 go first.

    Examples
    --------
    >>> for shape in ((3,), (3, 1), (2, 3, 4), (1, 1, 5, 5)):
    ...     table, slices = _unfolded(np.ones(shape))
    ...     print(shape, table.shape, slices)
    (3,) (1, 3) 1
    (3, 1) (3, 1) 1
    (2, 3, 4) (6, 4) 2
    (1, 1, 5, 5) (5, 5) 1
    """
    if array.ndim > 2:
        array = array.reshape([length for length in array.shape if length > 1])
    table = array.reshape(-1, array.shape[-1])
    return table, table.shape[0] // array.shape[-2] if array.ndim > 2 else 1


def _two_valued(table: np.ndarray[Any, Any]) -> bool:
    other = table[table != 0]
    return 0 < other.size < table.size and bool(other.flat[0] > 0) and bool((other == other.flat[0]).all())


def _block_means(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The table with at most ``MOST`` rows and columns, each cell the mean of a block of it."""
    for axis in (0, 1):
        length = table.shape[axis]
        if length > MOST:
            starts = [k * length // MOST for k in range(MOST)]
            sizes = np.diff([*starts, length])
            table = np.add.reduceat(table, starts, axis=axis) / (sizes[:, None] if axis == 0 else sizes)
    return table


def _largest(table: np.ndarray[Any, Any]) -> float:
    finite = np.abs(table[np.isfinite(table)])
    return float(finite.max()) if finite.size else 0.0


def _peak(grids: Iterable[_Grid]) -> float:
    """The number that the strongest colour stands for: the largest that is drawn, rounded up to two digits.

    Rounding makes a legend that can be read, and levels that do not depend on a number's last bit.
    """
    largest = max((_largest(grid.means) for grid in grids if not grid.mask), default=0.0)
    mantissa, exponent = f"{largest:.9e}".split("e")
    rounded = float(f"{math.ceil(float(mantissa) * 10)}e{int(exponent) - 1}")
    return rounded if math.isfinite(rounded) else largest


def _cells(grid: _Grid, peak: float) -> Cells:
    rows, columns = grid.means.shape
    numbers = grid.means.ravel().tolist()
    levels = tuple(_share(number) if grid.mask else _level(number, peak) for number in numbers)
    return Cells(rows, columns, levels, grid.mask, grid.slices, grid.note, grid.magnitude)


def _level(number: float, peak: float) -> int | None:
    """The level of a number on a scale that ends at ``peak``; level 0 is zero, but for what rounding leaves of it.

    Examples
    --------
    >>> [_level(number, 25.0) for number in (0.0, 1e-9, 0.1, 1.0, 1.1, -25.0, math.nan)]
    [0, 1, 1, 1, 2, -5, None]
    """
    if not math.isfinite(number):
        return None
    share = abs(number) / peak if peak else 0.0
    level = math.ceil(LEVELS * math.sqrt(share) - _SLACK) if share > _NOTHING else 0
    return -level if number < 0 else level


def _share(mean: float) -> int | None:
    """How much of a mask's cell is on: 0 for nothing, 5 for all and only for all.

    Examples
    --------
    >>> [_share(mean) for mean in (0.0, 0.01, 0.5, 0.99, 1.0)]
    [0, 1, 2, 4, 5]
    """
    if not math.isfinite(mean):
        return None
    return int(mean) * LEVELS if mean in (0.0, 1.0) else min(max(round(mean * LEVELS), 1), LEVELS - 1)
