"""Formulas as Python code over ``np`` and the graph's names, which Python's own parser evaluates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import REGISTRY, Dynamic
from graphviz_ad.primitives.special import SPECIAL
from graphviz_ad.story.printing import ATOM, LEVELS, MASKED, Drawn, Printer
from graphviz_ad.story.terms import Operation

_PYTHON_INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "matmul": "@",
    "remainder": "%",
    "floor_divide": "//",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "power": "**",
}


class Plain(Printer):
    """Formulas as Python reads them, over ``np`` and the graph's names."""

    levels = LEVELS
    pi = "np.pi"
    minus = "\0"  # a sign needs no parentheses in Python

    def _number(self, value: Any) -> Drawn:
        text = _literal(value)
        return text, self.levels["negative"][0] if text.startswith("-") else ATOM

    def _array(self, value: Any) -> Drawn:
        return _literal(value), ATOM

    def _name(self, name: str) -> Drawn:
        return identifier(name), ATOM

    def _adjoint(self, name: str) -> Drawn:
        name = identifier(name)
        if self.notation == "grad":
            return f"grad_{name}", ATOM
        return f"{name}_bar" if self.notation == "v̄" else f"d{identifier(self.output)}_d{name}", ATOM

    def _tangent(self, name: str) -> Drawn:
        return f"{identifier(name)}_dot", ATOM

    def _partial(self, consumer: str, name: str) -> Drawn:
        return f"d{identifier(consumer)}_d{identifier(name)}", ATOM

    def _infix(self, term: Operation) -> Drawn | None:
        if term.name not in _PYTHON_INFIX:
            return None
        a, b, level = self._both(term)
        return f"{a} {_PYTHON_INFIX[term.name]} {b}", level

    def _draw_negative(self, term: Operation) -> Drawn:
        level, _, least = self.levels[term.name]
        return f"{'-' if term.name == 'negative' else '+'}{self._operand(term.arguments[0], least)}", level

    _draw_positive = _draw_negative

    def _draw_alias(self, term: Operation) -> Drawn:
        return self.drawn(term.arguments[0])

    _draw_detach = _draw_alias

    def _draw_axes_of_one(self, term: Operation) -> Drawn:
        return self._call(Operation("reshape", term.arguments, {"shape": term.shape}, term.shape))

    def _key(self, term: Operation) -> str:
        parts = [self.text(part) for part in term.arguments[1:]]
        return ", ".join([":"] * term.params.get("lead", 0) + [_python_key(term.params["key"], parts)])

    def _draw_index(self, term: Operation) -> Drawn:
        base = self._operand(term.arguments[0], 50)
        if not term.arguments[0].shape:
            base = f"np.asarray({base})"  # a Python float has no index
        return f"{base}[{self._key(term)}]", 50

    def _draw_scatter(self, term: Operation) -> Drawn:
        value, *parts = term.arguments
        key = _python_key(term.params["key"], [self.text(part) for part in parts])
        lead = f", {term.params['lead']}" if "lead" in term.params else ""
        return f"scatter({self.text(value)}, np.s_[{key}], {term.params['shape']!r}{lead})", ATOM

    def _draw_transpose(self, term: Operation) -> Drawn | None:
        if term.params.get("axes") is not None or len(term.shape) < 2:
            return None
        return f"{self._operand(term.arguments[0], 50)}.T", 50

    def _draw_logabsdet(self, term: Operation) -> Drawn:
        return f"np.linalg.slogdet({self.text(term.arguments[0])})[1]", 50

    def _draw_det_sign(self, term: Operation) -> Drawn:
        return f"np.linalg.slogdet({self.text(term.arguments[0])})[0]", 50

    def _draw_astype(self, term: Operation) -> Drawn:
        return f"np.asarray({self.text(term.arguments[0])}, {term.params['dtype']!r})", ATOM

    _draw_astype_discrete = _draw_astype

    def _draw_polygamma(self, term: Operation) -> Drawn:
        return f"scipy.special.polygamma({term.params['n']}, {self.text(term.arguments[0])})", ATOM

    def _draw_partial(self, term: Operation) -> Drawn:
        return self._partial(term.params["consumer"], term.params["input"])

    def _draw_pullback(self, term: Operation) -> Drawn:
        return f"vjp_{identifier(term.params['name'])}({', '.join(map(self.text, term.arguments))})", ATOM

    def _call(self, term: Operation) -> Drawn:
        name = term.name
        arguments = [self.text(argument) for argument in term.arguments]
        if name in _PARTS:
            return _PARTS[name].format(*arguments, **term.params), 50
        if name == "call":
            return f"{identifier(term.params['name'])}({', '.join(arguments)})", ATOM
        params = {key: value for key, value in term.params.items() if key not in _UNSAID.get(name, ())}
        if name in _JOINING:
            arguments = [f"({', '.join(arguments)}{',' if len(arguments) == 1 else ''})"]
        if name in MASKED and len(arguments) == 2:
            arguments[1] = f"where={arguments[1]}"
        if name == "einsum":
            arguments.insert(0, _literal(params.pop("subscripts")))
        if name in ("take", "take_along_axis"):
            arguments[1:] = [_python_key(params.pop("indices"), arguments[1:])]
        if name == "sorted_order":
            params["kind"] = "stable"
        for key, value in params.items():
            unsaid = (value is None and key not in _NONE_MATTERS.get(name, ())) or (
                value is False and key not in _FALSE_MATTERS.get(name, ())
            )
            if not unsaid:
                word = _RENAMED.get((name, key), key)
                arguments.append(f"{word}={_literal(value)}")
        if name in SPECIAL:
            return f"scipy.special.{SPECIAL[name]}({', '.join(arguments)})", ATOM
        return f"{_PYTHON_NAMES.get(name, f'np.{name}')}({', '.join(arguments)})", ATOM


