"""Remedies: the same net before and after, with numbers behind every sentence on what they do and do not fix."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import remedies

SMALL: dict[str, Any] = {"depth": 30, "width": 200, "batch": 64, "seeds": 2}


FAST = {"depth": 20, "width": 64, "batch": 32, "seeds": 2}


def both(name: str, **settings: Any) -> remedies.Comparison:
    small = {"steps": 40, "width": 32, "batch": 16, "seeds": 2} if name == "gated_cells" else SMALL
    return remedies.compare(name, **small | settings)


@pytest.mark.parametrize("name", remedies.REMEDIES)
def test_every_remedy_says_in_numbers_and_words_what_it_fixes_and_what_not(name: str) -> None:
    pair = both(name, **({} if name == "gated_cells" else FAST))
    remedy = remedies.REMEDIES[name]
    assert remedy.fixes in pair.reading
    assert remedy.does_not_fix in pair.reading
    assert re.search(r"\bnot\b", remedy.does_not_fix) or "only" in remedy.does_not_fix
    assert f"{pair.before.slope('delta_norm'):+.3f} before" in pair.reading
    assert list(pair.flows) == ["before", f"after {remedy.label}"]
    assert pair.reading in repr(pair)


def test_the_right_variance_and_lsuv_stop_the_vanishing() -> None:
    for name in ("initialisation", "lsuv"):
        pair = both(name)
        assert pair.before.slope("delta_norm") < -0.3
        assert abs(pair.after.slope("delta_norm")) < 0.08


def test_orthogonal_weights_pass_every_direction_where_normal_ones_scatter() -> None:
    pair = both("orthogonal", **FAST)
    change = [
        np.log(flow.by_seed("delta_norm")[:, 0] / flow.by_seed("delta_norm")[:, -1]) for flow in pair.flows.values()
    ]
    assert np.abs(change[1]).max() < 1e-10 < np.abs(change[0]).max()


def test_skips_stop_vanishing_and_explode_unless_they_are_scaled() -> None:
    pair = both("residual")
    assert pair.before.slope("delta_norm") == pytest.approx(math.log(0.5) / 2, abs=0.03)
    assert pair.after.slope("delta_norm") == pytest.approx(math.log(1.5) / 2, abs=0.03)
    scaled = both("scaled_residual")
    assert scaled.before.slope("delta_norm") == pytest.approx(math.log(2) / 2, abs=0.03)
    norms = scaled.after.by_seed("delta_norm")
    assert (norms[:, 0] ** 2 / norms[:, -1] ** 2).max() < math.e * 1.2


def test_batch_normalisation_without_skips_turns_vanishing_into_exploding() -> None:
    pair = both("batch_norm", batch=128)
    assert pair.before.slope("delta_norm") < -0.3
    assert pair.after.slope("delta_norm", (5, 25)) == pytest.approx(math.log(1.21115), abs=0.03)
    np.testing.assert_allclose(pair.after["activation_mean_square"], 0.5, atol=0.05)


def test_clipping_shortens_the_step_and_cures_no_ratio() -> None:
    pair = both("clipping")
    total = np.linalg.norm(pair.after.by_seed("weight_grad_norm"), axis=1)
    np.testing.assert_allclose(total, 1.0)
    assert (np.linalg.norm(pair.before.by_seed("weight_grad_norm"), axis=1) > 10).all()
    np.testing.assert_array_equal(pair.after["delta_norm"], pair.before["delta_norm"])


def test_an_open_gate_holds_gradients_over_time() -> None:
    pair = both("gated_cells")
    assert pair.before.slope("delta_norm") < -0.6
    assert abs(pair.after.slope("delta_norm")) < 0.1


def test_unknown_remedies_and_settings_that_belong_to_one_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"unknown remedy: 'dropout' \(must be one of \['initialisation'"):
        remedies.compare("dropout")
    with pytest.raises(ArgumentError, match="activation, norm cannot be chosen"):
        remedies.compare("batch_norm", norm="layer", activation="tanh")
    with pytest.raises(ArgumentError, match=r"unknown setting of remedy 'gated_cells': 'depth' .*'steps'"):
        remedies.compare("gated_cells", depth=20)
    with pytest.raises(ArgumentError, match=r"unknown setting of remedy 'clipping': 'widht' .*Did you mean 'width'"):
        remedies.compare("clipping", widht=20)
    with pytest.raises(ArgumentError, match=r"depth=0 must be"):
        remedies.compare("clipping", depth=0)
