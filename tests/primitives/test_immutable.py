"""What writes into an array is refused with a sentence that says where, and what to write instead."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad


@pytest.mark.parametrize(
    ("call", "function", "remedy"),
    [
        (lambda x: np.copyto(np.zeros(2), x), "np.copyto", r"np.where\(mask, v, x\)"),
        (lambda x: np.copyto(x, np.zeros(2), where=[True, False]), "np.copyto", "Use the traced value itself"),
        (lambda x: np.place(x, [True, False], 1.0), "np.place", r"np.where\(mask, v, x\)"),
        (lambda x: np.put(x, [0], 1.0), "np.put", "np.stack them"),
        (lambda x: np.put(np.zeros(2), [0, 1], x), "np.put", "np.stack them"),
        (lambda x: np.putmask(x, [True, False], 1.0), "np.putmask", r"np.where\(mask, v, x\)"),
        (lambda x: np.fill_diagonal(np.stack([x, x]), 0.0), "np.fill_diagonal", r"np.eye\(n, dtype=bool\)"),
        (lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0), "np.put_along_axis", "np.stack them"),
        (lambda x: np.put_along_axis(np.zeros(2), np.array([0]), x[:1], 0), "np.put_along_axis", "np.where"),
    ],
)
def test_the_refusal_says_where_and_what_to_write(call, function, remedy) -> None:
    words = rf"^{function} changes an array in place at line \d+ of test_immutable.py .*graph cannot see. .*{remedy}"
    with pytest.raises(gad.ImmutableError, match=words):
        gad.grad(lambda x: (call(x), np.sum(x))[1])(np.ones(2))
