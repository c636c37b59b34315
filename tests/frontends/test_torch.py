"""`gad.from_torch`: PyTorch's own numbers, names, lines and groups, and a model that stays as it was."""

from __future__ import annotations

import pickle
import random
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.errors import ArgumentError, OutputError, UnsupportedError
from tests.frontends.torch_models import MODELS, mlp
from tests.torched import torch


def bits(tensor: Any) -> bytes:
    return np.ascontiguousarray(tensor.detach().numpy()).tobytes()


def same(adjoint: Any, grad: Any) -> bool:
    return np.ascontiguousarray(adjoint).tobytes() == bits(grad)


def rule(edge: Any) -> Any:
    """What the operation's own rule sends back; a contribution that is all of an adjoint is not asked for."""
    return sweep.contribution(edge.graph.records[edge.consumer.id], edge.argnum, edge.consumer.adjoint)


@pytest.mark.parametrize("name", MODELS)
def test_the_adjoints_of_parameters_are_the_gradients_of_pytorch_bit_by_bit(name: str) -> None:
    model, loss, inputs = MODELS[name]()
    state = torch.get_rng_state()
    graph = gad.from_torch(loss, *inputs)
    torch.set_rng_state(state)
    value = loss(*inputs)
    value.backward()
    assert bits(value) == np.asarray(graph.outputs[0].value).tobytes()
    parameters = dict(model.named_parameters())
    assert [node.name for node in graph.inputs] == list(parameters)
    for key, parameter in parameters.items():
        assert same(graph[key].adjoint, parameter.grad), key
        assert graph[key].role == "parameter"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("asked", [True, False])
def test_the_contributions_of_all_edges_add_up_to_the_adjoints(name: str, asked: bool) -> None:
    _, loss, inputs = MODELS[name]()
    graph = gad.from_torch(loss, *inputs)
    sums: dict[int, Any] = {}
    for edge in graph.edges:
        if edge.active:
            sent = rule(edge) if asked else edge.contribution
            sums[edge.input.id] = sums.get(edge.input.id, 0) + sent
    outputs = {node.id for node in graph.outputs}
    checked = [node for node in graph.nodes if node.differentiable and node.id not in outputs]
    assert len(checked) >= 7
    for node in checked:
        assert np.allclose(sums[node.id], node.adjoint, rtol=1e-4, atol=1e-7), node


@pytest.mark.parametrize("name", MODELS)
def test_the_adjoints_of_values_are_what_hooks_see(name: str) -> None:
    _, loss, inputs = MODELS[name]()
    seen: list[tuple[bytes, bytes]] = []
    made: list[Any] = []

    def watched(*args: Any) -> Any:
        handle = torch.nn.modules.module.register_module_forward_hook(lambda _module, _args, out: note(out))
        try:
            return loss(*args)
        finally:
            handle.remove()

    def note(out: Any) -> None:
        for tensor in out if isinstance(out, tuple) else (out,):
            if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
                made.append(tensor)
                tensor.register_hook(partial(watch, bits(tensor)))

    def watch(value: bytes, grad: Any) -> None:
        seen.append((value, bits(grad)))

    state = torch.get_rng_state()
    watched(*inputs).backward()
    torch.set_rng_state(state)
    graph = gad.from_torch(loss, *inputs)
    known = {(np.ascontiguousarray(n.value).tobytes(), np.ascontiguousarray(n.adjoint).tobytes()) for n in graph.nodes
             if n.differentiable}  # fmt: skip
    found = [pair for pair in seen if pair in known]
    assert len(seen) >= 2
    assert len(found) == len(seen)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("fails", [False, True])
