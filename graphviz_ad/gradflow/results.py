"""A folder of results: a file for each measured point, written whole or not at all, found again by its settings."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.fingerprint import fingerprint
from graphviz_ad.gradflow.settings import Settings
from graphviz_ad.gradflow.table import COLUMNS

Array = np.ndarray[Any, Any]

VERSION = f"1, numpy {'.'.join(np.__version__.split('.')[:2])}"
"""Of the files: its number is raised when measuring gives other numbers; NumPy's random draws may change with NumPy."""


class Results:
    """The folder; ``say`` is called with a sentence where a file cannot be used."""

    def __init__(self, folder: str | os.PathLike[str], say: Callable[[str], None]) -> None:
        self._folder = Path(folder)
        self._say = say
        self._failed = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArgumentError(f"folder={str(folder)!r} cannot be made: {error.strerror}.") from error
        if not os.access(self._folder, os.W_OK):
            raise ArgumentError(f"folder={str(folder)!r} cannot be written to.")

    def load(self, settings: Settings) -> dict[str, Array] | None:
        """The columns of these settings, if the folder has them."""
        told = described(settings)
        if told is None:
            return None
        path = self._path(told)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        try:
            columns, trouble = _read(text, told, settings)
        except (ValueError, KeyError, TypeError, AttributeError):
            columns, trouble = None, "is damaged"
        if trouble:
            self._say(f"{path.name} in the results folder {trouble}: {settings} is measured again.")
        return columns

    def save(self, settings: Settings, columns: dict[str, Array]) -> None:
        """Write a file, which appears under its name when it is complete."""
        told = described(settings)
        if told is None:
            return
        path = self._path(told)
        data = {name: [_number(value) for value in columns[name].tolist()] for name in COLUMNS}
        page = {"version": VERSION, "settings": told, "sha256": _sum(data), "columns": data}
        started = self._folder / f".{path.stem}-{token_hex(4)}.tmp"
        try:
            with started.open("w", encoding="utf-8") as out:
                json.dump(page, out, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                out.flush()
                os.fsync(out.fileno())
            started.replace(path)
        except OSError as error:
            if not self._failed:  # the numbers are there all the same: the sweep goes on
                self._say(f"results cannot be written to {self._folder.name}: {error.strerror}.")
            self._failed = True
        finally:
            with contextlib.suppress(OSError):
                started.unlink(missing_ok=True)

    def drop(self, settings: Settings) -> None:
        """Remove a file that is no longer needed."""
        told = described(settings)
        if told is not None:
            with contextlib.suppress(OSError):
                self._path(told).unlink(missing_ok=True)

    def _path(self, told: dict[str, Any]) -> Path:
        text = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return self._folder / f"point-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def described(settings: Settings) -> dict[str, Any] | None:
    """The settings as JSON has them, functions by `fingerprint`; None where a function has none.

    Examples
    --------
    >>> described(Settings(depth=3, residual="1/sqrt(L)"))["residual"]
    0.5773502691896258
    """
    told: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if callable(value):
            value = fingerprint(value)
            if value is None:
                return None
            value = {"function": value}
        elif field.name == "residual":
            value = settings.scale  # "1/√L" and "1/sqrt(L)" are one number
        elif field.name == "seeds":
            value = list(value)
        told[field.name] = value
    return told


def _read(text: str, told: dict[str, Any], settings: Settings) -> tuple[dict[str, Array] | None, str]:
    """The columns in a file, and what is wrong with it."""
    page = json.loads(text)
    if page["version"] != VERSION:
        return None, f"is of another version ({page['version']}, not {VERSION})"
    if page["settings"] != told or page["sha256"] != _sum(page["columns"]):
        return None, "is damaged"
    columns = {name: np.array([float(value) for value in page["columns"][name]]) for name in COLUMNS}
    length = len(settings.seeds) * settings.depth
    return (columns, "") if all(len(column) == length for column in columns.values()) else (None, "is damaged")


def _number(value: float) -> float | str:
    """Strict JSON has no inf and no nan."""
    return value if math.isfinite(value) else repr(value)


def _sum(columns: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()
