"""Where in a model the code is: modules that run now, the groups that they are, and the names of their tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from graphviz_ad.core.recorder import is_library
from graphviz_ad.frontends.torch_ops import tensors_in
from graphviz_ad.frontends.torch_state import Kept, unwrapped


class Modules:
    """The modules of one run."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.names: dict[int, str] = {}
        """By id of a tensor what the user calls it."""
        self.owners: dict[int, str] = {}
        """By id of a parameter or buffer the group of the innermost module that has it, once that has run."""
        self.inside = 0
        """How many of the modules that run now are PyTorch's own: what happens in them has no line of the user's."""
        self._running: list[tuple[Any, str]] = []
        self._paths: dict[int, str] = {}
        self._entered: set[int] = set()
        self._counts: dict[str, int] = {}

    @property
    def running(self) -> bool:
        """Whether a module runs now."""
        return bool(self._running)

    @property
    def group(self) -> str:
        """The group of what is made now; "" in the outermost module itself."""
        return self._running[-1][1] if self._running else ""

    def add(self, module: Any, prefix: str) -> None:
        """A model that the user knows under a name; "" where there is but one."""
        self.kept.keep(module.modules())
        for path, inner in module.named_modules():
            self._paths.setdefault(id(inner), ".".join(filter(None, (prefix, path))))
        for path, tensor in (*module.named_parameters(), *module.named_buffers()):
            self.names.setdefault(id(tensor), f"{prefix}.{path}" if prefix else path)

    def enter(self, module: Any) -> None:
        """A module begins."""
        if id(module) not in self._paths:  # made inside the function, or reached in a way that was not looked at
            inner = unwrapped(module)
            if id(inner) not in self._paths:
                self.add(inner, type(inner).__name__)
            self._paths[id(module)] = self._paths[id(inner)]
        name = self._paths[id(module)]
        group = self.group
        if name:
            start = self._paths[id(self._running[-1][0])] if self._running else ""
            short = name[len(start) + 1 :] if start and name.startswith(f"{start}.") else name
            short = short.replace("/", "\u2215")
            whole = f"{group}/{short}" if group else short
            count = self._counts[whole] = self._counts.get(whole, 0) + 1
            group = whole if count == 1 else f"{whole}_{count}"
        self._running.append((module, group))
        if group and id(module) not in self._entered:
            self._entered.add(id(module))  # inner modules begin later, and so have the last word
            for tensor in (*module.parameters(), *module.buffers()):
                self.owners[id(tensor)] = group
        if self.inside or is_library(getattr(type(module).forward, "__code__", _NOWHERE).co_filename):
            self.inside += 1

    def leave(self, module: Any) -> bool:
        """A module ends, or raises; whether the user's own code goes on."""
        while self._running and self._running[-1][0] is not module:
            self._running.pop()  # what an exception went through
        if self._running:
            self._running.pop()
        if not self.inside:
            return False
        self.inside -= 1
        return not self.inside


_NOWHERE = compile("", "<nowhere>", "exec")


@contextmanager
def modules_watched(capture: Any) -> Iterator[None]:
    """Let PyTorch tell when a module begins and ends."""
    import threading

    from torch.nn.modules import module as hooks

    modules = capture.modules
    thread = threading.get_ident()

    def begins(module: Any, _args: Any) -> None:
        if threading.get_ident() == thread:
            modules.enter(module)

    def ends(module: Any, _args: Any, result: Any) -> None:
        if threading.get_ident() == thread and modules.leave(module):
            for tensor in tensors_in(result):  # what it gives is what the user's line says
                seen = capture.seen.get(id(tensor))
                if seen is not None:
                    capture.hidden.pop(seen.node.index, None)

    first = hooks.register_module_forward_pre_hook(begins)
    last = hooks.register_module_forward_hook(ends, always_call=True)
    try:
        yield
    finally:
        first.remove()
        last.remove()
