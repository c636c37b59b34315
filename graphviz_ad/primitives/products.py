"""Products of arrays: matmul, dot, inner, outer, vdot, tensordot, einsum and their kin."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, general, handles
from graphviz_ad.core.traced import NO_PARAMS, apply, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, UnsupportedError
from graphviz_ad.primitives.arguments import no_rule

Axes = tuple[int, ...]
Shape = tuple[int, ...]

_NO_EFFECT = {
    "casting": ("same_kind", "safe"),
    "order": ("K",),
    "dtype": (None,),
    "subok": (True,),
    "signature": (None,),
    "axis": (-1,),
}
_MOVE = "Move the axes with np.moveaxis first."
_REMEDY = {"dtype": "Write x.astype(dtype) for the operands.", "axes": _MOVE, "axis": _MOVE}


def _refuse(label: str, options: dict[str, Any]) -> None:
    """An error for options that change the value; those that say what happens anyway may pass."""
    for name, value in options.items():
        if value not in _NO_EFFECT.get(name, ()):
            remedy = _REMEDY.get(name, "Leave it out.")
            raise no_rule(label, name, remedy)


def swapped(x: Any) -> Any:
    """The last two axes swapped."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def aligned(direction: Any, x: Any, rank: int) -> Any:
    """Many tangents of ``x`` as tangents of an array of ``rank`` axes, so that the leading axis stays in front.

    One tangent stays as it is: NumPy's own broadcasting adds its axes.
    """
    shape, ndim = shape_of(direction), len(shape_of(x))
    if len(shape) == ndim or ndim >= rank:
        return direction
    return np.reshape(direction, (shape[0], *(1,) * (rank - ndim), *shape[1:]))


# -- matmul -------------------------------------------------------------------------------------
# The case of two matrices is the hot path of every network: one BLAS call on a transposed view, no copy


def _outer_product(adjoint: Any, vector: Any) -> Any:
    shape = shape_of(adjoint)
    if not shape:
        return adjoint * vector
    return np.outer(adjoint, vector) if len(shape) == 1 else adjoint[..., None] * vector


