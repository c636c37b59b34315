"""SciPy's special functions, where the user has imported them: rules for the ufuncs of ``scipy.special``.

SciPy is never imported here. The first time that a function without a rule meets a traced value, the module is looked
for among those that are loaded, and its ufuncs, by identity, get the rules below.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import LATE, REGISTRY, declare_late, elementwise, handles
from graphviz_ad.core.traced import NO_PARAMS, apply, invoke, is_differentiable, operand
from graphviz_ad.core.where import here
from graphviz_ad.errors import ReplayError, UnsupportedError
from graphviz_ad.primitives.arguments import handle_ufunc, refuse_options
from graphviz_ad.primitives.elementwise import samples
from graphviz_ad.primitives.methods import pairs

SPECIAL: dict[str, str] = {}
"""Primitive -> its name in ``scipy.special``."""

_SQRT_PI = math.sqrt(math.pi)
_SQRT_2PI = math.sqrt(2 * math.pi)


class _Special:
    """``scipy.special`` as it is loaded when a function of it is called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # Python asks every object for some of these
        module = sys.modules.get("scipy.special")
        if module is None:
            raise ReplayError(f"this graph uses scipy.special.{name}: import scipy.special first.")
        return getattr(module, name)


special = _Special()


def _over_or_zero(x: Any, y: Any) -> Any:
    """The quotient x / y, and 0 for x = 0 whatever y is."""
    nothing = x == 0
    return np.where(nothing, 0.0, x / np.where(nothing, 1.0, y))


def _polygamma(x: Any, n: int) -> Any:
    return (-1.0) ** (n + 1) * math.factorial(n) * special.zeta(float(n + 1), x)


def _trigamma(x: Any, n: int = 1) -> Any:
    return invoke(REGISTRY["polygamma"], (x,), {"n": n})


def _beta_shares(a: Any, b: Any) -> Any:
    return special.digamma(a) - special.digamma(a + b)


# ufunc -> its partial derivatives, as rules of the output and the inputs; the range of its sample inputs
RULES: dict[str, tuple[tuple[Any, ...], tuple[float, float]]] = {
    "expit": ((lambda out, x: out * special.expit(-x),), (-2, 2)),
    "log_expit": ((lambda out, x: special.expit(-x),), (-2, 2)),
    "logit": ((lambda out, x: 1 / (x * (1 - x)),), (0.1, 0.9)),
    "erf": ((lambda out, x: (2 / _SQRT_PI) * np.exp(-x * x),), (-2, 2)),
    "erfc": ((lambda out, x: (-2 / _SQRT_PI) * np.exp(-x * x),), (-2, 2)),
    "erfi": ((lambda out, x: (2 / _SQRT_PI) * np.exp(x * x),), (-1.5, 1.5)),
    "erfinv": ((lambda out, x: (_SQRT_PI / 2) * np.exp(out * out),), (-0.9, 0.9)),
    "erfcinv": ((lambda out, x: (-_SQRT_PI / 2) * np.exp(out * out),), (0.1, 1.9)),
    "ndtr": ((lambda out, x: np.exp(-0.5 * x * x) / _SQRT_2PI,), (-2, 2)),
    "log_ndtr": ((lambda out, x: np.exp(-0.5 * x * x - out) / _SQRT_2PI,), (-2, 2)),
    "ndtri": ((lambda out, x: _SQRT_2PI * np.exp(0.5 * out * out),), (0.1, 0.9)),
    "gammaln": ((lambda out, x: special.digamma(x),), (0.5, 3)),
    "loggamma": ((lambda out, x: special.digamma(x),), (0.5, 3)),
    "gamma": ((lambda out, x: out * special.digamma(x),), (0.5, 3)),
    "digamma": ((lambda out, x: _trigamma(x),), (0.5, 3)),
    "beta": ((lambda out, a, b: out * _beta_shares(a, b), lambda out, a, b: out * _beta_shares(b, a)), (0.5, 3)),
    "betaln": ((lambda out, a, b: _beta_shares(a, b), lambda out, a, b: _beta_shares(b, a)), (0.5, 3)),
    # 0 · log y is 0 for every y, so nothing changes there with y
    "xlogy": ((lambda out, x, y: np.log(y), lambda out, x, y: _over_or_zero(x, y)), (0.5, 2)),
    "xlog1py": ((lambda out, x, y: np.log1p(y), lambda out, x, y: _over_or_zero(x, 1 + y)), (0.5, 2)),
    "entr": ((lambda out, x: -np.log(x) - 1,), (0.2, 2)),
    "rel_entr": ((lambda out, x, y: np.log(x / y) + 1, lambda out, x, y: -x / y), (0.2, 2)),
    "kl_div": ((lambda out, x, y: np.log(x / y), lambda out, x, y: 1 - x / y), (0.2, 2)),
    "huber": (
        (lambda out, delta, r: np.maximum(np.abs(r) - delta, 0.0), lambda out, delta, r: np.clip(r, -delta, delta)),
        (0.5, 2),
    ),
    "pseudo_huber": (
        (
            lambda out, delta, r: 2 * out / delta - r * r / np.hypot(delta, r),
            lambda out, delta, r: r * (delta / np.hypot(delta, r)),
        ),
        (0.5, 2),
    ),
    "exp10": ((lambda out, x: math.log(10) * out,), (-1, 1)),
    "exp2": ((lambda out, x: math.log(2) * out,), (-2, 2)),
    "expm1": ((lambda out, x: np.exp(x),), (-2, 2)),
    "log1p": ((lambda out, x: 1 / (1 + x),), (-0.5, 2)),
    "cbrt": ((lambda out, x: 1 / (3 * out * out),), (0.5, 2)),
    "cosm1": ((lambda out, x: -np.sin(x),), (-2, 2)),
    "exp1": ((lambda out, x: -np.exp(-x) / x,), (0.5, 2)),
    "expi": ((lambda out, x: np.exp(x) / x,), (0.5, 2)),
    "i0": ((lambda out, x: special.i1(x),), (-2, 2)),
    "i1": ((lambda out, x: 0.5 * (special.i0(x) + special.iv(2, x)),), (-2, 2)),
    "j0": ((lambda out, x: -special.j1(x),), (-2, 2)),
    "j1": ((lambda out, x: 0.5 * (special.j0(x) - special.jv(2, x)),), (-2, 2)),
    # no derivative is known by the first argument, an order
    "jv": ((None, lambda out, v, x: 0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x))), (0.5, 2)),
    "yv": ((None, lambda out, v, x: 0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x))), (0.5, 2)),
    "iv": ((None, lambda out, v, x: 0.5 * (special.iv(v - 1, x) + special.iv(v + 1, x))), (0.5, 2)),
    "kv": ((None, lambda out, v, x: -0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x))), (0.5, 2)),
    "gammainc": (
        (None, lambda out, a, x: np.exp((a - 1) * np.log(x) - x - special.gammaln(a * np.ones_like(x)))),
        (0.5, 2),
    ),
    "gammaincc": (
        (None, lambda out, a, x: -np.exp((a - 1) * np.log(x) - x - special.gammaln(a * np.ones_like(x)))),
        (0.5, 2),
    ),
}

