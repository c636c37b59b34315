"""Refusals: functions that write into an array, which a graph cannot see."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from graphviz_ad.core.callee import callee
from graphviz_ad.core.instead import INSTEAD
from graphviz_ad.core.primitive import HANDLERS, function_name
from graphviz_ad.core.traced import unsupported
from graphviz_ad.core.where import here
from graphviz_ad.errors import ImmutableError


def _refuse(function: Any) -> None:
    label = function_name(function)

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        called = callee()
        if called is not None and called.label != label:
            raise unsupported(label)  # NumPy itself fills an array with what it was given
        raise ImmutableError(f"{label} changes an array in place{here()}, which the graph cannot see. {INSTEAD[label]}")

    HANDLERS[function] = refuse


for _function in (np.copyto, np.place, np.put, np.putmask, np.fill_diagonal, np.put_along_axis):
    _refuse(_function)
