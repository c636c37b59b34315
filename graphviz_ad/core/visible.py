"""Texts from elsewhere as they can be shown: nothing in them acts on what stands around them."""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\ufffd"
MAX_COMBINING = 3  # marks on one letter; a pile of more would grow out of its box

_JOINERS = "\u200c\u200d"  # the joiners that Persian, Indic scripts and emoji are spelled with
_STAND_INS = {"\n": "\u21b5", "\r": "\u21b5", "\t": " ", "\u2028": "\u21b5", "\u2029": "\u21b5"}

_NO_MARKS: set[str] = set()
"""Characters met so far that are no marks: asking for each one's category takes longer than all else."""
_KNOWN = 5_000


def _without_marks(text: str) -> bool:
    found = set(text)
    if any(unicodedata.category(char) in {"Mn", "Me"} for char in found):
        return False
    if len(_NO_MARKS) < _KNOWN:
        _NO_MARKS.update(found)
    return True


def visible(text: str, surplus: str = "") -> str:
    r"""``text`` as it can be shown: what has no glyph of its own or would act on its surroundings gets a stand-in.

    Control characters, lone surrogates, characters that XML forbids and marks that reorder their surroundings become
    U+FFFD, line ends an arrow; accents beyond the third on one letter become ``surplus``, that is, are left out.

    Examples
    --------
    >>> visible("w\n"), visible("a\x1b[31m"), visible("gr\u00f6\u00dfe \u03c3\u2081")
    ('w↵', 'a�[31m', 'größe σ₁')
    """
    # what is printable holds nothing to look for but piles of marks, and few texts have marks at all
    if text.isprintable() and (text.isascii() or _NO_MARKS.issuperset(text) or _without_marks(text)):
        return text
    out: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > MAX_COMBINING:
            out.append(surplus)
        elif char in _STAND_INS:
            out.append(_STAND_INS[char])
        elif category in {"Cc", "Cs"} or (category == "Cf" and char not in _JOINERS) or ord(char) & 0xFFFE == 0xFFFE:
            out.append(REPLACEMENT)
        else:
            out.append(char)
    return "".join(out)


def called(name: str, most: int = 60) -> str:
    """A name inside a sentence: visible, and shortened in the middle where it is absurdly long.

    Examples
    --------
    >>> called("weights"), called("x" * 10_000, most=9)
    ('weights', 'xxxx…xxxx')
    """
    half = most // 2
    return visible(name if len(name) <= most else f"{name[:half]}…{name[-half:]}")
