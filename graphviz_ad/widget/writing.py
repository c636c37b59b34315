"""Says where a file may be written, and writes it so that it appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from graphviz_ad.errors import ArgumentError


def place(path: str | os.PathLike[str], suffixes: Iterable[str], example: str) -> tuple[Path, str]:
    """Return where to write and the suffix in small letters; known before anything is computed.

    Raises
    ------
    ArgumentError
        No file name, a suffix that is none of ``suffixes``, or a folder that does not exist.
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"path must be a file name such as {example!r}, not {path!r}")
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in suffixes:
        raise ArgumentError(
            f"cannot save {target.name!r}: unknown suffix {target.suffix!r} (must be one of {list(suffixes)})"
        )
    if not target.parent.is_dir():
        raise ArgumentError(f"cannot save {target.name!r}: the folder {str(target.parent)!r} does not exist.")
    return target, suffix


def put(target: Path, content: str | bytes) -> Path:
    """Write a file; what stood there before stays until the new one is complete."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".gad-", suffix=target.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes private files; a figure is an ordinary one
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target
