"""Remedies in the words of PyTorch, where it is PyTorch's code that is examined."""

from __future__ import annotations

import re
from dataclasses import replace

from graphviz_ad.core.custom import flat_name
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.doctor.finding import Finding

# in this order: what is longer stands before what is a part of it
_WORDS = (
    (r"x \+ gad\.detach\(np\.round\(x\) - x\)", "x + (torch.round(x) - x).detach()"),
    (r"Leave gad\.detach out", "Leave .detach() out"),
    (r"gad\.detach\((\w+)\)", r"\1.detach()"),
    (r"gad\.detach", ".detach()"),
    (r"np\.maximum\(([^,()]+), ([\w.-]+)\)", r"torch.clamp(\1, min=\2)"),
    (r"np\.sum\(gad\.nn\.softmax\(scores\) \* values\)", "(torch.softmax(scores, -1) * values).sum()"),
    (r"np\.copy\((\w+)\)", r"\1.clone()"),
    (r"np\.max\(z\)", "z.max()"),
    (r"np\.concatenate", "torch.cat"),
    (r"gad\.nn\.cross_entropy", "torch.nn.functional.cross_entropy"),
    (r"gad\.nn\.leaky_relu", "torch.nn.LeakyReLU"),
    (r"gad\.nn\.he_normal", "torch.nn.init.kaiming_normal_"),
    (r"gad\.nn\.glorot_normal", "torch.nn.init.xavier_normal_"),
    (r"gad\.nn\.", "torch."),
    (r"np\.", "torch."),
)
_DATA = re.compile(r" If it is data, wrap it in gad\.constant\(\.\.\.\)\.")


def speaks_torch(graph: BaseGraph | None) -> bool:
    """Whether a graph holds an operation of PyTorch's own."""
    return graph is not None and any(
        record.primitive is not None and flat_name(record.primitive).endswith("#torch") for record in graph.records
    )


def in_torch(finding: Finding) -> Finding:
    """The finding with a remedy that one can write in PyTorch.

    Examples
    --------
    >>> in_torch(Finding("error", "nan", "", "", "Write np.log(np.maximum(p, 1e-12)).")).instead
    'Write torch.log(torch.clamp(p, min=1e-12)).'
    """
    text = _DATA.sub(" If it is data, leave out requires_grad=True.", finding.instead)
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return replace(finding, instead=text)
