"""Reads the picture's colours and look out of the widget's stylesheet, the one place where they are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from graphviz_ad.errors import ArgumentError

THEMES = ("light", "dark")
SCOPE = ".gad-picture"  # the stylesheet's own scope; a static figure puts its own class here
INSIDE = ".gad-explorer "  # before it in the stylesheet, so that figures beside an explorer keep their own look

_COLOUR = re.compile(r"(--gad-[a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\);")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_VARIABLE = re.compile(r"var\((--gad-[a-z0-9-]+)\)")
_CLASS = re.compile(r"\.(gad-[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the stylesheet's picture part, its colours still as ``var(--gad-…)``."""

    selector: str
    style: Mapping[str, str]

    @property
    def classes(self) -> frozenset[str]:
        """The classes that the selector asks for, without the scope."""
        return _classes(self.selector)


@cache
def _classes(selector: str) -> frozenset[str]:
    return frozenset(_CLASS.findall(selector.removeprefix(SCOPE)))


@cache
def source() -> str:
    """The part of ``explorer.css`` that belongs to the picture."""
    text = resources.files("graphviz_ad").joinpath("widget/static/explorer.css").read_text(encoding="utf-8")
    return text.partition("/* explorer */")[0]


@cache
def plots() -> str:
    """The part of ``flow_plots.css`` that belongs to the plots of gradient flow."""
    text = resources.files("graphviz_ad").joinpath("widget/static/flow_plots.css").read_text(encoding="utf-8")
    return text.partition("/* figures */")[0]


@cache
def colours(theme: str) -> Mapping[str, str]:
    """Colour variables of a theme, ``"--gad-value"`` to ``"#00684b"``."""
    if theme not in THEMES:
        allowed = ", ".join(repr(known) for known in THEMES)
        raise ArgumentError(f"unknown theme: {theme!r} (must be one of {allowed})")
    column = THEMES.index(theme)
    return MappingProxyType({name: shades[column] for name, *shades in _COLOUR.findall(source())})


@cache
def rules() -> tuple[Rule, ...]:
    """The picture's rules in the order of the stylesheet."""
    text = re.sub(r"/\*.*?\*/", "", source()[source().index("/* picture") :] + plots(), flags=re.DOTALL)
    return tuple(
        Rule(selector.strip().removeprefix(INSIDE), MappingProxyType(_declarations(body)))
        for selector, body in _RULE.findall(text)
    )


def _declarations(body: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in body.split(";") if line.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


@cache
def style(*classes: str) -> Mapping[str, str]:
    """The style of a part with these classes: the picture's own, then every one-class rule that fits, in order."""
    merged: dict[str, str] = {}
    for rule in rules():
        if rule.selector == SCOPE or rule.selector in {f"{SCOPE} .{name}" for name in classes}:
            merged.update(rule.style)
    return MappingProxyType(merged)


@cache
def resolve(value: str, theme: str) -> str:
    """A declaration's value with the theme's colours in place of the variables."""
    return _VARIABLE.sub(lambda match: colours(theme)[match[1]], value)


def stylesheet(theme: str, scope: str, used: Collection[str]) -> str:
    """The rules for the classes in ``used`` as compact CSS below the selector ``scope``.

    ``theme`` is ``"light"``, ``"dark"`` or ``"auto"``: light, and dark where the viewer prefers it.
    """
    wanted = [rule for rule in rules() if rule.classes <= set(used)]
    if theme != "auto":
        return _print(((rule, rule.style) for rule in wanted), theme, scope)
    # also where such a property is "none": the dark rules come later and would win over it
    painted = {name for rule in wanted for name, value in rule.style.items() if "var(" in value}
    coloured = [(rule, {name: value for name, value in rule.style.items() if name in painted}) for rule in wanted]
    dark = _print((pair for pair in coloured if pair[1]), "dark", scope)
    return _print(((rule, rule.style) for rule in wanted), "light", scope) + (
        f"@media (prefers-color-scheme:dark){{{dark}}}"
    )


def _print(pairs: Iterable[tuple[Rule, Mapping[str, str]]], theme: str, scope: str) -> str:
    """Rules as CSS; selectors that share a declaration block are written once."""
    blocks: dict[str, list[str]] = {}
    for rule, declarations in pairs:
        body = ";".join(f"{name}:{resolve(value, theme)}" for name, value in declarations.items())
        blocks.setdefault(body, []).append(rule.selector.replace(SCOPE, scope))
    return "".join(f"{','.join(selectors)}{{{body}}}" for body, selectors in blocks.items())
