"""`gad.from_torch` on what is out of the ordinary: it works, or an error says what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import InputError, OutputError, SeedError, UnsupportedError
from tests.frontends.test_torch import rule, same
from tests.frontends.torch_models import mlp
from tests.torched import torch


def leaf(*numbers: float, **kind: Any) -> Any:
    return torch.tensor(numbers, requires_grad=True, **kind)


def checked(f: Any, *leaves: Any) -> gad.Graph:
    """Return the graph of f at these leaves, once it has been compared with PyTorch's own backward pass."""
    graph = gad.from_torch(f, *leaves)
    f(*leaves).backward()
    for node, tensor in zip(graph.inputs, leaves, strict=True):
        grad = tensor.grad.to_dense() if tensor.grad.is_sparse else tensor.grad
        wide = grad.float() if grad.dtype == torch.bfloat16 else grad
        assert same(node.adjoint, wide), node
        sent = sum(rule(edge) for edge in graph.edges if edge.input.id == node.id and edge.active)
        assert np.allclose(sent, node.adjoint, rtol=1e-2 if wide is not grad else 1e-4), node
    return graph


def test_a_result_that_is_no_scalar_takes_a_seed() -> None:
    w = leaf(1.0, 2.0)
    graph = gad.from_torch(lambda w: torch.sigmoid(w), w)
    with pytest.raises(SeedError, match=r"shape \(2,\)"):
        graph.backward()
    graph.backward(np.array([1.0, 0.0], "f"))
    (torch.sigmoid(w) * torch.tensor([1.0, 0.0])).sum().backward()
    assert np.allclose(graph["w"].adjoint, w.grad)
    pair = gad.from_torch(lambda w: (w.sum(), w.prod()), w)
    assert len(pair.outputs) == 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_floats_are_exact(dtype: str) -> None:
    graph = checked(
        lambda w: (torch.nn.functional.gelu(w) * w).sum(), leaf(0.5, -1.5, 3.0, dtype=getattr(torch, dtype))
    )
    assert graph["w"].dtype == {"float16": "f2", "bfloat16": "f4", "float64": "f8"}[dtype]
    assert ("bfloat16" in graph["w"].note) == (dtype == "bfloat16")


def test_meta_and_lazy_modules_say_what_they_lack() -> None:
    model = torch.nn.Linear(2, 2, device="meta")
    with pytest.raises(InputError, match=r"'weight' is on the device 'meta' and has no numbers"):
        gad.from_torch(model, torch.ones(1, 2, device="meta"))
    with pytest.raises(InputError, match="run the lazy module once"):
        gad.from_torch(torch.nn.LazyLinear(2), torch.ones(1, 2))


def test_complex_values_pass_between_real_ones_and_complex_inputs_are_refused() -> None:
    checked(lambda w: torch.fft.rfft(w).abs().pow(2).sum(), leaf(0.5, -1.5, 3.0))
    z = torch.tensor([1.0 + 2.0j], requires_grad=True)
    with pytest.raises(UnsupportedError, match="'z' is complex and requires a gradient"):
        gad.from_torch(lambda z: z.abs().sum(), z)
    with pytest.raises(OutputError, match="complex"):
        gad.from_torch(lambda w: torch.fft.rfft(w).sum(), leaf(1.0, 2.0)).backward()


def test_sparse_matrices_and_sparse_gradients() -> None:
    matrix = torch.tensor([[0.0, 2.0], [3.0, 0.0]]).to_sparse()
    checked(lambda w: torch.sparse.mm(matrix, w).sum(), torch.tensor([[1.0], [2.0]], requires_grad=True))
    table = torch.nn.Embedding(4, 3, sparse=True)
    checked(lambda w: torch.nn.functional.embedding(torch.tensor([1, 1, 3]), w, sparse=True).pow(2).sum(), table.weight)


