"""A view is a graph with the way it is to be shown; the explorer and the files are made from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphviz_ad.core.flat import to_dict
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.inspect import Facts, Inspector
from graphviz_ad.story.misplay import Misplay
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import check_shown, staged, story_line
from graphviz_ad.story.symbols import check_labels
from graphviz_ad.story.timeline import can_sweep, swept
from graphviz_ad.story.used import Uses
from graphviz_ad.widget.progress import progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz_ad.story.timeline import Timeline
    from graphviz_ad.widget.desk import Answer


@dataclass(frozen=True)
class View:
    """One graph, staged: its scene, its picture, and what the front end plays."""

    graph: Any
    mode: str = "reverse"
    output: str | None = None
    seed: Any = None
    direction: str | None = "LR"  # None: with a width, whatever suits it
    engine: str = "auto"
    show: Collection[str] = ("heatmaps",)
    precision: int = 4
    fold: Any = "auto"
    expand: Collection[str] = ()
    width: float | str | None = None
    step: int | None = None
    animate: bool | str = False
    notation: str = "∂L/∂v"
    labels: str = "numbers"
    close: Collection[str] = ()  # groups that are collapsed whatever fold and expand say
    wrong: str = ""  # a backward pass that is wrong on purpose, see story/wrong.py
    fragment: bool = False  # LaTeX without a preamble
    frames: tuple[Iterable[int] | None, int | None] | None = None  # steps and columns of a film strip
    look: Mapping[str, Any] = field(default_factory=dict)  # what a person changed in the explorer, see widget/look.py
    inputs: Mapping[str, Any] = field(default_factory=dict)  # the values that a page's sliders offer

    @cached_property
    def scene(self) -> Scene:
        """Everything that is shown, as plain data."""
        check_shown(self.show, self.precision, self.labels, self.wrong)
        return staged(self.line, self.show, self.precision, self.labels, self.wrong)

    @cached_property
    def line(self) -> Timeline:
        """The story that the scene tells."""
        return story_line(
            self.graph,
            self.mode,
            self.output,
            self.seed,
            "constants" in self.show,
            "none" if self.wrong else self.fold,  # what is wrong on purpose goes from node to node
            () if self.wrong else self.expand,
            self.notation,
            () if self.wrong else self.close,
        )

    @cached_property
    def inspector(self) -> Inspector:
        """Tells everything about one node or edge of the story."""
        return Inspector(self.line, self.precision)

    @cached_property
    def misplay(self) -> Misplay:
        """Tells the same of a backward pass that is wrong on purpose."""
        return Misplay(self.line, self.wrong, self.precision)

    def told_of_node(self, facts: Facts) -> Facts:
        """What the inspector says of a node, as this story has it."""
        return self.misplay.node(facts) if self.wrong else facts

    def adjoint_of(self, node: Node) -> Any:
        """What a node's accumulator ends with."""
        return node.adjoint

    @cached_property
    def uses(self) -> Uses:
        """Tells from which cells a cell was computed."""
        return Uses(self.line.outline)

    @cached_property
    def picture(self) -> Any:
        """The display list of the complete state."""
        if self.width is not None:
            from graphviz_ad.render.presets import fitted

            return fitted(self.scene, self.width, direction=self.direction, engine=self.engine)
        from graphviz_ad.render.display import picture

        return picture(self.scene, direction=self.direction or "LR", engine=self.engine)

    @cached_property
    def shown(self) -> Any:
        """The display list of what was asked for: the complete state, that at a step, or several side by side."""
        if self.frames is not None:
            from graphviz_ad.render.strip import film_strip, fitted_strip

            if self.width is None:
                return film_strip(self.picture, self.scene, *self.frames)
            return fitted_strip(self.scene, self.width, *self.frames, direction=self.direction, engine=self.engine)
        from graphviz_ad.render.reveal import at_step

        return at_step(self.picture, self.scene, self.step)

    def svg(self, theme: str = "auto") -> str:
        """The picture as SVG; theme "page" leaves colours to the page around it."""
        if self.animate:
            from graphviz_ad.render.animate import to_animated_svg

            return to_animated_svg(self.picture, self.scene, theme=theme, loop=self.animate == "loop")
        from graphviz_ad.render.svg import to_svg

        return to_svg(self.shown, theme=theme)

    def png(self, theme: str = "auto", scale: float = 2.0) -> bytes:
        """The picture as PNG, ``scale`` image pixels to a pixel of the picture."""
        from graphviz_ad.render.mpl import to_png

        return to_png(self.shown, theme=_still(theme), scale=scale)

    def pdf(self, theme: str = "auto") -> bytes:
        """The picture as a PDF of one page."""
        from graphviz_ad.render.mpl import to_pdf

        return to_pdf(self.shown, theme=_still(theme))

    def payload(self, live: bool) -> dict[str, Any]:
        """What the front end plays."""
        from graphviz_ad.widget import baking, look
        from graphviz_ad.widget.payload import payload

        return payload(
            self.scene,
            self.svg("page"),
            live=live,
            frozen=None,
            notice=self.graph.notice,
            look=dict(self.look),
            looks=look.choices(self),
            sliders=baking.slider_json(baking.sliders(self, self.inputs), self.precision),
        )

    def page(self, progress: Callable[[int, int], None] | None = None) -> str:
        """The kernel-free page, one HTML file."""
        from graphviz_ad.widget import baking
        from graphviz_ad.widget.page import page

        payload, carried = baking.bake(self, self.payload(False), baking.sliders(self, self.inputs), progress)
        return page(payload, self.scene.title, carried)

    def still(self) -> str:
        """What goes before the still picture in a notebook: a style, and the page that an export plays."""
        from graphviz_ad.widget.still import exported, still

        return still(exported(self), f"Explorer of {self.scene.title}", self.picture.height + 500)

    def dot(self) -> Any:
        """The picture as Graphviz source."""
        from graphviz_ad.render.dot_source import to_digraph

        return to_digraph(self.scene, self.direction or "LR")

    def story(self) -> str:
        """The whole story as text."""
        return narration.story(self.line)

    def derivation(self) -> Any:
        """All equations, in the order in which one writes them down."""
        from graphviz_ad.story.derivation import derivation

        return derivation(self.graph, self.mode, self.output, self.seed, self.notation)

    def latex(self) -> str:
        """The derivation as LaTeX: a document, or the fragment for one."""
        from graphviz_ad.render import latex

        return (latex.fragment if self.fragment else latex.document)(self.derivation(), self.precision)

    def markdown(self) -> str:
        """The derivation as Markdown."""
        from graphviz_ad.render.latex import markdown

        return markdown(self.derivation(), self.precision)

    def evaluate(self, inputs: dict[str, float]) -> View:
        """The same view of the graph at other inputs."""
        return replace(self, graph=self.graph.evaluate(**inputs))

    def looked(self, look: Mapping[str, Any]) -> View:
        """The same graph, looked at in another way."""
        from graphviz_ad.widget.look import looked

        shown = replace(looked(self, look), look=dict(look))
        if shown.mode == "forward":  # so that whoever asks for the graph finds the tangents that are shown
            shown = replace(shown, graph=swept(shown.graph, "forward", None, shown.seed), seed=None)
        return shown

    def departures(self) -> Iterator[Mapping[str, Any]]:
        """The looks that a page carries; each departs from this one in one thing."""
        from graphviz_ad.widget import baking, look

        if len(self.scene.nodes) <= baking.MAX_NODES:
            yield from look.departures(self)

    def answer(self, question: str) -> Answer:
        """What the front end asks about this view."""
        from graphviz_ad.widget import desk

        return desk.answer(self, question)

    def static_bundle(self) -> dict[str, Any]:
        """The picture for hosts without scripts: vectors, pixels and words."""
        return {"image/svg+xml": self.svg(), "image/png": _base64(self.png()), "text/plain": repr(self.graph)}


