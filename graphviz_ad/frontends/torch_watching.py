"""The mode by which PyTorch tells what is called, and what is asked of tensors on the way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def watching_mode() -> Any:
    """The class is made here, since PyTorch is imported when it is first asked for."""
    from torch.overrides import TorchFunctionMode

    class Watching(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
        """Hands every function of PyTorch's to a capture."""

        def __init__(self, capture: Any) -> None:
            super().__init__()
            self.capture = capture

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return self.capture.call(func, args, kwargs or {})

    return Watching


@cache
def _tensor_class() -> Any:
    import torch

    return torch.Tensor


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor."""
    return isinstance(value, _tensor_class())


def carries(tensor: Any) -> bool:
    """Whether a gradient comes to a tensor; to a view of a leaf that was made in `no_grad` none does."""
    return bool(tensor.requires_grad) and (tensor.grad_fn is not None or tensor._base is None)  # noqa: SLF001


def is_wrapped(tensor: Any) -> bool:
    """Whether a tensor belongs to a running `torch.func` transformation, and has no numbers of its own."""
    import torch

    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))  # noqa: SLF001


def shares(tensor: Any, others: Sequence[Any]) -> bool:
    """Whether a result is a view: whether it lies in the memory of an argument."""
    if tensor._base is None or not tensor.numel():  # noqa: SLF001
        return False
    place = tensor.untyped_storage().data_ptr()
    return any(other.untyped_storage().data_ptr() == place for other in others if other.layout is tensor.layout)


def strided_view(base: Any, size: Any, stride: Any, offset: int) -> Any:
    """A view by where it lies in its base."""
    return base.as_strided(size, stride, base.storage_offset() + offset)


def itself(tensor: Any) -> Any:
    """The same numbers, as a result of its own."""
    return tensor * 1
