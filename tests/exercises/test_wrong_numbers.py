"""The wrong number of every misconception on two hundred random graphs with fan-out, each by a second implementation.

Nothing here asks the package for a derivative: a graph is drawn as a list of operations, of which this module has its
own derivatives, its own backward pass, and its own idea of what a person with the misconception would do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.fingerprints import INSTEAD, Fingerprint, Fingerprints
from tests.thinned import thinned

SEEDS = thinned(range(200), 17)  # 17: the quick ones are of every kind, too

Wrong = list[tuple[str, Any]]
"""Pairs of a misconception and a number that it gives."""


def same(one: Any, two: Any, rtol: float = 1e-6) -> bool:
    return np.shape(one) == np.shape(two) and np.allclose(one, two, rtol=rtol, atol=1e-12)


def near(value: Any, right: Any) -> bool:
    """Whether nobody could tell a number from the right one."""
    return same(value, right, 2.1e-3)


def compare(made: Iterable[Fingerprint], right: Any, expected: Wrong, codes: set[str], where: Any = "") -> set[str]:
    """Every expected number is there with its code, and none of these codes with a number that is not expected."""
    made = list(made)
    for one in made:
        assert not same(one.value, right, 1e-3), (where, one.code, one.value)
        assert len(one.hints) == 3
        if one.code in codes:
            told = any(code == one.code and same(value, one.value) for code, value in expected)
            assert told, (where, one.code, one.value, expected)
    seen = set()
    for code, value in expected:
        if np.all(np.isfinite(value)) and not near(value, right):
            names = {code} | {name for name, others in INSTEAD.items() if code in others}
            # of two numbers that a typed answer cannot tell apart one is kept
            assert any(one.code in names and same(one.value, value, 1e-3) for one in made), (where, code, value)
            seen.add(code)
    return seen


# -- operations with their derivatives, once more ----------------------------------------------------


class Op(NamedTuple):
    """A function of one or two values, and its derivative by each of them."""

    f: Callable[..., Any]
    slopes: tuple[Callable[..., Any], ...]
    straight: bool = False
    gate: bool = False


def one(a: Any, *_: Any) -> Any:
    return np.ones_like(a)


OPS = {
    "sin": Op(np.sin, (np.cos,)),
    "exp": Op(np.exp, (np.exp,)),
    "arctan": Op(np.arctan, (lambda a: 1 / (1 + a * a),)),
    "tanh": Op(np.tanh, (lambda a: 1 / np.cosh(a) ** 2,), gate=True),
    "relu": Op(lambda a: np.maximum(0, a), (lambda a: np.where(a > 0, 1.0, 0.0),), gate=True),
    "square": Op(lambda a: a**2, (lambda a: 2 * a,)),
    "itself": Op(lambda a: a * a, (lambda a: 2 * a,)),  # two edges from one node
    "three": Op(lambda a: 3 * a, (lambda a: 3 * np.ones_like(a),), straight=True),
    "shift": Op(lambda a: a + 2, (one,), straight=True),
    "add": Op(lambda a, b: a + b, (one, one), straight=True),
    "subtract": Op(lambda a, b: a - b, (one, lambda a, b: -np.ones_like(b))),
    "multiply": Op(lambda a, b: a * b, (lambda a, b: b * np.ones_like(a), lambda a, b: a * np.ones_like(b))),
}
SINGLE = [name for name, op in OPS.items() if len(op.slopes) == 1]
GATES = ["relu"] * 4 + ["tanh"] * 2  # which are closed half of the time only
DOUBLE = [name for name, op in OPS.items() if len(op.slopes) == 2]


class Line(NamedTuple):
    op: str
    args: tuple[int, ...]


class Drawn:
    """Values by position: the inputs first, then one for each line; the last one is the result."""

    def __init__(self, inputs: list[Any], lines: list[Line]) -> None:
        self.count = len(inputs)
        self.lines = lines
        self.values = list(inputs)
        with np.errstate(all="ignore"):
            for line in lines:
                self.values.append(OPS[line.op].f(*(self.values[place] for place in line.args)))
        self.end = len(self.values) - 1

    def __call__(self, *inputs: Any) -> Any:
        values = list(inputs)
        for line in self.lines:
            values.append(OPS[line.op].f(*(values[place] for place in line.args)))
        return values[-1]

    def line(self, position: int) -> Line:
        return self.lines[position - self.count]

    def consumers(self, position: int) -> list[int]:
        return [self.count + number for number, line in enumerate(self.lines) if position in line.args]

    def alone(self, position: int, consumer: int) -> bool:
        return set(self.line(consumer).args) == {position}

    def local(self, position: int, consumer: int, at: Any = None) -> Any:
        """The derivative of a consumer by one of its inputs, also with that input elsewhere."""
        line = self.line(consumer)
        args = [at if at is not None and place == position else self.values[place] for place in line.args]
        return sum(
            slope(*args) for slope, place in zip(OPS[line.op].slopes, line.args, strict=True) if place == position
        )

    def adjoint(self, position: int, seed: Any = 1.0) -> Any:
        if position == self.end:
            return seed * np.ones_like(self.values[position])
        return sum(self.adjoint(after, seed) * self.local(position, after) for after in self.consumers(position))

    def chain(self, position: int) -> list[int]:
        """The results of the functions on the only way to the end; [] where there are several ways."""
        found = []
        while position != self.end:
            after = self.consumers(position)
            if len(after) > 1:
                return []
            found.append(after[0])
            position = after[0]
        return found

    @property
    def has_fan_out(self) -> bool:
        """Whether some value leaves along more than one edge."""
        uses = [place for line in self.lines for place in (*line.args, *(line.args if line.op == "itself" else ()))]
        return len(set(uses)) < len(uses)

    @property
    def is_tame(self) -> bool:
        return all(np.all(np.isfinite(value)) and np.all(np.abs(value) < 1e4) for value in self.values)


def attempts(seed: int, family: str) -> Iterator[np.random.Generator]:
    for attempt in range(1000):
        yield np.random.default_rng([seed, attempt, *family.encode()])


def drawn_chain(seed: int) -> Drawn:
    """Functions of functions of one number; at least one of them takes its input twice."""
    for rng in attempts(seed, "chain"):
        names = [str(name) for name in rng.choice(SINGLE, int(rng.integers(2, 6)))]
        found = Drawn([rng.uniform(-2, 2)], [Line(name, (place,)) for place, name in enumerate(names)])
        if found.has_fan_out and found.is_tame:
            return found
    raise AssertionError


def drawn_graph(seed: int, shape: tuple[int, ...] = ()) -> Drawn:
    """Two inputs, values that are used again, and everything that is left over is added up in the end."""
    names = [*SINGLE, *GATES] if shape else SINGLE
    for rng in attempts(seed, f"graph{shape}"):
        lines: list[Line] = []
        for count in range(2, 2 + int(rng.integers(3, 8))):
            if rng.random() < 0.5:
                lines.append(Line(str(rng.choice(names)), (int(rng.integers(count)),)))
            else:
                one_, two = rng.integers(count, size=2)
                if one_ == two:
                    lines.append(Line("itself", (int(one_),)))
                else:
                    lines.append(Line(str(rng.choice(DOUBLE)), (int(one_), int(two))))
        used = {place for line in lines for place in line.args}
        for place in range(2 + len(lines) - 1):
            if place not in used:
                lines.append(Line("add", (1 + len(lines), place)))
        inputs = [rng.uniform(-3, 3, shape)[()] for _ in range(2)]
        found = Drawn(inputs, lines)
        if found.has_fan_out and found.is_tame and all(found.consumers(place) for place in range(found.end)):
            return found
    raise AssertionError


def traced(drawn: Drawn, f: Callable[..., Any] | None = None) -> tuple[gad.Graph, dict[int, int]]:
    """The graph, and the position of each drawn value in it."""
    graph = gad.trace(f or drawn, *drawn.values[: drawn.count]).backward()
    nodes = [*graph.inputs, *(node for node in graph.nodes if node.kind == "primitive")]
    where = {place: nodes[place].id for place in range(drawn.end + 1)}
    for place, position in where.items():
        assert same(graph[position].value, drawn.values[place])
        assert same(graph[position].adjoint, drawn.adjoint(place))
    return graph, where


# -- one product, and half of it: M4, M4b, M6, M12 ----------------------------------------------------


def halves(drawn: Drawn, node: int) -> Wrong:
    """Who stops half way writes the local derivative alone, or what has arrived at the consumer."""
    found: Wrong = []
    consumers = drawn.consumers(node)
    fork = len(consumers) > 1
    late = "M4b"
    summed = bool(np.shape(drawn.values[-1]))  # then the sum of the result's entries is one more function
    for after in consumers:
        local, above = drawn.local(node, after), drawn.adjoint(after)
        gate = OPS[drawn.line(after).op].gate and bool(np.any(np.abs(local) < 0.05))
        inner = node < drawn.count and not fork and drawn.alone(node, after) and (after != drawn.end or summed)
        late = "M6" if inner else "M4b"
        for code, half in (("M4", local), ("M12" if gate else late, above)):
            # at a fork: what equals the whole of one contribution is the others left out, and so is a 1
            if not (fork and (near(half, local * above) or near(half, np.ones_like(half)))):
                found.append((code, half))
    if fork and all(drawn.alone(node, after) for after in consumers):
        found.append(("M4", sum(drawn.local(node, after) for after in consumers)))
        found.append(("M6", sum(drawn.adjoint(after) for after in consumers)))
    if not fork and node < drawn.count:  # further up on the only way
        found += [(late, drawn.adjoint(after)) for after in drawn.chain(node)[1 : None if summed else -1]]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_halves_of_products(seed: int) -> None:
    drawn = drawn_graph(seed, ((), (3,))[seed % 2])
    summed = bool(np.shape(drawn.values[-1]))
    graph, where = traced(drawn, (lambda *inputs: np.sum(drawn(*inputs))) if summed else None)
    fingerprints = Fingerprints(graph)
    for place in range(drawn.end):
        made = fingerprints.of_adjoint(where[place])
        compare(made, drawn.adjoint(place), halves(drawn, place), {"M4", "M4b", "M6", "M12"}, (place, drawn.lines))


# -- functions in one another: M5, composed, the sum of derivatives -----------------------------------


def misplaced(drawn: Drawn, node: int, position: int) -> Any:
    """The adjoint, if every function but the first is differentiated at the value of the node."""
    if position == drawn.end:
        return 1.0
    place = None if position == node else drawn.values[node]
    return sum(
        misplaced(drawn, node, after) * drawn.local(position, after, place) for after in drawn.consumers(position)
    )


def along_the_chain(drawn: Drawn, node: int) -> Wrong:
    found: Wrong = [("M5", misplaced(drawn, node, node))]
    ways = [node, *drawn.chain(node)]
    pairs = list(pairwise(ways))
    steps = [drawn.local(before, after) for before, after in pairs]
    steps = [step for step in steps if step != 1]
    if len(steps) > 1:
        found.append(("sum", sum(steps)))
    straight = [OPS[drawn.line(after).op].straight for _, after in pairs]
    if len(pairs) > 1 and all(drawn.alone(*pair) for pair in pairs) and not straight[-1]:
        value = drawn.local(*pairs[0])
        for (before, after), line in zip(pairs[1:], straight[1:], strict=True):
            # a straight line has one slope everywhere; any other function is differentiated at the derivative so far
            value = value * drawn.local(before, after) if line else drawn.local(before, after, value)
        found.append(("composed", value))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_derivatives_at_the_wrong_place(seed: int) -> None:
    for drawn in (drawn_chain(seed), drawn_graph(seed)):
        graph, where = traced(drawn)
        fingerprints = Fingerprints(graph)
        for place in range(drawn.end):
            made = fingerprints.of_adjoint(where[place])
            with np.errstate(all="ignore"):
                expected = along_the_chain(drawn, place)
            compare(made, drawn.adjoint(place), expected, {"M5", "sum", "composed"}, (place, drawn.lines))


# -- the scale of a loss: M11 ---------------------------------------------------------------------------

LOSSES: dict[tuple[bool, bool], list[Callable[[Any], Any]]] = {
    (False, False): [lambda e: np.sum(e**2), lambda e: np.sum(e * e), lambda e: np.sum(np.square(e))],
    (False, True): [lambda e: np.mean(e**2), lambda e: np.sum(e**2) / 4, lambda e: np.mean(e * e)],
    (True, False): [lambda e: 0.5 * np.sum(e**2), lambda e: np.sum(e * e) / 2, lambda e: np.sum(0.5 * e**2)],
    (True, True): [lambda e: 0.5 * np.mean(e**2), lambda e: np.mean(e**2) / 2, lambda e: np.mean(e * e / 2)],
}
"""By whether a half stands in front, and whether squares are averaged: ways to write the loss of 4 numbers."""


def slope_of_loss(error: Any, halved: bool, averaged: bool) -> Any:
    return error * (1 if halved else 2) / (len(error) if averaged else 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_scales_of_a_loss(seed: int) -> None:
    drawn = drawn_graph(seed, (4,))
    rng = np.random.default_rng([seed, 11])
    target = rng.uniform(-1, 1, 4)
    kind = list(LOSSES)[seed % 4]
    loss = LOSSES[kind][int(rng.integers(3))]
    graph = gad.trace(lambda x, w: loss(drawn(x, w) - target), *drawn.values[:2]).backward()
    fingerprints = Fingerprints(graph)
    error = drawn.values[-1] - target
    for place in range(2):
        right = drawn.adjoint(place, slope_of_loss(error, *kind))
        assert same(graph[place].adjoint, right)
        others = [("M11", drawn.adjoint(place, slope_of_loss(error, *other))) for other in LOSSES if other != kind]
        seen = compare(fingerprints.of_adjoint(place), right, others, {"M11"}, kind)
        assert seen == {"M11"} or not np.any(right)


# -- products of matrices and what is broadcast: M7, M8, and a mean in the place of a sum -----------------


class Net:
    """L = Σ tanh(Z) ⊙ Z ⊙ C with Z = XW ∘ b, b made from b0, and perhaps a second product after tanh.

    Z is used twice, in some nets W, too.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 78])
        n, k, m = [(3, 3, 3), (2, 2, 2), (2, 3, 4), (3, 3, 2), (2, 3, 3)][seed % 5]
        self.times = bool(rng.integers(2))  # b is a factor, or is added
        self.second = bool(rng.integers(2)) and m == n  # H = tanh(Z) @ V
        self.twice = bool(rng.integers(2))  # b goes in once more
        shape = [(m,), (), (1, m), (n, 1)][int(rng.integers(4))]
        draw = lambda *shape: rng.uniform(-1.5, 1.5, shape)[()]  # noqa: E731
        self.X, self.W, self.V, self.C = draw(n, k), draw(k, m), draw(m, m), draw(n, m)
        self.b0 = draw(*shape)

    def __call__(self, X: Any, W: Any, V: Any, b0: Any) -> Any:
        b = np.sin(b0)
        Y = X @ W
        Z = Y * b if self.times else Y + b
        H = np.tanh(Z)
        U = H @ V if self.second else H * V
        P = U * Z
        Q = P * b if self.twice else P * self.C
        return np.sum(Q)

    def arrays(self) -> tuple[Any, ...]:
        return (self.X, self.W, self.V if self.second else self.C, self.b0)

    def back(self, transposed: bool = True, summed: bool = True) -> dict[str, Any] | None:
        """The adjoints, by hand; None where shapes do not fit."""
        X, W, V, b0 = self.arrays()
        b, Y = np.sin(b0), X @ W
        Z = Y * b if self.times else Y + b
        H = np.tanh(Z)
        U = H @ V if self.second else H * V
        t = (lambda matrix: matrix.T) if transposed else (lambda matrix: matrix)

        def to(wide: Any, shape: tuple[int, ...]) -> Any:
            if not summed or np.shape(wide) == shape:
                return wide
            while np.ndim(wide) > len(shape):
                wide = wide.sum(axis=0)
            for axis, length in enumerate(shape):
                wide = wide.sum(axis=axis, keepdims=True) if length == 1 else wide
            return wide

        try:
            P_ = np.ones_like(Z) * (b if self.twice else self.C)
            U_, Z_ = P_ * Z, P_ * U
            H_, V_ = (U_ @ t(V), t(H) @ U_) if self.second else (U_ * V, U_ * H)
            Z_ = Z_ + H_ * (1 - H**2)
            Y_ = Z_ * b if self.times else Z_
            wide = Z_ * Y if self.times else Z_
            X_, W_ = Y_ @ t(W), t(X) @ Y_
        except ValueError:
            return None
        b_ = to(wide, np.shape(b))
        if self.twice:
            b_ = b_ + to(U * Z, np.shape(b))
        uses = [wide, U * Z] if self.twice else [wide]
        return {"X": X_, "W": W_, "V": V_, "b": b_, "b0": b_ * np.cos(b0), "Y": Y_, "Z": Z_, "H": H_, "uses": uses}

    def nodes(self, graph: gad.Graph) -> dict[str, int]:
        """By name the positions of what is asked."""
        made = [node.id for node in graph.nodes if node.kind == "primitive"]
        inputs = [node.id for node in graph.inputs]
        return dict(zip(("X", "W", "V", "b0"), inputs, strict=True)) | dict(zip("bYZH", made, strict=False))


