"""Says what is wrong with a result that is no loss: several numbers, none, or one without a derivative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import Node
from graphviz_ad.core.visible import called
from graphviz_ad.doctor.finding import Finding


def no_loss(outputs: Sequence[Node]) -> Finding:
    """What is said of a result that is no loss."""
    names = tuple(node.name for node in outputs)
    first = outputs[0]
    if len(outputs) > 1:
        what = f"The function returns {len(outputs)} values, and a loss is one number."
        instead = "Return the loss alone, or their sum if that is what is to be made small."
    elif is_complex(first.value):
        what = f"The result is complex ({called(first.name)}), and a loss is one real number."
        instead = "Return np.abs(z) ** 2, or np.real(z)."
    elif first.dtype.kind != "f":
        what = f"The result {called(first.name)} is of dtype {first.dtype}, which has no derivative."
        instead = "Return a float that changes a little when the parameters do: a loss, and no count or position."
    elif np.size(first.value) != 1:
        what = f"The result {called(first.name)} has shape {first.shape}, and a loss is one number."
        instead = f"Return np.mean({called(first.name)}) or np.sum(...). The rest was looked at for the sum."
    else:
        what = f"The result {called(first.name)} does not depend on anything that is differentiated by."
        instead = "Compute it from the parameters, without a cut."
    why = "A reverse sweep starts from one number, with the seed ∂L/∂L = 1; of several none is the one to go down."
    return Finding("error", "loss", what, why, instead, first.source, dict.fromkeys(names, "no loss"))
