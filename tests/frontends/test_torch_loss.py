"""`gad.from_torch(loss)`: what autograd kept of a loss that had been computed, and said to be partial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError, OutputError, UnsupportedError
from tests.frontends.test_torch import same
from tests.frontends.torch_models import MODELS, mlp
from tests.torched import torch


@pytest.mark.parametrize("name", MODELS)
def test_adjoints_are_the_gradients_and_known_values_are_those_of_the_run(name: str) -> None:
    model, loss, inputs = MODELS[name]()
    value = loss(*inputs)
    graph = gad.from_torch(value, model)
    assert graph.notice.startswith("This is what autograd kept")
    state = graph.outputs[0].value
    value.backward()
    assert float(state) == value.item()
    for key, parameter in model.named_parameters():
        assert same(graph[key].adjoint, parameter.grad), key
    for edge in graph.edges:
        assert edge.contribution.shape == edge.input.shape
    sums: dict[int, Any] = {}
    for edge in graph.edges:
        sums[edge.input.id] = sums.get(edge.input.id, 0) + edge.contribution
    for node in graph.nodes[:-1]:
        assert np.allclose(sums[node.id], node.adjoint, rtol=1e-4, atol=1e-7), node


def test_values_are_known_or_said_to_be_lost() -> None:
    model, loss, inputs = mlp()  # the name of a variable that the graph's inputs are found by
    assert model
    value = loss(*inputs)
    watched = gad.from_torch(loss, *inputs)
    graph = gad.from_torch(value)
    assert [node.name for node in graph.inputs] == [node.name for node in watched.inputs]
    by_name = {node.primitive.name: node for node in graph.nodes if node.primitive}
    assert np.array_equal(by_name["tanh"].value, watched["h"].value)
    lost = [node for node in graph.nodes if node.note == "value not kept"]
    assert all(np.isnan(node.value).all() for node in lost)
    kept = [node for node in graph.nodes if node not in lost]
    assert len(kept) >= 8
    assert all(np.isfinite(node.value).all() for node in kept)


def test_names_come_from_where_the_loss_is() -> None:
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    offset = torch.tensor(0.5, requires_grad=True)
    loss = (weight * 3.0 + offset).pow(2).sum()
    graph = gad.from_torch(loss)
    assert [node.name for node in graph.inputs] == ["weight", "offset"]
    assert [node.name for node in gad.from_torch(loss, {"a": weight, "b": offset}).inputs] == ["a", "b"]
    assert [node.name for node in gad.from_torch(loss, iter([("c", weight)])).inputs] == ["c", "offset"]
    loss.backward()
    assert same(graph["weight"].adjoint, weight.grad)


def test_what_is_no_loss_says_what_to_do() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(OutputError, match=r"shape \(2,\).*write loss\.mean\(\)"):
        gad.from_torch(w * 2.0)
    with pytest.raises(OutputError, match="requires no gradient"):
        gad.from_torch((w * 2.0).detach().sum())
    with pytest.raises(OutputError, match="a leaf"):
        gad.from_torch(torch.tensor(1.0, requires_grad=True))
    with pytest.raises(ArgumentError, match=r"gad\.from_torch\(loss, model\)"):
        gad.from_torch((w * 2.0).sum(), 3)
    loss = (w * w).sum()
    loss.backward()
    with pytest.raises(UnsupportedError, match=r"retain_graph=True"):
        gad.from_torch(loss)
    graph = gad.from_torch((w**2).sum())
    with pytest.raises(gad.ReplayError, match=r"Give the function: gad\.from_torch\(f, x\)"):
        graph.evaluate(w=np.ones(2, "f"))


def test_leaves_that_nobody_names_are_numbered() -> None:
    loss = (torch.ones(2, requires_grad=True) * torch.full((2,), 3.0, requires_grad=True)).sum()
    assert [node.name for node in gad.from_torch(loss).inputs] == ["p1", "p2"]
