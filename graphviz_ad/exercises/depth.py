"""Exercises on depth: predict how adjoints vanish or explode (X11), and which remedy changes that (X12)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.building import some
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint, alike
from graphviz_ad.exercises.questions import Choice, Number, Option, Question, Several
from graphviz_ad.story.narration import described

SMALL = {"depth": 20, "width": 64, "batch": 32, "seeds": 2}
"""Sizes where nothing else is said: measured in a twentieth of a second."""
STEADY = 0.03
"""Of ln‖δ‖ per layer: what changes less stays, over the depths that people build."""
MOVING = 0.1
"""What changes more than this vanishes or explodes; between the two nothing is asked."""
APART = 0.15
"""So far, relatively, two offered slopes are apart: a person can tell them from each other by hand."""


def depth_slope(**settings: Any) -> Exercise:
    """X11: predict how the size of the adjoints changes from layer to layer, then read it off a measured net.

    The measured numbers would tell what is to be predicted: ask ``.only("fate", "slope")`` first, the others then.

    Parameters
    ----------
    **settings
        Of `gad.gradflow.measure`; small nets unless sizes are given.

    Raises
    ------
    ArgumentError
        Unknown settings; a net so deep that its adjoints leave the range of floats.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ex = gad.exercises.depth_slope(activation="relu", weight_var=1.0)
    >>> ex.keys
    ('fate', 'slope', 'measured', 'plot')
    >>> ex.solution["fate"], ex.solution["slope"], ex.solution["plot"]
    ('vanish', '-0.347', 'delta')
    >>> print(ex.only("slope").check({"slope": "-0.693"}).message)
    slope: “−0.693: a factor of 10 every 3.3 layers” is not right. That is the change of ln‖δ‖², not of ln‖δ‖.
    """
    flow, measured = _measured(SMALL | settings)
    theory = _predicted(flow)
    expected = measured if theory is None else theory
    weights = flow.slope("weight_grad_norm", layers=_window(flow))
    questions: list[Question] = [_fate(flow, expected, measured), _slope(flow, expected, measured)]
    if abs(measured) > STEADY:
        questions.append(_read_off(flow))
    if abs(weights - measured) > MOVING / 2:
        questions.append(_plot(measured, weights))
    name = str(flow.settings)
    prompt = (
        f"A net is drawn at random: {name}. How large are the adjoints δ in its layers, from the output to the input?"
    )
    return Exercise("depth_slope", "X11", "Vanish or explode", prompt, tuple(questions), options=dict(settings))


def _window(flow: Any) -> tuple[int, int]:
    from graphviz_ad.gradflow.profile import fit_window

    return fit_window(len(flow.layers))


def _measured(settings: Mapping[str, Any]) -> tuple[Any, float]:
    """A measured net, and the slope of ln‖δ‖ per layer towards the input."""
    from graphviz_ad.gradflow import measure

    flow = measure(**settings)
    slope = flow.slope("delta_norm", layers=_window(flow))
    if not math.isfinite(slope):
        raise ArgumentError(f"the adjoints of {flow.settings} leave the range of floats: take fewer layers.")
    return flow, slope


def _predicted(flow: Any) -> float | None:
    from graphviz_ad.gradflow.predict import predict

    found = predict(flow, "delta_norm")
    return None if found is None else found.slope(_window(flow))


def _fate(flow: Any, slope: float, measured: float) -> Choice:
    whole = slope * (len(flow.layers) - 1)
    right = "vanish" if whole < -math.log(3) else "explode" if whole > math.log(3) else "stay"
    factor = f"×{described(math.exp(measured))}"
    ask = "By which factor does one layer change the length of δ, and what becomes of that factor over all layers?"
    shown = (
        f"Measured was {factor} per layer, ×{described(math.exp(measured * (len(flow.layers) - 1)))} over all of them."
    )
    options = (
        Option("vanish", "it vanishes", "", (ask, shown)),
        Option("stay", "it keeps its size", "", (ask, shown)),
        Option("explode", "it explodes", "", (ask, shown)),
    )
    return Choice("fate", "Before the run: what becomes of ‖δ‖ on its way to the first layer?", right, options)


# -- the slope ------------------------------------------------------------------------------------


def _slope(flow: Any, slope: float, measured: float) -> Choice:
    shown = (
        f"½ ln of the factor of ‖δ‖² per layer is {_number(slope)}; measured over layers {_window(flow)[0]} to "
        f"{_window(flow)[1]}: {_number(measured)}."
    )
    right = 0.0 if abs(slope) < STEADY / 3 else slope
    known = [right]
    options = [Option(_key(right), _text(right))]
    for value, code, name, question in _wrong_slopes(flow, right):
        if math.isfinite(value) and _is_apart(value, known):
            known.append(value)
            options.append(Option(_key(value), _text(value), code, (name, question, shown)))
    options.sort(key=lambda one: float(one.key))
    asked = "Before the run: by how much does ln‖δ‖ change per layer towards the input?"
    return Choice("slope", asked, _key(right), tuple(options))


def _is_apart(value: float, known: list[float]) -> bool:
    return all(abs(value - other) > APART * max(abs(value), abs(other), 0.1) for other in known)


def _wrong_slopes(flow: Any, right: float) -> list[tuple[float, str, str, str]]:
    from graphviz_ad.gradflow.predict import variance_of

    variance = variance_of(flow.settings)
    weights = 0.5 * math.log(variance) if variance else math.nan
    linear = flow.settings.activation == "linear"
    found = [
        (2 * right, "M11", "That is the change of ln‖δ‖², not of ln‖δ‖.", "What is the square root of the factor?"),
        (-right, "sign", "The size is right, and the direction is the other one.", "Towards the input, or from it?"),
        (
            math.nan if linear else weights, "M6",
            "That is what the weights do alone.", "What does the slope of the activation do to δ, in the mean square?",
        ),
        (
            right / math.log(10), "M11",
            "That is a change of log₁₀.", "How many ln 10 are in one factor of 10?",
        ),
        (0.0, "", "Then each layer would hand on δ as long as it came.", "Which variance of the weights does it take?"),
        (-math.log(2), "", "That is a factor of ½ in every layer.", "Is it ‖δ‖ or its square that is halved?"),
        (0.5 * math.log(2), "", "That is a factor of √2 in every layer.", "Which variance of the weights gives that?"),
    ]  # fmt: skip
    return found[:4] if abs(right) > STEADY else [found[2], *found[4:]]


def _number(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−") if round(abs(value), 3) else "0"


def _key(value: float) -> str:
    return f"{value:.3f}" if round(abs(value), 3) else "0"


def _text(value: float) -> str:
    if not round(abs(value), 3):
        return "0: it does not change"
    return f"{_number(value)}: a factor of 10 every {math.log(10) / abs(value):.1f} layers"


# -- the run --------------------------------------------------------------------------------------


def _read_off(flow: Any) -> Number:
    """Two numbers of the run, from which the slope is to be computed."""
    first, last = _window(flow)
    table = np.exp(np.mean(np.log(flow.by_seed("delta_norm")), axis=0))
    low, high = (float(f"{table[layer - 1]:.4g}") for layer in (first, last))
    layers = last - first
    right = math.log(low / high) / layers
    shown = f"ln({low:.4g} / {high:.4g}) / {layers} = {right:.4g}"
    wrong = [
        ("M11", right * layers, "That is the change over all of these layers.", "How many layers lie between the two?"),
        ("M11", right / math.log(10), "That is the change of log₁₀.", "What is ln 10?"),
        ("M11", 2 * right, "That is the change of the square.", "Are the numbers norms or squares of norms?"),
        ("M11", low / high, "That is the ratio of the two.", "What is its logarithm, and for one layer?"),
        (
            "sign",
            -right,
            "The size is right, and the sign is the other one.",
            "Towards the input, which of the two is last?",
        ),
    ]
    prints = tuple(
        Fingerprint(code, value, (name, question, f"{shown}, not {value:.4g}."))
        for code, value, name, question in wrong
        if not alike(value, right)
    )
    prompt = (
        f"The run gave ‖δ‖ = {low:.4g} in layer {first} and {high:.4g} in layer {last}: by how much does ln‖δ‖ change "
        "per layer towards the input?"
    )
    hints = ("Which of the two comes last on the way back?", f"{layers} layers lie between them: take ln of the ratio.")
    return Number("measured", prompt, right, prints, hints)


def _plot(measured: float, weights: float) -> Choice:
    ratio, other = f"×{described(math.exp(measured))}", f"×{described(math.exp(weights))}"
    hints = (
        f"‖∂L/∂W‖ changes by {other} per layer, yet ‖δ‖ by {ratio}. Which of the two did you read?",
        "∂L/∂W is δ times the activation that comes in: what does the way forwards do to that factor?",
        f"The activations change the other way and hide it: δ itself changes by {ratio} per layer.",
    )
    options = (
        Option("delta", "that of ‖δ‖"),
        Option("weights", "that of ‖∂L/∂W‖", "M14", hints),
        Option("both", "either of them: they say the same", "M14", hints),
    )
    asked = "Towards the input both were plotted. Which plot says how much of the adjoint reaches the first layer?"
    return Choice("plot", asked, "delta", options)


# -- remedies -------------------------------------------------------------------------------------


def which_remedy(**settings: Any) -> Exercise:
    """X12: which remedies make the adjoints of a net keep their size, and what one of them does not fix.

    Every remedy is applied to the net and measured; those that half help are not asked about.

    Parameters
    ----------
    **settings
        The net, as for `gad.gradflow.measure`; small nets unless sizes are given.

    Raises
    ------
    ArgumentError
        The adjoints of this net keep their size already.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ex = gad.exercises.which_remedy(activation="relu", weight_var=1.0)
    >>> ex.solution["remedies"]
    ['initialisation', 'lsuv', 'scaled_residual', 'layer_norm']
    >>> print(ex.only("remedies").check({"remedies": ["clipping"]}).message)
    remedies: “clipping” does not belong to them. Clipping does not cure vanishing: all layers are scaled by one \
