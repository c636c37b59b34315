"""An exercise without Python behind it: a page that asks and judges, a picture, and its plain form in a notebook."""

from __future__ import annotations

import hashlib
import html
import json
import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.picture import Shown, shown
from graphviz_ad.exercises.spelling import spelled
from graphviz_ad.render import fit
from graphviz_ad.widget import bundle
from graphviz_ad.widget.packing import pack
from graphviz_ad.widget.page import document
from graphviz_ad.widget.payload import sendable
from graphviz_ad.widget.writing import place, put

if TYPE_CHECKING:
    from graphviz_ad.exercises.exercise import Exercise
    from graphviz_ad.exercises.questions import Question

NO_SCRIPT = "With scripts allowed, this page takes answers and judges them."
SUFFIXES = (".html", ".svg")


def sheet(exercise: Exercise, *, page: bool) -> dict[str, Any]:
    """What the front end shows of an exercise, as JSON; only a page gets what it needs to judge.

    The picture stands in a page already: there it is left out.
    """
    look = shown(exercise)
    given = [[key, told(answer)] for key, answer in exercise.given.items()]
    questions = [one.baked() if page else one.asked() for one in exercise.questions]
    found = {
        "title": fit.title(exercise.title),
        "goal": exercise.goal,
        "prompt": exercise.prompt,
        "code": exercise.code.rstrip("\n").split("\n") if exercise.code.strip() else [],
        "given": given,
        "svg": "" if page or look is None else look.svg("page"),
        "words": [] if look is None else list(look.words),
        "arrays": look is not None and any(node.shape for node in look.scene.nodes),
        "page": page,
        "again": "ex.resume(state)" if exercise.seed is None else "gad.exercise(state)",
        "questions": questions,
    }
    sent: dict[str, Any] = sendable(found)
    return sent


def told(answer: Any) -> str:
    """A worked answer as text."""
    if isinstance(answer, str):
        return answer
    try:
        return spelled(answer)
    except (TypeError, ValueError):
        return str(answer)


def page(exercise: Exercise) -> str:
    """The page, one HTML file; without scripts it shows the exercise on paper."""
    data = sheet(exercise, page=True)
    state = exercise.state
    # Answers are remembered for this very exercise: with other numbers they would be answers to something else.
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:12]
    place = sendable(f"gad-exercise {exercise.name} {exercise.seed} {digest}")
    look = shown(exercise)
    body = (
        f'<main id="gad-root">\n<div class="gad-explorer gad-exercise">\n{_written(exercise, look, "page")}'
        f'<noscript><p class="gad-reason">{NO_SCRIPT}</p></noscript>\n</div>\n</main>'
    )
    packed = pack({"sheet": data, "state": sendable(state), "place": place})
    return document(exercise.title, body, {"gad-payload": packed}, bundle.EXERCISE)


def static_bundle(exercise: Exercise) -> dict[str, Any]:
    """The plain form, where no script runs: the picture with what is given, and the questions as a list."""
    look = shown(exercise)
    found = {"text/html": _written(exercise, look, "auto"), "text/plain": plain(exercise)}
    return found | ({} if look is None else {"image/svg+xml": look.svg()})


def plain(exercise: Exercise) -> str:
    """Title, prompt and questions as text."""
    given = [f"{key} = {told(answer)}" for key, answer in exercise.given.items()]
    lines = [exercise.title, exercise.prompt, exercise.code.rstrip(), *given]
    lines += [f"{n}. {_question(one)}" for n, one in enumerate(exercise.questions, 1)]
    return "\n".join(line for line in lines if line)


def _question(question: Question) -> str:
    prompt = question.prompt
    asked = question.asked()
    head = prompt if question.key in prompt else f"{question.key}: {prompt}"
    offered = [one["text"] for one in asked.get("options", asked.get("items", []))]
    return f"{head} ({'; '.join(offered)})" if offered else head


def _written(exercise: Exercise, look: Shown | None, theme: str) -> str:
    """The exercise as HTML in which every text is only text."""

    def paragraph(text: str) -> str:
        return f"<p>{html.escape(text)}</p>\n" if text else ""

    picture = ""
    if look is not None and theme == "page":
        svg = look.svg("page")
        picture = f'<div class="gad-stage">{svg[svg.index("<svg") :]}</div>\n'
    elif look is not None:  # as an image: its style and ids stay its own, and an untrusted notebook shows it
        data = b64encode(look.svg(theme).encode("utf-8", "replace")).decode()
        alt = html.escape(fit.title(" ".join([exercise.title, *look.words])))
        picture = f'<p><img alt="{alt}" src="data:image/svg+xml;base64,{data}"></p>\n'
    code = f"<pre>{html.escape(exercise.code)}</pre>\n" if exercise.code.strip() else ""
    given = "".join(paragraph(f"{key} = {told(answer)}") for key, answer in exercise.given.items())
    questions = "".join(f"<li>{html.escape(_question(one))}</li>\n" for one in exercise.questions)
    title = f"<h1>{html.escape(exercise.title)}</h1>\n" if theme == "page" else paragraph(exercise.title)
    parts = title, paragraph(exercise.goal), paragraph(exercise.prompt), picture, code, given
    return f"{''.join(parts)}<ol>\n{questions}</ol>\n"


def save(exercise: Exercise, path: str | os.PathLike[str]) -> Path:
    """Write the page or the picture; the file appears whole or not at all."""
    target, suffix = place(path, SUFFIXES, "exercise.html")
    look = shown(exercise)
    if suffix == ".svg" and look is None:
        raise ArgumentError(f"cannot save {target.name!r}: this exercise has no picture; save it as .html")
    content = look.svg() if suffix == ".svg" and look is not None else page(exercise)
    return put(target, content)