def _still(theme: str) -> str:
    """Pixels and paper cannot follow the reader's scheme: "auto" is light there."""
    return "light" if theme == "auto" else theme


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def _json(view: View) -> str:
    import json

    if can_sweep(view.graph) and not view.graph.has_adjoints:
        view.graph.backward()
    return json.dumps(to_dict(view.graph), indent=1, allow_nan=False) + "\n"


_WRITERS: dict[str, Callable[[View, str], str | bytes]] = {
    ".svg": lambda view, theme: view.svg(theme),
    ".png": lambda view, theme: view.png(theme),
    ".pdf": lambda view, theme: view.pdf(theme),
    ".html": lambda view, theme: view.page(progress_bar("drawing the page")),
    ".dot": lambda view, theme: str(view.dot().source),
    ".json": lambda view, theme: _json(view),
    ".txt": lambda view, theme: view.story(),
    ".tex": lambda view, theme: view.latex(),
    ".md": lambda view, theme: view.markdown(),
}
THEMES = ("auto", "light", "dark")
PICTURES = (".svg", ".png", ".pdf")


def _check_moments(view: View, target: Path) -> None:
    """Whether this kind of file can show what was asked for of the story."""
    suffix = target.suffix.lower()
    asked: Any = view.animate  # what a user passes may be anything
    if not isinstance(asked, bool) and asked != "loop":
        raise ArgumentError(f'animate must be True (play once), "loop" or False, not {asked!r}')
    if asked and suffix != ".svg":
        raise ArgumentError(
            f"cannot save {target.name!r}: only an .svg can be animated; for paper write graph.film_strip(...), "
            "for a page with controls save it as .html without animate."
        )
    if asked and view.step is not None:
        raise ArgumentError("step and animate exclude each other: an animation shows every step.")
    if view.inputs and suffix != ".html":
        raise ArgumentError(f"cannot save {target.name!r}: inputs= are the sliders of a page, an .html")
    if not isinstance(view.fragment, bool):
        raise ArgumentError(f"fragment must be True or False, not {view.fragment!r}")
    if view.fragment and suffix != ".tex":
        raise ArgumentError(f"cannot save {target.name!r}: fragment= is for .tex, LaTeX without a preamble")
    check_labels(view.labels)
    if view.labels != "numbers" and suffix not in (*PICTURES, ".html"):
        raise ArgumentError(
            f"cannot save {target.name!r}: labels={view.labels!r} is for pictures and pages "
            f"(one of {[*PICTURES, '.html']}); .tex, .md and .txt have every formula anyway"
        )
    one = {"a step": view.step, "a film strip": view.frames, "what has a width": view.width}
    for what, wanted in one.items():
        if wanted is not None and suffix not in PICTURES:
            raise ArgumentError(f"cannot save {target.name!r}: {what} is a picture (one of {list(PICTURES)})")