factor, so the ratios between them, and the adjoints themselves, stay as they were (Pascanu et al. 2013).
    """
    from graphviz_ad.gradflow.remedies import REMEDIES

    chosen = SMALL | settings
    flow, before = _measured(chosen)
    if abs(before) < MOVING:
        raise ArgumentError(
            f"the adjoints of {flow.settings} keep their size: ln‖δ‖ changes by {before:.3f} per layer."
        )
    after = {}
    for name, treated in _treated(chosen).items():
        try:
            slope = _measured(treated)[1]
        except ArgumentError:  # out of the range of floats: no remedy
            slope = math.copysign(math.inf, before)
        if abs(slope) < STEADY or abs(slope) > MOVING:
            after[name] = slope
    right = [name for name, slope in after.items() if abs(slope) < STEADY]
    if not right:
        raise ArgumentError(f"no remedy that is known here keeps the adjoints of {flow.settings} at their size.")
    options = tuple(_option(name, before, after[name]) for name in after)
    missing = {
        name: Option(
            name, _said(name), "",
            ("One that helps is missing.", f"{REMEDIES[name].fixes} Measured: {_number(after[name])} per layer."),
        )
        for name in right
    }  # fmt: skip
    fate = "vanish" if before < 0 else "explode"
    prompt = (
        f"The adjoints of this net {fate}, ln‖δ‖ by {_number(before)} per layer towards the input: {flow.settings}."
    )
    asked = "Which of these, alone, make ‖δ‖ keep its size?"
    questions = [Several("remedies", asked, frozenset(right), options, missing), _limit(right[0], list(after))]
    return Exercise("which_remedy", "X12", "Which remedy", prompt, tuple(questions), options=dict(settings))


def _treated(chosen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of the same net with each remedy; those that it has already are left out."""
    drawn = {key: value for key, value in chosen.items() if key not in ("weight_var", "init")}
    rectifies = chosen.get("activation") in ("relu", "leaky_relu", "elu", "gelu", "silu")
    found = {
        "initialisation": drawn | {"init": "he" if rectifies else "glorot"},
        "orthogonal": drawn | {"init": "orthogonal"},
        "lsuv": drawn | {"init": "lsuv"},
        "residual": chosen | {"residual": 1.0},
        "scaled_residual": chosen | {"residual": "1/sqrt(L)"},
        "batch_norm": chosen | {"norm": "batch"},
        "layer_norm": chosen | {"norm": "layer"},
        "clipping": chosen | {"clip": 1.0},
    }
    return {name: settings for name, settings in found.items() if settings != chosen}


def _said(name: str) -> str:
    return name.replace("_", " ")


def _option(name: str, before: float, slope: float) -> Option:
    from graphviz_ad.gradflow.remedies import REMEDIES

    if abs(slope) < STEADY:
        return Option(name, _said(name))
    moved = "out of the range of floats" if math.isinf(slope) else f"{_number(slope)} per layer"
    shown = f"Measured with {_said(name)} alone: {moved}, and {_number(before)} without."
    return Option(
        name, _said(name), "", (REMEDIES[name].does_not_fix, "What does it act on: δ, or something else?", shown)
    )


def _limit(name: str, names: list[str]) -> Choice:
    """What a remedy that helps does not fix, among what is said of the others."""
    from graphviz_ad.gradflow.remedies import REMEDIES

    others = [other for other in names if other != name][:3]
    options = []
    for other in sorted([name, *others]):
        text = REMEDIES[other].does_not_fix
        said = f"That is said of {some([_said(other)])}."
        hints = () if other == name else (said, f"{REMEDIES[name].fixes} What is left?")
        options.append(Option(other, text, "", hints))
    return Choice("limit", f"What does {_said(name)} not fix?", name, tuple(options))
