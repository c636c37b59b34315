"""`gad.doctor(f, *args)`: why a gradient is None, zero, huge or NaN, parameter by parameter, with the line.

The package is what one calls: it has the name of its one function, and its other names are attributes of it.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

from graphviz_ad.doctor.examine import doctor
from graphviz_ad.doctor.finding import Finding, Parameter
from graphviz_ad.doctor.report import Report
from graphviz_ad.doctor.thresholds import THRESHOLDS, Threshold

__all__ = ["THRESHOLDS", "Finding", "Parameter", "Report", "Threshold", "doctor"]


class _Callable(types.ModuleType):
    """A module that is called like its function; Python lets a module have a class of its own for this."""

    def __call__(self, f: Any, /, *args: Any, thresholds: Mapping[str, float] | None = None, **kwargs: Any) -> Report:
        return doctor(f, *args, thresholds=thresholds, **kwargs)


_Callable.__call__.__doc__ = doctor.__doc__
sys.modules[__name__].__class__ = _Callable
