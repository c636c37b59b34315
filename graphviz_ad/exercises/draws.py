"""Random inputs for a function: new numbers, and new sizes in which no two axes are equal by chance."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    function. Sizes of 1 stay, and so does what the function does not run with otherwise, or what it runs with and
    leaves out: samples that have no label, which a ``zip`` drops.

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

    def _matters(self, sizes: Sizes, axes: Iterable[Axis]) -> bool:
        """Whether the result depends on the last entries along each of these axes."""
        rng = np.random.default_rng(0)
        args = copied(self.drawn(rng, sizes))
        before = _result(self.f, args)
        return all(
            any(_differs(before, _result(self.f, moved)) for moved in self._moved(args, axis, rng)) for axis in axes
        )

    def _moved(self, args: Any, axis: Axis, rng: np.random.Generator) -> Iterator[Any]:
        """The arguments with other numbers at the end of one axis: drawn anew, and larger ones, for a maximum."""
        number, along = axis
        for factor in (1, 1, 4, -4):
            count = itertools.count()

            def leaf(_path: Any, value: Any, factor: int = factor, count: Iterator[int] = count) -> Any:
                if next(count) != number:
                    return value
                new = np.moveaxis(value.copy(), along, 0)
                drawn = redrawn(self.arrays[number], new[-1].shape, rng)
                labels, positive = value.dtype.kind in "biu", bool(np.all(value > 0))
                new[-1] = drawn if labels else (abs(factor) if positive else factor) * drawn
                return np.moveaxis(new, 0, along)

            yield map_leaves(leaf, args)

    def _blocks(self) -> Iterator[tuple[Axis, ...]]:
        """The smallest sets of axes that can change their size together."""
        sizes = set(self.given.values())
        for size in sorted(sizes - {0, 1}):
            # a little larger, and no other size: a kernel has to fit into its image
            fresh = next(one for one in itertools.count(size + 1) if one not in sizes)
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
                        if self._runs(new := self.given | dict.fromkeys(chosen, fresh)) and self._matters(new, chosen)
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
        largest = max(self.given.values(), default=1)
        for attempt in range(_TRIES):
            # labels count up to a size: the last attempts only let sizes grow
            least = 2 if attempt < _TRIES - 2 else largest + 1
            span = range(least, least + 1 + 2 * len(self.blocks) + len(fixed) + attempt)
            pool = [size for size in span if size not in fixed]
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

    What is one 1 among zeros, or adds up to 1, along an axis does so again: a gradient may rely on it, as that of
    softmax and cross-entropy does.

    Examples
    --------
    >>> redrawn(np.array([0.0, 1.0, 1.0]), (4,), np.random.default_rng(0))
    array([1., 1., 1., 0.])
    >>> redrawn(np.eye(2), (3, 4), np.random.default_rng(0)).sum(axis=1)
    array([1., 1., 1.])
    """
    array = np.asarray(value)
    kind = array.dtype
    if kind.kind in "biu":
        new = rng.choice(array.ravel(), shape) if array.size else np.zeros(shape, kind)
        if np.size(new) > 1:  # the largest label is always there: whether it is an index that fits, every draw shows
            new.flat[rng.integers(new.size)] = array.max(initial=0)
        return new
    seen = array[np.isfinite(array)]
    binary = seen.size > 1 and bool(np.isin(seen, (0.0, 1.0)).all() and (seen == 1).any() and (seen == 0).any())
    axis = _shares(array) if len(shape) == array.ndim else None
    if axis is not None:
        new = _drawn_shares(shape, axis, binary, rng)
    elif binary:
        new = rng.integers(0, 2, shape).astype(float)
        if new.size > 1 and np.ptp(new) == 0:  # both labels, as in the example
            new.flat[0] = 1 - new.flat[0]
    elif seen.size and (seen > 0).all():
        top = 1.0 if (seen < 1).all() else max(2.0, 2 * float(np.median(seen)))
        new = rng.uniform(0.1 * top, 0.9 * top, shape)
    else:
        spread = float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 1.0
        new = rng.normal(0.0, float(np.clip(spread or 1.0, 0.5, 2.0)), shape)
    if not shape:
        return float(new) if type(value) is float else kind.type(new)
    return np.asarray(new).astype(kind)


def _shares(array: Any) -> int | None:
    """The axis along which numbers are shares of 1: probabilities, or one 1 among zeros."""
    if not array.size or not np.all(array >= 0):
        return None
    for axis in range(array.ndim - 1, -1, -1):
        if array.shape[axis] > 1 and np.allclose(array.sum(axis=axis), 1.0, rtol=1e-6):
            return axis
    return None


def _drawn_shares(shape: tuple[int, ...], axis: int, binary: bool, rng: np.random.Generator) -> Any:
    rest = shape[:axis] + shape[axis + 1 :]
    if binary:
        drawn = np.eye(shape[axis])[rng.integers(0, shape[axis], rest)]
    else:
        drawn = rng.dirichlet(np.full(shape[axis], 2.0), rest)
    return np.moveaxis(drawn, -1, axis)


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
    one of vectors where these do; of what fits equally badly what has more axes, where more shows.
    All sizes are 3, with which every product fits; `Draws` finds which of them are free. None where nothing runs.
    """
    small = [n for n, name in enumerate(names) if name[:1] not in string.ascii_uppercase]
    # a bias stays a vector: of a matrix it would not be seen that the sum over the batch is missing
    ranks = [(2,) if n not in small else (1, 0) if name.startswith("b") else (1, 0, 2) for n, name in enumerate(names)]
    rng = np.random.default_rng(1)
    best: tuple[tuple[bool, float, int], tuple[Any, ...]] | None = None
    every = itertools.islice(itertools.product(*ranks), _GUESSES)
    for chosen in sorted(every, key=lambda one: (sum(one[n] == 2 for n in small), -sum(one))):
        args = tuple(rng.normal(size=(3,) * rank) if rank else float(rng.normal()) for rank in chosen)
        ndim = _ndim_of(f, args)
        if ndim is None:
            continue
        bad = ndim != 0, misfits(args), -sum(chosen)
        if best is None or bad < best[0]:
            best = bad, args
        if bad[:2] == (False, 0):
            break
    return best and best[1]


def _ndim_of(f: Callable[..., Any], args: tuple[Any, ...]) -> int | None:
    """The dimensions of a function's result; None where it fails."""
    result = _result(f, args)
    return None if result is None else np.ndim(result)


def _result(f: Callable[..., Any], args: Any) -> Any:
    """What a function gives of plain numbers; None where it fails."""
    try:
        with np.errstate(all="ignore"):
            result = f(*copied(args))
    except Exception:  # noqa: BLE001  (sizes that do not fit may raise anything)
        return None
    return result if isinstance(result, float | int | np.ndarray | np.generic) else None


def _differs(one: Any, other: Any) -> bool:
    return other is not None and (np.shape(one) != np.shape(other) or not np.array_equal(one, other, equal_nan=True))
