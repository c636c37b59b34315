"""The rules: one entry per NumPy function, written in plain NumPy so that they run on traced values too."""

from graphviz_ad.primitives import elementwise, linalg, logic, reductions, shapes

__all__ = ["elementwise", "linalg", "logic", "reductions", "shapes"]