@pytest.mark.parametrize("seed", SEEDS)
def test_matrices_and_broadcasts(seed: int) -> None:
    net = Net(seed)
    graph = gad.trace(net, *net.arrays()).backward()
    fingerprints = Fingerprints(graph)
    right, bare, wide = net.back(), net.back(transposed=False), net.back(summed=False)
    assert right is not None
    assert wide is not None
    for name, position in net.nodes(graph).items():
        adjoint = right[name]
        assert same(graph[position].adjoint, adjoint), name
        made = fingerprints.of_adjoint(position)
        expected: Wrong = [("M7", adjoint.T)] if np.ndim(adjoint) == 2 else []
        if bare is not None:
            expected.append(("M7", bare[name]))
        with np.errstate(all="ignore"):
            expected += [("M7", slip) for slip in one_slip(net, right, name)]
        compare(made, adjoint, expected, {"M7"}, name)
        wider = [wide[name]] if np.shape(wide[name]) != np.shape(adjoint) else []
        # of one edge alone, with what is right above it
        wider += right["uses"] if name == "b" and len(right["uses"]) == 1 else []
        wider = [one_ for one_ in wider if np.shape(one_) != np.shape(adjoint)]
        compare(made, adjoint, [("M8", one_) for one_ in wider], {"M8"}, name)
        if name == "b" and np.ndim(adjoint) < 2:  # the mean over the rows of the batch
            mean = sum(np.mean(one_, axis=0) for one_ in right["uses"])
            mean = np.sum(mean) if np.ndim(adjoint) == 0 else mean
            scaled = adjoint / net.C.size  # L were a mean
            assert compare(made, adjoint, [("M11", mean), ("M11", scaled)], {"M11"}, name) == {"M11"}


