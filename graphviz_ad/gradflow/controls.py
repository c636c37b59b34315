"""What a person may turn in the panel: the values that each control offers, and the settings that a choice leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.phase import frame_of
from graphviz_ad.gradflow.predict import variance_of
from graphviz_ad.gradflow.settings import ACTIVATIONS, Settings, title

NORMAL = "normal"
"""The choice of init that stands for normal draws with a σ_w² of one's own."""

OFFERED: dict[str, tuple[Any, ...]] = {
    "activation": tuple(ACTIVATIONS),
    "init": (NORMAL, "glorot", "he", "lecun", "old", "orthogonal", "lsuv"),
    "weight_var": tuple(round(0.05 * step, 2) for step in range(2, 81)),
    "bias_var": tuple(round(0.005 * step, 3) for step in range(61)),
    "depth": (2, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200),
    "width": (8, 16, 32, 64, 128, 256),
    "residual": (None, 0.1, 0.3, 1.0, "1/√L"),
    "norm": (None, "batch", "layer"),
}
SLIDERS = ("weight_var", "bias_var", "depth", "width")
PLANE = {"weight_var": "x", "bias_var": "y"}


@dataclass(frozen=True)
class Control:
    """One control: its values, and which of them the net has."""

    name: str
    values: tuple[Any, ...]
    at: int
    text: str = ""  # said instead of the value, where the net has none

    def to_dict(self, settings: Settings) -> dict[str, Any]:
        """The control as the front end reads it; for the diagram with the places of its values, px."""
        found: dict[str, Any] = {
            "name": self.name,
            "kind": "slider" if self.name in SLIDERS else "choice",
            "keys": [key(value) for value in self.values],
            "texts": [text(value) for value in self.values],
            "at": self.at,
            "text": self.text,
        }
        if self.name in PLANE:
            place = getattr(frame_of(settings), PLANE[self.name])
            found["places"] = [round(float(place(value)), 2) for value in self.values]
        return found


def key(value: Any) -> str:
    """What stands for a value on its way to the page and back."""
    return "own" if callable(value) else value if isinstance(value, str) else repr(value)


def text(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, int) else title(value)


def present(settings: Settings, name: str) -> Any:
    """The value of a control that a net has; None for a σ_w² that its initialisation does not have."""
    if name == "init":
        return settings.init if settings.weight_var is None or settings.init == "orthogonal" else NORMAL
    if name == "weight_var":
        return variance_of(settings)
    if name == "residual" and settings.residual == "1/sqrt(L)":
        return "1/√L"
    return getattr(settings, name)


def controls(settings: Settings, offered: Mapping[str, tuple[Any, ...]] = OFFERED) -> list[Control]:
    """Every control; where the net's own value is not among those offered, it is one more."""
    found = []
    for name, values in offered.items():
        own = present(settings, name)
        if name == "weight_var" and own is None:
            away = [abs(value - 1.0) for value in values]
            found.append(Control(name, values, away.index(min(away)), f"set by {title(settings.init)}"))
            continue
        if own not in values:
            values = tuple(sorted((*values, own))) if name in SLIDERS else (*values, own)
        found.append(Control(name, values, values.index(own)))
    return found


def changed(settings: Settings, wish: Mapping[str, Any]) -> Settings:
    """The settings after a person's choice: names of controls with the keys of values.

    Raises
    ------
    ArgumentError
        A control or a value that is not offered, or a net that cannot be.
    """
    known = {control.name: control for control in controls(settings)}
    chosen: dict[str, Any] = {}
    for name, wanted in wish.items():
        if name not in known:
            raise ArgumentError(f"unknown control: {name!r} (must be one of {list(known)})")
        keys = [key(value) for value in known[name].values]
        if wanted not in keys:
            raise ArgumentError(f"unknown {name}: {wanted!r} (must be one of {keys})")
        chosen[name] = known[name].values[keys.index(wanted)]
    return chosen_settings(settings, chosen)


def chosen_settings(settings: Settings, chosen: Mapping[str, Any]) -> Settings:
    """The settings with other values of some controls: σ_w² and init, of which one rules the other, among them."""
    more = {name: value for name, value in chosen.items() if name not in ("init", "weight_var")}
    if "init" in chosen:
        own = variance_of(settings)
        normal = {"init": "glorot", "weight_var": 1.0 if own is None else own}
        more |= normal if chosen["init"] == NORMAL else {"init": chosen["init"], "weight_var": None}
    if "weight_var" in chosen:
        orthogonal = more.get("init", settings.init) == "orthogonal"
        more |= {"weight_var": chosen["weight_var"], "init": "orthogonal" if orthogonal else "glorot"}
    return replace(settings, **more)