def test_everything_stays_as_it_was(name: str, fails: bool) -> None:
    model, loss, inputs = MODELS[name]()
    model.train()
    handle = model.register_forward_hook(lambda module, _args, _out: setattr(module, "calls", 1))
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    grads = {key: parameter.grad for key, parameter in model.named_parameters()}
    before = {key: (value.clone(), value._version) for key, value in model.state_dict(keep_vars=True).items()}
    attributes = {key: dict(vars(module)) for key, module in model.named_modules()}
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tobytes()  # noqa: NPY002
    given = [tensor.clone() for tensor in inputs]

    def run(*args: Any) -> Any:
        model.eval()
        model.train()
        found = loss(*args)
        torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
        model.extra = found
        model.eval()
        if fails:
            raise KeyError("the model's own")
        return found

    if fails:
        with pytest.raises(KeyError, match="the model's own") as caught:
            gad.from_torch(run, *inputs)
        assert len(caught.value.graph.nodes) > 3
    else:
        gad.from_torch(run, *inputs)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tobytes() == states[2]  # noqa: NPY002
    for key, value in model.state_dict(keep_vars=True).items():
        assert bits(value) == bits(before[key][0]), key
        assert value._version == before[key][1], key
    for key, parameter in model.named_parameters():
        assert parameter.grad is grads[key]
        assert torch.equal(parameter.grad, torch.full_like(parameter, 0.5))
    assert all(vars(module) == attributes[key] for key, module in model.named_modules())
    assert model.training
    assert all(torch.equal(one, other) for one, other in zip(inputs, given, strict=True))
    assert list(model._forward_hooks) == [handle.id]
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_names_groups_and_lines_are_the_users() -> None:
    model, loss, inputs = mlp()
    graph = gad.from_torch(loss, *inputs)
    made = {node.name: (node.primitive.name, node.group) for node in graph.nodes if node.primitive}
    assert made == {
        "v1": ("linear", "fc1"), "h": ("tanh", None), "y": ("linear", "fc2"), "error": ("cross_entropy", None),
    }  # fmt: skip
    assert graph["x"].kind == "constant"
    assert graph["fc1.weight"].group == "fc1"
    source = graph["y"].source
    assert source is not None
    assert source.text == "self.fc2(h)"
    assert source.file == "torch_models.py"
    assert [text.name for text in graph.functions] == ["loss", "forward"]
    assert gad.from_torch(model, inputs[0]).inputs[0].name == "fc1.weight"


def test_a_line_that_calls_a_module_names_what_the_module_gives() -> None:
    class Attending(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(4, 1, batch_first=True)
            self.layer = torch.nn.TransformerEncoderLayer(4, 1, 4, dropout=0.0, batch_first=True)

        def forward(self, x: Any) -> Any:
            h = self.layer(x)
            return (h * self.attention(x, x, x)[0]).sum()

    graph = gad.from_torch(Attending(), torch.ones(1, 2, 4))
    assert graph["h"].primitive.name == "layer_norm"
    assert [name for name in graph.names if name.startswith("h_")] == []
    lines = {node.source.text for node in graph.nodes if node.group == "layer/self_attn" and node.primitive}
    assert lines == {"self.layer(x)"}


def test_a_module_alone_and_a_requires_grad_argument() -> None:
    model, _, (x, _) = mlp()
    x.requires_grad_()
    graph = gad.from_torch(lambda x: model(x).sum(), x)
    model(x).sum().backward()
    assert graph.inputs[0].name == "x"
    assert same(graph["x"].adjoint, x.grad)


def test_views_and_changes_in_place_are_told_apart() -> None:
    a = torch.arange(6.0, requires_grad=True)

    def f(a: Any) -> Any:
        b = a * 2
        b.add_(1)
        rows = b.view(2, 3)
        rows[0].mul_(3)
        b[5] = 0.0
        return (b * b.exp().detach()).sum() + rows.sum()

    graph = gad.from_torch(f, a)
    f(a).backward()
    assert same(graph["a"].adjoint, a.grad)
    notes = [(node.primitive.name, node.note) for node in graph.nodes if node.note]
    assert ("add_", "in place") in notes
    assert ("view", "view") in notes
    assert ("mul_", "in place, through a view") in notes
    assert ("setitem", "in place") in notes
    assert ("detach", "detach") in notes
    assert f(a).item() == float(graph.outputs[0].value)
    assert [node.note for node in pickle.loads(pickle.dumps(graph)).nodes] == [node.note for node in graph.nodes]
    sums = sum(edge.contribution for edge in graph.edges if edge.input.name == "a")
    assert np.allclose(sums, graph["a"].adjoint)
    again = graph.evaluate(a=np.arange(6.0, dtype="f") / 2)
    assert np.isclose(again.outputs[0].value, f(torch.arange(6.0) / 2).item())


def test_a_gradient_is_lost_where_pytorch_loses_it() -> None:
    w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)

    def f(x: Any) -> Any:
        cut = (w * 2).detach()
        with torch.no_grad():
            scale = w.abs().max()
        best = (w * x).argmax()
        if w.sum() > 0:
            x = x + w.mean().item()
        return (w * x).sum() + (cut * scale).sum() + w[best]

    graph = gad.from_torch(f, torch.tensor([0.5, 1.0, 2.0]))
    f(torch.tensor([0.5, 1.0, 2.0])).backward()
    assert same(graph["w"].adjoint, w.grad)
    breaks = {(e.consumer.primitive.name, e.consumer.primitive.kind, e.consumer.note, e.consumer.source.text)
              for e in graph.edges if e.is_break}  # fmt: skip
    assert ("detach", "cut", "detach", "(w * 2).detach()") in breaks
    assert ("abs", "cut", "no_grad", "w.abs()") in breaks
    assert ("argmax", "plain", "", "(w * x).argmax()") in breaks
    assert ("gt", "plain", "", "w.sum() > 0") in breaks
    assert graph["scale"].adjoint is None
    exits = {(guard.exit, guard.source.text, float(guard.value)) for guard in graph.tables.guards}
    assert exits == {("bool()", "w.sum() > 0", 1.0), ("item()", "w.mean().item()", np.float32(2 / 3))}