def one_slip(net: Net, right: dict[str, Any], name: str) -> list[Any]:
    """The product without its transpose, from the right adjoint above, where it is the only one that is sent."""
    X, W, V, _ = net.arrays()
    H = np.tanh(X @ W * np.sin(net.b0) if net.times else X @ W + np.sin(net.b0))
    U_ = (
        (np.sin(net.b0) if net.twice else net.C)
        * np.ones_like(H)
        * ((X @ W) * np.sin(net.b0) if net.times else X @ W + np.sin(net.b0))
    )
    slips: dict[str, Callable[[], Any]] = {"X": lambda: right["Y"] @ W, "W": lambda: X @ right["Y"]}
    if net.second:
        slips |= {"H": lambda: U_ @ V, "V": lambda: H @ U_}
    try:
        return [slips[name]()] if name in slips else []
    except ValueError:
        return []


# -- a parameter that is used again and again: M15 ---------------------------------------------------------

CELLS: list[Callable[..., Any]] = [
    lambda w, h, x: np.tanh(w() * h + x),
    lambda w, h, x: w() * np.sin(h) + x,
    lambda w, h, x: np.tanh(w() * h) + w() * x,
]


def unrolled(cell: Callable[..., Any], w: Callable[[], Any], h: Any, xs: Iterable[float]) -> Any:
    for x in xs:
        h = cell(w, h, x)
    return h


