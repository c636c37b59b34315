"""Discrete Fourier transforms, of one axis and of several: complex values between real inputs and real results.

A transform is a matrix F of the numbers exp(−2πi jk/n), so its adjoint is Fᴴ: the other transform, with the factor 1/n
on the other side. What ``n`` cut off gets zeros, and what it put there is dropped.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.primitive import HANDLERS, function_name, handles, linear
from graphviz_ad.core.traced import apply, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.arguments import refuse_positional_out
from graphviz_ad.primitives.complexes import complex_normal

Axes = tuple[int, ...]
_OTHER_SIDE: dict[str, Any] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
"""Which side of the pair has the factor 1/n in the adjoint; ``ortho`` has √(1/n) on both."""


# -- what the rules share -----------------------------------------------------------------------


def _fitted(value: Any, like: Any, axes: Axes) -> Any:
    """A value cut, or filled up with zeros, along these axes (counted from the end) to the lengths of ``like``."""
    for axis in axes:
        current, wanted = shape_of(value)[axis], shape_of(like)[axis]
        if current > wanted:
            value = value[(Ellipsis, slice(wanted), *(slice(None),) * (-axis - 1))]
        elif current < wanted:
            shape = list(shape_of(value))
            shape[axis] = wanted - current
            value = np.concatenate([value, np.zeros(shape, value.dtype)], axis=axis)
    return value


def _weights(n: int, axis: int, like: Any) -> Any:
    """How often each entry of a half spectrum stands in the whole one: 2, but for the mean and a middle entry 1."""
    counts = np.full(n // 2 + 1, 2.0, np.real(np.zeros((), like.dtype)).dtype)
    counts[0] = 1.0
    if n % 2 == 0:
        counts[-1] = 1.0
    return np.reshape(counts, (-1, *(1,) * (-axis - 1)))


# -- one axis -----------------------------------------------------------------------------------


def _one_axis(rng: np.random.Generator, make: Any) -> list[Any]:
    rows = [((5,), None, -1), ((4,), None, -1), ((4,), 6, -1), ((5,), 3, -1), ((3, 4), 5, -2), ((2, 3, 4), 4, -2)]
    found = []
    for number, (shape, n, axis) in enumerate(rows):
        norm = ("backward", "ortho", "forward")[number % 3]
        found.append(((make(rng, *shape),), _told({"axis": axis}, n, norm)))
    return found


def _told(params: dict[str, Any], size: Any, norm: str, name: str = "n") -> dict[str, Any]:
    """The parameters that a label has to tell: a length that is not the array's own, a norm that is not the usual."""
    return params | ({} if size is None else {name: size}) | ({} if norm == "backward" else {"norm": norm})


def _normal(rng: np.random.Generator, *shape: int) -> Any:
    return rng.normal(size=shape)


