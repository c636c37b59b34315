"""Writes the whole story as one animated SVG: CSS keyframes, no script; at rest it is the complete picture.

Each part of the display list is looked at in every state of the story. Where it always looks the same it stands once;
where it changes, each of its looks stands once, with the times at which it is to be seen. The last look, that of the
complete picture, is what a viewer without animations shows, and one who wishes for less motion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import caption
from graphviz_ad.render.display import Page, Picture
from graphviz_ad.render.items import Box, Group, Item, moved
from graphviz_ad.render.reveal import COMPLETE, Look, Owners, look, owner_of, owners, shown
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode
from graphviz_ad.story.state import State, states

SECONDS_PER_STEP = 0.9
SECONDS_AT_FIRST = 1.5  # to see what is given
SECONDS_AT_LAST = 4.0  # on the complete picture, before it plays again
MOST_STEPS = 600  # nine minutes; nobody watches longer, and files grow
MOST_LINES = 3
BAR = 3  # height of the progress bar

Window = tuple[int, int]  # the states in which something is seen, from the first up to, not with, the second
Run = tuple[int, int, Look]


def to_animated_svg(picture: Picture, scene: Scene, *, theme: str = "auto", loop: bool = False) -> str:
    """The story as an SVG that plays in any page, also as a plain image.

    Parameters
    ----------
    picture
        The complete display list of the scene.
    scene
        Its steps are played.
    theme
        "auto", "light" or "dark", see `graphviz_ad.render.svg.to_svg`.
    loop
        Play again and again, instead of once.

    Raises
    ------
    ArgumentError
        The story is too long to be watched.
    """
    if len(scene.steps) > MOST_STEPS:
        raise ArgumentError(
            f"an animation has at most {MOST_STEPS} steps, and this story has {len(scene.steps)}; trace a smaller "
            "piece, or save it as .html, a page that plays any story."
        )
    reel = _Reel(scene)
    return to_svg(reel.played(picture), theme=theme, motion=lambda scope: reel.style(scope, loop=loop))


class _Reel:
    """All looks of a picture, and when each is seen.

    States are counted from 0; after the story's last one comes the complete picture, without marks.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.states = list(states(scene))
        self.complete = len(self.states)
        self.end = self.complete + 1
        self.timings: dict[tuple[Window, ...], str] = {}  # the windows and the class that has them

    def played(self, picture: Picture) -> Picture:
        """The picture with everything that is ever seen in it, a caption and a progress bar."""
        known = owners(self.scene)
        items = [part for item in picture.items for part in self._flipped(item, known)]
        page = picture.page
        if page is not None:  # of a width that was asked for: it grows at its lower end
            left, top, width, height = page.view
            words, more = self._words(left, width, top + height)
            return replace(picture, items=(*items, *words), page=_longer(page, more))
        width = max(picture.width, picture.legend_width, caption.LEAST)
        words, more = self._words(0, width, picture.height)
        legend = picture.legend and moved(picture.legend, 0, more)
        return replace(
            picture,
            width=width,
            height=picture.height + more,
            items=(*items, *words),
            legend=legend if isinstance(legend, Group) else None,
        )

    # --- the graph

    def _flipped(self, item: Item, known: Owners) -> Iterator[Item]:
        if not isinstance(item, Group):
            yield item
            return
        owner = owner_of(item, known)
        if owner is None:
            parts = (part for inner in item.items for part in self._flipped(inner, known))
        else:
            runs = self._runs(owner)
            parts = (part for inner in item.items for part in self._looks(inner, runs, item))
        yield replace(item, items=tuple(parts))

    def _runs(self, owner: SceneNode | SceneEdge) -> list[Run]:
        """The looks of a node or an edge, each with how long it lasts."""
        runs: list[Run] = []
        last: object = None
        for number, state in enumerate(self.states):
            reason = _reason(owner, state)
            if reason == last:
                begin, _, now = runs.pop()
                runs.append((begin, number + 1, now))
            else:
                runs.append((number, number + 1, look(owner, self.scene, state)))
            last = reason
        return [*runs, (self.complete, self.end, COMPLETE)]

    def _looks(self, item: Item, runs: Sequence[Run], group: Group) -> Iterator[Item]:
        """The looks of one part, each with its windows."""
        seen = [(begin, end, version) for begin, end, now in runs if (version := shown(item, now, group)) is not None]
        windows: dict[Item, list[Window]] = {}
        for begin, end, version in seen:
            own = windows.setdefault(version, [])
            if own and own[-1][1] == begin:
                own[-1] = (own[-1][0], end)
            else:
                own.append((begin, end))
        if isinstance(item, Group) and len(windows) > 1:
            there = {begin for begin, _, _ in seen}
            some = [run for run in runs if run[0] in there]
            yield replace(item, items=tuple(part for inner in item.items for part in self._looks(inner, some, group)))
            return
        for version, own in windows.items():
            yield self._timed(version, own)

    def _timed(self, item: Item, windows: Iterable[Window]) -> Item:
        """The item with the class that shows it in its windows only; what is not there in the end is hidden at rest."""
        own = tuple(windows)
        if own == ((0, self.end),):
            return item
        name = self.timings.setdefault(own, f"gad-t{len(self.timings)}")
        rest = () if own[-1][1] == self.end else ("gad-hidden",)
        return replace(item, classes=(*item.classes, *rest, name))

    # --- words and progress

    def _words(self, left: float, width: float, top: float) -> tuple[list[Item], int]:
        """What each step says, and a bar that grows with the steps; and the height of both."""
        left, room = left + caption.MARGIN, int(width) - 2 * caption.MARGIN
        sentences = [caption.lines(state.narration, room, MOST_LINES) for state in self.states]
        sentences.append(caption.lines(self._summary(), room, MOST_LINES))
        baseline = top + BAR + 2 * caption.LINE - 10
        made: list[Item] = [
            self._timed(line, [(number, number + 1)])
            for number, sentence in enumerate(sentences)
            for line in caption.draw(sentence, left, baseline)
        ]
        steps = len(self.states) - 1
        if steps:
            track = Box(("gad-track",), left, top + 4, room, BAR)
            made.append(self._timed(track, [(0, self.complete)]))
        for step, state in enumerate(self.states[1:], 1):
            phase = state.phase if state.phase != "done" else self.states[step - 1].phase
            begin, end = (left + room * place / steps for place in (step - 1, step))
            part = Box((f"gad-progress-{phase}",), begin, top + 4, end - begin, BAR)
            made.append(self._timed(part, [(step, self.complete)]))
        most = max(len(sentence) for sentence in sentences)
        return made, int(baseline - top) + (most - 1) * caption.LINE + 10

    def _summary(self) -> str:
        """What is said below the complete picture."""
        steps = len(self.scene.steps)
        after = f"Complete after {steps} step{'' if steps == 1 else 's'}"
        if any(node.adjoint is not None for node in self.scene.nodes):
            return f"{after}: every value, and every adjoint."
        if any(node.tangent is not None for node in self.scene.nodes):
            return f"{after}: every value, and every tangent."
        return f"{after}: every value."

    # --- time

    def style(self, scope: str, *, loop: bool) -> str:
        """The animations of all timings, for who has not asked for less motion."""
        starts = [0.0, *(SECONDS_AT_FIRST + SECONDS_PER_STEP * step for step in range(self.complete))]
        starts.append(starts[-1] + SECONDS_AT_LAST)
        rules = self._repeated(scope, starts) if loop else self._once(scope, starts)
        return f"@media (prefers-reduced-motion:no-preference){{{''.join(rules)}}}"

    def _once(self, scope: str, starts: Sequence[float]) -> Iterator[str]:
        """Two animations for all: what stays is hidden until its time, what goes is seen for a while."""
        for name, seen in (("off", "hidden"), ("on", "visible")):
            yield f"@keyframes {scope}-{name}{{0%,to{{visibility:{seen}}}}}"
        for windows, name in self.timings.items():
            stays = windows[-1][1] == self.end
            spells = _gaps(windows) if stays else windows
            plays = (
                f"{scope}-{'off' if stays else 'on'} {_number(starts[end] - starts[begin])}s {_number(starts[begin])}s"
                for begin, end in spells
            )
            yield f".{scope} .{name}{{animation:{','.join(plays).replace(' 0s', '')}}}"

    def _repeated(self, scope: str, starts: Sequence[float]) -> Iterator[str]:
        """An animation for each timing, as long as the whole story and the look at its end."""
        percent = [_number(100 * start / starts[-1]) for start in starts]
        for windows, name in self.timings.items():
            own = f"{scope}-{name.removeprefix('gad-')}"
            frames = {"0": "hidden"}
            for begin, end in windows:
                frames[percent[begin]] = "visible"
                if end < self.end:
                    frames[percent[end]] = "hidden"
            body = "".join(f"{place}%{{visibility:{seen}}}" for place, seen in frames.items())
            yield f"@keyframes {own}{{{body}}}"
            yield f".{scope} .{name}{{animation:{own} {_number(starts[-1])}s step-end infinite}}"


def _gaps(windows: Sequence[Window]) -> list[Window]:
    """What lies before and between the windows."""
    ends = [0, *(end for _, end in windows)]
    return [(end, begin) for end, (begin, _) in zip(ends, windows, strict=False) if begin > end]


def _reason(owner: SceneNode | SceneEdge, state: State) -> object:
    """What the look of a node or an edge depends on: while this is the same, so is the look."""
    if isinstance(owner, SceneNode):
        return state.nodes[owner.id], owner.id == state.active_node, state.phase
    number = owner.index
    return (
        *(number in some for some in (state.locals, state.contributions, state.feeding)),
        number == state.active_edge,
        state.nodes[owner.consumer].value,
        state.phase,
    )


def _longer(page: Page, more: float) -> Page:
    """A page with room for more below, in the picture's units."""
    left, top, width, height = page.view
    factor = (height + more) / height
    unit = page.height.lstrip("0123456789.")
    length = float(page.height.removesuffix(unit)) * factor
    pixels = page.pixels[0], page.pixels[1] * factor
    return Page(page.width, _number(length) + unit, pixels, (left, top, width, height + more))


def _number(value: float) -> str:
    """A time or a percentage, to three decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
