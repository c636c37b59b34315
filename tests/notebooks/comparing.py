"""Compares what a notebook printed with what it prints now: texts exactly, numbers up to their last printed digit."""

from __future__ import annotations

import re

import nbformat

NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
TEXT_OF_A_PICTURE = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)
SURE_DIGITS = 3
"""A number that is printed with so many digits or fewer must be the same on every machine."""


def printed(cell: nbformat.NotebookNode) -> str:
    """What a cell printed, and what it showed as text."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            parts.append(output.text)
        elif output.output_type in ("display_data", "execute_result"):
            parts.append(output.data.get("text/plain", "") + "\n")
    return "".join(parts)


def pictured(cell: nbformat.NotebookNode) -> str:
    """The texts in a cell's pictures of graphs, in their order."""
    pictures = [output.data["image/svg+xml"] for output in cell.outputs if "image/svg+xml" in output.get("data", {})]
    found = [re.sub(r"<[^>]*>", "", text) for one in pictures for text in TEXT_OF_A_PICTURE.findall(one)]
    return "\n".join(found)


def difference(old: str, new: str) -> str:
    """The first place at which two texts differ; "" where they tell the same."""
    before, after = NUMBER.findall(old), NUMBER.findall(new)
    if NUMBER.sub("#", old) != NUMBER.sub("#", new) or len(before) != len(after):
        lines = zip([*old.splitlines(), ""], [*new.splitlines(), ""], strict=False)
        return next((f"{one!r} is now {other!r}" for one, other in lines if one != other), "the number of lines")
    for one, other in zip(before, after, strict=True):
        if one != other and not rounded_alike(one, other):
            return f"{one} is now {other}"
    return ""


def rounded_alike(one: str, other: str) -> bool:
    """Whether two decimals of equally many places differ by no more than one in the last."""
    digits = [len(re.sub(r"[eE].*|\D", "", text).lstrip("0")) for text in (one, other)]
    if min(digits) <= SURE_DIGITS or not any(mark in text for text in (one, other) for mark in ".eE"):
        return False
    unit = last_digit(one)
    return unit == last_digit(other) and abs(number(one) - number(other)) <= 1.001 * unit


def last_digit(text: str) -> float:
    """What one more in the last digit is worth."""
    mantissa, _, exponent = text.lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])))


def number(text: str) -> float:
    """The number that is written; a minus may be a sign of typography."""
    return float(text.replace("−", "-"))
