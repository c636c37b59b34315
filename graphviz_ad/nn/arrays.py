"""What the functions of nn take for an array: NumPy's own, traced values, numbers, and lists of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Axis = int | tuple[int, ...] | None


def as_array(x: Any) -> Any:
    """A list or tuple as an array; everything else, traced values too, as it is.

    A number stays a number, so that NumPy's promotion is the caller's own. A list that holds traced values is
    refused, as by NumPy's functions, with the advice to write np.stack.

    Parameters
    ----------
    x : array, number, or nested lists or tuples of numbers

    Returns
    -------
    array or number

    Raises
    ------
    ExitError
        A list holds traced values.

    Examples
    --------
    >>> as_array([[1.0, 2.0]])
    array([[1., 2.]])
    >>> as_array(1.0)
    1.0
    """
    return np.asarray(x) if isinstance(x, list | tuple) else x
