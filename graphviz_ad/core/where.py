"""Words for error messages: where in the user's own code something happened, and what a value is."""

from __future__ import annotations

import linecache
import sys

from graphviz_ad.core.recorder import user_frame


def base_name(filename: str) -> str:
    """A file's name as shown to people: never a path; a notebook cell is "cell"."""
    if filename.startswith("<ipython-input") or "ipykernel_" in filename:
        return "cell"
    return filename.replace("\\", "/").rpartition("/")[2] or "code"


def here() -> str:
    """`` at line 3 of model.py, `y = float(x)` `` for the nearest line of user code; "" if there is none."""
    frame = user_frame(sys._getframe(1))
    if frame is None:
        return ""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    place = f" at line {frame.f_lineno} of {base_name(frame.f_code.co_filename)}"
    return f"{place} (`{line}`)" if line else place


def brief(value: object) -> str:
    """A value as an error message shows it: itself if that is short, else what it is."""
    if isinstance(value, tuple | list) and value:
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 40 and "\n" not in text else f"a {type(value).__name__}"
