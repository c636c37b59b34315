"""A tidy table: named columns of one length, as a dict, as CSV and as a pandas frame."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]

Array = np.ndarray[Any, Any]


class Tidy:
    """What all tables of gradient flow can do; ``columns`` maps each name to a NumPy array of one length."""

    columns: dict[str, Array]

    def _known(self, column: str) -> str:
        if column not in self.columns:
            raise ArgumentError(f"unknown column: {column!r} (must be one of {list(self.columns)})")
        return column

    def to_dict(self) -> dict[str, list[Any]]:
        """Column → list of Python values."""
        return {name: values.tolist() for name, values in self.columns.items()}

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """The table as CSV with a header, as text or into a file; floats as Python writes them, inf and nan too.

        Parameters
        ----------
        path : str or path, optional
            Where to write; without it the text comes back.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        columns = self.to_dict()
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        if path is None:
            return out.getvalue()
        Path(path).write_text(out.getvalue(), encoding="utf-8")
        return None

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas DataFrame.

        Raises
        ------
        ArgumentError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ArgumentError(
                "to_frame needs pandas, which is not installed; to_dict() and to_csv() need nothing."
            ) from None
        return pd.DataFrame(self.columns)