def test_a_parameter_that_nothing_uses_and_one_that_is_frozen() -> None:
    model, loss, inputs = mlp()
    model.spare = torch.nn.Linear(2, 2)
    model.fc1.bias.requires_grad_(False)
    graph = gad.from_torch(loss, *inputs)
    assert not graph["spare.weight"].reached
    assert graph["spare.weight"].consumers == ()
    assert graph["fc1.bias"].kind == "constant"
    assert graph["fc1.bias"].note == "frozen"
    assert graph["fc1.bias"].adjoint is None


def test_a_result_without_gradient_is_an_error_with_the_graph() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(OutputError, match="every way from w to it is cut") as caught:
        gad.from_torch(lambda x: (w * x).argmax().float(), torch.ones(2))
    graph = caught.value.graph
    assert [node.name for node in graph.inputs] == ["w"]
    assert [edge.consumer.primitive.name for edge in graph.edges if edge.is_break] == ["argmax"]
    with pytest.raises(OutputError, match=r"nothing that it is made of does; write w\.requires_grad_\(\)"):
        gad.from_torch(lambda x: x.sum(), torch.ones(2))
    with pytest.raises(OutputError, match="returned no tensor but float"):
        gad.from_torch(lambda x: (w * x).sum().item(), torch.ones(2))


def test_operations_known_to_numpy_are_our_own_and_all_can_be_evaluated() -> None:
    w = torch.tensor([0.5, -1.5], requires_grad=True)

    def f(w: Any) -> Any:
        y = torch.sigmoid(w * 2.0) / (1.0 + w**2)
        return y.sum()

    graph = gad.from_torch(f, w)
    assert [node.primitive.name for node in graph.nodes if node.primitive] == [
        "multiply", "sigmoid", "power", "add", "divide", "sum",
    ]  # fmt: skip
    moved = graph.evaluate(w=np.array([0.25, 2.0], "f"))
    other = torch.tensor([0.25, 2.0], requires_grad=True)
    f(other).backward()
    assert np.isclose(moved.outputs[0].value, f(other).item())
    assert np.allclose(moved["w"].adjoint, other.grad.numpy())
    tangent = graph.forward({"w": np.array([1.0, 0.0], "f")}).outputs[0].tangent
    assert np.isclose(tangent, graph["w"].adjoint[0])


def test_random_numbers_are_drawn_again_the_same() -> None:
    w = torch.ones(1000, requires_grad=True)
    graph = gad.from_torch(lambda w: torch.nn.functional.dropout(w * 1.0, 0.5).pow(2).sum(), w)
    kept = graph["w"].adjoint != 0
    assert 300 < kept.sum() < 700
    moved = graph.evaluate(w=np.full(1000, 2.0, "f"))
    assert np.array_equal(moved["w"].adjoint != 0, kept)


