"""Activation functions and softmax, written so that no input overflows and every tail keeps its derivative.

Each takes an array of any shape, or a number, and gives the same shape and dtype back; a list of numbers counts as an
array, here as in all of nn. At a kink (x = 0) the derivative is the one from the left, as the papers write it:
ReLU′(0) = 0, leaky ReLU′(0) = α.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.variables import detach
from graphviz_ad.nn.arrays import Axis, as_array

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


def sigmoid(x: Any) -> Any:
    """The logistic function σ(x) = 1 / (1 + e⁻ˣ), with σ′ = σ (1 − σ).

    For negative x it is computed as eˣ / (1 + eˣ): the exponent is never positive, so nothing overflows, and
    neither value nor derivative is rounded to 0 or 1 before it has to be.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape, between 0 and 1

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    x = as_array(x)
    negative = x < 0
    e = np.exp(np.where(negative, x, -x))  # not -np.abs(x): |x| has no slope at 0, but σ has
    return np.where(negative, e, 1.0) / (1 + e)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, tanh x = 2 σ(2x) − 1, with tanh′ = 1 − tanh².

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape, between −1 and 1

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> float(nn.tanh(0.0))
    0.0
    """
    return np.tanh(x)


def relu(x: Any) -> Any:
    """The rectified linear unit max(x, 0), with ReLU′(0) = 0.

    Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> import graphviz_ad as gad
    >>> from graphviz_ad import nn
    >>> gad.grad(lambda x: np.sum(nn.relu(x)))(np.array([-2.0, 0.0, 0.5, 3.0]))
    array([0., 0., 1., 1.])
    """
    return np.maximum(x, 0)


def leaky_relu(x: Any, alpha: Any = 0.01) -> Any:
    """The leaky ReLU: x where x > 0, else αx, which lets a little gradient through.

    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013). With a traced
    ``alpha`` it is the parametric ReLU of He et al. (2015).

    Parameters
    ----------
    x : array of any shape
    alpha : number, or array that broadcasts against x
        The slope for x ≤ 0.

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.leaky_relu(np.array([-2.0, 3.0]))
    array([-0.02,  3.  ])
    """
    x, alpha = as_array(x), as_array(alpha)
    return np.where(x > 0, x, alpha * x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """The exponential linear unit: x where x > 0, else α (eˣ − 1).

    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units"
    (2015).

    Parameters
    ----------
    x : array of any shape
    alpha : number, or array that broadcasts against x
        The value that the left tail goes to is −α.

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.elu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -1.,    0., 1000.])
    """
    x, alpha = as_array(x), as_array(alpha)
    negative = np.where(x > 0, 0.0, x)  # exp never sees the large numbers that would overflow
    return np.where(x > 0, x, alpha * np.expm1(negative))


def selu(x: Any) -> Any:
    """The scaled ELU: λx where x > 0, else λα (eˣ − 1), with λ = 1.0507… and α = 1.6732….

    λ and α are such that mean 0 and variance 1 are a fixed point from layer to layer, with LeCun's initialisation:
    Klambauer et al., "Self-normalizing neural networks" (2017). At 0 the slope is the left one, λα.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.selu(np.array([-1000.0, 0.0, 1.0])).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def gelu(x: Any) -> Any:
    """The Gaussian error linear unit x Φ(x), in its tanh form: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).

    Φ is the normal distribution function, which needs erf, and NumPy has none. This is the approximation given by
    Hendrycks and Gimpel, "Gaussian error linear units" (2016), and used in GPT-2. It differs from x Φ(x) by
    less than 5·10⁻⁴ everywhere.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    x = as_array(x)
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def silu(x: Any) -> Any:
    """The sigmoid-weighted linear unit x σ(x), also called swish.

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning" (2017); Ramachandran, Zoph and Le (2017).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.silu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2689,  0.    ,  0.7311])
    """
    x = as_array(x)
    return x * sigmoid(x)


def softplus(x: Any) -> Any:
    """log(1 + eˣ), a smooth ReLU whose derivative is the sigmoid.

    Computed as log(e⁰ + eˣ) by `np.logaddexp`, which takes the larger exponent out first: no overflow.
    Dugas et al., "Incorporating second-order functional knowledge for better option pricing" (2000).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of x's shape, not negative

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.softplus(np.array([-1000.0, 0.0, 3.0])).round(4)
    array([0.    , 0.6931, 3.0486])
    """
    return np.logaddexp(0.0, x)


def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(xᵢ) / Σⱼ exp(xⱼ): numbers become probabilities.

    The largest number is subtracted first, so that no exponent is positive. That cancels in the quotient, so no
    derivative needs to flow through it, and `gad.detach` cuts it off. The vector-Jacobian product is
    p ⊙ (p̄ − ⟨p̄, p⟩).

    Parameters
    ----------
    x : array of any shape
        An entry of −inf gets probability 0; where all entries are −inf, or one is +inf, the result is nan.
    axis : int, tuple of int, or None
        What sums to 1; None: the whole array.

    Returns
    -------
    array of x's shape

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.softmax(np.array([1000.0, 1000.0 + np.log(3)])).round(4)
    array([0.25, 0.75])
    """
    shifted = x - detach(np.max(x, axis=axis, keepdims=True))
    e = np.exp(shifted)
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """The logarithm of `softmax`, xᵢ − log Σⱼ exp(xⱼ), exact also where the probability underflows to 0.

    Parameters
    ----------
    x : array of any shape
    axis : int, tuple of int, or None
        As in `softmax`.

    Returns
    -------
    array of x's shape, not positive

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - detach(np.max(x, axis=axis, keepdims=True))
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The logarithm of a sum of exponentials, log Σ exp(xᵢ): a smooth maximum whose gradient is the softmax.

    Computed as m + log Σ exp(xᵢ − m) with m the largest entry: no overflow.

    Parameters
    ----------
    x : array of any shape
        As in `softmax`, an entry of −inf counts nothing.
    axis : int, tuple of int, or None
        What is summed; None: the whole array.
    keepdims : bool
        Keep summed axes with length 1.

    Returns
    -------
    array of x's shape without the summed axes

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> (nn.logsumexp(np.array([1000.0, 1000.0])) - 1000).round(4)
    np.float64(0.6931)
    """
    largest = detach(np.max(x, axis=axis, keepdims=True))
    total = np.sum(np.exp(x - largest), axis=axis, keepdims=keepdims)
    return np.log(total) + np.reshape(largest, np.shape(total))