def _fitted(view: View, write: Callable[[View], str | bytes]) -> str | bytes:
    """What is written; where a width is too narrow for all nodes, and nobody said how to fold, for folded groups."""
    try:
        return write(view)
    except ArgumentError as error:
        as_asked = view.width is None or view.fold != "auto" or view.expand
        if as_asked or view.step is not None or view.frames is not None:
            raise  # the steps of a folded story are others
        if not any(view.graph.tables.groups):
            raise
        try:
            return write(replace(view, fold="all"))
        except ArgumentError:
            raise error from None


def destination(path: str | os.PathLike[str]) -> tuple[Path, Callable[[View, str], str | bytes]]:
    """Where a graph is to be written, and by what: known before anything is computed."""
    from graphviz_ad.widget.writing import place  # it imports pathlib, which costs more than the core

    target, suffix = place(path, _WRITERS, "figure.svg")
    return target, _WRITERS[suffix]


def save(graph: BaseGraph, path: str | os.PathLike[str], theme: str = "auto", **options: Any) -> Path:
    """Write a graph to a file whose suffix says the form; the file appears whole or not at all."""
    return write(View(graph, **options), path, theme)


def write(view: View, path: str | os.PathLike[str], theme: str = "auto") -> Path:
    """Write a view to a file whose suffix says the form; the file appears whole or not at all."""
    target, writer = destination(path)
    if theme not in THEMES:
        raise ArgumentError(f"unknown theme: {theme!r} (must be one of {list(THEMES)})")
    _check_moments(view, target)
    content = _fitted(view, lambda one: writer(one, theme))
    from graphviz_ad.widget.writing import put

    return put(target, content)
