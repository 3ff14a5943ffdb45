"""Layered layout by Sugiyama's method: each state is in a row below its predecessors, and few arrows cross.

The steps: reverse the edges that close cycles, assign rows, add a bend to each long edge in every row that it passes,
and order each row by the positions of its neighbours.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

Node = Hashable
Edge = tuple[Node, Node]
SWEEPS = 12


@dataclass(slots=True)
class Layers:
    """Rows of nodes, and the route of each edge.

    Attributes:
        rows: nodes from left to right, first row first; a bend is (edge number, row number).
        routes: for each edge, the nodes from its upper end to its lower end.
        reversed_edges: the numbers of the edges that run upwards.
    """

    rows: list[list[Node]]
    routes: list[list[Node]]
    reversed_edges: set[int] = field(default_factory=set)

    def neighbours(self) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
        """The neighbours of each node in the row above, and in the row below."""
        above: dict[Node, list[Node]] = defaultdict(list)
        below: dict[Node, list[Node]] = defaultdict(list)
        for route in self.routes:
            for upper, lower in itertools.pairwise(route):
                below[upper].append(lower)
                above[lower].append(upper)
        return above, below


def arrange(nodes: list[Node], edges: list[Edge]) -> Layers:
    """Arrange nodes in rows. The nodes are in reading order; the first is the start."""
    reversed_edges = _back_edges(nodes, edges)
    down = [(b, a) if i in reversed_edges else (a, b) for i, (a, b) in enumerate(edges)]
    rank = _ranks(nodes, down)
    rows: list[list[Node]] = [[] for _ in range(max(rank.values()) + 1)]
    for node in nodes:
        rows[rank[node]].append(node)
    routes = []
    for i, (upper, lower) in enumerate(down):
        bends: list[Node] = [(i, row) for row in range(rank[upper] + 1, rank[lower])]
        for row, bend in zip(range(rank[upper] + 1, rank[lower]), bends, strict=True):
            rows[row].append(bend)
        routes.append([upper, *bends, lower])
    layers = Layers(rows, routes, reversed_edges)
    _order(layers)
    return layers


def _back_edges(nodes: list[Node], edges: list[Edge]) -> set[int]:
    """The numbers of the edges that close a cycle, by a depth-first search from the first node."""
    out: dict[Node, list[tuple[int, Node]]] = defaultdict(list)
    for i, (a, b) in enumerate(edges):
        out[a].append((i, b))
    state: dict[Node, int] = {}
    back: set[int] = set()
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(out[root]))]
        while stack:
            node, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                state[node] = 2
                stack.pop()
            elif state.get(edge[1]) == 1:
                back.add(edge[0])
            elif edge[1] not in state:
                state[edge[1]] = 1
                stack.append((edge[1], iter(out[edge[1]])))
    return back


def _ranks(nodes: list[Node], down: list[Edge]) -> dict[Node, int]:
    """The row of each node: its longest path from the top, times two. The odd rows are for labels."""
    into: dict[Node, int] = dict.fromkeys(nodes, 0)
    out: dict[Node, list[Node]] = defaultdict(list)
    for a, b in down:
        if a != b:
            into[b] += 1
            out[a].append(b)
    rank: dict[Node, int] = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not into[node]]
    while ready:
        node = ready.pop()
        for after in out[node]:
            rank[after] = max(rank[after], rank[node] + 2)
            into[after] -= 1
            if not into[after]:
                ready.append(after)
    return rank


def _order(layers: Layers) -> None:
    """Order the rows in alternating sweeps down and up, and keep the order with the fewest crossings."""
    above, below = layers.neighbours()
    best, fewest = [row[:] for row in layers.rows], _crossings(layers.rows, below)
    for sweep in range(SWEEPS):
        joined, rows = (above, layers.rows) if sweep % 2 == 0 else (below, layers.rows[::-1])
        for before, row in itertools.pairwise(rows):
            place = {node: i for i, node in enumerate(before)}
            here = {node: i for i, node in enumerate(row)}
            row.sort(
                key=lambda node: _mean_position([place[each] for each in joined[node] if each in place], here[node])
            )
        count = _crossings(layers.rows, below)
        if count < fewest:
            best, fewest = [row[:] for row in layers.rows], count
    layers.rows[:] = best


def _mean_position(places: list[int], default: int) -> float:
    return sum(places) / len(places) if places else default


def _crossings(rows: list[list[Node]], below: dict[Node, list[Node]]) -> int:
    total = 0
    for row, under in itertools.pairwise(rows):
        place = {node: i for i, node in enumerate(under)}
        earlier_ends: list[int] = []
        for node in row:
            ends = sorted(place[each] for each in below[node])
            total += sum(earlier > end for end in ends for earlier in earlier_ends)
            earlier_ends += ends
    return total


def place_near(preferred: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """Positions nearest to the preferred ones (least squares, exact), with at least these gaps between neighbours.

    Args:
        gaps: between each position and the next.
    """
    shift = [0.0]
    for gap in gaps:
        shift.append(shift[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for position, weight, by in zip(preferred, weights, shift, strict=True):
        mean, total, count = position - by, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, other, more = blocks.pop()
            mean = (mean * total + before * other) / (total + other)
            total, count = total + other, count + more
        blocks.append((mean, total, count))
    flat: Iterable[float] = [mean for mean, _, count in blocks for _ in range(count)]
    return [place + by for place, by in zip(flat, shift, strict=True)]
