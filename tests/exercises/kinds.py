"""Functions and points that the tests of all kinds of exercises share."""

from __future__ import annotations

import json

import numpy as np

from graphviz_ad import nn

HOSTILE = {" x": 2.0, "x": 3.0, "__import__('os')": 1.5, "a->b": 0.5, "<b>\u202e": 1.25}


def diamond(a, b):
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def two_paths(x):
    u = 3 * x**2
    y = u + 2 * x
    return y


def chain(x):
    z = 2 * x + 1
    a = z**2
    y = np.sin(a)
    return y


def square(x):
    u = x * x
    y = np.sin(u) * x
    return y


def layer(X, W, b):
    H = np.tanh(X @ W + b)
    return np.mean(H**2)


def gates(x, w):
    h = nn.sigmoid(w @ x)
    return np.sum(np.maximum(h, 0.5) * h)


def hostile(values):
    total = 1.0
    for name in values:
        total = total * values[name]
    return total


def numbers(*shape, seed=3):
    return np.random.default_rng(seed).normal(size=shape)


GRAPHS = {
    "diamond": (diamond, {"a": 2.0, "b": 3.0}),
    "two paths": (two_paths, {"x": 3.0}),
    "chain": (chain, {"x": 1.0}),
    "square": (square, {"x": 1.3}),
    "layer": (layer, {"X": numbers(4, 3), "W": numbers(3, 2), "b": numbers(2)}),
    "gates": (gates, {"x": numbers(3), "w": numbers(2, 3)}),
    "hostile": (hostile, {"values": HOSTILE}),
}
"""Scalars, forks, arrays, layers of `gad.nn`, and names that nobody should give."""


def whole(ex):
    """An exercise as every one must be: its solution is right, its blanks are not, its JSON is strict."""
    solution = ex.solution
    result = ex.check(solution)
    assert result.ok, result.message
    assert result.score == 1.0
    assert len(set(ex.keys)) == len(ex.keys)
    blank = ex.check(ex.blank)
    assert not blank.ok or not any(one.graded for one in ex.questions)
    told = json.dumps([one.baked() for one in ex.questions], allow_nan=False)
    assert "\x00" not in told
    json.dumps(ex.state, allow_nan=False)
    for text in (ex.title, ex.prompt, *(one.prompt for one in ex.questions)):
        assert text.isprintable(), text
    return ex


def wrong(ex, key, answer, code=None):
    """The judgement of a wrong answer: it leads on, in up to three hints, and never begins with the answer."""
    part = ex.only(key).check({key: answer}).parts[key]
    assert not part.ok
    assert part.kind == "wrong", part.text
    assert 1 <= len(part.hints) <= 3, part.hints
    assert all(part.hints)
    if code is not None:
        assert part.misconceptions == ((code,) if code else ()), part
    return part
