"""Finds gradients that vanish or explode across the layers: by which factor, and whether theory expects it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.visible import called
from graphviz_ad.doctor.activations import Activation
from graphviz_ad.doctor.finding import Finding
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.groups import VIEWS, Layer, layers_of, of
from graphviz_ad.gradflow.meanfield import MeanField, mean_field
from graphviz_ad.gradflow.table import Flow

EQUAL = 1.5
"""Weights of the layers count as drawn alike while their variances differ by no more than this, beside chance."""
MOST_ZEROS = 0.1
"""Weights with a larger share of zeros were not drawn at random, as theory takes them to be."""
_CURES = {
    "relu": "He's initialisation (gad.nn.he_normal) keeps ‖δ‖ of ReLU layers",
    "tanh": "Glorot's initialisation (gad.nn.glorot_normal) keeps ‖δ‖ of tanh layers for long",
    "sigmoid": "no initialisation helps much: the slope of the sigmoid is at most 1/4; take tanh or ReLU",
}


@dataclass(frozen=True, slots=True)
class Depth:
    """What is known of the layers: the table, the factor per layer towards the input, and theory's factor beside it."""

    flow: Flow
    layers: tuple[Layer, ...]
    factor: float
    ratio: float
    theory: MeanField | None
    activation: str
    """That of all layers; "" where they have several, or none that is known."""

    @property
    def reading(self) -> str:
        """In words: the factor per layer, measured and expected."""
        text = f"‖δ‖ ×{self.factor:.3g} per layer towards the input"
        if self.theory is not None:
            field = self.theory
            text += (
                f" (mean-field theory of {field.activation} layers with σ_w² = {field.weight_var:.3g}: "
                f"×{math.exp(field.slope):.3g})"
            )
        return text


def depth(graph: BaseGraph, found: Sequence[Activation]) -> Depth | None:
    """The layers of a swept graph; None where there are fewer than two, or NaN in them."""
    try:
        flow, layers = of(graph), tuple(layers_of(graph))
    except ArgumentError:
        return None  # nothing multiplies by a weight, or there is NaN, which is told elsewhere
    sizes = flow["delta_norm"]
    if len(layers) < 2 or not np.isfinite(sizes).all() or not (sizes > 0).all():
        return None
    factor = math.exp(flow.slope("delta_norm"))
    inside = {layer.pre.id for layer in layers}
    names = {activation.name for activation in found if activation.pre.id in inside}
    name = names.pop() if len(names) == 1 else ""
    return Depth(flow, layers, factor, float(sizes[0] / sizes[-1]), _theory(layers, found), name)


def across(known: Depth, limits: Mapping[str, float]) -> Finding | None:
    """The finding, if gradients vanish or explode from the last layer to the first."""
    vanishing = known.ratio <= limits["vanishing"]
    if not vanishing and known.ratio < limits["exploding"]:
        return None
    sizes = known.flow["delta_norm"]
    steps = np.abs(np.log(sizes[1:] / sizes[:-1]))
    worst = int(np.argmax(steps))
    first, last = known.layers[0], known.layers[-1]
    way = "vanish" if vanishing else "explode"
    why = (
        f"From {called(last.name)} to {called(first.name)} ‖δ‖ goes from {sizes[-1]:.3g} to {sizes[0]:.3g}: "
        f"{known.reading}. The largest step is from {called(known.layers[worst + 1].name)} to "
        f"{called(known.layers[worst].name)}, ×{sizes[worst] / sizes[worst + 1]:.3g}."
    )
    name = known.activation
    cure = _CURES.get(name, "scale the weights so that ‖δ‖ keeps its size: gad.nn.he_normal, gad.nn.glorot_normal")
    more = "residual connections or a normalisation" if vanishing else "a normalisation, or clip the gradient's norm"
    return Finding(
        "warning",
        "vanishing" if vanishing else "exploding",
        f"Gradients {way} on the way to the first of {len(known.layers)} layers: ×{known.ratio:.3g}.",
        why,
        f"{cure[:1].upper()}{cure[1:]}; else {more}.",
        first.pre.source,
        {first.pre.name: f"‖δ‖ ×{known.ratio:.3g} of the last"},
        tuple(dict.fromkeys(weight.name for layer in known.layers[: worst + 1] for _, weight in layer.products)),
    )


def _theory(layers: Sequence[Layer], found: Sequence[Activation]) -> MeanField | None:
    """Mean-field theory where it applies: a plain chain of equal activations and weights drawn alike."""
    by_pre = {activation.pre.id: activation for activation in found}
    names, variances, counts = set(), [], []
    for layer, following in itertools.pairwise(layers):
        activation = by_pre.get(layer.pre.id)
        if activation is None or len(following.products) != 1:
            return None
        edge, weight = following.products[0]
        product = edge.consumer
        affine = product.primitive is not None and product.primitive.name == "linear"  # x, W, b of PyTorch's layer
        others = [node for node in product.inputs[: 2 if affine else None] if node.id != edge.input.id]
        taken = others[0] if len(others) == 1 else None
        while taken is not None and taken.primitive is not None and taken.primitive.name in VIEWS:
            taken = taken.inputs[0]
        shape = edge.input.shape
        if taken is None or taken.id != activation.out.id or len(shape) != 2:
            return None  # a skip, a norm or an attention lies between
        if np.mean(np.asarray(weight.value) == 0) > MOST_ZEROS:
            return None
        names.add(activation.name)
        fan_in = shape[0] if edge.argnum and not affine else shape[1]
        variances.append(fan_in * float(np.var(np.asarray(weight.value, float))))
        counts.append(int(np.size(weight.value)))
    if len(names) != 1 or not variances or min(variances) == 0:
        return None
    chance = 1 + 3 * math.sqrt(2 / min(counts))  # so far apart are variances of so few weights, drawn alike
    if max(variances) > EQUAL * chance * min(variances):
        return None
    biases = [_bias_variance(layer) for layer in layers[:-1]]
    return mean_field(names.pop(), float(np.mean(variances)), float(np.mean(biases)))


def _bias_variance(layer: Layer) -> float:
    """The variance of what is added to a layer's products, where that is a vector."""
    made = layer.pre.primitive
    if made is None or made.name not in {"add", "linear"}:
        return 0.0
    added = [node for node in layer.pre.inputs if node.kind == "input" and len(node.shape) == 1]
    if len(added) != 1:
        return 0.0
    return float(np.mean(np.asarray(added[0].value, float) ** 2))
