"""Turns what a cell of the course leaves behind into what is committed: printed text and static pictures."""

from __future__ import annotations

import re

import nbformat

WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = "gad-still"
"""The mark of the first output of an explorer: the page that plays in an export, up to 300 kB."""
IMAGE = re.compile(r'<p><img alt="[^"]*" src="data:image/svg\+xml;base64,[^"]*"></p>\n')
SIZE = re.compile(r'(<svg\b[^>]*?) width="([0-9.]+)" height="([0-9.]+)"')
WIDEST = 860
"""What JupyterLab has room for, in px, in a window of usual width; it cuts off what is wider."""

Output = nbformat.NotebookNode


def joined(outputs: list[Output]) -> list[Output]:
    """The outputs with printed text in one piece, however the kernel sent it, and without bars of progress."""
    found: list[Output] = []
    for output in outputs:
        last = found[-1] if found else None
        if is_progress(output):
            continue
        if output.output_type == "stream" and last and last.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            found.append(nbformat.from_dict(output))
    return found


def static(outputs: list[Output]) -> list[Output]:
    """The outputs without what plays: what GitHub, paper and a notebook without its kernel show."""
    found: list[Output] = []
    for output in joined(outputs):
        found += _still(output) if output.output_type in ("display_data", "execute_result") else [output]
    return found


def is_progress(output: Output) -> bool:
    """Whether this is a bar that a slow machine shows, and takes away again."""
    return bool(output.output_type == "stream" and output.name == "stderr" and output.text.startswith("\r"))


def _still(output: Output) -> list[Output]:
    """One output as it is committed: nothing, itself, or the words and the picture of an exercise as two."""
    data = dict(output.data)
    page = data.get("text/html", "")
    if WIDGET in data or LIVE in page:
        return []
    if page and "image/svg+xml" in data:  # an exercise: its picture again, inside of its words
        words = IMAGE.sub("", page)
        data["image/svg+xml"] = narrowed(data["image/svg+xml"])
        title = data["text/plain"].split("\n", 1)[0]
        picture = {"image/svg+xml": data["image/svg+xml"], "text/plain": f"The picture of the exercise: {title}"}
        return [_like(output, {"text/html": words, "text/plain": data["text/plain"]}), _like(output, picture)]
    if "image/svg+xml" in data:
        data["image/svg+xml"] = narrowed(data["image/svg+xml"])
    return [_like(output, data)]


def narrowed(svg: str) -> str:
    """A picture that is at most so wide that nothing of it is cut off; its parts keep their proportions."""
    found = SIZE.search(svg)
    if found is None or float(found[2]) <= WIDEST:
        return svg
    height = float(found[3]) * WIDEST / float(found[2])
    return SIZE.sub(rf'\1 width="{WIDEST}" height="{height:.0f}"', svg, count=1)


def _like(output: Output, data: dict[str, str]) -> Output:
    copied: Output = nbformat.from_dict({**output, "data": data})
    return copied
