"""Integer positions across the flow: straight long edges, balanced and compact (after Brandes and Koepf 2002)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

Segment = tuple[int, int, int]  # item, item in the next layer, their positions' difference where it is straight
Near = tuple[int, int]  # a neighbour, and how much further than it the item lies where they are joined straight


def assign(
    layers: Sequence[Sequence[int]],
    segments: Sequence[tuple[int, int, int, int]],
    separation: Callable[[int, int], int],
    passes: int,
) -> list[int]:
    """A position for every item, so that neighbours in a layer keep ``separation`` between their centres.

    ``segments`` are (item, item in the next layer, weight, step). Weight 0: never aligned; 1: an edge that may
    be straight; 2 and more: part of a long edge, straight if at all possible. Step: how much further the second
    item's centre lies where the segment is straight; 0 unless the edge meets a box beside its centre.
    """
    count = sum(len(layer) for layer in layers)
    place = [0] * count
    for layer in layers:
        for k, item in enumerate(layer):
            place[item] = k
    kept = _without_conflicts(layers, segments, place)
    before: list[list[Near]] = [[] for _ in range(count)]
    after: list[list[Near]] = [[] for _ in range(count)]
    for u, v, step in kept:
        before[v].append((u, step))
        after[u].append((v, -step))
    for near in (before, after):
        for around in near:
            around.sort(key=lambda other: place[other[0]])
    candidates: list[list[int]] = []
    for backward in (False, True):
        for mirrored in (False, True):
            ordered = [list(reversed(layer)) if mirrored else list(layer) for layer in layers]
            rank = [-p for p in place] if mirrored else place
            near = after if backward else before
            root, lead = _align(ordered[::-1] if backward else ordered, near, rank, mirrored, count)
            positions = _compact(ordered, root, lead, separation, mirrored)
            candidates.append([-p for p in positions] if mirrored else positions)
    merged = _balance(candidates)
    _settle(layers, segments, separation, merged, passes)
    lowest = min(merged)
    return [p - lowest for p in merged]


def _without_conflicts(
    layers: Sequence[Sequence[int]], segments: Sequence[tuple[int, int, int, int]], place: Sequence[int]
) -> list[Segment]:
    """The segments that may be aligned: of two that cross, the heavier one stays, of equals both."""
    layer_of = {item: k for k, layer in enumerate(layers) for item in layer}
    gaps: list[list[tuple[int, int, int, int]]] = [[] for _ in layers]
    for segment in segments:
        if segment[2] > 0:
            gaps[layer_of[segment[0]]].append(segment)
    kept: list[Segment] = []
    for gap in gaps:
        firm: list[tuple[int, int]] = []  # places of the inner segments that were accepted, sorted
        for u, v, weight, step in sorted(gap, key=lambda s: (-s[2], place[s[0]], place[s[1]])):
            at = (place[u], place[v])
            k = bisect_left(firm, at)
            clash = (k > 0 and firm[k - 1][1] >= at[1]) or (k < len(firm) and firm[k][1] <= at[1])
            if clash and (weight > 1 or _crosses(firm, k, at)):
                continue
            if weight > 1:
                firm.insert(k, at)
            kept.append((u, v, step))
    return kept


def _crosses(firm: Sequence[tuple[int, int]], k: int, at: tuple[int, int]) -> bool:
    """Whether a segment strictly crosses one of the accepted ones around index ``k``."""
    return any(0 <= i < len(firm) and (firm[i][0] - at[0]) * (firm[i][1] - at[1]) < 0 for i in (k - 2, k - 1, k, k + 1))


def _align(
    layers: Sequence[Sequence[int]], near: Sequence[list[Near]], rank: Sequence[int], mirrored: bool, count: int
) -> tuple[list[int], list[int]]:
    """Blocks of items on one line: each item joins a median neighbour of the layer before, if it is free.

    Returned are each item's block, named by its first item, and how far the item is ahead of that one.
    """
    root = list(range(count))
    lead = [0] * count
    taken = [False] * count
    for layer in layers[1:]:
        limit: int | None = None
        for item in layer:
            around = near[item]
            if not around:
                continue
            middle = len(around) // 2
            medians = [middle] if len(around) % 2 else [middle - 1, middle]
            for m in reversed(medians) if mirrored else medians:
                other, step = around[m]
                if not taken[other] and (limit is None or rank[other] > limit):
                    taken[other] = True
                    root[item] = root[other]
                    lead[item] = lead[other] + (-step if mirrored else step)
                    limit = rank[other]
                    break
    return root, lead


def _compact(
    layers: Sequence[Sequence[int]],
    root: Sequence[int],
    lead: Sequence[int],
    separation: Callable[[int, int], int],
    mirrored: bool,
) -> list[int]:
    """The blocks pushed together: to the start first, then each back towards what follows it."""
    follows: dict[int, list[tuple[int, int]]] = {item: [] for layer in layers for item in layer if root[item] == item}
    waits = dict.fromkeys(follows, 0)
    for layer in layers:
        for i in range(len(layer) - 1):
            one, two = layer[i], layer[i + 1]
            gap = separation(two, one) if mirrored else separation(one, two)
            follows[root[one]].append((root[two], gap + lead[one] - lead[two]))
            waits[root[two]] += 1
    position = dict.fromkeys(follows, 0)
    order = [block for block, n in waits.items() if n == 0]
    for block in order:
        here = position[block]
        for other, gap in follows[block]:
            position[other] = max(position[other], here + gap)
            waits[other] -= 1
            if waits[other] == 0:
                order.append(other)
    for block in reversed(order):
        if follows[block]:
            position[block] = min(position[other] - gap for other, gap in follows[block])
    return [position[block] + ahead for block, ahead in zip(root, lead, strict=True)]


def _balance(candidates: Sequence[list[int]]) -> list[int]:
    """The mean of the two middle ones of the four candidates, shifted to agree with the narrowest."""
    spans = [max(c) - min(c) for c in candidates]
    narrowest = candidates[spans.index(min(spans))]
    low, high = min(narrowest), max(narrowest)
    shifted = []
    for k, candidate in enumerate(candidates):
        shift = high - max(candidate) if k % 2 else low - min(candidate)
        shifted.append([p + shift for p in candidate])
    result = []
    for values in zip(*shifted, strict=True):
        _, one, two, _ = sorted(values)
        result.append((one + two) // 2)
    return result


def _settle(
    layers: Sequence[Sequence[int]],
    segments: Sequence[tuple[int, int, int, int]],
    separation: Callable[[int, int], int],
    position: list[int],
    passes: int,
) -> None:
    """Slide groups of aligned items to the median of what they are joined to, as far as there is room."""
    count = len(position)
    joined: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    for u, v, weight, step in segments:
        joined[u].append((v, 4 * weight or 1, step))
        joined[v].append((u, 4 * weight or 1, -step))
    beside: list[tuple[int, int]] = [(-1, -1)] * count
    for layer in layers:
        for k, item in enumerate(layer):
            beside[item] = (layer[k - 1] if k else -1, layer[k + 1] if k + 1 < len(layer) else -1)
    for _ in range(passes):
        if not _settle_once(layers, joined, beside, separation, position):
            break


def _settle_once(
    layers: Sequence[Sequence[int]],
    joined: Sequence[list[tuple[int, int, int]]],
    beside: Sequence[tuple[int, int]],
    separation: Callable[[int, int], int],
    position: list[int],
) -> bool:
    seen = [False] * len(position)
    moved = False
    for layer in layers:
        for first in layer:
            if seen[first]:
                continue
            seen[first] = True
            group = [first]
            pulls: list[tuple[int, int]] = []
            for item in group:
                for other, weight, step in joined[item]:
                    pull = position[other] - position[item] - step
                    if pull:
                        pulls.append((pull, weight))
                    elif not seen[other]:
                        seen[other] = True
                        group.append(other)
            if not pulls:
                continue
            shift = _weighted_middle(pulls)
            if shift:
                members = set(group)
                for item in group:
                    one, two = beside[item]
                    if shift < 0 and one >= 0 and one not in members:
                        shift = max(shift, position[one] + separation(one, item) - position[item])
                    if shift > 0 and two >= 0 and two not in members:
                        shift = min(shift, position[two] - separation(item, two) - position[item])
                    if shift == 0:
                        break
            if shift:
                moved = True
                for item in group:
                    position[item] += shift
    return moved


def _weighted_middle(pulls: list[tuple[int, int]]) -> int:
    """The middle of the interval of weighted medians."""
    pulls.sort()
    total = sum(weight for _, weight in pulls)
    low = high = None
    running = 0
    for value, weight in pulls:
        running += weight
        if low is None and 2 * running >= total:
            low = value
        if 2 * running > total:
            high = value
            break
    assert low is not None
    assert high is not None
    return (low + high) // 2
