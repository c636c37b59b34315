"""Exercises on traced graphs: students predict, the tool names the mistake, courses grade it."""

from __future__ import annotations

from graphviz_ad.exercises.broken import reconnect
from graphviz_ad.exercises.bugs import find_bug
from graphviz_ad.exercises.caching import cached
from graphviz_ad.exercises.catalogue import catalogue
from graphviz_ad.exercises.construct import construct
from graphviz_ad.exercises.depth import depth_slope, which_remedy
from graphviz_ad.exercises.exercise import Exercise, Result
from graphviz_ad.exercises.gradients import check_gradient
from graphviz_ad.exercises.log import log_to
from graphviz_ad.exercises.nudges import nudge
from graphviz_ad.exercises.numbers import adjoints, local_derivatives, values
from graphviz_ad.exercises.parsons import parsons
from graphviz_ad.exercises.report import report
from graphviz_ad.exercises.routes import paths
from graphviz_ad.exercises.shapes import shape_puzzle
from graphviz_ad.exercises.sweeps import accumulate, order
from graphviz_ad.exercises.words import explain

__all__ = [
    "Exercise",
    "Result",
    "accumulate",
    "adjoints",
    "cached",
    "catalogue",
    "check_gradient",
    "construct",
    "depth_slope",
    "explain",
    "find_bug",
    "local_derivatives",
    "log_to",
    "nudge",
    "order",
    "parsons",
    "paths",
    "reconnect",
    "report",
    "shape_puzzle",
    "values",
    "which_remedy",
]
