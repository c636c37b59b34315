"""What the doctor says: findings with their place, their reason and their remedy, and what is known of a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.source import Source
from graphviz_ad.core.visible import called, visible

SEVERITIES = ("error", "warning", "note")
"""No gradient, or a wrong one; a gradient that will not do; something to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
    kind : str
        What it is in one word, such as "detach", "exit", "nan", "vanishing".
    what, why, instead : str
        Sentences: what happens, why, and what to write instead.
    source : Source or None
        The place in the user's code.
    marks : dict
        The nodes at which it happens, by name, each with the few words that stand under it in the picture.
    parameters : tuple of str
        The parameters that suffer from it.
    """

    severity: str
    kind: str
    what: str
    why: str
    instead: str
    source: Source | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes at which it happens, by name."""
        return tuple(self.marks)

    @property
    def where(self) -> str:
        """``"model.py:3"``; "" where nobody knows."""
        return "" if self.source is None else visible(str(self.source))

    @property
    def code(self) -> str:
        """The expression that stands there."""
        return "" if self.source is None else visible(self.source.text)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What became of one parameter, or of another input.

    Attributes
    ----------
    name, role : str
    shape : tuple of int
    state : str
        "reached", "zero" (its adjoint is 0 everywhere), "not finite" (NaN or inf in it), "cut", "unused", or "unknown"
        where the function ended before.
    adjoint_norm : float or None
        ‖∂L/∂parameter‖; None where there is no adjoint.
    why, where : str
        The reason for any state but "reached", and its place.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    state: str
    adjoint_norm: float | None = None
    why: str = ""
    where: str = ""


def parameters_of(graph: BaseGraph) -> list[Node]:
    """The inputs that a gradient should reach: all floats that are neither data nor targets."""
    return [node for node in graph.inputs if node.differentiable and node.role not in {"data", "target"}]


def some(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence; of many the first few and how many more.

    Examples
    --------
    >>> some(["W", "b"]), some(list("abcd"), most=2)
    ('W and b', 'a, b and 2 more')
    """
    shown = [called(name) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def expression(node: Node) -> str:
    """What made a node, as the user wrote it, else its name."""
    return visible(node.source.text) if node.source is not None and node.source.text else called(node.name)


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; within each as they came."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