def _matmul_left(adjoint: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 2:
        return adjoint @ b.T
    if b.ndim == 1:
        return _outer_product(adjoint, b)
    if a.ndim == 1:
        return (b @ adjoint[..., None])[..., 0]
    return adjoint @ swapped(b)


def _matmul_right(adjoint: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2:
        return adjoint @ a if b.ndim == 1 else a.T @ adjoint
    if a.ndim == 1:
        if b.ndim == 1:
            return _outer_product(adjoint, a)
        return np.outer(a, adjoint) if adjoint.ndim == 1 else a[:, None] * adjoint[..., None, :]
    if b.ndim == 1:
        return (swapped(a) @ adjoint[..., None])[..., 0]
    if b.ndim == 2:
        # one matrix for the whole batch: its rows in one product, instead of a sum over the batch's products
        rows = math.prod(a.shape[:-1])
        lead = adjoint.shape[: adjoint.ndim - out.ndim]
        return np.reshape(a, (rows, a.shape[-1])).T @ np.reshape(adjoint, (*lead, rows, b.shape[1]))
    return swapped(a) @ adjoint


def _matmul_pushed(argnum: int, tangent: Any, out: Any, *inputs: Any) -> Any:
    operands = list(inputs)
    operands[argnum] = tangent
    if tangent.ndim == inputs[argnum].ndim:
        return operands[0] @ operands[1]
    # many tangents: vectors become matrices of one row or column, so that the leading axis is never one of theirs
    lead, rank = tangent.shape[:1], max(inputs[0].ndim, inputs[1].ndim, 2)
    for number, x in enumerate(inputs):
        matrix = x.shape if x.ndim > 1 else (1, *x.shape) if number == 0 else (*x.shape, 1)
        front = (*lead, *(1,) * (rank - len(matrix))) if number == argnum else ()
        operands[number] = np.reshape(operands[number], front + matrix)
    return np.reshape(operands[0] @ operands[1], lead + out.shape)


_MATMUL_SHAPES: list[tuple[Shape, Shape]] = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
]


def _pairs(shapes: Sequence[tuple[Shape, Shape]], *params: dict[str, Any]) -> Any:
    """Sample inputs of these shapes, each with its parameters."""

    def sample(rng: np.random.Generator) -> list[Any]:
        return [
            ((rng.normal(size=left)[()], rng.normal(size=right)[()]), params[number] if params else {})
            for number, (left, right) in enumerate(shapes)
        ]

    return sample


_matmul = general(
    "matmul",
    np.matmul,
    vjps=[_matmul_left, _matmul_right],
    jvps=[functools.partial(_matmul_pushed, 0), functools.partial(_matmul_pushed, 1)],
    symbol="@",
    batched=True,
    sample=_pairs(_MATMUL_SHAPES),
)


@handles(np.matmul, np.linalg.matmul)
def matmul(x1: Any, x2: Any, /, **options: Any) -> Any:
    if options:
        _refuse("np.matmul", options)
    a, b = operand(x1), operand(x2)
    try:
        return apply(_matmul, (a, b), NO_PARAMS)
    except ValueError as error:
        for value, position in ((a, "first"), (b, "second")):
            if not shape_of(value):
                raise ArgumentError(
                    f"np.matmul: the {position} argument is a scalar{here()}; write `*` for scalars."
                ) from error
        raise


# -- contractions -------------------------------------------------------------------------------
# dot, inner, outer, vdot and tensordot are one operation: sum over pairs of axes, keep the others in order. They
# differ in which axes, and in whether the operands are made flat first: their form says both.

Form = Callable[..., tuple[tuple[Shape, Shape], tuple[Axes, Axes]]]


def _shaped(x: Any, shape: Shape) -> Any:
    return x if shape_of(x) == shape else np.reshape(x, shape)


def _contracted(form: Form, argnum: int, adjoint: Any, out: Any, *inputs: Any, **params: Any) -> Any:
    """What a contraction sends back: the adjoint, contracted with the other operand over the axes that came from it."""
    shapes, axes = form(*(shape_of(x) for x in inputs), **params)
    shape, summed, other_summed = shapes[argnum], axes[argnum], axes[1 - argnum]
    other = _shaped(inputs[1 - argnum], shapes[1 - argnum])
    free = [axis for axis in range(len(shape)) if axis not in summed]
    other_free = [axis for axis in range(len(shapes[1 - argnum])) if axis not in other_summed]
    before = shape_of(adjoint)
    lead = len(before) - len(free) - len(other_free)
    if other_free:
        start = lead + (len(free) if argnum == 0 else 0)
        sent = np.tensordot(adjoint, other, (list(range(start, start + len(other_free))), other_free))
    else:
        sent = _shaped(adjoint, before + (1,) * len(other_summed) if before else ()) * other
    # what came out: leading axis, free axes, and the summed axes in the other operand's order
    layout = free + [summed[other_summed.index(axis)] for axis in sorted(other_summed)]
    if layout != sorted(layout):
        back = (lead + layout.index(axis) for axis in range(len(layout)))
        sent = np.transpose(sent, (*range(lead), *back))
    return _shaped(sent, before[:lead] + shape_of(inputs[argnum]))


def _contracted_pushed(
    form: Form, function: Any, argnum: int, tangent: Any, out: Any, *inputs: Any, **params: Any
) -> Any:
    """A contraction is linear in each operand; many tangents keep their leading axis in front."""
    if shape_of(tangent) == shape_of(inputs[argnum]):
        operands = list(inputs)
        operands[argnum] = tangent
        return function(*operands, **params)
    shapes, axes = form(*(shape_of(x) for x in inputs), **params)
    many = _shaped(tangent, shape_of(tangent)[:1] + shapes[argnum])
    other = _shaped(inputs[1 - argnum], shapes[1 - argnum])
    sent = np.tensordot(many, other, ([axis + 1 for axis in axes[argnum]], list(axes[1 - argnum])))
    if argnum == 1:
        # the free axes of the second operand came first
        own = len(shapes[1]) - len(axes[1])
        sent = np.transpose(sent, (0, *range(own + 1, sent.ndim), *range(1, own + 1)))
    return sent


def _contraction(name: str, function: Any, form: Form, sample: Any, *, vectors_as_matmul: bool = False) -> Primitive:
    """Declare a product by its form. ``vectors_as_matmul``: up to two axes it is matmul, and has its simpler rules."""

    def pulled(argnum: int) -> Any:
        matmul_rule = (_matmul_left, _matmul_right)[argnum]

        def rule(adjoint: Any, out: Any, a: Any, b: Any, **params: Any) -> Any:
            if vectors_as_matmul and 1 <= len(shape_of(a)) <= 2 and 1 <= len(shape_of(b)) <= 2:
                return matmul_rule(adjoint, out, a, b)
            return _contracted(form, argnum, adjoint, out, a, b, **params)

        return rule

    def shown(argnum: int) -> Any:
        def formula(adjoint: Any, out: Any, a: Any, b: Any, **params: Any) -> Any:
            own, other = (a, b) if argnum == 0 else (b, a)
            if function in (np.dot, np.inner) and shape_of(other) and not shape_of(own):
                return np.sum(adjoint * other)
            if function is np.outer and len(shape_of(a)) == len(shape_of(b)) == 1:
                return (adjoint if argnum == 0 else np.transpose(adjoint)) @ other
            return pulled(argnum)(adjoint, out, a, b, **params)

        return formula

    return general(
        name,
        function,
        vjps=[pulled(0), pulled(1)],
        formulas=[shown(0), shown(1)],
        jvps=[functools.partial(_contracted_pushed, form, function, argnum) for argnum in (0, 1)],
        batched=True,
        sample=sample,
    )


def _dot_form(a: Shape, b: Shape) -> tuple[tuple[Shape, Shape], tuple[Axes, Axes]]:
    return (a, b), ((len(a) - 1,), (max(len(b) - 2, 0),)) if a and b else ((), ())


def _inner_form(a: Shape, b: Shape) -> tuple[tuple[Shape, Shape], tuple[Axes, Axes]]:
    return (a, b), ((len(a) - 1,), (len(b) - 1,)) if a and b else ((), ())


def _outer_form(a: Shape, b: Shape) -> tuple[tuple[Shape, Shape], tuple[Axes, Axes]]:
    return ((math.prod(a),), (math.prod(b),)), ((), ())


def _vdot_form(a: Shape, b: Shape) -> tuple[tuple[Shape, Shape], tuple[Axes, Axes]]:
    return ((math.prod(a),), (math.prod(b),)), ((0,), (0,))


def _tensordot_form(a: Shape, b: Shape, axes: Any) -> tuple[tuple[Shape, Shape], tuple[Axes, Axes]]:
    if isinstance(axes, int):
        return (a, b), (tuple(range(len(a) - axes, len(a))), tuple(range(axes)))
    left, right = ((one,) if isinstance(one, int) else one for one in axes)
    return (a, b), (tuple(one % len(a) for one in left), tuple(one % len(b) for one in right))


_WITH_SCALARS: list[tuple[Shape, Shape]] = [((), ()), ((), (2, 3)), ((3,), ())]

_dot = _contraction(
    "dot",
    np.dot,
    _dot_form,
    _pairs(
        [
            *_WITH_SCALARS,
            ((3,), (3,)),
            ((2, 3), (3, 4)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3, 4), (4,)),
            ((4,), (2, 4, 3)),
            ((2, 3, 4), (5, 4, 2)),
            ((0,), (0,)),
        ]
    ),
    vectors_as_matmul=True,
)
_inner = _contraction(
    "inner",
    np.inner,
    _inner_form,
    _pairs([*_WITH_SCALARS, ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 3, 4), (5, 4)), ((0,), (0,))]),
)
_outer = _contraction(
    "outer", np.outer, _outer_form, _pairs([*_WITH_SCALARS, ((3,), (2,)), ((2, 3), (2, 2)), ((0,), (2,))])
)
_vdot = _contraction("vdot", np.vdot, _vdot_form, _pairs([((), ()), ((3,), (3,)), ((2, 3), (3, 2)), ((0,), (0,))]))
_tensordot = _contraction(
    "tensordot",
    np.tensordot,
    _tensordot_form,
    _pairs(
        [
            ((2, 3), (3, 4)),
            ((2, 3), (2, 3)),
            ((2,), (3,)),
            ((2, 3, 4), (4, 3)),
            ((2, 3, 4), (4, 5, 2)),
            ((2, 3), (3, 2)),
        ],
        {"axes": 1},
        {"axes": 2},
        {"axes": 0},
        {"axes": ((1, 2), (1, 0))},
        {"axes": ((-1, 0), (0, -1))},
        {"axes": (-1, 0)},
    ),
)


