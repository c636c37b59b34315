"""A view is a graph with the way it is to be shown; the explorer and the files are made from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphviz_ad.core.flat import to_dict
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage
from graphviz_ad.story.timeline import can_sweep, timeline, values_only

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class View:
    """One graph, staged: its scene, its picture, and what the front end plays."""

    graph: Any
    mode: str = "reverse"
    output: str | None = None
    seed: Any = None
    direction: str = "LR"
    engine: str = "auto"
    show: Collection[str] = ()
    precision: int = 4

    @cached_property
    def scene(self) -> Scene:
        """Everything that is shown, as plain data."""
        return stage(
            self.graph, mode=self.mode, output=self.output, seed=self.seed, show=self.show, digits=self.precision
        )

    @cached_property
    def picture(self) -> Any:
        """The display list of the complete state."""
        from graphviz_ad.render.display import picture

        return picture(self.scene, direction=self.direction, engine=self.engine)

    def svg(self, theme: str = "auto") -> str:
        """The picture as SVG; theme "page" leaves colours to the page around it."""
        from graphviz_ad.render.svg import to_svg

        return to_svg(self.picture, theme=theme)

    def png(self, theme: str = "auto", scale: float = 2.0) -> bytes:
        """The picture as PNG, ``scale`` image pixels to a pixel of the picture."""
        from graphviz_ad.render.mpl import to_png

        return to_png(self.picture, theme=_still(theme), scale=scale)

    def pdf(self, theme: str = "auto") -> bytes:
        """The picture as a PDF of one page."""
        from graphviz_ad.render.mpl import to_pdf

        return to_pdf(self.picture, theme=_still(theme))

    def payload(self, live: bool) -> dict[str, Any]:
        """What the front end plays."""
        from graphviz_ad.widget.payload import payload

        return payload(self.scene, self.svg("page"), live=live, frozen=None, notice=self.graph.notice)

    def page(self) -> str:
        """The kernel-free page, one HTML file."""
        from graphviz_ad.widget.page import page

        return page(self.payload(False), self.scene.title)

    def dot(self) -> Any:
        """The picture as Graphviz source."""
        from graphviz_ad.render.dot_source import to_digraph

        return to_digraph(self.scene, self.direction)

    def story(self) -> str:
        """The whole story as text."""
        if self.mode == "reverse" and self.output is None and self.seed is None and not can_sweep(self.graph):
            return narration.story(values_only(self.graph))
        return narration.story(timeline(self.graph, self.mode, self.output, self.seed))

    def evaluate(self, inputs: dict[str, float]) -> View:
        """The same view of the graph at other inputs."""
        return replace(self, graph=self.graph.evaluate(**inputs))

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
    ".html": lambda view, theme: view.page(),
    ".dot": lambda view, theme: str(view.dot().source),
    ".json": lambda view, theme: _json(view),
    ".txt": lambda view, theme: view.story(),
}
THEMES = ("auto", "light", "dark")


def save(graph: BaseGraph, path: str | os.PathLike[str], theme: str = "auto", **options: Any) -> Path:
    """Write a graph to a file whose suffix says the form; the file appears whole or not at all."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"path must be a file name such as 'figure.svg', not {path!r}")
    from pathlib import Path  # the import of pathlib costs more than that of the core

    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise ArgumentError(
            f"cannot save {target.name!r}: unknown suffix {target.suffix!r} (must be one of {list(_WRITERS)})"
        )
    if theme not in THEMES:
        raise ArgumentError(f"unknown theme: {theme!r} (must be one of {list(THEMES)})")
    if not target.parent.is_dir():
        raise ArgumentError(f"cannot save {target.name!r}: the folder {str(target.parent)!r} does not exist.")
    content = writer(View(graph, **options), theme)
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    import tempfile

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".gad-", suffix=target.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes private files; a figure is an ordinary one
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target
