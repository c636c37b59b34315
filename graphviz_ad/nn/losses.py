"""Losses, each with its convention said aloud: what is summed, what it is divided by, and where a ½ stands.

Books and frameworks scale the same loss by 1, ½, 1/N or 1/(2N), and every gradient with it. Here ``reduction`` says
which: "mean" (the default), "sum", or "none" for the single losses. Targets are best given in the prediction's dtype:
float32 with int64 is float64 in NumPy, here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.traced import value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.activations import log_softmax, softplus
from graphviz_ad.nn.arrays import as_array

_REDUCTIONS: dict[str, Callable[[Any], Any]] = {"mean": np.mean, "sum": np.sum, "none": lambda losses: losses}


def _reduction(name: str) -> Callable[[Any], Any]:
    if name not in _REDUCTIONS:
        raise ArgumentError(f"unknown reduction: {name!r} (must be one of {list(_REDUCTIONS)})")
    return _REDUCTIONS[name]


def _check_same_shape(prediction: Any, target: Any) -> None:
    """Refuse what would broadcast: (N, 1) against (N,) makes N² differences, in silence."""
    if np.shape(prediction) != np.shape(target):
        raise ArgumentError(
            f"prediction of shape {np.shape(prediction)} and target of shape {np.shape(target)}{here()}: a loss "
            "compares number by number, so both need one shape. Write np.reshape for one of them."
        )


def _check_probabilities(target: Any) -> None:
    value = value_of(target)  # a look at the number only: nothing of it belongs into the graph
    if np.any((value < 0) | (value > 1)):
        raise ArgumentError(
            f"targets from {np.min(value)} to {np.max(value)}{here()}: they must be 0, 1 or probabilities between."
        )


def mse(prediction: Any, target: Any, *, half: bool = False, reduction: str = "mean") -> Any:
    """The mean squared error, (1/n) Σ (prediction − target)² over all n numbers.

    Gradient by the prediction: 2 (prediction − target) / n. With ``half`` a factor ½ takes the 2 away; with
    ``reduction="sum"`` there is no 1/n. So ½ Σ (…)², as many books write it, is ``half=True, reduction="sum"``.

    Parameters
    ----------
    prediction, target : arrays of one shape
        n counts all their numbers: for (N, D) it is N·D.
    half : bool
        Whether each squared error is multiplied by ½.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    scalar, or an array of prediction's shape for "none"

    Raises
    ------
    ArgumentError
        The shapes differ, or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import graphviz_ad as gad
    >>> from graphviz_ad import nn
    >>> prediction, target = np.array([2.0, 4.0, 6.0]), np.array([1.0, 5.0, 2.0])
    >>> nn.mse(prediction, target)
    np.float64(6.0)
    >>> gad.grad(nn.mse)(prediction, target).round(4)
    array([ 0.6667, -0.6667,  2.6667])
    """
    reduce = _reduction(reduction)
    prediction, target = as_array(prediction), as_array(target)
    _check_same_shape(prediction, target)
    squared = (prediction - target) ** 2
    return reduce(0.5 * squared if half else squared)


def bce(p: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The binary cross-entropy of probabilities, −t log p − (1 − t) log(1 − p), averaged over all numbers.

    0 · log 0 counts as 0: a certain and right p costs nothing. A certain and wrong p costs inf, with NumPy's warning.
    A sigmoid that saturates loses its gradient here; `bce_with_logits` does not.

    Parameters
    ----------
    p : array
        Probabilities of class 1, after the sigmoid.
    target : array of p's shape
        0, 1, or probabilities between.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    scalar, or an array of p's shape for "none"

    Raises
    ------
    ArgumentError
        The shapes differ, a target lies outside [0, 1], or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.bce(np.array([0.5, 0.2]), np.array([1.0, 0.0]), reduction="none").round(4)
    array([0.6931, 0.2231])
    """
    reduce = _reduction(reduction)
    p, target = as_array(p), as_array(target)
    _check_same_shape(p, target)
    _check_probabilities(target)
    log_p = np.log(np.where((p == 0) & (target == 0), 1.0, p))  # 0 · log 0 would be nan
    log_q = np.log(np.where((p == 1) & (target == 1), 1.0, 1 - p))
    return reduce(-(target * log_p + (1 - target) * log_q))


