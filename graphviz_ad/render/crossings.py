"""The order within each layer: few crossings by median and barycentre sweeps with exchanges of neighbours."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence

# Positions are scaled by this before they are averaged, so that integer division still tells them apart.
SCALE = 1 << 16
# Work that may be spent on one component, in item visits; large graphs get fewer sweeps.
BUDGET = 200_000
# Sweeps without progress after which a starting order is given up.
PATIENCE = 2


def reduce(
    layers: list[list[int]],
    before: Sequence[list[int]],
    after: Sequence[list[int]],
    starts: int,
    pins: Mapping[int, int] | None = None,
) -> int:
    """Reorder ``layers`` in place for few crossings and return how many are left.

    ``before[i]`` and ``after[i]`` are item i's neighbours in the previous and the next layer. The first
    of the starting orders follows the arguments' order, so equal results keep w before x in ``w * x``.
    Items with ``pins`` stay in the order of these numbers; where one item of a layer has a pin, all have.
    """
    pins = pins or {}
    _pin(layers, pins)
    size = sum(len(a) for a in after) + len(before)
    rounds = max(2, min(24, BUDGET // size))
    best: list[list[int]] = []
    fewest = -1
    for start in range(starts):
        order = _walk(layers, before, after, start)
        found, crossings = _Order(order, before, after, pins).sweep(rounds, PATIENCE)
        if not best or crossings < fewest:
            best, fewest = found, crossings
        if fewest == 0:
            break
    if fewest and starts > 1:  # several starts find a better valley than long sweeps; now to its bottom
        best, fewest = _Order(best, before, after, pins).sweep(rounds, 3 * PATIENCE)
    layers[:] = best
    return fewest


def _pin(layers: list[list[int]], pins: Mapping[int, int]) -> None:
    """Bring the layers with pins into the order of their pins."""
    for layer in layers:
        if layer and layer[0] in pins:
            layer.sort(key=pins.__getitem__)


def _walk(
    layers: list[list[int]], before: Sequence[list[int]], after: Sequence[list[int]], start: int
) -> list[list[int]]:
    """A starting order from a depth-first walk: from the outputs back, or from the inputs on."""
    along, roots = (before, [i for layer in reversed(layers) for i in layer if not after[i]])
    if start % 2:
        along, roots = (after, [i for layer in layers for i in layer if not before[i]])
    if start >= 2:
        roots.reverse()
    layer_of = {i: k for k, layer in enumerate(layers) for i in layer}
    seen = [False] * len(before)
    result: list[list[int]] = [[] for _ in layers]
    for root in roots:
        stack = [root]
        while stack:
            item = stack.pop()
            if seen[item]:
                continue
            seen[item] = True
            result[layer_of[item]].append(item)
            stack.extend(n for n in (reversed(along[item]) if start < 2 else along[item]) if not seen[n])
    return result


class _Order:
    """One ordering of all layers, with every item's place in its layer and the crossings of every gap."""

    def __init__(
        self,
        layers: list[list[int]],
        before: Sequence[list[int]],
        after: Sequence[list[int]],
        pins: Mapping[int, int],
    ) -> None:
        self.layers, self.before, self.after, self.pins = layers, before, after, pins
        _pin(layers, pins)
        self.place = [0] * len(before)
        self.gaps: list[int] = [0] * (len(layers) + 1)  # crossings before layer k; none outside
        self.stale: set[int] = set()  # gaps whose count is out of date
        for k in range(len(layers)):
            self._number(k)

    def _number(self, k: int) -> None:
        place = self.place
        for at, item in enumerate(self.layers[k]):
            place[item] = at
        self.stale.add(k)
        self.stale.add(k + 1)

    def sweep(self, rounds: int, patience: int) -> tuple[list[list[int]], int]:
        """The best order found in ``rounds`` sweeps to and fro, up to ``patience`` of them without progress."""
        self._exchange(2)
        fewest = self.crossings()
        best = [layer[:] for layer in self.layers]
        idle = 0
        for turn in range(rounds):
            if fewest == 0 or idle >= patience:
                break
            # Medians first, barycentres in every second pair: each gets out of traps of the other.
            by_median = turn % 4 < 2
            flip = turn % 8 >= 4
            if turn % 2 == 0:
                for k in range(1, len(self.layers)):
                    self._sort(k, self.before, by_median, flip)
            else:
                for k in range(len(self.layers) - 2, -1, -1):
                    self._sort(k, self.after, by_median, flip)
            self._exchange(4)
            crossings = self.crossings()
            if crossings < fewest:
                fewest, best, idle = crossings, [layer[:] for layer in self.layers], 0
            else:
                idle += 1
        return best, fewest

    def _sort(self, k: int, neighbours: Sequence[list[int]], by_median: bool, flip: bool) -> None:
        """Sort a layer by the places of its neighbours; items without neighbours keep their places."""
        layer, place = self.layers[k], self.place
        if len(layer) < 2:
            return
        movable: list[int] = []
        keys: list[tuple[int, int, int, int]] = []
        pins = self.pins
        for at, item in enumerate(layer):
            near = neighbours[item]
            if len(near) == 1:
                value = place[near[0]] * SCALE
            elif not near:
                continue
            elif by_median:
                value = _median(sorted([place[n] for n in near]))
            else:
                value = sum([place[n] for n in near]) * SCALE // len(near)
            movable.append(at)
            keys.append((pins.get(item, 0), value, -at if flip else at, item))
        keys.sort()
        changed = False
        for at, (_, _, _, item) in zip(movable, keys, strict=True):
            if layer[at] != item:
                layer[at] = item
                changed = True
        if changed:
            self._number(k)

    def _exchange(self, passes: int) -> None:
        """Swap neighbours while that removes crossings, in the layers beside gaps that have some."""
        layers, gaps = self.layers, self.gaps
        dirty = set(range(len(layers)))
        for _ in range(passes):
            self.crossings()
            again: set[int] = set()
            for k in sorted(dirty):
                if (gaps[k] or gaps[k + 1]) and len(layers[k]) > 1 and self._exchange_in(k):
                    again.update((k - 1, k, k + 1))
            again.discard(-1)
            again.discard(len(layers))
            if not again:
                break
            dirty = again

    def _exchange_in(self, k: int) -> bool:
        layer, place, pins = self.layers[k], self.place, self.pins
        back = [_places(place, self.before[i]) for i in layer]
        on = [_places(place, self.after[i]) for i in layer]
        changed = False
        for at in range(len(layer) - 1):
            gain = _pair_gain(back[at], back[at + 1]) + _pair_gain(on[at], on[at + 1])
            if gain > 0 and pins.get(layer[at]) == pins.get(layer[at + 1]):
                layer[at], layer[at + 1] = layer[at + 1], layer[at]
                back[at], back[at + 1] = back[at + 1], back[at]
                on[at], on[at + 1] = on[at + 1], on[at]
                changed = True
        if changed:
            self._number(k)
        return changed

    def crossings(self) -> int:
        """Crossings between all pairs of adjacent layers; only what has changed is counted again."""
        for k in self.stale:
            if 0 < k < len(self.layers):
                self.gaps[k] = self._crossings_before(k)
        self.stale.clear()
        return sum(self.gaps)

    def _crossings_before(self, k: int) -> int:
        """Inversions of the ends of the edges into layer ``k``, counted with a sorted list."""
        total = 0
        place, after = self.place, self.after
        seen: list[int] = []
        for item in self.layers[k - 1]:
            ends = _places(place, after[item])
            for end in ends:
                if seen and seen[-1] > end:
                    total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
        return total


def _places(place: Sequence[int], items: list[int]) -> list[int]:
    """The items' places, sorted."""
    if len(items) == 1:
        return [place[items[0]]]
    return sorted([place[i] for i in items])


def _median(values: list[int]) -> int:
    """The weighted median of Gansner et al., scaled: it leans to the side where the neighbours are packed."""
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle] * SCALE
    if len(values) == 2:
        return (values[0] + values[1]) * SCALE // 2
    left, right = values[middle - 1] - values[0], values[-1] - values[middle]
    if left + right == 0:
        return (values[middle - 1] + values[middle]) * SCALE // 2
    return (values[middle - 1] * right + values[middle] * left) * SCALE // (left + right)


def _pair_gain(one: list[int], two: list[int]) -> int:
    """Crossings that vanish when the item with neighbours ``two`` moves before the one with ``one``."""
    if len(one) == 1 and len(two) == 1:
        return (one[0] > two[0]) - (one[0] < two[0])
    gain = 0
    if len(one) <= len(two):
        for a in one:
            gain += bisect_left(two, a) + bisect_right(two, a) - len(two)
    else:
        for b in two:
            gain += len(one) - bisect_left(one, b) - bisect_right(one, b)
    return gain
