"""What a run of PyTorch code may change and must find again: modules, buffers, gradients, random numbers."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


class Kept:
    """The state of modules and tensors before a run; `restore` brings it back, bit for bit."""

    def __init__(self) -> None:
        self._modules: dict[int, tuple[Any, dict[str, Any], dict[str, dict[Any, Any]]]] = {}
        self._tensors: dict[int, tuple[Any, Any, int]] = {}
        self._grads: list[tuple[Any, Any]] = []

    def keep(self, modules: Iterable[Any]) -> None:
        """Note what modules hold; those noted before stay as they were noted."""
        for module in modules:
            if id(module) in self._modules:
                continue
            whole = dict(vars(module))
            tables = {key: dict(value) for key, value in whole.items() if isinstance(value, dict)}
            self._modules[id(module)] = (module, whole, tables)
            for buffer in tables.get("_buffers", {}).values():
                if buffer is not None:
                    self.keep_tensor(buffer)
            for parameter in tables.get("_parameters", {}).values():
                if parameter is not None:
                    self._grads.append((parameter, parameter.grad))

    def keep_tensor(self, tensor: Any) -> None:
        """Note a tensor's numbers."""
        if id(tensor) not in self._tensors and not tensor.is_meta:
            self._tensors[id(tensor)] = (tensor, tensor.detach().clone(), version_of(tensor))

    def restore(self) -> None:
        """Bring everything back; what is as it was is not touched."""
        import torch

        for module, whole, tables in self._modules.values():
            state = vars(module)
            if state.keys() != whole.keys() or any(state[key] is not value for key, value in whole.items()):
                state.clear()
                state.update(whole)
            for key, table in tables.items():
                held = state[key]
                if _differ(held, table):
                    held.clear()
                    held.update(table)
        with torch.no_grad():
            for tensor, before, version in self._tensors.values():
                if not _same(tensor, before):
                    tensor.data.copy_(before)
                    set_version(tensor, version)
        for parameter, grad in self._grads:
            if parameter.grad is not grad:
                parameter.grad = grad


def _differ(held: dict[Any, Any], table: dict[Any, Any]) -> bool:
    return list(held) != list(table) or any(held[key] is not value for key, value in table.items())


def _same(one: Any, other: Any) -> bool:
    import torch

    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    one, other = (each.to_dense() if each.layout is not torch.strided else each for each in (one, other))
    if torch.equal(one.detach(), other):
        return True
    return bool(one.dtype.is_floating_point and torch.equal(one.detach().isnan(), other.isnan())
                and torch.equal(one.detach().nan_to_num(), other.nan_to_num()))  # fmt: skip


def version_of(tensor: Any) -> int:
    """How often a tensor was changed in place; -1 where PyTorch does not count."""
    try:
        return int(tensor._version)  # noqa: SLF001  (PyTorch's documented name for it)
    except RuntimeError:  # an inference tensor
        return -1


def set_version(tensor: Any, version: int) -> None:
    """The numbers are those of then, and so is their count: a graph of the user's own that saved them stays good."""
    import torch

    setter = getattr(torch._C._autograd, "_unsafe_set_version_counter", None)  # noqa: SLF001
    if setter is None or version < 0:
        return
    try:
        setter((tensor,), (version,))
    except TypeError:  # PyTorch before 2.6 takes them one by one
        with contextlib.suppress(TypeError):
            setter(tensor, version)


@contextlib.contextmanager
def same_random_numbers() -> Iterator[None]:
    """Afterwards PyTorch, NumPy and Python draw the numbers that they would have drawn."""
    import torch

    ours, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002  (the state that user code draws from)
    devices = (
        list(range(torch.cuda.device_count())) if torch.cuda.is_available() and torch.cuda.is_initialized() else []
    )
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)  # noqa: NPY002


def unwrapped(module: Any) -> Any:
    """The module inside of `DataParallel`, `DistributedDataParallel` and `torch.compile`."""
    import torch

    while True:
        if isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
            module = module.module
        elif isinstance(module, torch.nn.Module) and "_orig_mod" in dict(module.named_children()):
            module = module._orig_mod  # noqa: SLF001  (torch.compile's name for it)
        else:
            return module


def modules_of(*things: Any) -> dict[str, Any]:
    """The modules that a function can reach, by the name that it knows them under."""
    import torch

    found: dict[str, Any] = {}

    def look(name: str, value: Any) -> None:
        if isinstance(value, torch.nn.Module) and all(value is not one for one in found.values()):
            found[name] = value

    for name, value in variables_of(*things).items():
        look(name, value)
        for key, inner in vars(value).items() if name == "self" and hasattr(value, "__dict__") else ():
            look(key, inner)
    return found


def variables_of(*things: Any) -> dict[str, Any]:
    """What functions see by name: their closures, the globals that they use, their defaults, and ``self``."""
    found: dict[str, Any] = {}
    stack = list(things)
    seen: set[int] = set()
    while stack:
        thing = stack.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        owner = getattr(thing, "__self__", None)
        if owner is not None:
            found.setdefault("self", owner)
        if hasattr(thing, "func") and hasattr(thing, "args"):  # functools.partial
            found |= {f"argument {number}": value for number, value in enumerate(thing.args)}
            found |= dict(thing.keywords)
            stack.append(thing.func)
        thing = getattr(thing, "__wrapped__", thing)
        code = getattr(getattr(thing, "__func__", thing), "__code__", None)
        if code is None:
            continue
        function = getattr(thing, "__func__", thing)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
            with contextlib.suppress(ValueError):  # a variable without value yet
                found.setdefault(name, cell.cell_contents)
        names = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        found |= dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        found |= function.__kwdefaults__ or {}
        for name in code.co_names:
            if name in function.__globals__:
                found.setdefault(name, function.__globals__[name])
        same_file = getattr(function, "__module__", None)
        stack += [one for one in found.values() if isinstance(one, type(variables_of)) and one.__module__ == same_file]
    return found
