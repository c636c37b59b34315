"""Random inputs for a function: new numbers, and new sizes in which no two axes are equal by chance."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import leaves, map_leaves
from graphviz_ad.core.traced import Traced, is_constant
from graphviz_ad.core.variables import variable
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError

Axis = tuple[int, int]
"""The number of a leaf, and the axis of its array."""
Sizes = dict[Axis, int]
_LARGEST_SEARCH = 10
"""Among so many axes of one size every set is tried."""
_TRIES = 8
_GUESSES = 729


class Draws:
    """The sizes of a function's arguments, which of them can change, and together with which others.

    Axes of one size in the example may be the same dimension or equal by chance: those are found by running the
    function. Sizes of 1 stay, and so does what the function does not run with otherwise.

    Parameters
    ----------
    f
        The function, run on plain numbers.
    args
        An example of its arguments.
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.f = f
        self.args = args
        self.arrays = [value_of(leaf) for _, leaf in leaves(args)]
        self.given: Sizes = {
            (number, axis): size
            for number, array in enumerate(self.arrays)
            if isinstance(array, np.ndarray) and array.dtype.kind in "biuf"
            for axis, size in enumerate(array.shape)
        }
        self.ndim = _ndim_of(f, args)
        self.blocks = list(self._blocks()) if self.ndim is not None else []
        """Axes that are one dimension, each block free of the others."""

    def _runs(self, sizes: Sizes) -> bool:
        return _ndim_of(self.f, self.drawn(np.random.default_rng(0), sizes)) == self.ndim

    def _blocks(self) -> Iterator[tuple[Axis, ...]]:
        """The smallest sets of axes that can change their size together."""
        fresh = max(self.given.values(), default=1) + 1
        for size in sorted({size for size in self.given.values() if size > 1}):
            left = [axis for axis, one in self.given.items() if one == size]
            while left:
                most = len(left) if len(left) <= _LARGEST_SEARCH else 2
                sets = itertools.chain.from_iterable(
                    itertools.combinations(left, count) for count in range(1, most + 1)
                )
                found = next(
                    (
                        chosen
                        for chosen in itertools.chain(sets, [tuple(left)])
                        if self._runs(self.given | dict.fromkeys(chosen, fresh))
                    ),
                    None,
                )
                if found is None:
                    break
                yield found
                left = [axis for axis in left if axis not in found]

    def sizes(self, rng: np.random.Generator) -> Sizes:
        """Sizes that all differ; those that cannot change stay. What was larger stays larger, as a kernel's image."""
        moved = {axis for block in self.blocks for axis in block}
        fixed = {size for axis, size in self.given.items() if axis not in moved} | {1}
        for attempt in range(_TRIES):
            pool = [size for size in range(2, 3 + 2 * len(self.blocks) + len(fixed) + attempt) if size not in fixed]
            new = sorted(int(size) for size in rng.choice(pool, len(self.blocks), replace=False))
            ranks = sorted((self.given[block[0]], rng.random(), n) for n, block in enumerate(self.blocks))
            chosen = {axis: size for (_, _, n), size in zip(ranks, new, strict=True) for axis in self.blocks[n]}
            if self._runs(self.given | chosen):
                return self.given | chosen
        return dict(self.given)

    def drawn(self, rng: np.random.Generator, sizes: Sizes) -> tuple[Any, ...]:
        """The arguments with new numbers, in these sizes."""
        number = itertools.count()

        def leaf(_path: Any, value: Any) -> Any:
            here = next(number)
            array = value_of(value)
            if not isinstance(array, float | np.ndarray | np.floating):
                return value
            shape = tuple(sizes.get((here, axis), size) for axis, size in enumerate(np.shape(array)))
            new = redrawn(array, shape, rng)
            if type(value) is Traced:
                return value if is_constant(value) else variable(new, value.params["name"], value.params["role"])
            return new

        return map_leaves(leaf, self.args)  # type: ignore[no-any-return]

    def square(self, sizes: Sizes) -> list[int]:
        """The arrays that have two axes of one size, which are not one dimension."""
        together = {axis: n for n, block in enumerate(self.blocks) for axis in block}
        found = []
        for number, array in enumerate(self.arrays):
            own = [(number, axis) for axis in range(np.ndim(array)) if sizes.get((number, axis), 1) > 1]
            if any(
                sizes[one] == sizes[two] and (one not in together or together[one] != together.get(two))
                for one, two in itertools.combinations(own, 2)
            ):
                found.append(number)
        return found


def value_of(leaf: Any) -> Any:
    """The plain value of a leaf, which may be a `gad.variable`."""
    return leaf.value if type(leaf) is Traced else leaf


def copied(args: Any) -> Any:
    """The same with plain arrays of its own: what is called may write into them."""

    def leaf(_path: Any, value: Any) -> Any:
        value = value_of(value)
        return value.copy() if isinstance(value, np.ndarray) else value

    return map_leaves(leaf, args)


