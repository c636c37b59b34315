"""The rules: one entry per NumPy function, written in plain NumPy so that they run on traced values too."""

from graphviz_ad.primitives import (
    elementwise,
    forms,
    immutable,
    indexing,
    joining,
    kinks,
    linalg,
    logic,
    products,
    reductions,
    selecting,
    shapes,
    windows,
)

__all__ = [
    "elementwise",
    "forms",
    "immutable",
    "indexing",
    "joining",
    "kinks",
    "linalg",
    "logic",
    "products",
    "reductions",
    "selecting",
    "shapes",
    "windows",
]
