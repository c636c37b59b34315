"""Network simplex on integers: the shortest total edge length under minimum lengths (Gansner et al. 1993)."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush


def shortest(
    count: int,
    tails: Sequence[int],
    heads: Sequence[int],
    minimum: Sequence[int],
    weights: Sequence[int],
    start: Sequence[int],
    pivots: int,
) -> list[int]:
    """Positions p that minimise sum(w * (p[head] - p[tail])) subject to p[head] - p[tail] >= minimum.

    ``start`` must be feasible and the graph connected. After at most ``pivots`` exchanges the best
    positions so far are returned: always feasible, never worse than the first tight tree.
    """
    if count <= 1 or not tails:
        return list(start)
    tree = _Tree(count, tails, heads, minimum, weights, start)
    tree.optimise(pivots)
    lowest = min(tree.position)
    return [p - lowest for p in tree.position]


class _Tree:
    """A spanning tree of tight edges, its cut values, and the exchanges that improve it."""

    def __init__(
        self,
        count: int,
        tails: Sequence[int],
        heads: Sequence[int],
        minimum: Sequence[int],
        weights: Sequence[int],
        start: Sequence[int],
    ) -> None:
        self.count, self.tails, self.heads = count, tails, heads
        self.minimum, self.weights = minimum, weights
        self.incident: list[list[int]] = [[] for _ in range(count)]
        for e in range(len(tails)):
            self.incident[tails[e]].append(e)
            self.incident[heads[e]].append(e)
        self.position = list(start)
        self.neighbours: list[list[int]] = [[] for _ in range(count)]  # tree edges at each node
        self.parent_edge = [-1] * count
        self.depth = [0] * count
        self.cut: dict[int, int] = {}
        self._grow()
        self._hang(0, -1, 0)
        self._first_cuts()

    def _grow(self) -> None:
        """Join all nodes by tight edges; the part grown so far slides downhill until something is tight.

        Sliding changes the slack of all its outgoing edges alike, and of all incoming ones alike, so
        two heaps with one common offset find the next edge: near-linear where rescanning is quadratic.
        """
        position, tails, heads = self.position, self.tails, self.heads
        inside = [False] * self.count
        base = position[:]
        offset = slope = left = 0
        outgoing: list[tuple[int, int]] = []
        incoming: list[tuple[int, int]] = []
        pending = [(0, -1)]
        left = self.count
        while True:
            while pending:
                node, edge = pending.pop()
                if inside[node]:
                    continue
                inside[node] = True
                left -= 1
                base[node] = position[node] - offset
                if edge >= 0:
                    self.neighbours[tails[edge]].append(edge)
                    self.neighbours[heads[edge]].append(edge)
                for e in self.incident[node]:
                    leaving = tails[e] == node
                    other = heads[e] if leaving else tails[e]
                    if inside[other]:
                        slope += self.weights[e] if leaving else -self.weights[e]
                        continue
                    slope += -self.weights[e] if leaving else self.weights[e]
                    length = position[other] - base[node] if leaving else base[node] - position[other]
                    slack = length - self.minimum[e]
                    heappush(outgoing if leaving else incoming, (slack, e))
            if not left:
                break
            while outgoing and inside[heads[outgoing[0][1]]]:
                heappop(outgoing)
            while incoming and inside[tails[incoming[0][1]]]:
                heappop(incoming)
            forward = outgoing[0][0] - offset if outgoing else None
            backward = incoming[0][0] + offset if incoming else None
            if backward is None or (forward is not None and (slope < 0 or (slope == 0 and forward <= backward))):
                assert forward is not None
                edge = heappop(outgoing)[1]
                offset += forward
                pending.append((heads[edge], edge))
            else:
                edge = heappop(incoming)[1]
                offset -= backward
                pending.append((tails[edge], edge))
        self.position = [b + offset for b in base]

    def _hang(self, root: int, parent_edge: int, depth: int) -> None:
        """Point the tree edges of the part below ``root`` towards it."""
        tails, heads, neighbours = self.tails, self.heads, self.neighbours
        self.parent_edge[root], self.depth[root] = parent_edge, depth
        stack = [root]
        while stack:
            node = stack.pop()
            below = self.depth[node] + 1
            above = self.parent_edge[node]
            for e in neighbours[node]:
                if e != above:
                    other = heads[e] if tails[e] == node else tails[e]
                    self.parent_edge[other], self.depth[other] = e, below
                    stack.append(other)

    def _first_cuts(self) -> None:
        """A tree edge's cut value is the net weight that leaves the part on its tail's side."""
        net = [0] * self.count
        for e, w in enumerate(self.weights):
            net[self.tails[e]] += w
            net[self.heads[e]] -= w
        for node in sorted(range(self.count), key=self.depth.__getitem__, reverse=True):
            e = self.parent_edge[node]
            if e < 0:
                continue
            below_is_tail = self.tails[e] == node
            self.cut[e] = net[node] if below_is_tail else -net[node]
            net[self.heads[e] if below_is_tail else self.tails[e]] += net[node]

    def optimise(self, pivots: int) -> None:
        """Exchange tree edges with a negative cut value until none is left or the budget is spent."""
        order = list(self.cut)
        at = 0
        while pivots > 0:
            # Look on from where the last search stopped: cheap, and it spreads over the whole tree.
            for k in range(len(order)):
                i = at + k
                if i >= len(order):
                    i -= len(order)
                if self.cut[order[i]] < 0:
                    break
            else:
                return
            entering = self._exchange(order[i])
            if entering < 0:  # unbounded: cannot happen with non-negative weights
                return
            order[i] = entering
            at = i + 1
            pivots -= 1

    def _smaller_side(self, edge: int) -> tuple[list[int], bool]:
        """The nodes of the smaller part when ``edge`` is removed, and whether it is the tail's part."""
        tails, heads, neighbours = self.tails, self.heads, self.neighbours
        parts = ([tails[edge]], [heads[edge]])
        reached: tuple[list[int], list[int]] = ([edge], [edge])
        at = 0
        while True:
            for part, came_by in zip(parts, reached, strict=True):
                if at == len(part):
                    return part, part is parts[0]
                node, above = part[at], came_by[at]
                for e in neighbours[node]:
                    if e != above:
                        part.append(heads[e] if tails[e] == node else tails[e])
                        came_by.append(e)
            at += 1

    def _exchange(self, leaving: int) -> int:
        tails, heads, position = self.tails, self.heads, self.position
        part, is_tail_part = self._smaller_side(leaving)
        inside = set(part)
        best, best_slack = -1, 0
        for node in part:
            for e in self.incident[node]:
                # Only edges from the head's part to the tail's part become shorter.
                if is_tail_part:
                    if heads[e] != node or tails[e] in inside:
                        continue
                elif tails[e] != node or heads[e] in inside:
                    continue
                slack = position[heads[e]] - position[tails[e]] - self.minimum[e]
                if best < 0 or slack < best_slack or (slack == best_slack and e < best):
                    best, best_slack = e, slack
        if best < 0:
            return -1
        if best_slack:
            delta = -best_slack if is_tail_part else best_slack
            for node in part:
                position[node] += delta
        value = self.cut.pop(leaving)
        self._update_path(tails[best], heads[best], value)
        self.cut[best] = -value
        for edge, change in ((leaving, list.remove), (best, list.append)):
            change(self.neighbours[tails[edge]], edge)
            change(self.neighbours[heads[edge]], edge)
        # Hang the smaller part below its end of the entering edge; the root may have to change sides.
        end = tails[best] if tails[best] in inside else heads[best]
        other = heads[best] if end == tails[best] else tails[best]
        root_inside = self.parent_edge[tails[leaving] if is_tail_part else heads[leaving]] != leaving
        if root_inside:
            # The larger part hung below the leaving edge's far end: it keeps its shape only if that end is its root.
            far = heads[leaving] if is_tail_part else tails[leaving]
            self.parent_edge[far], self.depth[far] = -1, self.depth[far]
        self._hang(end, best, self.depth[other] + 1)
        return best

    def _update_path(self, tail: int, head: int, value: int) -> None:
        """Add the leaving edge's cut value along the cycle that the entering edge closes."""
        tails, heads, depth = self.tails, self.heads, self.depth
        one, two = tail, head
        while one != two:
            from_tail = depth[one] >= depth[two]
            node = one if from_tail else two
            e = self.parent_edge[node]
            upward = tails[e] == node
            if e in self.cut:
                self.cut[e] += value if upward == from_tail else -value
            above = heads[e] if upward else tails[e]
            if from_tail:
                one = above
            else:
                two = above
