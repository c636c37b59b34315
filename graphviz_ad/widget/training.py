"""The explorer of a training loop: every iteration is a graph with its story, and the steps lead on to the next one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import traitlets

from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.training import Training, curves, parameter_facts, train_scene
from graphviz_ad.widget.explorer import Explorer
from graphviz_ad.widget.updates import updated_cells, with_updates
from graphviz_ad.widget.view import View, write

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz_ad.story.inspect import Facts
    from graphviz_ad.story.scene import Scene

MAX_BAKED = 50
"""A page carries so many iterations at most, where nobody says how many."""


@dataclass(frozen=True)
class TrainingView(View):
    """One iteration of a training, staged: the graph's own story, then the updates and the zeroing.

    ``graph`` is that of the iteration. Which one it is, is a look, ``{"iteration": 3}``; left out: the first.
    """

    training: Any = None
    iteration: int = 0
    carried: int | None = None  # a page: how many iterations it has

    def at(self, number: int) -> TrainingView:
        """The view of another iteration."""
        return replace(self, iteration=number, graph=self.training[number].graph)

    @cached_property
    def scene(self) -> Scene:
        """Everything that is shown, as plain data; without a reverse sweep nothing is updated."""
        scene: Scene = View.scene.func(self)  # type: ignore[attr-defined]
        if self.mode != "reverse" or self.wrong:
            return scene
        return train_scene(
            scene,
            self.line,
            self.training[self.iteration],
            self.training,
            notation=self.notation,
            digits=self.precision,
        )

    def svg(self, theme: str = "auto") -> str:
        """The picture as SVG; that for the front end can show what the parameters become."""
        if theme != "page" or self.mode != "reverse" or self.wrong or self.animate:
            return super().svg(theme)
        from graphviz_ad.render.svg import to_svg

        cells = updated_cells(self.scene, self.line.outline, self.training[self.iteration])
        return to_svg(with_updates(self.shown, cells), theme=theme)

    def told_of_node(self, facts: Facts) -> Facts:
        """What the inspector says of a node, as this iteration has it."""
        facts = super().told_of_node(facts)
        if self.mode != "reverse" or self.wrong:
            return facts
        return parameter_facts(facts, self.line, self.training[self.iteration], self.training, self.precision)

    def adjoint_of(self, node: Any) -> Any:
        """What a node's accumulator ends with."""
        left = {one.id: one.gradient for one in self.training[self.iteration].parameters if one.left is not None}
        return left[node.id] if self.mode == "reverse" and node.id in left else super().adjoint_of(node)

    def payload(self, live: bool) -> dict[str, Any]:
        """What the front end plays, with the curves of all iterations so far."""
        found = super().payload(live)
        training = {"iteration": self.iteration, "carried": self.carried, **curves(self.training, self.precision)}
        return found | {"training": training}

    def evaluate(self, inputs: dict[str, float]) -> TrainingView:
        """The loop goes on from here with other parameters."""
        training = self.training.changed(self.iteration, inputs)
        return replace(self, training=training, graph=training[self.iteration].graph)

    def looked(self, look: Mapping[str, Any]) -> TrainingView:
        """An iteration, looked at in another way."""
        rest = {key: value for key, value in look.items() if key not in ("iteration", "zero")}
        found: TrainingView = super(TrainingView, self.turned(look)).looked(rest)  # type: ignore[assignment]
        return replace(found, look=dict(look))

    def turned(self, look: Mapping[str, Any]) -> TrainingView:
        """The iteration that a look asks for, of the loop with or without zeroing; the rest of the look is not done."""
        zero = look.get("zero")
        if zero is not None and not isinstance(zero, bool):
            raise ArgumentError(f"zero must be true or false, not {zero!r}")
        training = self.training.zeroing(zero)
        number = look.get("iteration", 0)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(training):
            raise ArgumentError(
                f"there is no iteration {number!r}: write a whole number from 0 to {len(training) - 1} "
                "(explore_training takes steps=...)."
            )
        if training.run(number + 1) <= number:
            raise ArgumentError(f"iteration {number} was not reached: {training.stopped}")
        return replace(self, training=training).at(number)

    def departures(self) -> Iterator[Mapping[str, Any]]:
        """Every iteration that a page carries, and the looks at the first one."""
        yield from super().departures()
        for number in range(1, self.carried or 0):
            yield {"iteration": number}

    def page(self, progress: Callable[[int, int], None] | None = None) -> str:
        """The kernel-free page with its iterations, one HTML file."""
        wanted = min(len(self.training), MAX_BAKED) if self.carried is None else self.carried
        first = replace(self.at(0), training=self.training.fixed(), carried=self.training.run(wanted))
        return super(TrainingView, first).page(progress)

    def still(self) -> str:
        """What goes before the still picture in a notebook; an export plays the first iteration, as nothing is run."""
        if self.carried is None:
            return replace(self.at(0), carried=1).still()
        return super().still()


class TrainingExplorer(Explorer):
    """A training loop that unfolds step by step in a notebook; made by ``gad.explore_training(loss, params, …)``.

    It is an `Explorer` of one iteration's graph. A step beyond the last one leads to the next iteration.

    Attributes
    ----------
    iteration : int
        Which iteration is shown, from 0. Setting it runs the loop up to there, and shows its graph.
    training : Training
        The loop: ``training[3].loss``, ``.params``, ``.gradients`` and ``.new_params`` are the numbers of iteration 3,
        ``training.losses`` all losses so far.
    """

    iteration = traitlets.Int(0).tag(sync=True)

    FROM_PAGE = Explorer.FROM_PAGE | {"iteration"}

    @property
    def training(self) -> Training:
        """The loop, with everything that was computed so far."""
        training: Training = self._base.training  # type: ignore[attr-defined]
        return training

    def __repr__(self) -> str:
        title, last = self.payload["title"], len(self.training) - 1
        where = f"iteration {self.iteration} (last: {last}), step {self.step} of {self.steps}"
        return f"<TrainingExplorer of {title}: {where}>"

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        theme: str = "auto",
        iterations: int | None = None,
    ) -> Path:
        """Write a page that plays the training without a kernel (.html), or the picture of this iteration.

        Parameters
        ----------
        path
            Ends in .html, or in any other suffix of ``graph.save``.
        theme : {"auto", "light", "dark"}
            Of pictures.
        iterations : int, optional
            How many iterations a page carries, counted from the first; left out: all, 50 at most. Those that were not
            run yet are run now.
        """
        asked: Any = iterations  # what a user passes may be anything
        if asked is not None and (not isinstance(asked, int) or isinstance(asked, bool) or asked < 1):
            raise ArgumentError(f"iterations must be a whole number from 1 on, not {iterations!r}")
        view: Any = self._base
        if iterations is not None:
            view = replace(view, carried=min(iterations, len(self.training)))
        return write(view, path, theme)

    def _on_iteration(self, change: Any) -> None:
        with self._undone(change):
            number: int = change["new"]
            if self._from_page:
                number = max(0, min(number, len(self.training) - 1))
            look = {key: value for key, value in self.look.items() if key != "iteration"}
            look |= {"iteration": number} if number else {}
            self._show(self._base, look)
            with self._settled():
                self.look = look

    def _show(self, base: Any, look: dict[str, Any], nonce: float | None = None) -> None:
        # what a person edits from now on is edited in this iteration
        here = base.turned(look)
        with self.hold_sync():
            super()._show(here, look, nonce)
            with self._settled():
                self.iteration = here.iteration