@pytest.mark.slow  # torch.compile imports much of PyTorch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_wrapped_and_compiled_modules_are_unwrapped() -> None:
    model, _, (x, t) = mlp()
    for wrapped in (torch.nn.DataParallel(model), torch.compile(model, backend="eager")):
        graph = gad.from_torch(lambda x, t, model=wrapped: torch.nn.functional.cross_entropy(model(x), t), x, t)
        assert "fc1.weight" in graph.names
        assert next(node.primitive.name for node in graph.nodes if node.primitive) == "linear"
    assert "fc1.weight" in gad.from_torch(torch.compile(model, backend="eager"), x).names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_function_runs_as_written() -> None:
    double = torch.compile(lambda w: (w * 2.0).sin(), backend="eager")
    graph = checked(lambda w: double(w).sum(), leaf(0.5, 1.0))
    assert [node.primitive.name for node in graph.nodes if node.primitive] == ["multiply", "sin", "sum"]


def test_a_function_with_its_own_backward_is_one_node() -> None:
    class Clipped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.exp()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad.clamp(max=0.5)

    graph = checked(lambda w: (Clipped.apply(w * 2.0) * 3.0).sum(), leaf(0.5, 1.0))
    assert [node.primitive.name for node in graph.nodes if node.primitive] == [
        "multiply", "clipped", "multiply", "sum",
    ]  # fmt: skip
    assert graph["w"].adjoint.tolist() == [1.0, 1.0]
    with pytest.raises(gad.ReplayError, match="clipped ran where Python could not see it"):
        graph.evaluate(w=np.ones(2, "f"))


def test_vmap_and_func_grad_come_as_what_autograd_keeps_of_them() -> None:
    checked(lambda w: torch.func.vmap(lambda one: one.sin() * one)(w).sum(), leaf(0.5, 1.0))
    checked(lambda w: torch.func.grad(lambda v: (v**3).sum())(w).sum(), leaf(0.5, 1.0))


def test_a_gradient_inside_the_loss_is_differentiated_again() -> None:
    def penalty(w: Any) -> Any:
        y = (w**3).sum()
        (slope,) = torch.autograd.grad(y, w, create_graph=True)
        return y + (slope**2).sum()

    graph = checked(penalty, leaf(0.5, 1.0))
    (slope,) = (node for node in graph.nodes if node.note.endswith("that autograd kept"))
    assert slope.value.tolist() == [0.75, 3.0]
    assert slope.source.text == "torch.autograd.grad(y, w, create_graph=True)"


def test_a_gradient_without_its_graph_is_a_cut() -> None:
    def f(w: Any) -> Any:
        y = (w**2).sum()
        (slope,) = torch.autograd.grad(y, w, retain_graph=True)
        return y + slope.sum()

    graph = checked(f, leaf(0.5, 1.0))
    assert {edge.consumer.primitive.name for edge in graph.edges if edge.is_break} == {"grad"}


def test_checkpoints_and_packed_sequences() -> None:
    layer = torch.nn.Linear(2, 2)
    checkpoint = torch.utils.checkpoint.checkpoint
    graph = gad.from_torch(lambda x: checkpoint(layer, x, use_reentrant=False).sum(), torch.ones(3, 2))
    layer(torch.ones(3, 2)).sum().backward()
    assert same(graph["weight"].adjoint, layer.weight.grad)
    lstm = torch.nn.LSTM(2, 3)
    packed = torch.nn.utils.rnn.pack_sequence([torch.ones(3, 2), torch.ones(2, 2)])
    graph = gad.from_torch(lambda p: lstm(p)[0].data.sum(), packed)
    lstm(packed)[0].data.sum().backward()
    assert same(graph["weight_hh_l0"].adjoint, lstm.weight_hh_l0.grad)


def test_several_results_of_one_operation() -> None:
    def f(w: Any) -> Any:
        first, second = w.chunk(2)
        best = w.max(dim=0)
        low, _ = torch.sort(w)
        return (first * second).sum() + best.values + low[0]

    graph = checked(f, leaf(0.5, -1.5, 3.0, 2.0))
    assert {"chunk[0]", "chunk[1]", "max[0]", "sort[0]"} <= {n.primitive.name for n in graph.nodes if n.primitive}


def test_a_layer_that_is_used_twice_and_memory_that_two_names_share() -> None:
    layer = torch.nn.Linear(2, 2)
    graph = gad.from_torch(lambda x: layer(layer(x)).sum(), torch.ones(1, 2))
    layer(layer(torch.ones(1, 2))).sum().backward()
    assert same(graph["weight"].adjoint, layer.weight.grad)
    assert len(graph["weight"].consumers) == 2
    model = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2), "b": torch.nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    tied = gad.from_torch(lambda x: model["b"](model["a"](x)).sum(), torch.ones(1, 2))
    assert len(tied["a.weight"].consumers) == 2
    assert "b.weight" not in tied.names


