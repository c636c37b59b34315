"""Numbers between PyTorch and NumPy: the value of a tensor as an array of its own, and a tensor again from an array."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.errors import InputError, UnsupportedError


class Kind(NamedTuple):
    """What a tensor is beside its numbers: what NumPy does not know."""

    dtype: Any
    device: Any
    layout: Any


def kind_of(tensor: Any) -> Kind:
    """The kind of a tensor."""
    return Kind(tensor.dtype, tensor.device, tensor.layout)


def value_of(tensor: Any, what: str = "a tensor") -> Any:
    """A tensor's numbers, copied; a NumPy scalar where it has no axis.

    bfloat16 and the 8-bit floats, which NumPy lacks, come as float32, which holds each of their numbers exactly.

    Raises
    ------
    InputError
        There are no numbers: the tensor is on the device "meta", or nested.
    """
    import torch

    if tensor.is_meta:
        raise InputError(
            f"{what} is on the device 'meta' and has no numbers; give it some: model.to_empty(device=\"cpu\"), then "
            "load or draw its weights."
        )
    if tensor.is_nested:
        raise InputError(
            f"{what} is a nested tensor, which is no array; pad it: torch.nested.to_padded_tensor(x, 0.0)."
        )
    found = tensor.detach()
    if found.layout is not torch.strided:
        found = found.to_dense()
    if found.is_quantized:
        found = found.dequantize()
    if found.device.type != "cpu":
        found = found.cpu()
    if found.dtype in _wide():
        found = found.float()
    if found.is_conj() or found.is_neg():
        found = found.resolve_conj().resolve_neg()
    try:
        return found.numpy().copy(order="K")[()]
    except (TypeError, RuntimeError) as error:  # a dtype or a subclass that has no array
        raise UnsupportedError(
            f"{what} of dtype {tensor.dtype} ({type(tensor).__name__}) is no array: {error}."
        ) from error


@cache
def _wide() -> frozenset[Any]:
    """Dtypes that NumPy lacks and float32 contains."""
    import torch

    names = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    return frozenset(getattr(torch, name) for name in names if hasattr(torch, name))


def tensor_of(value: Any, kind: Kind) -> Any:
    """A new tensor of this kind with these numbers."""
    import torch

    array = np.asarray(value)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    made = torch.from_numpy(array.copy(order="K")).to(dtype=kind.dtype, device=kind.device)
    if kind.layout is torch.strided:
        return made
    return made.to_sparse(layout=kind.layout)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two arrays hold the same numbers, NaN included, to the last bit."""
    a, b = np.asarray(one), np.asarray(other)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
