"""What each remedy against vanishing and exploding gradients does not fix: a sentence each, with its source."""

from __future__ import annotations

from graphviz_ad.errors import ArgumentError

LIMITS: dict[str, tuple[str, str]] = {
    "init": (
        "the initialisation",
        (
            "it sets the slope at step 0 only; training moves the weights on, and at a finite width nets still "
            "differ more with every layer (Hanin 2018)."
        ),
    ),
    "orthogonal": (
        "orthogonal initialisation",
        (
            "it keeps all singular values at 1 in a linear net only; a ReLU's zero slopes spread them whatever "
            "the weights are (Pennington et al. 2017)."
        ),
    ),
    "lsuv": (
        "LSUV",
        (
            "it sets the forward variance on one batch; the adjoints follow their own factor χ₁, which may still "
            "not be 1 (SELU keeps its variance and has χ₁ = 1.0716)."
        ),
    ),
    "residual": (
        "a residual connection",
        (
            "at scale α the squared gradient grows by 1 + α² in every critical block; only a scale like 1/√L, or "
            "0 at the start, keeps it level (Yang and Schoenholz 2017)."
        ),
    ),
    "batch": (
        "batch normalisation",
        (
            "without skips it explodes: at the start each ReLU layer multiplies ‖δ‖ by about 1.21, tenfold every "
            "12 layers (Yang et al. 2019)."
        ),
    ),
    "layer": (
        "layer normalisation",
        (
            "it sets the size of each example's activations, not the spectrum of the Jacobian, whose singular "
            "values still spread with every layer (Pennington et al. 2017)."
        ),
    ),
    "clip": (
        "clipping",
        (
            "it shortens what is too long, all layers by one factor; what has vanished stays vanished (Pascanu et "
            "al. 2013)."
        ),
    ),
    "gated": (
        "a gated cell",
        (
            "a forget gate at f keeps fᵀ of a gradient after T steps, 0.9⁵⁰ = 0.005, and nothing in it stops "
            "explosions (Pascanu et al. 2013 clip them)."
        ),
    ),
}
"""For every remedy its name in a sentence, and what it does not fix."""


def limit(name: str) -> tuple[str, str]:
    """A remedy's name in a sentence, and what it does not fix.

    Parameters
    ----------
    name : str
        One of `LIMITS`.

    Returns
    -------
    (str, str)

    Raises
    ------
    ArgumentError
        For an unknown remedy, with the known ones.

    Examples
    --------
    >>> limit("clip")[0]
    'clipping'
    """
    if name not in LIMITS:
        raise ArgumentError(f"unknown remedy: {name!r} (must be one of {sorted(LIMITS)})")
    return LIMITS[name]
