"""What a plot against depth says in numbers: a column of the table as a profile over layers, its slope, and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.gradflow.table import Flow, typical

Array = np.ndarray[Any, Any]

FORWARD = ("activation_norm", "activation_mean_square", "saturated", "dead")  # these run from the input on
SHARES = ("saturated", "dead")
SYMBOLS = {
    "delta_norm": "‖δ‖",
    "delta_mean_square": "mean δ²",
    "weight_grad_norm": "‖∂L/∂W‖",
    "activation_norm": "‖activation‖",
    "activation_mean_square": "mean activation²",
    "saturated": "saturated units",
    "dead": "dead units",
    "update_ratio": "‖ΔW‖ / ‖W‖",
    "gradient_norm": "‖gradient‖",
    "parameter_norm": "‖parameter‖",
    "update_norm": "‖update‖",
}
LEVEL = 1.05  # below this factor in all, nothing changes at all
STEADY = 3.0  # a change below this factor over the whole depth is none that a reader should act on


@dataclass(frozen=True)
class Profile:
    """A column over layers: one row of ``table`` for each seed, one column for each layer.

    ``typical`` is the geometric mean over the seeds (the arithmetic one for shares), so that the slope of the drawn
    line is the mean of the seeds' slopes; ``low`` and ``high`` hold eight seeds of ten. Where a value overflowed to inf
    or nan, or underflowed to 0, ``typical`` is nan.
    """

    column: str
    layers: Array
    table: Array
    typical: Array
    low: Array
    high: Array
    unit: str = "layer"

    @property
    def seeds(self) -> int:
        """How many seeds were measured."""
        return int(self.table.shape[0])

    @property
    def forward(self) -> bool:
        """Whether the column belongs to the forward pass, so that "from layer l on" means towards the output."""
        return self.column in FORWARD

    def overflow(self) -> int | None:
        """The first layer, in the direction of the pass, that some seed left with inf or nan; None without."""
        return self._first(np.any(~np.isfinite(self.table), axis=0))

    def vanished(self) -> int | None:
        """The first layer, in the direction of the pass, where some seed's number is exactly 0; None without."""
        return self._first(np.any(self.table == 0, axis=0))

    def _first(self, where: Any) -> int | None:
        marked = self.layers[where]
        if not marked.size:
            return None
        return int(marked.min() if self.forward else marked.max())

    def slope(self, window: tuple[int, int]) -> float:
        """Change of ln per layer towards the input over the window; nan where fewer than two layers are finite."""
        within = (
            (self.layers >= window[0]) & (self.layers <= window[1]) & np.isfinite(self.typical) & (self.typical > 0)
        )
        if within.sum() < 2:
            return math.nan
        return -float(np.polyfit(self.layers[within], np.log(self.typical[within]), 1)[0])


def profile(flow: Flow, column: str) -> Profile:
    """A column of a flow's table as a `Profile`."""
    table, layers = flow.by_seed(flow.measured(column)), np.array(flow.layers)
    drawn = typical(table, column)
    with np.errstate(all="ignore"):
        if column in SHARES:
            low, high = np.quantile(table, [0.1, 0.9], axis=0)
        else:
            usable = (np.isfinite(table) & (table > 0)).all(axis=0)
            drawn = np.where(usable, drawn, np.nan)
            low, high = np.exp(np.quantile(np.log(np.where(usable, table, 1.0)), [0.1, 0.9], axis=0))
            low, high = np.where(usable, low, np.nan), np.where(usable, high, np.nan)
    return Profile(column, layers, table, drawn, low, high, flow.unit)


def fit_window(depth: int) -> tuple[int, int]:
    """The layers over which slopes are fitted: past the transient at the input, short of the loss; 20–48 of 50.

    Examples
    --------
    >>> fit_window(50), fit_window(4)
    ((20, 48), (1, 4))
    """
    return (1, depth) if depth < 10 else (round(0.4 * depth), depth - 2)


def tenfold(slope: float) -> float:
    """Layers per factor of 10 of a norm whose ln changes by ``slope`` per layer; inf where it does not change.

    Examples
    --------
    >>> round(tenfold(-0.35145), 1)
    6.6
    """
    return math.log(10) / abs(slope) if slope else math.inf


