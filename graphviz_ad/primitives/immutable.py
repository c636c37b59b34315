"""Refusals: functions that write into an array, which a graph cannot see."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, function_name
from graphviz_ad.core.where import here
from graphviz_ad.errors import ImmutableError


def _refuse(function: Any, remedy: str) -> None:
    label = function_name(function)

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise ImmutableError(f"{label} changes an array in place{here()}, which the graph cannot see. {remedy}")

    HANDLERS[function] = refuse


for _function, _remedy in {
    np.copyto: "Use the traced value itself, or np.where(mask, v, x); for np.full_like write v * np.ones_like(a).",
    np.place: "Write np.where(mask, v, x).",
    np.put: "Write np.where, or collect the pieces and np.stack them.",
    np.putmask: "Write np.where(mask, v, x).",
    np.fill_diagonal: "Write np.where(np.eye(n, dtype=bool), v, x).",
    np.put_along_axis: "Write np.where, or collect the pieces and np.stack them.",
}.items():
    _refuse(_function, _remedy)
