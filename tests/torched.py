"""PyTorch, where it is installed (`make test-all` sees to that): else each test that calls it is skipped, by name."""

from __future__ import annotations

from typing import Any

import pytest

torch: Any
try:
    import torch
except ImportError:

    class _Absent:
        """Stands for everything in PyTorch; calling it skips the test."""

        def __getattr__(self, name: str) -> _Absent:
            return self

        def __call__(self, *args: object, **kwargs: object) -> None:
            pytest.skip("PyTorch is not installed")

    torch = _Absent()