_PARTS = {"mantissa": "np.frexp({})[0]", "exponent": "np.frexp({})[1]", "fraction": "np.modf({})[0]"}
_PARTS |= {
    "eigvalsh": "np.linalg.eigvalsh({}, {UPLO!r})",
    "eigenvalues": "np.linalg.eigh({}, {UPLO!r})[0]",
    "eigenvectors": "np.linalg.eigh({}, {UPLO!r})[1]",
    "svdvals": "np.linalg.svd({}, compute_uv=False)",
    "left_singular_vectors": "np.linalg.svd({}, {full_matrices!r})[0]",
    "singular_values": "np.linalg.svd({}, {full_matrices!r})[1]",
    "right_singular_vectors": "np.linalg.svd({}, {full_matrices!r})[2]",
    "qr_q": "np.linalg.qr({}, {mode!r})[0]",
    "qr_r": "np.linalg.qr({}, {mode!r})[1]",
    "qr_r_alone": "np.linalg.qr({}, {mode!r})",
    "lstsq": "np.linalg.lstsq({}, {}, {rcond!r})[0]",
    "lstsq_residuals": "np.linalg.lstsq({}, {}, {rcond!r})[1]",
    "lstsq_rank": "np.linalg.lstsq({0}, np.zeros(len({0})), {rcond!r})[2]",
    "lstsq_singular_values": "np.linalg.lstsq({0}, np.zeros(len({0})), {rcond!r})[3]",
}
"""One of several results of a NumPy function."""
_JOINING = ("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "lexsort")
_UNSAID = {
    "maximum": ("tie",),
    "minimum": ("tie",),
    "fmax": ("tie",),
    "fmin": ("tie",),
    "clip": ("tie_low", "tie_high"),
    "power": ("ufunc",),
}
"""Parameters that only the rules read."""
_NONE_MATTERS = {"concatenate": ("axis",), "sort": ("axis",), "partition": ("axis",), "argsort": ("axis",)}
_NONE_MATTERS |= {"argpartition": ("axis",), "order_shares": ("axis",)}
_NONE_MATTERS |= {"sorted_order": ("axis",), "take_along_axis": ("axis",)}
_NONE_MATTERS |= {f"{name}_reduce": ("axis",) for name in ("logaddexp", "logaddexp2", "hypot")}
"""Parameters whose None is not what NumPy would take by itself."""
_RENAMED = {("norm", "order"): "ord", ("round", "decimals"): "decimals"}
_FALSE_MATTERS = {"linspace": ("endpoint",), "geomspace": ("endpoint",)}
"""Parameters that NumPy takes to be true."""
_OURS = (
    "interval",
    "order_shares",
    "scatter",
    "fold_windows",
    "cofactor",
    "cofactor_change",
    "sinc_derivative",
    "bessel_i",
    "running_place",
)
_PYTHON_NAMES = {
    **{
        name: f"np.linalg.{name}" for name in ["inv", "solve", "det", "cholesky", "norm", "cond", "pinv", "matrix_rank"]
    },
    **{name: name for name in _OURS},
    "sliding_window_view": "np.lib.stride_tricks.sliding_window_view",
    "sorted_order": "np.argsort",
    "modulus": "np.absolute",
    "side": "np.angle",
    **{f"{back}{name}": f"np.fft.{back}{name}" for back in ("", "i") for name in ("fft", "rfft", "fftn", "rfftn")},
    **{f"{name}_reduce": f"np.{name}.reduce" for name in ("logaddexp", "logaddexp2", "hypot")},
}


def namespace() -> dict[str, Any]:
    """What plain text is about: ``np``, ``scipy`` where it is loaded, and primitives that have no public name."""

    def scatter(value: Any, key: Any, shape: tuple[int, ...], lead: int = 0) -> Any:
        return REGISTRY["scatter"].compute(value, key=key, shape=shape, lead=lead)

    loaded = {"scipy": sys.modules["scipy"]} if SPECIAL else {}
    return {"np": np, **loaded, **{name: REGISTRY[name].compute for name in _OURS}, "scatter": scatter}


def identifier(name: str) -> str:
    """A name as an identifier of Python; letters that none can have become ``_x2d_`` and the like.

    Examples
    --------
    >>> identifier("W_out"), identifier("layers[0].W"), identifier("lambda"), identifier("a-b")
    ('W_out', 'layers_0_W', 'lambda_', 'a_x2d_b')
    """
    import keyword
    import unicodedata

    plain = name.replace("].", "_").replace("[", "_").replace(".", "_").replace("]", "")
    text = plain if unicodedata.normalize("NFKC", plain).isidentifier() else ""
    if not text or unicodedata.normalize("NFKC", text) != text:
        text = "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"_x{ord(c):x}_" for c in plain)
    if text[:1].isdigit() or not text:
        text = "_" + text
    return text + "_" if keyword.iskeyword(text) or text in namespace() else text


def _python_key(key: Any, parts: Sequence[str]) -> str:
    if isinstance(key, tuple):
        return ", ".join(_python_key(part, parts) for part in key) + ("," if len(key) == 1 else "") if key else "()"
    if isinstance(key, Dynamic):
        return parts[key.number]
    if isinstance(key, slice):
        ends = [key.start, key.stop] if key.step is None else [key.start, key.stop, key.step]
        return ":".join("" if end is None else str(end) for end in ends)
    return "..." if key is Ellipsis else _literal(key)


def _literal(value: Any) -> str:
    """A plain value as Python code that makes it again."""
    if isinstance(value, np.ndarray):
        dtype = "" if value.dtype.kind in "bfc" and value.size else f", dtype={value.dtype.str!r}"
        shaped = f".reshape({value.shape!r})" if not value.size else ""
        return f"np.array({_literal(value.tolist())}{dtype}){shaped}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124
            return "np.nan"
        return repr(value) if abs(value) != float("inf") else "np.inf" if value > 0 else "-np.inf"
    if isinstance(value, complex) and not (np.isfinite(value.real) and np.isfinite(value.imag)):
        return f"complex({_literal(value.real)}, {_literal(value.imag)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