def test_it_goes_through_pages_pictures_and_pickles(tmp_path: Path) -> None:
    _, loss, inputs = mlp()
    graph = gad.from_torch(loss, *inputs)
    for suffix in (".svg", ".txt", ".tex", ".json"):
        assert graph.save(tmp_path / f"mlp{suffix}").stat().st_size > 1000
    page = graph.save(tmp_path / "mlp.html").read_text(encoding="utf-8")
    assert "cross_entropy" in page
    assert graph.explore().steps == len(graph.timeline())
    copy = pickle.loads(pickle.dumps(graph))
    assert np.allclose(copy["fc1.weight"].adjoint, graph["fc1.weight"].adjoint)
    assert "does not have linear#torch" in copy.notice
    with pytest.raises(gad.ReplayError, match="linear"):
        copy.evaluate(**{"fc1.bias": np.zeros(8, "f")})


def test_labels_and_formulas_say_what_is_known(tmp_path: Path) -> None:
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    linear = torch.nn.Linear(2, 1)

    def f(x: Any) -> Any:
        index = linear(x * w)[0]
        return index.sum()

    graph = gad.from_torch(f, torch.ones(3, 2))
    text = graph.save(tmp_path / "f.txt").read_text(encoding="utf-8")
    assert "∂out/∂weight = (∂out/∂" in text
    assert "index, view" in graph.save(tmp_path / "f.svg").read_text(encoding="utf-8")


def test_exercises_and_gradient_flow_take_it() -> None:
    _, loss, inputs = mlp()
    graph = gad.from_torch(loss, *inputs)
    flow = gad.gradflow.of(graph)
    assert flow.names == {1: "fc1", 2: "fc2"}
    assert np.isclose(flow["weight_grad_norm"][0], np.linalg.norm(graph["fc1.weight"].adjoint))
    w = torch.tensor(3.0, requires_grad=True)
    small = gad.from_torch(lambda x: (torch.relu(w * x) - 1.0) ** 2, torch.tensor(2.0))
    exercise = gad.exercises.adjoints(small)
    assert any(question.right == 20.0 for question in exercise.questions if hasattr(question, "right"))


def test_what_it_is_given_must_be_code_or_a_loss() -> None:
    torch.tensor(1.0)
    with pytest.raises(ArgumentError, match="needs a function, a module or a loss"):
        gad.from_torch(np.ones(3))
    w = torch.ones(2, requires_grad=True)
    with pytest.raises(UnsupportedError, match="calls backward"):
        gad.from_torch(lambda x: (w * x).sum().backward(), torch.ones(2))
    assert w.grad is None

    def steps(x: Any) -> Any:
        with torch.no_grad():
            w.mul_(0.5)
        return (w * x).sum()

    with pytest.raises(UnsupportedError, match="changes 'w', which requires a gradient, in place"):
        gad.from_torch(steps, torch.ones(2))
    assert w.tolist() == [1.0, 1.0]


def test_a_training_is_watched_by_its_graphs() -> None:
    model, loss, inputs = mlp()

    def step(params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(torch.from_numpy(params[name]))
        graph = gad.from_torch(loss, *inputs)
        return graph, {name: value - np.float32(0.5) * graph[name].adjoint for name, value in params.items()}

    start = {name: parameter.detach().numpy().copy() for name, parameter in model.named_parameters()}
    first = gad.from_torch(loss, *inputs)
    watch = gad.gradflow.watch(step, start, every=2, steps=6, progress=False)
    assert watch.losses[-1] < watch.losses[0] == first.outputs[0].value
    assert watch.names == tuple(f"[{name!r}]" for name in start)
    assert np.isclose(watch["gradient_norm"][0], np.linalg.norm(first["fc1.weight"].adjoint))
    with pytest.raises(ArgumentError, match=r"the step's graph has no input"):
        gad.gradflow.watch(step, {"W": np.ones(2)}, steps=0, progress=False)._taken((first, {}), 0)
