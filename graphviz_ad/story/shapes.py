"""A contribution as an equation of shapes, and a small Jacobian as a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphviz_ad.core.graph import Edge
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.story.equations import contribution_term, local_term
from graphviz_ad.story.notation import printer
from graphviz_ad.story.numbers import entries, listed
from graphviz_ad.story.terms import Array, Operation, Term, plain_term

# -- shapes -------------------------------------------------------------------------------------


def shape_word(shape: tuple[int, ...]) -> str:
    """A shape without blanks: ``(4,3)``, ``(3,)``, ``()``."""
    return str(shape).replace(" ", "")


def shape_equation(edge: Edge) -> str:
    """How the shapes of a contribution fit together; "" for scalars and without derivative.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> graph = gad.trace(lambda X, W, b: X @ W + b, np.ones((4, 3)), np.ones((3, 2)), np.ones(2))
    >>> for edge in graph.edges:
    ...     print(edge.input.name, shape_equation(edge))
    X (4,3) = (4,2)(2,3)
    W (3,2) = (3,4)(4,2)
    v1 (4,2) = (4,2)
    b (2,) = sum over axis 0 of (4,2)
    """
    if not edge.active or not (edge.input.shape or edge.consumer.shape):
        return ""
    left, primitive, whole = shape_word(edge.input.shape), edge.consumer.primitive, contribution_term(edge)
    if primitive is None or primitive.kind != "elementwise":
        found = _shapes(whole)
        return f"{left} = {found or f'pullback of {shape_word(edge.consumer.shape)}'}"
    local = local_term(edge)
    product = shape_word(edge.consumer.shape)
    if local is not None and local.shape:
        product = f"{product} ⊙ {shape_word(local.shape)}"
    if edge.input.shape == edge.consumer.shape:
        return f"{left} = {product}"
    return f"{left} = sum {axes_text(broadcast_axes(edge.consumer.shape, edge.input.shape))} of {product}"


def broadcast_axes(wide: tuple[int, ...], narrow: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of ``wide`` along which ``narrow`` was repeated.

    Examples
    --------
    >>> broadcast_axes((5, 2, 3), (2, 1)), broadcast_axes((4, 3), ()), broadcast_axes((4, 1), (1, 1))
    ((0, 2), (0, 1), (0,))
    """
    front = len(wide) - len(narrow)
    repeated = (axis for axis in range(front, len(wide)) if narrow[axis - front] == 1 and wide[axis] != 1)
    return (*range(front), *repeated)


def axes_text(axes: Sequence[int]) -> str:
    """Axes in a sentence.

    Examples
    --------
    >>> axes_text((0,)), axes_text((0, 1, 3))
    ('over axis 0', 'over axes 0, 1 and 3')
    """
    return f"over ax{'is' if len(axes) == 1 else 'es'} {listed([str(axis) for axis in axes])}"


def _shapes(term: Term) -> str | None:
    """The shapes that a term brings together, as it brings them together; None where that is a long story."""
    if not isinstance(term, Operation) or term.name in ("transpose", "swapaxes", "matrix_transpose"):
        return shape_word(term.shape)
    name, arguments = term.name, term.arguments
    if name in ("matmul", "outer", "dot") and all(len(argument.shape) for argument in arguments):
        return "".join(map(shape_word, _shapes_of_product(term)))
    if name == "sum":
        inner = _shapes(arguments[0])
        return inner and f"sum {axes_text(_summed_axes(term))} of {inner}"
    if name in ("negative", "alias", "astype", "axes_of_one"):
        return _shapes(arguments[0])
    if name in ("multiply", "divide"):
        parts = [_shapes(argument) for argument in arguments if argument.shape]
        if None in parts or any(part and part.startswith("sum") for part in parts):
            return None
        return " ⊙ ".join(part for part in parts if part)
    if name in _PLACING:
        return f"{_PLACING[name]} {shape_word(arguments[0].shape)}"
    if name == "einsum":
        return f"einsum of {' and '.join(shape_word(argument.shape) for argument in arguments)}"
    return (
        shape_word(term.shape)
        if name in REGISTRY and REGISTRY[name].kind == "elementwise" and len(arguments) == 1
        else None
    )


_PLACING = {"broadcast_to": "broadcast of", "index": "part of", "scatter": "zeros plus", "reshape": "reshape of"}


def _shapes_of_product(term: Operation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two factors as they stand beside each other: a vector is a row or a column where it must be."""
    a, b = (argument.shape for argument in term.arguments)
    if term.name == "outer" and len(a) == len(b) == 1:
        return (*a, 1), (1, *b)
    return a, b


def _summed_axes(term: Operation) -> tuple[int, ...]:
    axis, ndim = term.params.get("axis"), len(term.arguments[0].shape)
    if axis is None:
        return tuple(range(ndim))
    return tuple(one % ndim for one in (axis if isinstance(axis, tuple) else (axis,)))


# -- matrices -----------------------------------------------------------------------------------

LARGEST_JACOBIAN = 6
"""An explicit Jacobian has at most so many rows and columns."""


def jacobian_text(edge: Edge, form: str = "unicode", digits: int = 4) -> str:
    r"""The local derivative as an explicit matrix, at most 6×6, entries in C order; "" where it is larger, or unknown.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> edge = gad.trace(lambda x: np.cumsum(x), np.ones(3)).edges[0]
    >>> print(jacobian_text(edge))
    ⎡1 0 0⎤
    ⎢1 1 0⎥
    ⎣1 1 1⎦
    >>> print(jacobian_text(edge, "latex"))
    \begin{pmatrix} 1 & 0 & 0 \\ 1 & 1 & 0 \\ 1 & 1 & 1 \end{pmatrix}
    """
    if not edge.active:
        return ""
    rows, columns = (int(np.prod(node.shape)) for node in (edge.consumer, edge.input))
    if not 1 <= rows <= LARGEST_JACOBIAN or not 1 <= columns <= LARGEST_JACOBIAN:
        return ""
    local = edge.local
    if isinstance(local, LocalJacobian) and not local.holomorphic:
        return ""
    if not isinstance(local, LocalJacobian):
        # an elementwise primitive: each entry of the consumer looks at one entry of the input, by broadcasting
        size = shape_of(local)
        origin = np.broadcast_to(np.arange(columns).reshape(edge.input.shape), size).ravel()
        matrix = np.zeros((rows, columns), np.result_type(local, float))
        matrix[np.arange(rows), origin] = np.ravel(local)
    else:
        known = entries(local)
        if known is None:
            return ""
        matrix = known.reshape(rows, columns)
    printed = printer(form, digits=digits)
    if form == "plain":
        return printed.text(Array(matrix))
    cells = [[printed.text(plain_term(entry)) for entry in row] for row in matrix]
    if form == "latex":
        body = r" \\ ".join(" & ".join(row) for row in cells)
        return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"
    width = max(len(cell) for row in cells for cell in row)
    lines = [" ".join(cell.rjust(width) for cell in row) for row in cells]
    if rows == 1:
        return f"[{lines[0]}]"
    left, right = "⎡" + "⎢" * (rows - 2) + "⎣", "⎤" + "⎥" * (rows - 2) + "⎦"
    return "\n".join(f"{a}{line}{b}" for a, line, b in zip(left, lines, right, strict=True))