def redrawn(value: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Numbers of the same kind and of about the same size: labels stay labels, positive numbers positive.

    Examples
    --------
    >>> redrawn(np.array([0.0, 1.0]), (4,), np.random.default_rng(0))
    array([1., 1., 1., 0.])
    """
    array = np.asarray(value)
    kind = array.dtype
    if kind.kind in "biu":
        return rng.choice(array.ravel(), shape) if array.size else np.zeros(shape, kind)
    seen = array[np.isfinite(array)]
    if seen.size > 1 and np.isin(seen, (0.0, 1.0)).all() and (seen == 1).any():
        new = rng.integers(0, 2, shape).astype(float)
    elif seen.size and (seen > 0).all():
        top = 1.0 if (seen < 1).all() else max(2.0, 2 * float(np.median(seen)))
        new = rng.uniform(0.1 * top, 0.9 * top, shape)
    else:
        spread = float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 1.0
        new = rng.normal(0.0, float(np.clip(spread or 1.0, 0.5, 2.0)), shape)
    if not shape:
        return float(new) if type(value) is float else kind.type(new)
    return np.asarray(new).astype(kind)


# -- shapes in letters ------------------------------------------------------------------------------


def from_shapes(shapes: Mapping[str, Any]) -> dict[str, Any]:
    """An example of arrays in these shapes; each letter is a size of its own.

    Examples
    --------
    >>> {name: value.shape for name, value in from_shapes({"X": ("B", "n"), "W": ("m", "n"), "b": "m"}).items()}
    {'X': (2, 3), 'W': (4, 3), 'b': (4,)}
    """
    letters: dict[str, int] = {}
    fixed = {size for shape in shapes.values() if not isinstance(shape, str) for size in _axes(shape)}
    fresh = (size for size in itertools.count(2) if size not in fixed)
    rng = np.random.default_rng(1)
    found = {}
    for name, shape in shapes.items():
        sizes = []
        for axis in _axes(shape):
            if isinstance(axis, str):
                sizes.append(letters[axis] if axis in letters else letters.setdefault(axis, next(fresh)))
            else:
                sizes.append(axis)
        drawn = rng.normal(size=tuple(sizes))
        found[name] = drawn if sizes else float(drawn)
    return found


def _axes(shape: Any) -> tuple[Any, ...]:
    if isinstance(shape, str):
        return tuple(shape.replace(",", " ").split())
    if isinstance(shape, int) and not isinstance(shape, bool):
        shape = (shape,)
    if isinstance(shape, Sequence) and all(
        (isinstance(axis, str) and axis) or (isinstance(axis, int) and not isinstance(axis, bool) and axis > 0)
        for axis in shape
    ):
        return tuple(shape)
    raise ArgumentError(f'a shape is a tuple of sizes and letters, such as ("B", 3), not {brief(shape)}')


def guessed(
    f: Callable[..., Any], names: Sequence[str], misfits: Callable[[tuple[Any, ...]], float] = lambda args: 0.0
) -> tuple[Any, ...] | None:
    """An example for a function of which only the names are known: capitals are matrices, others vectors or numbers.

    Of what runs, a result of one number comes before an array, what has fewer ``misfits`` before what has more (a
    backward pass may be written for a batch, where the function takes single rows too), and the first that fits is
    one of vectors where these do.
    All sizes are 3, with which every product fits; `Draws` finds which of them are free. None where nothing runs.
    """
    small = [n for n, name in enumerate(names) if name[:1] not in string.ascii_uppercase]
    # a bias stays a vector: of a matrix it would not be seen that the sum over the batch is missing
    ranks = [(2,) if n not in small else (1, 0) if name.startswith("b") else (1, 0, 2) for n, name in enumerate(names)]
    rng = np.random.default_rng(1)
    best: tuple[tuple[bool, float], tuple[Any, ...]] | None = None
    every = itertools.islice(itertools.product(*ranks), _GUESSES)
    for chosen in sorted(every, key=lambda one: (sum(one[n] == 2 for n in small), -sum(one))):
        args = tuple(rng.normal(size=(3,) * rank) if rank else float(rng.normal()) for rank in chosen)
        ndim = _ndim_of(f, args)
        if ndim is None:
            continue
        bad = ndim != 0, misfits(args)
        if best is None or bad <= best[0]:
            best = bad, args
        if bad == (False, 0):
            break
    return best and best[1]


def _ndim_of(f: Callable[..., Any], args: tuple[Any, ...]) -> int | None:
    """The dimensions of a function's result; None where it fails."""
    try:
        with np.errstate(all="ignore"):
            result = f(*copied(args))
    except Exception:  # noqa: BLE001  (sizes that do not fit may raise anything)
        return None
    return np.ndim(result) if isinstance(result, float | int | np.ndarray | np.generic) else None