def test_a_buffer_that_the_model_replaces_and_one_that_it_changes() -> None:
    class Counting(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(2))
            self.register_buffer("mean", torch.zeros(2))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x: Any) -> Any:
            self.mean = 0.9 * self.mean + 0.1 * x
            self.seen += 1
            return (self.w * (x - self.mean)).sum()

    model = Counting()
    mean, seen = model.mean, model.seen
    graph = gad.from_torch(model, torch.tensor([1.0, 2.0]))
    assert model.mean is mean
    assert model.seen is seen
    assert mean.tolist() == [0.0, 0.0]
    assert seen.item() == 0.0
    assert np.allclose(graph["w"].adjoint, [0.9, 1.8])


def test_a_thread_that_runs_another_model_meanwhile_is_not_watched() -> None:
    import threading

    other = torch.nn.Linear(2, 2)

    def f(w: Any) -> Any:
        thread = threading.Thread(target=lambda: other(torch.ones(1, 2)))
        thread.start()
        thread.join()
        return (w * 2.0).sum()

    graph = gad.from_torch(f, leaf(1.0, 2.0))
    assert [node.primitive.name for node in graph.nodes if node.primitive] == ["multiply", "sum"]


def test_modules_that_are_arguments_are_called_as_the_function_calls_them() -> None:
    one, two = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    graph = gad.from_torch(lambda encoder, decoder, x: decoder(encoder(x)).sum(), one, two, torch.ones(1, 2))
    assert [node.name for node in graph.inputs] == ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"]
    assert [node.group for node in graph.nodes if node.primitive] == ["encoder", "decoder", None]


def test_a_value_that_the_backward_pass_needs_and_that_was_changed_is_named_with_its_line() -> None:
    def f(w: Any) -> Any:
        y = torch.sigmoid(w)
        y.mul_(2.0)
        return y.sum()

    with pytest.raises(
        UnsupportedError, match=r"Changed in place: v1 \(mul_, .*line \d+: `y\.mul_\(2\.0\)`\)"
    ) as caught:
        gad.from_torch(f, leaf(1.0, 2.0))
    assert caught.value.graph["y"].primitive.name == "sigmoid"


def test_a_result_that_another_result_of_its_operation_is_made_from() -> None:
    cell = torch.nn.LSTMCell(3, 4)

    def f(x: Any) -> Any:
        h = c = torch.zeros(2, 4)
        for part in x:
            h, c = cell(part, (h, c))
        return (h * h).sum() + c.sum()

    x = torch.arange(18.0).reshape(3, 2, 3) / 10
    graph = gad.from_torch(f, x)
    f(x).backward()
    for name, parameter in cell.named_parameters():
        assert same(graph[name].adjoint, parameter.grad)
        sent = sum(rule(edge) for edge in graph.edges if edge.input.name == name and edge.active)
        assert np.allclose(sent, graph[name].adjoint, rtol=1e-4, atol=1e-6), name
    assert {node.primitive.name for node in graph.nodes if "outside" in node.note} == {"lstm_cell[1]"}


def test_autocast_is_remembered_for_what_is_asked_later() -> None:
    model, _, (x, _) = mlp()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        graph = gad.from_torch(lambda x: model(x).float().square().sum(), x)
        model(x).float().square().sum().backward()
    assert "bfloat16" in graph["y"].note
    for name, parameter in model.named_parameters():
        assert same(graph[name].adjoint, parameter.grad)
        sent = sum(rule(edge) for edge in graph.edges if edge.input.name == name)
        assert np.array_equal(sent, graph[name].adjoint), name


def test_norms_that_iterate_in_no_grad() -> None:
    norm = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 3))
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    graph = gad.from_torch(lambda x: norm(x).sum(), torch.ones(2, 3))
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())
    norm(torch.ones(2, 3)).sum().backward()
    name, parameter = next((name, one) for name, one in norm.named_parameters() if "original" in name)
    assert same(graph[name].adjoint, parameter.grad)
    assert "no_grad" in {node.note for node in graph.nodes}