def number(value: float) -> str:
    """A number for a sentence: three significant digits, and a power of ten only where it is needed.

    Examples
    --------
    >>> number(6.552), number(12.0), number(2.4e-9), number(0.001), number(1234.0)
    ('6.55', '12', '2.4e-9', '0.001', '1,234')
    """
    if value and math.isfinite(value) and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def share(part: float) -> str:
    """A share for a sentence, in percent: "none" and "all" are exactly that.

    Examples
    --------
    >>> share(0.0), share(0.0024), share(0.553), share(0.9976), share(1.0)
    ('none', 'under 1%', '55%', 'over 99%', 'all')
    """
    if part in {0.0, 1.0}:
        return "all" if part else "none"
    return "under 1%" if part < 0.01 else "over 99%" if part > 0.99 else f"{part:.0%}"


def layers_of(count: float) -> str:
    """A number of layers for a sentence: one decimal below 100, none above.

    Examples
    --------
    >>> layers_of(6.552), layers_of(12.0), layers_of(331.2)
    ('6.6', '12.0', '331')
    """
    return f"{count:.1f}" if count < 100 else f"{count:,.0f}"


def form_of(slope: float, values: Array) -> str:
    """How a change is best said: "each" layer's factor, layers per "tenfold", the "factor" in all, or "steady"."""
    if math.isnan(slope):
        return "unknown"
    if abs(slope) > math.log(10):
        return "each"
    if len(values) * abs(slope) >= math.log(STEADY):
        return "tenfold"
    return "factor" if _range(values) >= STEADY else "steady"


def _range(values: Array) -> float:
    usable = values[np.isfinite(values) & (values > 0)]
    return float(usable.max() / usable.min())


def change(symbol: str, slope: float, values: Array, unit: str = "layer", form: str | None = None) -> str:
    """How a quantity changes towards the input, in words: tenfold every so many layers, or by a factor in all.

    Parameters
    ----------
    symbol : str
    slope : float
        That of its ln per layer towards the input, where the curve is straight.
    values : array
        One for each layer, from the input on.
    unit : str
        What a value belongs to, for the words.
    form : str, optional
        As `form_of` gives it; another quantity's, to compare the two.

    Examples
    --------
    >>> change("δ", -0.35145, np.exp(0.35145 * np.arange(50)))
    'δ shrinks tenfold every 6.6 layers'
    >>> change("δ", 0.005, np.exp(-0.005 * np.arange(50)))
    'δ stays within a factor 1.28 over 50 layers'
    >>> change("δ", -0.01, np.sqrt(np.arange(1, 51)))  # a power of the depth
    'δ shrinks by a factor 7.07 over 50 layers'
    >>> change("δ", 1e-15, np.array([1.4, *[1.0] * 29]), form="tenfold")  # level but for its first layer
    'δ stays within a factor 1.4 over 30 layers'
    """
    form = form or form_of(slope, values)
    if form in {"each", "tenfold"} and len(values) * abs(slope) < math.log(LEVEL):
        form = form_of(slope, values)  # layers per factor of 10 say nothing where there is no slope
    if form == "unknown":
        return f"{symbol} has no slope: too few finite {unit}s"
    if len(values) * abs(slope) < math.log(LEVEL) and _range(values) < LEVEL:
        return f"{symbol} stays level"
    verb = "shrinks" if slope < 0 else "grows"
    if form == "each":
        return f"{symbol} {verb} by a factor {number(math.exp(abs(slope)))} every {unit}"
    if form == "tenfold":
        return f"{symbol} {verb} tenfold every {layers_of(tenfold(slope))} {unit}s"
    if form == "steady":
        return f"{symbol} stays within a factor {number(_range(values))} over {len(values)} {unit}s"
    usable = values[np.isfinite(values) & (values > 0)]
    verb = "shrinks" if usable[0] < usable[-1] else "grows"
    return f"{symbol} {verb} by a factor {number(_range(values))} over {len(values)} {unit}s"


def trouble(column: Profile) -> str:
    """The words of the mark for numbers that left the floats: "overflow from layer 37 on"; empty without.

    Values that underflowed to 0 are marked too: a logarithmic axis has no place for them.
    """
    last, first = int(column.layers.max()), int(column.layers.min())
    for layer, bad, word in (
        (column.overflow(), ~np.isfinite(column.table), "overflow"),
        (column.vanished(), column.table == 0, "exactly 0"),
    ):
        if layer is None or (word == "exactly 0" and column.column in SHARES):
            continue
        share = int(bad.any(axis=1).sum())
        some = "" if share == column.seeds else f" in {share} of {column.seeds} seeds"
        start = first if column.forward else last
        return (
            f"{word} in every {column.unit}{some}"
            if layer == start and bad.any(axis=0).all()
            else f"{word} from {column.unit} {layer} on{some}"
        )
    return ""
