"""Writes a file that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


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
