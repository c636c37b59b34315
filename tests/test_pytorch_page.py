"""What docs/pytorch.md says happens as it says, where PyTorch is installed."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

import numpy as np
import pytest

from tests.torched import torch

PAGE = (Path(__file__).parent.parent / "docs" / "pytorch.md").read_text(encoding="utf-8")


def test_the_snippets_do_what_stands_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    first, second = re.findall(r"```python torch\n(.*?)```", PAGE, re.DOTALL)
    space: dict = {}
    linecache.cache["page.py"] = (len(first), None, first.splitlines(keepends=True), "page.py")
    exec(compile(first, "page.py", "exec"), space)
    graph = space["graph"]
    for said, expression in [(repr(graph.names[:4]), "names"), (repr(graph["error"].source.text), "source")]:
        assert said in first, expression
    assert graph["0.weight"].group == "0"
    space["loss"](space["x"], space["y"]).backward()
    assert np.array_equal(graph["0.weight"].adjoint, space["model"][0].weight.grad.numpy())
    assert {path.name for path in tmp_path.iterdir()} == {"model.svg"}
    exec(compile(second, "page.py", "exec"), space)
    assert space["graph"].notice.startswith("This is what autograd kept of a loss that had been computed: ")
    assert [node.name for node in space["graph"].inputs] == ["0.weight", "0.bias", "2.weight", "2.bias"]
