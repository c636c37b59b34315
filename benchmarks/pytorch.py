"""Models of PyTorch's: what a capture and a figure take, beside the libraries that PyTorch's users know for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.agreement import Pair, agree
from graphviz_ad.widget.view import View

LAYERS = 50
SIZES = (784, 256, 128, 10)
"""Those of the MLP in benchmarks/network.py."""


@cache
def stack() -> tuple[Any, Any]:
    """Fifty convolutions, each with a ReLU, and a batch of small pictures."""
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    layers = [layer for _ in range(LAYERS) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
    return nn.Sequential(*layers), torch.randn(2, 8, 16, 16)


def captured() -> Any:
    """Every value and every gradient of the stack: forward pass and backward pass."""
    model, x = stack()
    return gad.from_torch(lambda x: model(x).mean(), x)


def logged() -> Any:
    """Every value of the stack as torchlens keeps it: the forward pass."""
    import torchlens

    return torchlens.trace(*stack())


def capture_pair() -> Pair:
    """Ours and that of torchlens, once all hundred values are the same."""
    graph, log = captured(), logged()
    ours = [node.value for node in graph.nodes if node.primitive and node.primitive.name in {"conv2d", "relu"}]
    theirs = [layer.out for layer in log.layers if layer.layer_label.startswith(("conv2d", "relu"))]
    assert len(ours) == 2 * LAYERS
    agree(ours, theirs, "float32")
    return captured, logged


@cache
def mlp() -> tuple[Any, Any, Any]:
    """The MLP, a batch and its targets."""
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    one, two, three = (nn.Linear(*sizes) for sizes in pairwise(SIZES))
    return nn.Sequential(one, nn.Tanh(), two, nn.Tanh(), three), torch.randn(64, SIZES[0]), torch.arange(64) % SIZES[-1]


def drawn(show: Collection[str]) -> str:
    """From the model to the text of the SVG: forward and backward pass, picture with all values and adjoints."""
    import torch

    model, x, target = mlp()
    graph = gad.from_torch(lambda x: torch.nn.functional.cross_entropy(model(x), target), x)
    return View(graph, engine="layered", show=show).svg()


def viewed() -> str:
    """From the model to the text of the SVG: what torchview draws, shapes without numbers."""
    from torchview import draw_graph

    model, x, _ = mlp()
    svg: bytes = draw_graph(model, input_data=x, graph_name="mlp").visual_graph.pipe("svg")
    return svg.decode()


def figure_pair(show: Collection[str]) -> Pair:
    """Ours and that of torchview, once both show the same operations with the same shapes."""
    sizes = [[float(number) for number in found] for found in (_shapes(drawn(show)), _shapes(viewed()))]
    agree(*(np.array(numbers) for numbers in sizes))
    return partial(drawn, show), viewed


def _shapes(svg: str) -> list[int]:
    """The shapes of layers that a figure names: of each width how often it says so, at least once."""
    said = set(re.findall(r"\(64, (\d+)\)", svg))
    return sorted(int(number) for number in said)
