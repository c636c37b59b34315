"""Theory of gradients in deep networks, as functions whose docstrings name the paper they come from.

`mean_field` says how the signal and the gradient of a random network change per layer, for any activation;
`critical_line` and `phase_diagram` where gradients neither vanish nor explode; `finite_width` how far one network may
be from that. Initialisations, residual branches, batch norm, recurrent nets and singular values have a function each.
"""

from graphviz_ad.gradflow.criticality import (
    CriticalLine,
    PhaseDiagram,
    critical_line,
    critical_weight_var,
    phase_diagram,
)
from graphviz_ad.gradflow.growth import (
    FiniteWidth,
    RNNBounds,
    batchnorm_growth,
    finite_width,
    finite_width_slope,
    glorot_var,
    he_var,
    init_weight_var,
    residual_growth,
    rnn_bounds,
)
from graphviz_ad.gradflow.meanfield import MeanField, mean_field
from graphviz_ad.gradflow.spectrum import SingularValues, singular_values

__all__ = [
    "CriticalLine",
    "FiniteWidth",
    "MeanField",
    "PhaseDiagram",
    "RNNBounds",
    "SingularValues",
    "batchnorm_growth",
    "critical_line",
    "critical_weight_var",
    "finite_width",
    "finite_width_slope",
    "glorot_var",
    "he_var",
    "init_weight_var",
    "mean_field",
    "phase_diagram",
    "residual_growth",
    "rnn_bounds",
    "singular_values",
]
