"""Sets a sentence of the story as lines of text below a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphviz_ad.render import fit, metrics
from graphviz_ad.render.items import Text

LINE = 18  # from one baseline to the next
MARGIN = 14  # left and right of the text
LEAST = 420  # a sentence may be this wide where the graph is narrower


def lines(text: str, room: int, most: int) -> list[str]:
    """A sentence in lines no wider than ``room`` px; what does not fit into ``most`` of them ends in an ellipsis."""
    size = fit.size("gad-caption")
    done: list[str] = []
    words = [metrics.shorten(word, "sans", size, room) for word in _words(metrics.visible(text), size, room // 2)]
    line = ""
    for place, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if metrics.pixels(longer, "sans", size) <= room:
            line = longer
        elif len(done) == most - 1:
            done.append(_cut(" ".join([line, *words[place:]]), size, room))
            return done
        else:
            done.append(line)
            line = word
    return [*done, line] if line else done


def _words(text: str, size: int, room: int) -> list[str]:
    """What stays on one line: words, "= 5" and "× 5" with their signs, and "x = 5," of an enumeration."""
    made: list[str] = []
    for word in text.split():
        last = made[-1] if made else ""
        glued = f"{last} {word}"
        if last not in ("=", "×") or metrics.pixels(glued, "sans", size) > room:
            made.append(word)
            continue
        made[-1] = glued
        whole = " ".join(made[-2:])
        if glued.startswith("=") and glued[-1] in ",." and metrics.pixels(whole, "sans", size) <= room:
            made[-2:] = [whole]
    return made


def _cut(text: str, size: int, room: int) -> str:
    """The beginning of a text and an ellipsis."""
    while metrics.pixels(text + metrics.ELLIPSIS, "sans", size) > room:
        text = text[:-1].rstrip()
    return text + metrics.ELLIPSIS


def draw(sentence: Sequence[str], x: float, y: float) -> Iterator[Text]:
    """Lines of a sentence, the first one's baseline at ``y``."""
    for number, line in enumerate(sentence):
        yield fit.placed(("gad-caption",), x, y + number * LINE, line, "sans")
