"""Functions that put a result together piece by piece, such as select, insert, apply_along_axis."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from graphviz_ad.core.primitive import HANDLERS, handles, refuse_out
from graphviz_ad.core.traced import Traced, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.indexing import index, index_part, scatter
from graphviz_ad.primitives.shapes import broadcast_arrays, ints

# -- one of several -----------------------------------------------------------------------------


@handles(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not len(condlist):
        raise ValueError("select with an empty condition list is not possible")
    conditions = broadcast_arrays(*(operand(condition) for condition in condlist))
    for number, condition in enumerate(conditions):
        if dtype_of(value_of(condition)).kind != "b":
            raise TypeError(f"invalid entry {number} in condlist: should be boolean ndarray")
    result: Any = operand(default)
    # the first condition that holds decides, so it comes last
    for condition, choice in zip(conditions[::-1], list(choicelist)[::-1], strict=True):
        result = np.where(condition, operand(choice), result)
    return result


@handles(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    refuse_out("np.choose", {"out": out})
    options = [operand(choice) for choice in choices]
    if type(a) is Traced and a.dtype.kind == "b":
        return np.where(a, options[1], options[0])
    # a traced int leaves the trace through the exit, as wherever a number decides what is read
    number: Any = np.asarray(a)
    np.choose(number, [np.broadcast_to(0, shape_of(option)) for option in options], mode=mode)  # NumPy's own errors
    number = np.clip(number, 0, len(options) - 1) if mode == "clip" else number % len(options)
    result = options[-1]
    for position, option in reversed(list(enumerate(options[:-1]))):
        result = np.where(number == position, option, result)
    shape = np.broadcast_shapes(number.shape, *map(shape_of, options))
    return result if shape_of(result) == shape else np.broadcast_to(result, shape)


@handles(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = operand(x)
    # as NumPy tells one condition from a list of them
    single = not isinstance(condlist, list | tuple) and not shape_of(condlist)
    if not single and shape_of(x):
        single = not isinstance(condlist[0], list | np.ndarray) and not shape_of(condlist[0])
    conditions = [operand(one) for one in ([condlist] if single else condlist)]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        functions.insert(0, functions.pop())
        anywhere = conditions[0]
        for condition in conditions[1:]:
            anywhere = np.logical_or(anywhere, condition)
        conditions.insert(0, np.logical_not(anywhere))
    elif len(functions) != len(conditions):
        count = len(conditions)
        raise ValueError(f"with {count} condition(s), either {count} or {count + 1} functions are expected")
    result: Any = np.zeros(shape_of(x), dtype_of(value_of(x)))
    for condition, function in zip(conditions, functions, strict=True):
        result = _replaced(result, x, condition, function, args, kw)
    return result


def _replaced(result: Any, x: Any, condition: Any, function: Any, args: Any, kw: Any) -> Any:
    """The result with a function's values where a condition holds; as in NumPy the function sees those places only."""
    mask = np.broadcast_to(condition, shape_of(x)) if type(condition) is not Traced else condition
    if not callable(function):
        return np.where(mask, function, result)
    if not bool(np.any(mask)):
        return result  # of a traced mask a guard says so
    if not shape_of(x):
        return np.where(mask, function(x, *args, **kw), result)
    chosen = index(x, mask)
    chosen = np.broadcast_to(function(chosen, *args, **kw), shape_of(chosen))
    return np.where(mask, scatter(chosen, mask, shape_of(x)), result)


# -- pieces put between others ------------------------------------------------------------------


@handles(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    x, values = operand(arr), operand(values)
    if axis is None:
        x, axis = np.ravel(x), 0
    else:
        axis = normalize_axis_index(ints(axis), len(shape_of(x)))
    shape, dtype = shape_of(x), dtype_of(value_of(x))
    if dtype_of(value_of(values)) != dtype:
        values = HANDLERS["astype"](values, dtype) if type(values) is Traced else np.asarray(values).astype(dtype)
    obj = index_part(np.asarray(obj) if type(obj) is Traced else obj, [])
    count = len(np.insert(np.arange(shape[axis]), obj, 0)) - shape[axis]
    if count == 1:
        values = np.reshape(values, (1,) * (len(shape) - len(shape_of(values))) + shape_of(values))
        if np.ndim(obj) == 0 and not isinstance(obj, slice):
            values = np.moveaxis(values, 0, axis)
        count = shape_of(values)[axis]
    values = np.broadcast_to(values, (*shape[:axis], count, *shape[axis + 1 :]))
    # NumPy's own function inserts the numbers of the new places among those of the old
    places = np.insert(np.arange(shape[axis]), obj, shape[axis] + np.arange(count))
    return np.take(np.concatenate((x, values), axis=axis), places, axis=axis)


# -- a function along an axis -------------------------------------------------------------------


@handles(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    x = operand(arr)
    axis = normalize_axis_index(operator.index(axis), len(shape_of(x)))
    lines = np.moveaxis(x, axis, -1)
    around = shape_of(lines)[:-1]
    if not np.prod(around, dtype=int):
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    made = [func1d(lines[place], *args, **kwargs) for place in np.ndindex(around)]
    one = shape_of(made[0])
    stacked = np.reshape(np.stack(made), (*around, *one))
    # what the function made of a line takes the place of the axis
    back = [*range(axis), *range(len(around), len(around) + len(one)), *range(axis, len(around))]
    return np.transpose(stacked, back) if back != sorted(back) else stacked


@handles(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    x = operand(a)
    ndim = len(shape_of(x))
    for axis in np.atleast_1d(axes).tolist():
        axis = axis % ndim if axis < 0 else axis
        made = func(x, axis)
        if len(shape_of(made)) != len(shape_of(x)):
            made = np.expand_dims(made, axis)
            if len(shape_of(made)) != len(shape_of(x)):
                raise ValueError("function is not returning an array of the correct shape")
        x = made
    return x


# -- sums by number -----------------------------------------------------------------------------


@handles(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    if type(x) is Traced and x.dtype.kind == "f":
        raise UnsupportedError(f"np.bincount counts whole numbers{here()}; a traced float is none.")
    number = np.asarray(x)  # how many bins there are depends on the numbers: traced ints leave through the exit
    size = len(np.bincount(number, minlength=operator.index(minlength)))
    if type(weights) is not Traced:
        return np.bincount(number, weights, operator.index(minlength))
    if shape_of(weights) != number.shape:
        raise ValueError("The weights and list don't have the same length.")
    return scatter(HANDLERS["astype"](weights, float) if weights.dtype != np.float64 else weights, number, (size,))