# how a rule is shown where it takes care of what a reader need not see
_FORMULAS: dict[str, tuple[Any, ...]] = {
    "expit": (lambda out, x: out * (1 - out),),
    "xlogy": (None, lambda out, x, y: x / y),
    "xlog1py": (None, lambda out, x, y: x / (1 + y)),
}


def _computed(name: str) -> Callable[..., Any]:
    return lambda *inputs: getattr(special, name)(*inputs)


def _fixed_first(ufunc: np.ufunc, name: str, primitive: Any) -> None:
    """Let a primitive answer a ufunc by whose first argument there is no derivative."""

    def handler(x1: Any, x2: Any, /, **options: Any) -> Any:
        refuse_options(ufunc, options)
        first, second = operand(x1), operand(x2)
        if is_differentiable(first) and (first.primitive is None or first.primitive.kind not in ("plain", "cut")):
            raise UnsupportedError(
                f"scipy.special.{name} has no derivative by its first argument{here()}: pass a plain number, or "
                "gad.detach(x)."
            )
        return apply(primitive, (first, second), NO_PARAMS)

    handles(ufunc)(handler)


def _declare(module: Any) -> None:
    """Declare the rules for a loaded ``scipy.special``."""
    for name, (partials, (low, high)) in RULES.items():
        ufunc = getattr(module, name, None)
        if not isinstance(ufunc, np.ufunc):
            continue  # an older SciPy
        own = name if name not in REGISTRY else f"special_{name}"
        fixed = partials[0] is None
        both = samples(low, high, ufunc.nin)

        def sample(rng: np.random.Generator, both: Any = both, fixed: bool = fixed) -> list[Any]:
            # an order is a plain number
            return [((1, inputs[1]) if fixed else inputs, params) for inputs, params in both(rng)]

        primitive = elementwise(
            own, _computed(name), *partials, symbol=name, formulas=_FORMULAS.get(name, ()), sample=sample
        )
        SPECIAL[own] = name
        if fixed:
            _fixed_first(ufunc, name, primitive)
        else:
            handle_ufunc(ufunc, primitive)
        if ufunc.nin == 2:
            pairs(ufunc)
    elementwise(
        "polygamma",
        _polygamma,
        lambda out, x, n: _trigamma(x, n + 1),
        sample=lambda rng: [((rng.uniform(0.5, 3, (2, 3)),), {"n": 1}), ((rng.uniform(0.5, 3),), {"n": 2})],
    )


LATE["scipy.special"] = _declare
declare_late()
