"""The plots of gradient flow, each drawn on one matplotlib Axes and read out in a line below it.

Every function takes ``ax=None`` and returns the Axes; without one it draws on a figure of its own, which a notebook
shows and pyplot never hears of. `reading` gives the line under a plot back. Colours mean what they mean in the graphs:
values green-blue, adjoints vermilion, theory blue.
"""

from graphviz_ad.gradflow.against_depth import depth, remedy
from graphviz_ad.gradflow.distributions import autocorrelation, ridgelines, shattered, spectrum
from graphviz_ad.gradflow.maps import heat, phase
from graphviz_ad.gradflow.panels import clipping, grid
from graphviz_ad.gradflow.style import reading
from graphviz_ad.gradflow.units import saturation, update_ratio

__all__ = [
    "autocorrelation",
    "clipping",
    "depth",
    "grid",
    "heat",
    "phase",
    "reading",
    "remedy",
    "ridgelines",
    "saturation",
    "shattered",
    "spectrum",
    "update_ratio",
]
