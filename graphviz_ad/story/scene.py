"""A Scene is what every view of a graph shows: nodes, edges and steps as plain data, drawn nowhere yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cells:
    """An array as a small heat map or mask, row by row (see `graphviz_ad.story.cells`)."""

    rows: int
    columns: int
    levels: tuple[int | None, ...]  # -5 ... 5 by the scene's scale, of a mask 0 (off) ... 5 (on); None: NaN, ±∞
    mask: bool = False  # on or off, not more or less
    slices: int = 1  # matrices stacked above each other
    note: str = ""  # "16 × 32 as means of blocks" where a cell is not one entry
    magnitude: bool = False  # of complex numbers, which have no sign


@dataclass(frozen=True, slots=True)
class NodeSymbols:
    """The formulas of a node's numbers; "" where there is none to be shown (see `graphviz_ad.story.symbols`)."""

    value: str
    adjoint: str
    tangent: str
    alone: bool  # they stand in the place of the numbers, not beside them


@dataclass(frozen=True, slots=True)
class EdgeSymbols:
    """The formulas of an edge's numbers, each in full and then shorter: the first that has room is shown."""

    local: tuple[str, ...]
    contribution: tuple[str, ...]
    alone: bool  # they stand in the place of the numbers, not beside them


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """An expanded group: a frame around its members, with a label; ids are distinct from those of nodes."""

    id: int
    name: str
    label: str  # for people: "dense ×3", "12 operations"
    frame: int | None  # id of the frame around it


@dataclass(frozen=True, slots=True)
class SceneNode:
    """One visible node; a ``*_text`` is for people, its namesake is the machine-readable number.

    ``value``, ``adjoint`` and ``tangent`` are a Python ``repr`` of a float for scalars and JSON for
    arrays (see `graphviz_ad.story.numbers`); None where the node has no such number.
    """

    id: int
    name: str
    kind: str  # "input" | "constant" | "primitive" | "group" (collapsed)
    role: str  # "input" | "parameter" | "data" | "target" for inputs, else ""
    operation: str  # "sin", "+ 1", "power 3", "12 operations" for a group; "" for inputs and constants
    shape: str  # "" for scalars, else "(2, 3)"
    dtype: str  # "float64", "bool", ...
    differentiable: bool  # False for bool and int nodes and for constants: they have no adjoint slot
    reached: bool  # the output depends on it along differentiable edges
    consumers: int  # edges that will report a contribution to this node
    output: bool  # one of the function's results
    editable: bool  # a scalar input whose value a person may change
    value: str | None  # None for a group with several outgoing values
    value_text: str  # "3 outputs" there
    adjoint: str | None
    adjoint_text: str | None
    tangent: str | None
    tangent_text: str | None
    source: str | None  # "model.py:3" or "cell:3"; never a path
    frame: int | None = None  # id of the innermost expanded group around it
    seeded: bool = False  # a sweep starts here
    value_cells: Cells | None = None  # heat maps, for arrays of two or more entries
    adjoint_cells: Cells | None = None
    tangent_cells: Cells | None = None
    symbols: NodeSymbols | None = None  # only where they are asked for
    note: str = ""  # what somebody has found about this node, in a few words (see `graphviz_ad.doctor`)


@dataclass(frozen=True, slots=True)
class SceneEdge:
    """One visible edge; ``index`` is its position in ``Scene.edges``."""

    index: int
    input: int  # node id
    consumer: int  # node id
    argnum: int
    active: bool  # sends a contribution in the reverse sweep
    cut: bool  # a break: differentiability ends here (float -> bool/int, or gad.detach)
    local: str | None
    local_text: str | None
    contribution: str | None
    contribution_text: str | None
    pushed: bool = False  # the contribution is to a tangent: it flows forwards
    mask: Cells | None = None  # the local derivative of a gate (ReLU, where): what it lets pass
    symbols: EdgeSymbols | None = None  # only where they are asked for


@dataclass(frozen=True, slots=True)
class SceneStep:
    """One event of the story: what is revealed, and the sentence that says it."""

    # "value" | "seed" | "contribution" | "sum" (over broadcast axes) | "tangent"; in training also
    # "update" (a parameter gets a new value) | "zero" (the accumulators of all that were updated go back to 0)
    kind: str
    node: int  # id of the node whose number this step reveals or adds to
    edge: int | None  # index into Scene.edges, for contributions
    adjoint: str | None  # the node's accumulator after this step (seed and contribution)
    adjoint_text: str | None
    reported: int  # how many contributions the node has received after this step
    complete: bool  # the node's adjoint is final after this step
    narration: str
    value: str | None = None  # an update's new value
    value_text: str | None = None


@dataclass(frozen=True, slots=True)
class SceneDifference:
    """A node that a wrong backward pass gets wrong: the number that it sent on, or ended with, and the right one."""

    node: int  # id
    step: int  # it shows once so many steps are played
    wrong: str | None  # None where shapes did not fit
    wrong_text: str
    right: str
    right_text: str
    early: bool  # it was sent on before all consumers had reported


@dataclass(frozen=True, slots=True)
class SceneWrong:
    """What is wrong with a backward pass that is wrong on purpose (see `graphviz_ad.story.wrong`)."""

    kind: str
    title: str
    explanation: str
    question: str
    verdict: str  # the first node that differs, in a sentence; or that nothing changes
    differing: tuple[SceneDifference, ...]  # in the order of the story
    stopped: bool  # the pass ended with an error

    @property
    def first(self) -> SceneDifference | None:
        """The first node that differs; None where the mistake changes nothing at this point."""
        return self.differing[0] if self.differing else None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a view of one graph needs, in one place."""

    title: str
    alt: str  # one paragraph for screen readers
    nodes: tuple[SceneNode, ...]
    edges: tuple[SceneEdge, ...]
    steps: Sequence[SceneStep]
    intro: str  # the narration of step 0
    mode: str  # "reverse" | "forward"
    frames: tuple[SceneFrame, ...] = ()  # expanded groups, outer before inner
    scales: tuple[tuple[str, str, str], ...] = ()  # ("value", "0.6", "2.4"): the numbers at half and at full colour
    wrong: SceneWrong | None = None  # the backward pass is wrong on purpose