def _declare_one(name: str, back: Any, *makes: Any) -> Any:
    """A transform along one axis; ``back(adjoint, n, axis, norm)`` is its adjoint before it is fitted.

    ``n`` is the length of what was transformed, if ``real`` numbers were, or of what came out.
    """
    function = getattr(np.fft, name)
    primitive = linear(
        name,
        lambda x, axis, n=None, norm="backward": function(x, n, axis, norm),
        transpose=lambda adjoint, out, x, axis, n=None, norm="backward": _fitted(
            back(adjoint, n or shape_of(x if name == "rfft" else out)[axis], axis, _OTHER_SIDE[norm]), x, (axis,)
        ),
        pushforward=lambda tangent, out, x, axis, n=None, norm="backward": function(tangent, n, axis, norm),
        batched=True,
        sample=lambda rng: [row for make in makes for row in _one_axis(rng, make)],
    )

    def handler(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
        refuse_positional_out(function, out)
        x = _real_where_needed(name, operand(a))
        axis = operator.index(axis)
        if not -x.ndim <= axis < x.ndim:
            raise IndexError(f"axis {axis} is out of bounds for an array of {x.ndim} axes: np.fft.{name}")
        axis = axis if axis < 0 else axis - x.ndim
        n = None if n is None else operator.index(n)
        if n == (_from_half(x.shape[axis]) if name == "irfft" else x.shape[axis]):
            n = None
        return apply(primitive, (x,), _told({"axis": axis}, n, _checked_norm(norm)))

    handles(function)(handler)
    return primitive


def _real_where_needed(name: str, x: Any) -> Any:
    if name.startswith("r") and is_complex(value_of(x)):
        raise UnsupportedError(
            f"np.fft.{name} takes real values, and got complex ones{here()}. Write np.fft.{name[1:]}(z), or take "
            "np.real(z)."
        )
    return x


def _checked_norm(norm: Any) -> str:
    if norm is None:
        return "backward"
    if norm not in _OTHER_SIDE:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return str(norm)


def _from_half(length: int) -> int:
    """The length of what a half spectrum of this length belongs to, as NumPy assumes it: even."""
    return 2 * (length - 1)


_declare_one("fft", lambda adjoint, n, axis, norm: np.fft.ifft(adjoint, None, axis, norm), _normal, complex_normal)
_declare_one("ifft", lambda adjoint, n, axis, norm: np.fft.fft(adjoint, None, axis, norm), _normal, complex_normal)
# n fills the half that rfft leaves out with zeros
_declare_one("rfft", lambda adjoint, n, axis, norm: np.real(np.fft.ifft(adjoint, n, axis, norm)), _normal)
_declare_one(
    "irfft",
    lambda adjoint, n, axis, norm: _weights(n, axis, adjoint) * np.fft.rfft(adjoint, None, axis, norm),
    _normal,
    complex_normal,
)


# NumPy's own definitions of these two
@handles(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    refuse_positional_out(np.fft.hfft, out)
    return np.fft.irfft(np.conjugate(a), n, axis, norm=_OTHER_SIDE[_checked_norm(norm)])


@handles(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    refuse_positional_out(np.fft.ihfft, out)
    return np.conjugate(np.fft.rfft(a, n, axis, norm=_OTHER_SIDE[_checked_norm(norm)]))


# -- several axes -------------------------------------------------------------------------------


def _several_axes(rng: np.random.Generator, make: Any) -> list[Any]:
    rows: list[Any] = [
        ((3, 4), None, (-2, -1), "backward"),
        ((3, 4), (4, 3), (-2, -1), "ortho"),
        ((2, 3, 4), None, (-3, -1), "forward"),
        ((4, 3), None, (-1, -2), "backward"),
        ((5,), (4,), (-1,), "forward"),
    ]
    return [((make(rng, *shape),), _told({"axes": axes}, s, norm, "s")) for shape, s, axes, norm in rows]


def _declare_several(name: str, back: Any, *makes: Any) -> None:
    """A transform along several axes, and that along two, which is the same with other axes by default."""
    function = getattr(np.fft, name)
    primitive = linear(
        name,
        lambda x, axes, s=None, norm="backward": function(x, s, axes, norm),
        transpose=lambda adjoint, out, x, axes, s=None, norm="backward": _fitted(
            back(adjoint, s or _sizes(x if name == "rfftn" else out, axes), axes, _OTHER_SIDE[norm]), x, axes
        ),
        pushforward=lambda tangent, out, x, axes, s=None, norm="backward": function(tangent, s, axes, norm),
        batched=True,
        sample=lambda rng: [row for make in makes for row in _several_axes(rng, make)],
    )

    def run(label: str, a: Any, s: Any, axes: Any, norm: Any) -> Any:
        x = _real_where_needed(name, operand(a))
        axes = _negative_axes(label, x, s, axes)
        sizes = None
        if s is not None:
            sizes = tuple(
                x.shape[axis] if n in (None, -1) else operator.index(n) for n, axis in zip(s, axes, strict=True)
            )
        return apply(primitive, (x,), _told({"axes": axes}, sizes, _checked_norm(norm), "s"))

    def of_several(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
        refuse_positional_out(function, out)
        return run(function_name(function), a, s, axes, norm)

    def of_two(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
        refuse_positional_out(function, out)
        return run(function_name(two), a, s, axes, norm)

    two = getattr(np.fft, name[:-1] + "2")
    handles(function)(of_several)
    handles(two)(of_two)


def _sizes(value: Any, axes: Axes) -> tuple[int, ...]:
    return tuple(shape_of(value)[axis] for axis in axes)


def _negative_axes(label: str, x: Any, s: Any, axes: Any) -> Axes:
    """The axes counted from the end; by default the last ones, as many as there are lengths."""
    if axes is None:
        return tuple(range(-(x.ndim if s is None else len(s)), 0))
    found = tuple(operator.index(axis) for axis in axes)
    if s is not None and len(s) != len(found):
        raise ValueError("Shape and axes have different lengths.")
    for axis in found:
        if not -x.ndim <= axis < x.ndim:
            raise IndexError(f"axis {axis} is out of bounds for an array of {x.ndim} axes: {label}")
    found = tuple(axis if axis < 0 else axis - x.ndim for axis in found)
    if len(set(found)) < len(found):
        raise UnsupportedError(f"{label} along one axis twice has no rule here{here()}; write two transforms.")
    return found


_declare_several(
    "fftn", lambda adjoint, s, axes, norm: np.fft.ifftn(adjoint, None, axes, norm), _normal, complex_normal
)
_declare_several(
    "ifftn", lambda adjoint, s, axes, norm: np.fft.fftn(adjoint, None, axes, norm), _normal, complex_normal
)
_declare_several("rfftn", lambda adjoint, s, axes, norm: np.real(np.fft.ifftn(adjoint, s, axes, norm)), _normal)
_declare_several(
    "irfftn",
    lambda adjoint, s, axes, norm: _weights(s[-1], axes[-1], adjoint) * np.fft.rfftn(adjoint, None, axes, norm),
    _normal,
    complex_normal,
)


# -- the order of a spectrum --------------------------------------------------------------------


def _shift(function: Any, sign: int) -> None:
    """NumPy's own definition: every axis rolled by half of its length."""

    def handler(x: Any, axes: Any = None) -> Any:
        x = operand(x)
        if axes is None:
            axes = tuple(range(x.ndim))
        elif not isinstance(axes, tuple | list):
            axes = (operator.index(axes),)
        halves = tuple(sign * (x.shape[axis] // 2) for axis in axes)
        return HANDLERS[np.roll](x, halves, tuple(axes))

    handles(function)(handler)


_shift(np.fft.fftshift, 1)
_shift(np.fft.ifftshift, -1)
