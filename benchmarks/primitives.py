"""What recording and a backward sweep cost for each primitive, beside the bare NumPy call; `make bench` runs it too."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.measure import seconds
from benchmarks.run import ONE_THREAD, commit, machine, versions
from graphviz_ad.core.primitive import REGISTRY, Primitive, declare_late
from graphviz_ad.core.traced import apply, is_floating

TABLE = Path(__file__).parent / "PRIMITIVES.md"
SHAPES = ((3,), (1000,), (1000, 1000))
LIMIT = 8.0  # at (1000,), or a reason stands beside it
PAIRS = 5
TURNS = 20  # calls in one recording, so that what a trace costs by itself is shared; one where arrays are large
FIXED = 1.5  # up to so many times what 3 numbers take is what a call takes whatever its size
LONGEST = 0.5  # seconds of one bare call: what takes longer is not measured
LARGEST = 3e7  # elements of one result

Call = tuple[tuple[Any, ...], dict[str, Any]]

REASONS: dict[str, str] = {
    **dict.fromkeys(["prod", "nanprod", "cumprod"], "products of all the others, without a division that zeros break"),
    **dict.fromkeys(["sort", "partition"], "positions are sorted too, and the adjoint goes back by them"),
    **dict.fromkeys(["clip", "maximum", "minimum", "fmax", "fmin"], "each input's rule compares, and selects"),
    **dict.fromkeys(["huber", "pseudo_huber"], "its rule selects between two branches"),
    **dict.fromkeys(["digamma", "polygamma", "j0", "j1", "gammaln"], "its derivative is a dearer function"),
    **dict.fromkeys(
        ["concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"],
        "the adjoint is cut into pieces, one for each array",
    ),
    "heaviside": "its rule compares, and selects",
    "mantissa": "its rule divides by powers of 2",
    "polyval": "its rule makes every power of x, 1000 × 1000 of them",
    "cholesky": "its rule solves with triangular matrices, twice",
    "det": "its cofactors come from singular values, which are right for singular matrices too",
    "diag": "a matrix of 1000 × 1000 is copied",
    **dict.fromkeys(["matvec", "vecmat"], "its rules are an outer product and a product with the transpose"),
    "norm": "its rule divides by the norm, and by what takes its place at 0",
    "repeat": "its rule adds copies up by their places",
    "sinc": "its derivative is a series near 0",
}
"""Why a primitive costs more than `LIMIT`: what its rule has to do beside the bare call."""
SINGLE = 5e-6
"""Seconds up to which a bare call is hardly more than one pass over 1000 numbers: whatever is recorded costs more."""
UNKNOWN = "no reason is known"


def differentiable() -> list[Primitive]:
    """Every primitive with a rule for reverse mode, by name; SciPy's too, where it is installed."""
    with contextlib.suppress(ImportError):
        import_module("scipy.special")
    declare_late()
    found = [p for p in REGISTRY.values() if p.kind not in ("plain", "cut") and p.pulls and p.sample]
    return sorted(found, key=lambda p: p.name)


def grown(x: Any, shape: tuple[int, ...]) -> Any:
    """An operand of that shape which repeats a sample's numbers: it stays where the function is defined."""
    return np.resize(x, shape) if is_floating(x) or isinstance(x, np.ndarray) else x


def square(shape: tuple[int, ...]) -> Any:
    """A well-conditioned symmetric matrix with about as many elements, whose eigenvalues lie apart."""
    n = {1: shape[0] if shape[0] < 10 else math.isqrt(shape[0]) + 1, 2: shape[0]}[len(shape)]
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(n, n)))
    return (turn * np.linspace(1.0, 2.0, n)) @ turn.T


def calls(primitive: Primitive, shape: tuple[int, ...]) -> Iterator[Call]:
    """A primitive's samples as calls of that size, the likeliest first."""
    assert primitive.sample is not None
    samples = list(primitive.sample(np.random.default_rng(7)))
    for inputs, params in samples:
        yield tuple(grown(x, shape) for x in inputs), params
    for inputs, params in samples:
        yield tuple(square(shape) if np.ndim(x) >= 2 else grown(x, shape) for x in inputs), params


def fitting(primitive: Primitive, shape: tuple[int, ...]) -> Call | None:
    """The first of these calls that NumPy takes and that has a derivative; None if there is none."""
    for inputs, params in calls(primitive, shape):
        try:
            with np.errstate(all="ignore"):
                begun = perf_counter()
                value = primitive.compute(*inputs, **params)
                if perf_counter() - begun > LONGEST:
                    return None
                ours(primitive, inputs, params)()
        except (ValueError, IndexError, TypeError, np.linalg.LinAlgError, gad.GraphvizADError):
            continue
        if np.all(np.isfinite(value)):
            return inputs, params
    return None