@handles(np.dot)
def dot(a: Any, b: Any) -> Any:
    return apply(_dot, (operand(a), operand(b)), NO_PARAMS)


@handles(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    return apply(_inner, (operand(a), operand(b)), NO_PARAMS)


@handles(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    return apply(_vdot, (operand(a), operand(b)), NO_PARAMS)


@handles(np.outer)
def outer(a: Any, b: Any) -> Any:
    return apply(_outer, (operand(a), operand(b)), NO_PARAMS)


@handles(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    a, b = operand(x1), operand(x2)
    if len(shape_of(a)) != 1 or len(shape_of(b)) != 1:
        np.linalg.outer(value_of(a), value_of(b))  # NumPy's own error: this one takes vectors only
    return outer(a, b)


def _integers(axes: Any) -> Any:
    """The axes of tensordot as plain ints and tuples."""
    return tuple(_integers(one) for one in axes) if np.iterable(axes) else operator.index(axes)


@handles(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    return apply(_tensordot, (operand(a), operand(b)), {"axes": _integers(axes)})


@handles(np.linalg.tensordot)
def linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tensordot(x1, x2, axes)


# -- einsum -------------------------------------------------------------------------------------


def _pool(taken: str) -> Iterator[str]:
    return (letter for letter in ascii_lowercase + ascii_uppercase if letter not in taken)


@functools.lru_cache(maxsize=256)
def _terms(subscripts: str, ranks: tuple[int, ...]) -> tuple[tuple[str, ...], str, str]:
    """One letter per axis for every operand and for the output, and a letter that none of them uses."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    pool = _pool(subscripts)
    counts = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    dots = "".join(letter for _, letter in zip(range(max(counts)), pool, strict=False))
    if not arrow:
        # NumPy's rule: the ellipsis, then every letter that occurs once, in the order of their codes
        letters = left.replace("...", "").replace(",", "")
        output = "..." + "".join(letter for letter in sorted(set(letters)) if letters.count(letter) == 1)
    expanded = [term.replace("...", dots[len(dots) - count :]) for term, count in zip(terms, counts, strict=True)]
    spare = next(pool, None)
    if len(dots) < max(counts) or spare is None:
        raise UnsupportedError(f"np.einsum({subscripts!r}) needs more than 52 letters for its derivative.")
    return tuple(expanded), output.replace("...", dots), spare


def _plan(optimize: Any, terms: Sequence[str], operands: Sequence[Any]) -> Any:
    """Whether to plan the contraction of a rule: that costs more than a small one does."""
    if optimize is not False:
        return True
    sizes: dict[str, int] = {}
    for term, x in zip(terms, operands, strict=True):
        sizes.update(zip(term, shape_of(x), strict=True))
    return math.prod(sizes.values()) > 10_000


def _einsum_pulled(argnum: int, adjoint: Any, out: Any, inputs: tuple[Any, ...], subscripts: str, optimize: Any) -> Any:
    terms, output, spare = _terms(subscripts, tuple(len(shape_of(x)) for x in inputs))
    term, shape = terms[argnum], shape_of(inputs[argnum])
    lead = spare if len(shape_of(adjoint)) > len(output) else ""
    others = [number for number in range(len(inputs)) if number != argnum]
    from_terms = [lead + output, *(terms[number] for number in others)]
    operands = [adjoint, *(inputs[number] for number in others)]
    known = "".join(from_terms)
    kept = "".join(letter for letter in dict.fromkeys(term) if letter in known)
    sent = adjoint
    if from_terms != [lead + kept]:
        wanted = f"{','.join(from_terms)}->{lead}{kept}"
        sent = np.einsum(wanted, *operands, optimize=_plan(optimize, from_terms, operands))
    if kept == term and shape_of(sent)[len(lead) :] == shape:
        return sent
    # A letter that only this operand has, or that has length 1 in the others, was summed alone: its adjoint is the
    # same everywhere. A letter twice took the diagonal: beside it the adjoint is 0, where a product could be 0 × inf.
    sizes = dict(zip(lead + kept, shape_of(sent), strict=True))
    first = [letter not in term[:position] for position, letter in enumerate(term)]
    front = shape_of(sent)[: len(lead)]
    spread = tuple(sizes[letter] if one and letter in kept else 1 for letter, one in zip(term, first, strict=True))
    sent = _shaped(sent, front + spread)
    if all(first):
        return np.broadcast_to(sent, front + np.broadcast_shapes(spread, shape))
    places = np.indices(shape, sparse=True)
    on_diagonal = functools.reduce(
        operator.and_, (places[term.index(letter)] == places[position] for position, letter in enumerate(term))
    )
    return np.where(on_diagonal, sent, 0.0)


def _einsum_pushed(argnum: int, tangent: Any, out: Any, inputs: tuple[Any, ...], subscripts: str, optimize: Any) -> Any:
    operands = list(inputs)
    operands[argnum] = tangent
    ranks = tuple(len(shape_of(x)) for x in inputs)
    if len(shape_of(tangent)) > ranks[argnum]:
        terms, output, spare = _terms(subscripts, ranks)
        led = (spare + term if number == argnum else term for number, term in enumerate(terms))
        subscripts = f"{','.join(led)}->{spare}{output}"
    return np.einsum(subscripts, *operands, optimize=optimize)


_EINSUM_SAMPLES: list[Any] = [
    ("ij,jk->ik", False, (2, 3), (3, 4)),
    ("ij,jk", True, (2, 3), (3, 4)),
    ("ba,cb", False, (2, 3), (4, 2)),
    ("i,i->", False, (3,), (3,)),
    ("i,j,k->kij", "greedy", (2,), (3,), (2,)),
    ("ii->i", False, (3, 3)),
    ("ii", False, (3, 3)),
    ("iji->j", False, (2, 3, 2)),
    ("iii->i", False, (2, 2, 2)),
    ("ij->", False, (2, 3)),
    ("ij->ji", False, (2, 3)),
    ("ij,k->k", False, (2, 3), (4,)),
    ("iij,j->i", False, (2, 2, 3), (3,)),
    ("...ij,...jk->...ik", False, (5, 2, 3), (3, 4)),
    ("...i,...i", False, (2, 1, 3), (4, 3)),
    ("i...,i...->...", False, (3, 2), (3, 1)),
    ("ij,ij->ij", False, (1, 3), (2, 3)),
    (",ij->ij", False, (), (2, 3)),
    ("->", False, ()),
    ("ij,jk,kl->il", ("einsum_path", (1, 2), (0, 1)), (2, 3), (3, 4), (4, 2)),
    ("i,i->", False, (0,), (0,)),
]

_einsum = general(
    "einsum",
    lambda *inputs, subscripts, optimize: np.einsum(subscripts, *inputs, optimize=optimize),
    vjps=[_einsum_pulled],
    jvps=[_einsum_pushed],
    variadic=True,
    batched=True,
    sample=lambda rng: [
        (tuple(rng.normal(size=shape)[()] for shape in shapes), {"subscripts": subscripts, "optimize": optimize})
        for subscripts, optimize, *shapes in _EINSUM_SAMPLES
    ],
)


def _lettered(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The form with lists, ``einsum(a, [0, 1], b, [1, 2], [0, 2])``, as the form with letters."""
    operands, lists = args[0 : len(args) // 2 * 2 : 2], args[1::2]
    output = [args[-1]] if len(args) % 2 else []
    codes = [[code if code is Ellipsis else operator.index(code) for code in one] for one in (*lists, *output)]
    used = [code for one in codes for code in one if code is not Ellipsis]
    if not all(0 <= code < 52 for code in used):
        np.einsum(*(value_of(x) for x in args))  # NumPy's own error
    # capitals sort before small letters, as their numbers do
    small = max(used, default=0) < 26
    letters = ascii_lowercase if small else ascii_uppercase + ascii_lowercase
    words = ["".join("..." if code is Ellipsis else letters[code] for code in one) for one in codes]
    return (",".join(words[: len(lists)]) + ("->" + words[-1] if output else ""), *operands)


def _path(optimize: Any) -> Any:
    """A plan as plain tuples; ``True`` and the names of NumPy's planners stay."""
    if isinstance(optimize, list | tuple):
        return tuple(
            tuple(int(n) for n in step) if np.iterable(step) and type(step) is not str else step for step in optimize
        )
    return optimize if isinstance(optimize, str) else bool(optimize)


@handles(np.einsum)
def einsum(*operands: Any, optimize: Any = False, **options: Any) -> Any:
    _refuse("np.einsum", options)
    subscripts, *rest = operands if isinstance(operands[0], str) else _lettered(operands)
    return apply(_einsum, tuple(operand(x) for x in rest), {"subscripts": subscripts, "optimize": _path(optimize)})


@handles(np.einsum_path)
def einsum_path(*operands: Any, **options: Any) -> Any:
    return np.einsum_path(*(value_of(x) for x in operands), **options)  # only asks for shapes


# -- products of vectors in stacks --------------------------------------------------------------


def _stacked(function: Any, left: str, right: str, out: str, shapes: list[tuple[Shape, Shape]]) -> None:
    """Declare a product of the last axes that broadcasts over the others, by its subscripts."""

    def pushed(argnum: int, tangent: Any, output: Any, *inputs: Any) -> Any:
        operands = list(inputs)
        operands[argnum] = aligned(tangent, inputs[argnum], output.ndim - len(out) + len((left, right)[argnum]))
        return function(*operands)

    primitive = general(
        function.__name__,
        function,
        vjps=[
            lambda adjoint, output, a, b: np.einsum(f"...{out},...{right}->...{left}", adjoint, b),
            lambda adjoint, output, a, b: np.einsum(f"...{left},...{out}->...{right}", a, adjoint),
        ],
        jvps=[functools.partial(pushed, 0), functools.partial(pushed, 1)],
        batched=True,
        sample=_pairs(shapes),
    )

    def handler(x1: Any, x2: Any, /, **options: Any) -> Any:
        _refuse(f"np.{function.__name__}", options)
        return apply(primitive, (operand(x1), operand(x2)), NO_PARAMS)

    handles(function, *([np.linalg.vecdot] if function is np.vecdot else []))(handler)


_stacked(np.vecdot, "i", "i", "", [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (4, 3))])
if hasattr(np, "matvec"):  # NumPy 2.2
    _stacked(np.matvec, "ij", "j", "i", [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3))])
    _stacked(np.vecmat, "i", "ij", "j", [((3,), (3, 2)), ((4, 3), (3, 2)), ((3,), (4, 3, 2))])
