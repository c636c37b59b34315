"""Long lists of cases of one kind: each so-many-th runs in `make test`, all of them in `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """The cases, of which only the first and each ``every``-th after it are not slow."""
    rest = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*case, marks=[pytest.mark.slow] if n % every else []) for n, case in enumerate(rest)]
