"""What PyTorch's functions are called, and which of them need no node: those that only ask."""

from __future__ import annotations

import types
from functools import cache
from typing import Any

EXITS = {
    "item": "item()", "tolist": "tolist()", "numpy": "numpy()", "__float__": "float()", "__int__": "int()",
    "__bool__": "bool()", "__index__": "an index", "__array__": "np.asarray()", "is_nonzero": "bool()",
    "__complex__": "complex()", "equal": "torch.equal()", "allclose": "torch.allclose()",
}  # fmt: skip
"""Functions by which plain numbers leave the tensors, and what they are called."""

ASKING = frozenset((
    "shape", "dtype", "device", "requires_grad", "grad_fn", "is_leaf", "grad", "layout", "is_nested", "is_cuda",
    "is_meta", "is_sparse", "is_quantized", "is_cpu", "is_mkldnn", "ndim", "names", "version", "base", "itemsize",
    "nbytes", "output_nr", "is_mps", "is_xpu", "dim", "size", "numel", "stride", "is_contiguous", "is_floating_point",
    "is_complex", "element_size", "data_ptr", "storage_offset", "len", "repr", "format", "hash", "register_hook",
    "retain_grad", "retains_grad", "requires_grad_", "get_device", "untyped_storage", "storage",
    "is_tensor", "is_inference", "is_conj", "is_neg", "is_signed", "contains", "dir", "deepcopy", "reduce_ex",
    "result_type", "can_cast", "has_names", "register_post_accumulate_grad_hook", "is_shared", "is_pinned", "str",
))  # fmt: skip
"""Functions that only ask, or that set what is no number."""
SETTING = frozenset(("set_grad_enabled", "manual_seed", "set_rng_state", "seed", "get_rng_state"))


def name_of(function: Any) -> str:
    """What a function is called by those who use it: ``relu``, ``add`` for ``__add__``, ``T`` for the property."""
    name = getattr(function, "__name__", type(function).__name__)
    if name == "__get__":
        return str(function.__self__.__name__)
    if name in EXITS:
        return str(name)
    if name == "__getitem__":
        return "index"
    if name == "__setitem__":
        return "setitem"
    return str(name).strip("_") + ("_" if name.endswith("_") and not name.endswith("__") else "")


@cache
def opened(function: Any) -> Any:
    """For a function that is shown by what it does inside: itself, but without the question who watches it."""
    import torch

    if function is not torch.nn.functional.multi_head_attention_forward:
        return None
    deaf = {name: (lambda *_: False) for name in function.__globals__ if name.startswith("has_torch_function")}
    seen = {**function.__globals__, **deaf}
    made = types.FunctionType(
        function.__code__, seen, function.__name__, function.__defaults__, function.__closure__
    )  # fmt: skip
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def parameters(name: str, args: Any, kwargs: Any) -> dict[str, Any]:
    """What a reader is told of the other arguments."""
    dim = kwargs.get("dim")
    if dim is None and name in _ALONG and len(args) > 1:
        dim = args[1]
    if isinstance(dim, int) and not isinstance(dim, bool):
        return {"axis": dim}
    return {}


_ALONG = frozenset(("softmax", "log_softmax", "cat", "stack", "argmax", "argmin", "cumsum", "unsqueeze", "squeeze"))