@pytest.mark.parametrize("seed", SEEDS)
def test_uses_of_a_shared_parameter(seed: int) -> None:
    rng = np.random.default_rng([seed, 15])
    cell = CELLS[seed % 3]
    xs = rng.uniform(-1, 1, int(rng.integers(2, 5)))
    w, h = rng.uniform(-1.5, 1.5, 2)
    graph = gad.trace(lambda w, h: unrolled(cell, lambda: w, h, xs), w, h).backward()
    each = 2 if seed % 3 == 2 else 1  # uses of w in every turn
    # with a weight of its own for every use, and a complex step: no sum, no graph, no rule
    step, parts = 1e-30, []
    for use in range(each * len(xs)):
        weights = iter([w + 1j * step * (place == use) for place in range(each * len(xs))])
        parts.append(np.imag(unrolled(cell, lambda weights=weights: next(weights), h, xs)) / step)
    right = sum(parts)
    assert same(graph["w"].adjoint, right)
    turns = [sum(parts[place : place + each]) for place in range(0, len(parts), each)]
    numbers = [*parts, *turns, *([right - turn for turn in turns] if len(turns) > 2 else [])]
    made = Fingerprints(graph).of_adjoint("w")
    compare(made, right, [("M15", number) for number in numbers], {"M15"}, (seed, parts))


# -- that all of this can fail -------------------------------------------------------------------------------


CODES = ("M4", "M4b", "M5", "M6", "M7", "M8", "M12", "sum", "composed")


def test_the_graphs_make_the_mistakes_show() -> None:
    counts = dict.fromkeys(CODES, 0)
    for seed in range(25):
        for drawn in (drawn_graph(seed), drawn_graph(seed, (3,)), drawn_chain(seed)):
            for place in range(drawn.end):
                with np.errstate(all="ignore"):
                    found = halves(drawn, place)
                    found += [] if np.shape(drawn.values[-1]) else along_the_chain(drawn, place)
                for code, number in found:
                    counts[code] += bool(np.all(np.isfinite(number)) and not near(number, drawn.adjoint(place)))
        net = Net(seed)
        right_, bare, wide = net.back(), net.back(transposed=False), net.back(summed=False)
        assert right_ is not None
        assert wide is not None
        counts["M7"] += bool(bare is not None and not near(bare["X"], right_["X"]))
        counts["M8"] += bool(np.shape(wide["b"]) != np.shape(right_["b"]))
    assert min(counts.values()) > 7, str(counts)
