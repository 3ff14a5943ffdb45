"""Layers: each state in a row below those that lead to it, rows ordered so that few arrows cross.

Sugiyama's method: turn back edges around, give each node a row, give long edges a node in every row they pass, order
the rows by the middle of their neighbours.
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
    """Rows of nodes, and each edge as the nodes it passes; a turned edge runs upwards.

    Attributes:
        rows: nodes from left to right, first row first; a bend is (edge number, row number).
        ways: for each edge, the nodes from its upper end to its lower one.
        turned: the numbers of the edges that go against the rows.
    """

    rows: list[list[Node]]
    ways: list[list[Node]]
    turned: set[int] = field(default_factory=set)

    def neighbours(self) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
        """For each node, those it is joined with in the row above, and below."""
        above: dict[Node, list[Node]] = defaultdict(list)
        below: dict[Node, list[Node]] = defaultdict(list)
        for way in self.ways:
            for upper, lower in itertools.pairwise(way):
                below[upper].append(lower)
                above[lower].append(upper)
        return above, below


def arrange(nodes: list[Node], edges: list[Edge]) -> Layers:
    """Rows for nodes joined by edges; nodes come in reading order, the first being the start."""
    turned = _back_edges(nodes, edges)
    down = [(b, a) if i in turned else (a, b) for i, (a, b) in enumerate(edges)]
    rank = _ranks(nodes, down)
    rows: list[list[Node]] = [[] for _ in range(max(rank.values()) + 1)]
    for node in nodes:
        rows[rank[node]].append(node)
    ways = []
    for i, (upper, lower) in enumerate(down):
        bends: list[Node] = [(i, row) for row in range(rank[upper] + 1, rank[lower])]
        for row, bend in zip(range(rank[upper] + 1, rank[lower]), bends, strict=True):
            rows[row].append(bend)
        ways.append([upper, *bends, lower])
    layers = Layers(rows, ways, turned)
    _order(layers)
    return layers


def _back_edges(nodes: list[Node], edges: list[Edge]) -> set[int]:
    """The edges that close a cycle, found by going through the graph from the first node."""
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
            step = next(rest, None)
            if step is None:
                state[node] = 2
                stack.pop()
            elif state.get(step[1]) == 1:
                back.add(step[0])
            elif step[1] not in state:
                state[step[1]] = 1
                stack.append((step[1], iter(out[step[1]])))
    return back


def _ranks(nodes: list[Node], down: list[Edge]) -> dict[Node, int]:
    """The longest way from the top; two rows a step, the odd ones being for labels."""
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
    """Sweep down and up, and keep the best order seen."""
    above, below = layers.neighbours()
    best, fewest = [row[:] for row in layers.rows], _crossings(layers.rows, below)
    for sweep in range(SWEEPS):
        joined, rows = (above, layers.rows) if sweep % 2 == 0 else (below, layers.rows[::-1])
        for before, row in itertools.pairwise(rows):
            place = {node: i for i, node in enumerate(before)}
            here = {node: i for i, node in enumerate(row)}
            row.sort(key=lambda node: _middle([place[each] for each in joined[node] if each in place], here[node]))
        count = _crossings(layers.rows, below)
        if count < fewest:
            best, fewest = [row[:] for row in layers.rows], count
    layers.rows[:] = best


def _middle(places: list[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(rows: list[list[Node]], below: dict[Node, list[Node]]) -> int:
    total = 0
    for row, under in itertools.pairwise(rows):
        place = {node: i for i, node in enumerate(under)}
        seen: list[int] = []
        for node in row:
            ends = sorted(place[each] for each in below[node])
            total += sum(earlier > end for end in ends for earlier in seen)
            seen += ends
    return total


def spread(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """Places as near as can be to those wanted, neighbours at least their gap apart (least squares, exactly).

    Args:
        gaps: between each place and the next.
    """
    shift = [0.0]
    for gap in gaps:
        shift.append(shift[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for want, weight, by in zip(wanted, weights, shift, strict=True):
        mean, total, count = want - by, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, other, more = blocks.pop()
            mean = (mean * total + before * other) / (total + other)
            total, count = total + other, count + more
        blocks.append((mean, total, count))
    flat: Iterable[float] = [mean for mean, _, count in blocks for _ in range(count)]
    return [place + by for place, by in zip(flat, shift, strict=True)]
