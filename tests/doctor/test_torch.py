"""The doctor on PyTorch code: the same findings, with the lines of the user's code and remedies in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from tests.doctor.test_doctor import marked_line
from tests.torched import torch

pytestmark = pytest.mark.slow


def nets() -> tuple[Any, Any, Any]:
    """An encoder, a decoder and a batch."""
    torch.manual_seed(3)
    return torch.nn.Linear(4, 6), torch.nn.Linear(6, 4), torch.randn(16, 4)


def detached(encoder: Any, decoder: Any, x: Any) -> Any:  # items 91, E23
    code = torch.tanh(encoder(x)).detach()  # !!!
    return ((decoder(code) - x) ** 2).mean()


def without_grad(encoder: Any, decoder: Any, x: Any) -> Any:
    with torch.no_grad():
        code = encoder(x)  # !!!
    return ((decoder(torch.tanh(code)) - x) ** 2).mean()


def inferred(encoder: Any, decoder: Any, x: Any) -> Any:
    with torch.inference_mode():
        code = encoder(x)  # !!!
    return ((decoder(torch.tanh(code.clone())) - x) ** 2).mean()


def item(encoder: Any, decoder: Any, x: Any) -> Any:  # item 90
    scale = encoder(x).mean().item()  # !!!
    return ((decoder(torch.ones(16, 6)) * scale - x) ** 2).mean()


def to_numpy(encoder: Any, decoder: Any, x: Any) -> Any:
    code = torch.from_numpy(encoder(x).detach().numpy())  # !!!
    return ((decoder(code) - x) ** 2).mean()


def chosen(encoder: Any, decoder: Any, x: Any) -> Any:  # item 92
    best = encoder(x).argmax(dim=1)  # !!!
    return (decoder(torch.nn.functional.one_hot(best, 6).float()) ** 2).mean()


def compared(encoder: Any, decoder: Any, x: Any) -> Any:
    on = encoder(x) > 0  # !!!
    return (decoder(on.float()) ** 2).mean()


def cast(encoder: Any, decoder: Any, x: Any) -> Any:
    code = (10 * encoder(x)).long()  # !!!
    return (decoder(code.float()) ** 2).mean()


def well(encoder: Any, decoder: Any, x: Any) -> Any:
    return ((decoder(torch.tanh(encoder(x))) - x) ** 2).mean()


@pytest.mark.parametrize(
    ("f", "kinds", "word"),
    [
        (detached, {"detach"}, ".detach()"),
        (without_grad, {"no_grad"}, "with torch.no_grad():"),
        (inferred, {"no_grad"}, "torch.inference_mode"),
        (item, {"exit"}, "item()"),
        (to_numpy, {"detach", "exit"}, ""),
        (chosen, {"position"}, "torch.softmax"),
        (compared, {"comparison", "cast", "step"}, "torch.sigmoid"),
        (cast, {"cast", "step"}, "Keep floats"),
    ],
)
def test_a_cut_has_its_line(f: Any, kinds: set[str], word: str) -> None:
    encoder, decoder, x = nets()
    report = gad.doctor(f, encoder, decoder, x)
    (finding,) = report.findings
    assert finding.kind in kinds, str(report)
    assert finding.where == f"test_torch.py:{marked_line(f)}", str(report)
    assert len(finding.parameters) == 2, str(report)
    assert word in finding.instead, str(report)
    assert "gad.nn" not in finding.instead
    assert "np." not in finding.instead
    assert sum(one.state == "reached" for one in report.parameters) == 2


def test_a_healthy_one_has_none_and_stays_as_it_was() -> None:
    encoder, decoder, x = nets()
    report = gad.doctor(well, encoder, decoder, x)
    assert report.ok, str(report)
    assert encoder.weight.grad is None
    well(encoder, decoder, x).backward()
    sizes = [float(one.grad.norm()) for one in (*encoder.parameters(), *decoder.parameters())]
    assert sorted(one.adjoint_norm for one in report.parameters) == pytest.approx(sorted(sizes), rel=1e-5)
    assert any("activation" in line for line in report.looked_at)


def test_a_module_with_a_part_that_nothing_uses() -> None:
    class Net(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.used = torch.nn.Linear(4, 1)
            self.spare = torch.nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            return (self.used(x) ** 2).mean()

    report = gad.doctor(Net(), nets()[2])
    assert [(one.kind, one.parameters) for one in report.findings] == [("unused", ("spare.weight", "spare.bias"))]


def test_a_loss_that_was_computed_before() -> None:
    encoder, decoder, x = nets()
    model = torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    report = gad.doctor(detached(encoder, decoder, x), model)
    assert [one.kind for one in report.findings] == ["not in the graph"]
    assert report.findings[0].parameters == ("encoder.weight", "encoder.bias")
    assert "gad.doctor(lambda x" in report.findings[0].instead
    assert gad.doctor(well(encoder, decoder, x), model).ok
    named = gad.doctor(well(encoder, decoder, x), dict(model.named_parameters()))
    assert {one.state for one in named.parameters} == {"reached"}
    listed = gad.doctor(detached(encoder, decoder, x), list(model.parameters()))
    assert len(listed.findings[0].parameters) == 2


def test_a_loss_that_knows_nothing() -> None:
    encoder, decoder, x = nets()
    with torch.no_grad():
        loss = well(encoder, decoder, x)
    report = gad.doctor(loss, decoder)
    assert [one.kind for one in report.findings] == ["result"]
    assert report.findings[0].parameters == ("weight", "bias")
    assert {one.state for one in report.parameters} == {"cut"}
    with pytest.raises(gad.ArgumentError, match="A plain number does not know"):
        gad.doctor(loss.item(), decoder)


def test_a_loss_that_is_no_number() -> None:
    encoder, _, x = nets()
    report = gad.doctor(lambda x: encoder(x), x)
    assert [one.kind for one in report.findings] == ["loss"]
    assert "shape (16, 6)" in report.findings[0].what
    assert "torch.mean" in report.findings[0].instead


def test_nan_is_found_where_it_is_made() -> None:
    def loss(z: Any) -> Any:
        p = torch.exp(z)
        return (p / p.sum())[0].log()

    report = gad.doctor(loss, torch.tensor([1000.0, 0.0], requires_grad=True))
    assert report.findings[0].kind in {"inf", "nan"}
    assert "1000" in report.findings[0].why
    assert "torch.log_softmax" in report.findings[0].instead


def test_dead_and_saturated_units() -> None:
    encoder, decoder, x = nets()
    with torch.no_grad():
        encoder.bias[:4] = -100
    report = gad.doctor(lambda x: (decoder(torch.relu(encoder(x))) ** 2).mean(), x)
    assert [one.kind for one in report.findings] == ["dead"], str(report)
    with torch.no_grad():
        encoder.weight *= 100
    report = gad.doctor(lambda x: (decoder(torch.sigmoid(encoder(x))) ** 2).mean(), x)
    assert report.findings[0].kind == "saturated", str(report)


def test_shared_memory() -> None:
    encoder, _, x = nets()
    other = torch.nn.Linear(4, 6)
    other.weight = torch.nn.Parameter(encoder.weight.detach())
    net = torch.nn.ModuleDict({"a": encoder, "b": other})
    report = gad.doctor(lambda x: (net["a"](x) * net["b"](x)).mean(), x)
    assert [(one.kind, one.parameters) for one in report.findings] == [("shared memory", ("a.weight", "b.weight"))]
    tied = torch.nn.ModuleDict({"a": encoder, "b": torch.nn.Linear(4, 6)})
    tied["b"].weight = tied["a"].weight
    assert gad.doctor(lambda x: (tied["a"](x) * tied["b"](x)).mean(), x).ok


def test_the_picture(tmp_path: Any) -> None:
    report = gad.doctor(detached, *nets())
    text = report.save(tmp_path / "doctor.svg").read_text(encoding="utf-8")
    assert "gad-cut" in text
    assert f"cut at test_torch.py:{marked_line(detached)}" in text
    assert np.isfinite(len(report._repr_html_()))
