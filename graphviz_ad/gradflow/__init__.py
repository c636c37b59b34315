"""Gradient flow: how gradients vanish and explode across depth, measured, explained and predicted.

`measure` trains nothing: it draws networks, sweeps them once and tables what came back, layer by layer. `theory` says
what should have come back, and `plots` draws the two over each other. Each is imported where it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphviz_ad.gradflow import plots, remedies, table, theory
    from graphviz_ad.gradflow.explorer import explore
    from graphviz_ad.gradflow.groups import of
    from graphviz_ad.gradflow.inside import net
    from graphviz_ad.gradflow.measurement import measure
    from graphviz_ad.gradflow.recurrent import measure_recurrent
    from graphviz_ad.gradflow.sweeping import sweep
    from graphviz_ad.gradflow.watching import watch

__all__ = [
    "explore",
    "measure",
    "measure_recurrent",
    "net",
    "of",
    "plots",
    "remedies",
    "sweep",
    "table",
    "theory",
    "watch",
]


def __getattr__(name: str) -> Any:
    """What is imported only when it is first asked for; pictures bring matplotlib."""
    if name == "measure":
        found = import_module("graphviz_ad.gradflow.measurement").measure
    elif name == "measure_recurrent":
        found = import_module("graphviz_ad.gradflow.recurrent").measure_recurrent
    elif name == "explore":
        found = import_module("graphviz_ad.gradflow.explorer").explore
    elif name == "net":
        found = import_module("graphviz_ad.gradflow.inside").net
    elif name == "of":
        found = import_module("graphviz_ad.gradflow.groups").of
    elif name == "remedies":
        found = import_module("graphviz_ad.gradflow.remedies")
    elif name == "plots":
        found = import_module("graphviz_ad.gradflow.plots")
    elif name == "sweep":
        found = import_module("graphviz_ad.gradflow.sweeping").sweep
    elif name == "watch":
        found = import_module("graphviz_ad.gradflow.watching").watch
    elif name == "table":
        found = import_module("graphviz_ad.gradflow.table")
    elif name == "theory":
        found = import_module("graphviz_ad.gradflow.theory")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}.")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