def ours(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], turns: int = 1) -> Callable[[], Any]:
    """Recording the call, so many times, and sweeping back over all with adjoints of ones; returns the last value."""
    places = [place for place, x in enumerate(inputs) if is_floating(x) and primitive.active(place)]

    def call(*floats: Any) -> Any:
        operands = list(inputs)
        for place, x in zip(places, floats, strict=True):
            operands[place] = x
        return [apply(primitive, tuple(operands), params) for _ in range(turns)]

    floats = [inputs[place] for place in places]
    adjoint = np.ones_like(primitive.compute(*inputs, **params))[()]

    def both() -> Any:
        values, pull = gad.vjp(call, *floats)
        pull([adjoint] * turns)
        return values[-1]

    return both


def too_large(primitive: Primitive, shape: tuple[int, ...]) -> bool:
    """Whether a result of that size would not fit: judged by how it grows from 8 to 16 in each direction."""
    sizes = []
    for side in (8, 16):
        found = fitting(primitive, (side,) * len(shape))
        if found is None:
            return False
        sizes.append(np.size(primitive.compute(*found[0], **found[1])))
    return sizes[1] * (max(sizes[1], 1) / max(sizes[0], 1)) ** math.log2(shape[0] / 16) > LARGEST


def measured(primitive: Primitive, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """The median ratio of pairs and the median bare call in seconds; None where there is nothing to measure."""
    if shape[0] > 16 and too_large(primitive, shape):
        return None
    found = fitting(primitive, shape)
    if found is None:
        return None
    inputs, params = found
    turns = TURNS if math.prod(shape) <= 1000 else 1
    whole = ours(primitive, inputs, params, turns)
    value = whole()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(value, primitive.compute(*inputs, **params))  # the same call on both sides

        def bare() -> Any:
            return primitive.compute(*inputs, **params)

        once = seconds(bare)
        once()
        mine = seconds(whole)
        pairs = [(mine() / turns, once()) for _ in range(PAIRS)]
    return median(a / b for a, b in pairs), median(b for _, b in pairs)


def is_view(primitive: Primitive, shape: tuple[int, ...]) -> bool:
    """Whether the bare call only looks at its operand in another way."""
    found = fitting(primitive, shape)
    if found is None:
        return False
    value = primitive.compute(*found[0], **found[1])
    return any(isinstance(x, np.ndarray) and np.may_share_memory(value, x) for x in found[0])


def why(primitive: Primitive, small: float | None, middle: float, bare: float) -> str:
    """Why a call of 1000 numbers costs more than `LIMIT`, from the seconds that it takes and those of 3 numbers."""
    spent = f"{1e6 * middle:.0f} µs in all"
    if small is not None and middle < FIXED * small:
        return f"what a call takes at any size: {spent}, and {1e6 * small:.0f} for (3,)"
    if primitive.name in REASONS:
        return f"{REASONS[primitive.name]}: {spent}"
    if is_view(primitive, SHAPES[1]):
        return f"the bare call makes a view: {spent}"
    if bare < SINGLE:
        return f"the bare call is one pass over the numbers: {spent}"
    return f"{UNKNOWN}: {spent}"


def row(primitive: Primitive) -> list[str]:
    """One line of the table."""
    found = [measured(primitive, shape) for shape in SHAPES]
    ratios = ["–" if one is None else f"{one[0]:.1f}" for one in found]
    middle = found[1]
    bare = "–" if middle is None else f"{1e6 * middle[1]:.1f}"
    reason = ""
    if middle is not None and middle[0] > LIMIT:
        small = found[0]
        reason = why(primitive, small and small[0] * small[1], middle[0] * middle[1], middle[1])
    return [f"`{primitive.name}`", *ratios, bare, reason]


def render(rows: list[list[str]]) -> str:
    """The page."""
    found = ", ".join(f"{name} {number}" for name, number in versions().items() if name in ("Python", "numpy"))
    about = f"""\
Written by `make bench`. For each primitive: a call recorded and swept back over, one of {TURNS} in a `gad.vjp` (the
largest alone), as a multiple of the bare call of NumPy, with operands of three shapes; medians of interleaved pairs,
one thread. Functions of matrices take one of 3 × 3, 32 × 32 and 1000 × 1000. –: no such call, or too large to make.
More than {LIMIT:g} at (1000,) has a reason beside it.

{machine()}; {found}. Commit {commit()}."""
    heads = ["primitive", *map(str, SHAPES), "bare at (1000,), µs", "why more"]
    lines = [heads, ["---"] * len(heads), *rows]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"# What each primitive costs\n\n{about}\n\n{table}\n"


def main() -> int:
    """Measure, show each line as soon as it is known, and write the page if that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.primitives", description=__doc__)
    parser.add_argument("names", nargs="*", help="primitives (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}; only with all primitives")
    options = parser.parse_args()
    if any(os.environ.get(name) != number for name, number in ONE_THREAD.items()):
        command = [sys.executable, "-m", "benchmarks.primitives", *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | ONE_THREAD, check=False).returncode
    if options.write and options.names:
        parser.error("--write needs all primitives: leave the names out")
    chosen = [p for p in differentiable() if not options.names or p.name in options.names]
    rows = []
    for number, primitive in enumerate(chosen, 1):
        rows.append(row(primitive))
        print(f"[{number:3}/{len(chosen)}]", *rows[-1], sep="  ", flush=True)
    if options.write:
        TABLE.write_text(render(rows), encoding="utf-8")
        print(f"written: {TABLE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
