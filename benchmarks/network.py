"""Networks with two hidden layers: loss and gradients by us, by hand and by others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.agreement import Pair, checked
from benchmarks.measure import Function


def forward(params: list[Any], x: Any, lib: Any = np) -> Any:
    """Two hidden layers of tanh and a linear one."""
    W1, b1, W2, b2, W3, b3 = params
    h1 = lib.tanh(x @ W1 + b1)
    h2 = lib.tanh(h1 @ W2 + b2)
    return h2 @ W3 + b3


def cross_entropy(z: Any, targets: Any, lib: Any = np) -> Any:
    """Mean cross-entropy of softmax(z), in the form that does not overflow."""
    z = z - lib.max(z, axis=1, keepdims=True)
    log_softmax = z - lib.log(lib.sum(lib.exp(z), axis=1, keepdims=True))
    return -lib.sum(targets * log_softmax) / len(z)


def mse(z: Any, targets: Any, lib: Any = np) -> Any:
    """Mean squared error."""
    return lib.mean((z - targets) ** 2)


def cross_entropy_by_hand(z: Any, targets: Any) -> Any:
    """Loss and its slope, (softmax - targets) / batch; the exponentials are used twice."""
    z = z - z.max(axis=1, keepdims=True)
    exponentials = np.exp(z)
    sums = exponentials.sum(axis=1, keepdims=True)
    loss = -np.sum(targets * (z - np.log(sums))) / len(z)
    return loss, (exponentials / sums - targets) / len(z)


def mse_by_hand(z: Any, targets: Any) -> Any:
    """Loss and its slope."""
    error = z - targets
    return (error * error).mean(), error * (2 / error.size)


@dataclass(frozen=True)
class Network:
    """Sizes, and the loss in both forms."""

    sizes: tuple[int, ...]
    batch: int
    loss: Callable[..., Any]
    loss_by_hand: Callable[..., Any]

    def data(self, dtype: str = "float64") -> tuple[list[Any], Any, Any]:
        """Parameters [W1, b1, …], a batch of inputs, and targets, which are one-hot; the same every time."""
        rng = np.random.default_rng(0)
        params: list[Any] = []
        for fan_in, fan_out in pairwise(self.sizes):
            params += [rng.normal(0, fan_in**-0.5, (fan_in, fan_out)), rng.normal(0, 0.1, fan_out)]
        x = rng.normal(size=(self.batch, self.sizes[0]))
        targets = np.eye(self.sizes[-1])[rng.integers(0, self.sizes[-1], self.batch)]
        return [p.astype(dtype) for p in params], x.astype(dtype), targets.astype(dtype)


MLP = Network((784, 256, 128, 10), 64, cross_entropy, cross_entropy_by_hand)
SMALL = Network((2, 16, 16, 1), 1, mse, mse_by_hand)


def ours(net: Network, dtype: str = "float64") -> Function:
    """Our loss and gradients, of a function of the parameters, the data and the targets."""
    both = gad.value_and_grad(lambda params, x, targets: net.loss(forward(params, x), targets))
    return partial(both, *net.data(dtype))


def by_hand(net: Network, dtype: str = "float64") -> Function:
    """What one writes without a library: every intermediate is kept and used."""
    params, x, targets = net.data(dtype)

    def both() -> Any:
        W1, b1, W2, b2, W3, b3 = params
        h1 = np.tanh(x @ W1 + b1)
        h2 = np.tanh(h1 @ W2 + b2)
        loss, d3 = net.loss_by_hand(h2 @ W3 + b3, targets)
        d2 = (d3 @ W3.T) * (1 - h2 * h2)
        d1 = (d2 @ W2.T) * (1 - h1 * h1)
        return loss, [x.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0), h2.T @ d3, d3.sum(axis=0)]

    return both


def autograd(net: Network) -> Function:
    """HIPS autograd's."""
    import autograd
    import autograd.numpy as anp

    both = autograd.value_and_grad(lambda params, x, targets: net.loss(forward(params, x, anp), targets, anp))
    return partial(both, *net.data())


def torch(net: Network) -> Function:
    """Eager PyTorch's, with its own cross-entropy."""
    import torch

    torch.set_num_threads(1)
    params, x, targets = net.data()
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    batch, labels = torch.tensor(x), torch.tensor(targets.argmax(axis=1))

    def both() -> Any:
        loss = torch.nn.functional.cross_entropy(forward(tensors, batch, torch), labels)
        return loss, list(torch.autograd.grad(loss, tensors))

    return both


def mygrad(net: Network) -> Function:
    """MyGrad's, with its own cross-entropy."""
    import mygrad
    from mygrad.nnet.losses import softmax_crossentropy

    params, x, targets = net.data()
    tensors, labels = [mygrad.tensor(p) for p in params], targets.argmax(axis=1)

    def both() -> Any:
        loss = softmax_crossentropy(forward(tensors, x, mygrad), labels)
        loss.backward()
        return loss.item(), [tensor.grad for tensor in tensors]

    return both


def pair(net: Network, theirs: Callable[[Network], Function]) -> Pair:
    """We and another in float64."""
    return checked(ours(net), theirs(net))


def float32_pair(net: Network) -> Pair:
    """We and plain NumPy, all in float32."""
    return checked(ours(net, "float32"), by_hand(net, "float32"), "float32")
