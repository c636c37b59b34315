"""X11 and X12: predictions across depth, held against theory and a measured net; remedies as they are measured."""

from __future__ import annotations

import math

import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.gradflow.remedies import REMEDIES
from tests.exercises.kinds import whole, wrong

NETS = {
    "half": ({"activation": "relu", "weight_var": 1.0}, "vanish", -0.5 * math.log(2)),
    "triple": ({"activation": "relu", "weight_var": 3.0}, "explode", 0.5 * math.log(1.5)),
    "he": ({"activation": "relu", "init": "he"}, "stay", 0.0),
    "linear": ({"activation": "linear", "weight_var": 0.5}, "vanish", -0.5 * math.log(2)),
    "sigmoid": ({"activation": "sigmoid", "weight_var": 1.0}, "vanish", -1.444),
    "skips": ({"activation": "relu", "init": "he", "residual": 1.0}, "explode", 0.5 * math.log(2)),
}


@pytest.mark.parametrize("name", NETS)
def test_theory_is_the_right_answer_and_the_run_agrees(name):
    settings, fate, slope = NETS[name]
    ex = whole(gad.exercises.depth_slope(**settings))
    assert ex.solution["fate"] == fate
    assert float(ex.solution["slope"]) == pytest.approx(slope, abs=6e-4)
    if "measured" in ex.keys:
        assert ex.solution["measured"] == pytest.approx(slope, abs=0.05)
    assert ("measured" in ex.keys) == (fate != "stay")
    for question in ex.questions[:2]:
        assert len(question.options) >= 3
        for option in question.options:
            if option.key != question.right:
                part = wrong(ex, question.key, option.key, option.code)
                assert "easured" in part.hints[-1] or "easured" in part.hints[-2]


@pytest.mark.parametrize(("key", "code"), [("-0.693", "M11"), ("-0.151", "M11"), ("0.347", "sign"), ("0", "M6")])
def test_wrong_slopes_have_names(key, code):
    wrong(gad.exercises.depth_slope(**NETS["half"][0]), "slope", key, code)


def test_the_measured_slope_is_computed_from_two_numbers():
    ex = gad.exercises.depth_slope(**NETS["half"][0])
    right = ex.solution["measured"]
    numbers = [float(word) for word in ex.questions[2].prompt.replace(":", " ").split() if word.startswith("0.")]
    assert right == pytest.approx(math.log(numbers[0] / numbers[1]) / 10)
    wrong(ex, "measured", right / math.log(10), "M11")
    wrong(ex, "measured", 10 * right, "M11")
    wrong(ex, "measured", -right, "sign")
    assert all(one.code in MISCONCEPTIONS for one in ex.questions[2].fingerprints)


def test_weight_gradients_hide_what_the_adjoints_do():
    ex = gad.exercises.depth_slope(**NETS["half"][0])
    part = wrong(ex, "plot", "weights", "M14")
    flow = gad.gradflow.measure(depth=20, width=64, batch=32, seeds=2, **NETS["half"][0])
    assert abs(flow.slope("weight_grad_norm")) < 0.02
    assert abs(flow.slope("delta_norm")) > 0.3
    assert "‖∂L/∂W‖ changes by ×1.003 per layer, yet ‖δ‖ by ×0.70" in part.hints[0]
    assert "plot" not in gad.exercises.depth_slope(**NETS["sigmoid"][0]).keys


def test_settings_are_those_of_measure():
    with pytest.raises(ArgumentError, match="activation"):
        gad.exercises.depth_slope(activation="rleu")
    with pytest.raises(ArgumentError, match="take fewer layers"):
        gad.exercises.depth_slope(activation="linear", weight_var=1e-200, depth=12)


# -- remedies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["half", "triple", "skips"])
def test_remedies_are_those_that_measure_as_such(name):
    settings = NETS[name][0]
    ex = whole(gad.exercises.which_remedy(**settings))
    question, limit = ex.questions
    assert "scaled_residual" in question.right or name == "triple"
    assert "clipping" not in question.right
    for option in question.options:
        if option.key not in question.right:
            part = wrong(ex, "remedies", [*ex.solution["remedies"], option.key], "")
            assert part.hints[0] == REMEDIES[option.key].does_not_fix
            assert "Measured with" in part.hints[2]
        else:
            left = [key for key in ex.solution["remedies"] if key != option.key]
            assert REMEDIES[option.key].fixes in wrong(ex, "remedies", left, "").hints[1]
    for option in limit.options:
        assert option.text == REMEDIES[option.key].does_not_fix
        if option.key != limit.right:
            wrong(ex, "limit", option.key, "")


def test_a_net_that_is_well_needs_no_remedy():
    with pytest.raises(ArgumentError, match="keep their size"):
        gad.exercises.which_remedy(**NETS["he"][0])