def bce_with_logits(logits: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The binary cross-entropy of p = σ(logits), as softplus(z) − t z: stable for every logit z.

    It is `bce` of the sigmoid, with the logarithm and the exponential joined so that they cannot overflow. The
    gradient by a logit is σ(z) − t, times the reduction's 1/n.

    Parameters
    ----------
    logits : array
        Scores before the sigmoid.
    target : array of logits' shape
        0, 1, or probabilities between.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    scalar, or an array of logits' shape for "none"

    Raises
    ------
    ArgumentError
        The shapes differ, a target lies outside [0, 1], or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import graphviz_ad as gad
    >>> from graphviz_ad import nn
    >>> logits, target = np.array([-1000.0, 0.0]), np.array([1.0, 1.0])
    >>> nn.bce_with_logits(logits, target, reduction="none").round(4)
    array([1.000e+03, 6.931e-01])
    >>> gad.grad(nn.bce_with_logits)(logits, target, reduction="sum")
    array([-1. , -0.5])
    """
    reduce = _reduction(reduction)
    logits, target = as_array(logits), as_array(target)
    _check_same_shape(logits, target)
    _check_probabilities(target)
    return reduce(softplus(logits) - target * logits)


def cross_entropy(logits: Any, labels: Any, *, reduction: str = "mean") -> Any:
    """The cross-entropy of p = softmax(logits), −log p[label], averaged over the N samples.

    It is computed from the logits (`log_softmax`), so no logit is too large. The gradient by the logits is p − y with y
    the one-hot labels, divided by N for "mean".

    Parameters
    ----------
    logits : array (N, C)
        A row per sample, a column per class: scores before the softmax.
    labels : int array (N,), or array (N, C)
        Class numbers from 0 to C − 1; or one row of probabilities per sample, of which one-hot is a case.
    reduction : {"mean", "sum", "none"}
        "mean" divides by N, not by N·C.

    Returns
    -------
    scalar, or an array (N,) for "none"

    Raises
    ------
    ArgumentError
        The shapes do not fit, a class number is out of range or no int, a row of labels is no distribution, or the
        reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import graphviz_ad as gad
    >>> from graphviz_ad import nn
    >>> logits = np.log([[1.0, 3.0], [1.0, 1.0]])
    >>> nn.cross_entropy(logits, np.array([1, 0]), reduction="none").round(4)
    array([0.2877, 0.6931])
    >>> gad.grad(nn.cross_entropy)(logits, np.array([1, 0]))
    array([[ 0.125, -0.125],
           [-0.25 ,  0.25 ]])
    """
    reduce = _reduction(reduction)
    logits, labels = as_array(logits), as_array(labels)
    _check_labels(logits, labels)
    log_p = log_softmax(logits)
    if np.ndim(labels) == 1:
        losses = -log_p[np.arange(len(labels)), labels]
    else:
        losses = -np.sum(labels * log_p, axis=1)
    return reduce(losses)


def _check_labels(logits: Any, labels: Any) -> None:
    """Refuse labels that would broadcast, wrap around or count as something else than what they say."""
    if np.ndim(logits) != 2:
        raise ArgumentError(
            f"logits of shape {np.shape(logits)}{here()}: they must be (N, C), a row per sample and a column per "
            "class. For a single sample write logits[None] and [label]."
        )
    samples, classes = np.shape(logits)
    value = np.asarray(value_of(labels))  # a look at the numbers only: nothing of it belongs into the graph
    if value.shape == (samples,):
        if value.dtype.kind not in "iu":
            raise ArgumentError(
                f"labels of shape {value.shape} are class numbers and must be ints, not {value.dtype}{here()}; "
                "write labels.astype(int)."
            )
        if value.size and not 0 <= value.min() <= value.max() < classes:
            raise ArgumentError(
                f"labels from {value.min()} to {value.max()}{here()}: logits of shape {np.shape(logits)} have classes "
                f"0 to {classes - 1}."
            )
    elif value.shape == (samples, classes):
        # the tolerance leaves room for float32 and for finite differences
        if np.any(value < 0) or np.any(np.abs(np.sum(value, axis=1) - 1) > 1e-3):
            raise ArgumentError(
                f"labels of shape {value.shape}{here()}: each row must be a distribution over the {classes} classes, "
                "not negative and with sum 1, such as a one-hot row. Class numbers have "
                f"shape ({samples},)."
            )
    else:
        raise ArgumentError(
            f"labels of shape {value.shape} do not fit logits of shape {np.shape(logits)}{here()}: give class numbers "
            f"of shape ({samples},), or one-hot rows of shape ({samples}, {classes})."
        )
