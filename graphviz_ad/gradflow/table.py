"""The tidy table that a measurement gives: one row for each seed and layer, with slopes and a reading in words."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.settings import window
from graphviz_ad.gradflow.tidy import Tidy

Array = np.ndarray[Any, Any]

COLUMNS = (
    "seed",
    "layer",
    "delta_norm",
    "delta_mean_square",
    "weight_grad_norm",
    "activation_norm",
    "activation_mean_square",
    "saturated",
    "dead",
    "update_ratio",
)
"""The columns, in this order."""

SHOWN = ("delta_norm", "weight_grad_norm", "activation_mean_square", "saturated", "dead", "update_ratio")
ENDS = 4  # rows that are shown at each end of a long table


class Flow(Tidy):
    """What was measured, as columns: one row for each seed and each layer, layers counted from the input.

    ``columns`` maps each name to a NumPy array, ``settings`` says what was measured (None for a graph of your own),
    ``unit`` what a row is ("layer", "time step" or "group"), and ``names`` maps the number of a layer to its name
    where it has one. inf and nan stay in the columns; ``overflow`` and `reading` say where they begin.

    Examples
    --------
    >>> from graphviz_ad.gradflow.table import COLUMNS, Flow
    >>> rows = {name: [1.0, 1.0] for name in COLUMNS} | {"seed": [0, 0], "layer": [1, 2], "delta_norm": [0.25, 0.5]}
    >>> flow = Flow(rows)
    >>> round(flow.slope("delta_norm", layers=(1, 2)), 4)
    -0.6931
    >>> flow.to_dict()["layer"]
    [1, 2]
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        settings: Any = None,
        *,
        unit: str = "layer",
        names: Mapping[int, str] | None = None,
        title: str = "",
    ) -> None:
        if set(columns) != set(COLUMNS):
            raise ArgumentError(f"the columns are {list(columns)}; they must be {list(COLUMNS)}.")
        kinds = {"seed": np.int64, "layer": np.int64}
        self.columns: dict[str, Array] = {
            name: np.asarray(columns[name], kinds.get(name, np.float64)) for name in COLUMNS
        }
        lengths = {values.shape for values in self.columns.values()}
        if len(lengths) != 1 or len(next(iter(lengths))) != 1 or not self.columns["seed"].size:
            raise ArgumentError(f"the columns have shapes {sorted(lengths)}; all must be of one length, at least 1.")
        self.settings = settings
        self.unit = unit
        self.names = dict(names or {})
        self.title = title or str(settings or "")

    def __len__(self) -> int:
        return len(self.columns["seed"])

    def __getitem__(self, column: str) -> Array:
        return self.columns[self._known(column)]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order of the rows."""
        return tuple(dict.fromkeys(self.columns["seed"].tolist()))

    @property
    def layers(self) -> tuple[int, ...]:
        """The numbers of the layers, from the input on."""
        return tuple(sorted(set(self.columns["layer"].tolist())))

    def measured(self, column: str) -> str:
        """The name, if it is that of a column which holds measurements."""
        if column in COLUMNS[:2]:
            raise ArgumentError(f"column {column!r} holds no measurement (must be one of {list(COLUMNS[2:])})")
        return self._known(column)

    def by_seed(self, column: str) -> Array:
        """One column as an array (seeds, layers), in the order of ``seeds`` and ``layers``."""
        values = self.columns[self._known(column)]
        rows = {seed: position for position, seed in enumerate(self.seeds)}
        places = {layer: position for position, layer in enumerate(self.layers)}
        table = np.full((len(rows), len(places)), math.nan)
        row = [rows[seed] for seed in self.columns["seed"].tolist()]
        table[row, [places[layer] for layer in self.columns["layer"].tolist()]] = values
        return table

    # -- numbers out of it ----------------------------------------------------------------------

    def slopes(self, column: str, layers: tuple[int, int] | None = None) -> Array:
        """Of each seed, the change of ln(column) per layer towards the input: the line of least squares.

        Parameters
        ----------
        column : str
        layers : (first, last), optional
            The fit window, both ends included; by default all layers.

        Returns
        -------
        array (seeds,)
            Negative where the quantity shrinks on its way to the input. A slope of ln ‖δ‖ is half of that of ln ‖δ‖²,
            which is what mean-field theory calls ln χ₁. nan where the window holds inf, nan or 0, which have no line.

        Raises
        ------
        ArgumentError
            The column or the window is unknown, or the window holds fewer than two layers.
        """
        present = np.array(self.layers)
        first, last = (present[0], present[-1]) if layers is None else window(layers)
        inside = (present >= first) & (present <= last)
        self.measured(column)
        if inside.sum() < 2 or first < present[0] or last > present[-1]:
            raise ArgumentError(
                f"layers=({first}, {last}) must span at least two of the layers {present[0]} to {present[-1]}."
            )
        values = self.by_seed(column)[:, inside]
        distance = -(present[inside] - present[inside].mean())  # grows towards the input
        usable: Array = np.all(np.isfinite(values) & (values > 0), axis=1)
        logs = np.log(np.where(usable[:, None], values, 1.0))
        found: Array = np.where(usable, logs @ distance / (distance @ distance), math.nan)
        return found

    def slope(self, column: str, layers: tuple[int, int] | None = None) -> float:
        """The mean of `slopes` over the seeds: ln per layer towards the input, of a typical net.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> flow = gad.gradflow.measure(depth=20, width=64, activation="linear", weight_var=0.25, seeds=4)
        >>> abs(flow.slope("delta_mean_square", layers=(5, 20)) - math.log(0.25)) < 0.1
        True
        """
        return float(np.mean(self.slopes(column, layers)))

    @property
    def overflow(self) -> dict[str, tuple[int, int]]:
        """Column → first and last layer in which some seed has inf or nan; empty where all is finite."""
        found = {}
        for name in COLUMNS[2:]:
            bad = self.columns["layer"][~np.isfinite(self.columns[name])]
            if bad.size:
                found[name] = (int(bad.min()), int(bad.max()))
        return found

    @property
    def reading(self) -> str:
        """What the adjoints do, and where numbers stop being numbers, in words."""
        sentences = []
        layers = self.layers
        if len(layers) > 1:
            slope = self.slope("delta_norm")
            if math.isfinite(slope):
                factor = math.exp(slope)
                span = f"{self.unit}s {layers[0]} to {layers[-1]}"
                if abs(slope) * (len(layers) - 1) < math.log(2):
                    sentences.append(f"‖δ‖ keeps its size over {span}")
                else:
                    per = math.log(10) / abs(slope)
                    way = "shrinks" if slope < 0 else "grows"
                    sentences.append(
                        f"‖δ‖ {way} by ×{factor:.3g} per {self.unit} towards the input over {span}: a factor of 10 "
                        f"every {per:.3g}"
                    )
        overflow = self.overflow
        if "activation_norm" in overflow:
            sentences.append(f"activations overflow from {self.unit} {overflow['activation_norm'][0]} on")
        if "delta_norm" in overflow:
            sentences.append(f"adjoints overflow from {self.unit} {overflow['delta_norm'][1]} on, towards the input")
        zeros = self.columns["layer"][self.columns["delta_norm"] == 0]
        if zeros.size:
            sentences.append(f"adjoints are exactly 0 in {self.unit} {int(zeros.max())}")
        return ". ".join(sentences) + "." if sentences else ""

    # -- the table itself -----------------------------------------------------------------------

    def _rows(self) -> tuple[list[str], list[list[str] | None]]:
        """Of each layer the typical numbers over the seeds, as texts; None where rows are left out."""
        means = {name: typical(self.by_seed(name), name) for name in SHOWN}
        numbers = range(len(self.layers))
        rows: list[list[str] | None] = []
        for position in numbers:
            if len(numbers) > 2 * ENDS + 1 and ENDS <= position < len(numbers) - ENDS:
                if position == ENDS:
                    rows.append(None)
                continue
            number = self.layers[position]
            name = f"{number} {self.names[number]}" if number in self.names else str(number)
            rows.append([name, *(format(means[column][position], ".3g") for column in SHOWN)])
        return [self.unit, *SHOWN], rows

    def __repr__(self) -> str:
        head, rows = self._rows()
        cells = [head, *(["⋮"] * len(head) if row is None else row for row in rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in cells]
        return "\n".join([f"gradient flow: {self.title}", *lines, self.reading]).rstrip()

    def _repr_html_(self) -> str:
        head, rows = self._rows()

        def line(texts: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"

        body = "".join(line(["⋮"] * len(head) if row is None else row, "td") for row in rows)
        return (
            f"<table><caption>gradient flow: {html.escape(self.title)}</caption>"
            f"<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table><p>{html.escape(self.reading)}</p>"
        )


def typical(table: Array, column: str) -> Array:
    """Over the seeds the geometric mean of a size, and the mean of a share; (seeds, layers) to (layers,)."""
    with np.errstate(all="ignore"):
        if column in {"saturated", "dead"}:
            return np.asarray(table.mean(axis=0))
        return np.asarray(np.exp(np.log(table).mean(axis=0)))
