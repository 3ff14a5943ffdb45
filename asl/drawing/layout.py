"""The layout: sizes from the inside out, rows from top to bottom, and positions along a row."""

from __future__ import annotations

import itertools
import math

from asl.drawing.layers import Layers, Node, arrange, place_near
from asl.drawing.model import END, START, Arrow, Box, Picture

LETTER, LABEL_LETTER = 7.4, 6.0
LINE, PADDING, MARGIN = 16.0, 14.0, 24.0
ROW_GAP, LABEL_ROW, COLUMN_GAP = 22.0, 18.0, 28.0
BEND_WIDTH, BEND_GAP, DOT = 6.0, 10.0, 28.0
STRAIGHTENINGS = 6
ROUNDS = 16
STRAIGHT = 30.0


def lay_out(picture: Picture) -> None:
    """Set the positions of all boxes and arrows of a picture, beginning with the pictures inside boxes."""
    for box in picture.boxes.values():
        _size(box)
    loops = [arrow for arrow in picture.arrows if arrow.source == arrow.target]
    arrows = [arrow for arrow in picture.arrows if arrow.source != arrow.target]
    boxes = picture.boxes
    edges: list[tuple[Node, Node]] = [(arrow.source, arrow.target) for arrow in arrows]
    layers = arrange([*boxes], edges)
    widths = _widths(layers, picture, arrows)
    xs = _columns(layers, widths)
    ys, heights = _rows(layers, picture, arrows)
    left = min(xs[node] - widths[node] / 2 for node in xs)
    for name, box in boxes.items():
        box.x = xs[name] - left
    for number, row in enumerate(layers.rows):
        for node in row:
            if node in boxes:
                boxes[str(node)].y = ys[number]
    right = max(xs[node] + widths[node] / 2 for node in xs) - left
    picture.width = max(right, max(box.x + box.width / 2 + (40 if _loops(box, loops) else 0) for box in boxes.values()))
    picture.height = ys[-1] + heights[-1] / 2
    _route(layers, arrows, picture, {node: x - left for node, x in xs.items()}, ys, heights)
    for arrow in loops:
        _loop(arrow, boxes[arrow.source])


def _loops(box: Box, loops: list[Arrow]) -> bool:
    return any(arrow.source == box.name for arrow in loops)


def _size(box: Box) -> None:
    if box.kind in (START, END):
        box.width = box.height = DOT
        return
    for inner in box.inside:
        lay_out(inner)
    text = max(len(box.name) * LETTER, *(len(note) * LABEL_LETTER for note in box.notes), len(box.kind) * LABEL_LETTER)
    head = LINE * (2 + len(box.notes)) + PADDING
    box.width, box.height = max(120.0, text + 2 * PADDING), head
    if box.inside:
        across = sum(inner.width for inner in box.inside) + COLUMN_GAP * (len(box.inside) - 1)
        box.width = max(box.width, across + 2 * MARGIN)
        x = (box.width - across) / 2
        for inner in box.inside:
            inner.x, inner.y = x, head
            x += inner.width + COLUMN_GAP
        box.height = head + max(inner.height for inner in box.inside) + PADDING


def _widths(layers: Layers, picture: Picture, arrows: list[Arrow]) -> dict[Node, float]:
    """The widths of the boxes and bends. The first bend of an arrow with a label is as wide as the label."""
    widths: dict[Node, float] = {name: box.width for name, box in picture.boxes.items()}
    for arrow, route in zip(arrows, layers.routes, strict=True):
        for bend in route[1:-1]:
            widths[bend] = BEND_WIDTH
        if arrow.label:
            widths[_label_bend(arrow, route, layers)] = len(arrow.label) * LABEL_LETTER + 10
    return widths


def _label_bend(arrow: Arrow, route: list[Node], layers: Layers) -> Node:
    """The first bend after the arrow's source."""
    return route[1] if route[0] == arrow.source else route[-2]


def _columns(layers: Layers, widths: dict[Node, float]) -> dict[Node, float]:
    """Positions along the rows: each node near the mean of its neighbours, and long edges straight."""
    above, below = layers.neighbours()
    xs: dict[Node, float] = {}
    for row in layers.rows:
        x = 0.0
        for node in row:
            xs[node] = x + widths[node] / 2
            x += widths[node] + COLUMN_GAP
    for turn in range(2 * ROUNDS):
        last = turn >= 2 * ROUNDS - 2
        for row in layers.rows if turn % 2 == 0 else layers.rows[::-1]:
            preferred, weights = [], []
            for node in row:
                near = [*above[node], *below[node]] if last else above[node] if turn % 2 == 0 else below[node]
                preferred.append(sum(xs[each] for each in near) / len(near) if near else xs[node])
                bends = isinstance(node, tuple) and any(isinstance(each, tuple) for each in near)
                weights.append(STRAIGHT if bends else 1.0 + len(near))
            gaps = [_gap(a, b, widths) for a, b in itertools.pairwise(row)]
            xs.update(zip(row, place_near(preferred, weights, gaps), strict=True))
    for _ in range(STRAIGHTENINGS):
        _straighten(layers, widths, xs)
    return xs


def _gap(left: Node, right: Node, widths: dict[Node, float]) -> float:
    """The minimum distance between the centres of two neighbours."""
    bends = isinstance(left, tuple) and isinstance(right, tuple)
    return (widths[left] + widths[right]) / 2 + (BEND_GAP if bends else COLUMN_GAP)


def _straighten(layers: Layers, widths: dict[Node, float], xs: dict[Node, float]) -> None:
    """Put the bends of each long edge on as few vertical lines as their neighbours allow."""

    def room_of(row: list[Node], place: int) -> tuple[float, float]:
        node = row[place]
        low = xs[row[place - 1]] + _gap(row[place - 1], node, widths) if place else -math.inf
        high = xs[row[place + 1]] - _gap(node, row[place + 1], widths) if place + 1 < len(row) else math.inf
        return low, high

    where = {node: (row, place) for row in layers.rows for place, node in enumerate(row)}
    for route in layers.routes:
        room = {bend: room_of(*where[bend]) for bend in route[1:-1]}
        upright: list[Node] = []
        low, high = -math.inf, math.inf
        for bend in route[1:-1]:
            if max(low, room[bend][0]) > min(high, room[bend][1]):
                _align(upright, low, high, xs)
                upright, low, high = [], -math.inf, math.inf
            upright.append(bend)
            low, high = max(low, room[bend][0]), min(high, room[bend][1])
        _align(upright, low, high, xs)


def _align(bends: list[Node], low: float, high: float, xs: dict[Node, float]) -> None:
    if bends:
        middle = sum(xs[bend] for bend in bends) / len(bends)
        xs.update(dict.fromkeys(bends, min(max(middle, low), high)))


def _rows(layers: Layers, picture: Picture, arrows: list[Arrow]) -> tuple[list[float], list[float]]:
    """The centre and the height of each row."""
    labelled = {
        _label_bend(arrow, route, layers) for arrow, route in zip(arrows, layers.routes, strict=True) if arrow.label
    }
    ys, heights, y = [], [], 0.0
    for row in layers.rows:
        tallest = max((picture.boxes[str(node)].height for node in row if node in picture.boxes), default=0.0)
        height = tallest or (LABEL_ROW if labelled & set(row) else 0.0)
        ys.append(y + height / 2)
        heights.append(height)
        y += height + ROW_GAP
    return ys, heights


def _route(
    layers: Layers,
    arrows: list[Arrow],
    picture: Picture,
    xs: dict[Node, float],
    ys: list[float],
    heights: list[float],
) -> None:
    row_of = {node: number for number, row in enumerate(layers.rows) for node in row}
    ports = _ports(layers, picture, xs)
    for number, (arrow, route) in enumerate(zip(arrows, layers.routes, strict=True)):
        points: list[tuple[float, float]] = []
        for node in route:
            row = row_of[node]
            if node in picture.boxes:
                box = picture.boxes[str(node)]
                side = box.height / 2 if node == route[0] else -box.height / 2
                points.append((box.x + ports[number, node], ys[row] + side))
            else:
                points += [(xs[node], ys[row] - heights[row] / 2), (xs[node], ys[row] + heights[row] / 2)]
        arrow.points = points[::-1] if number in layers.reversed_edges else points
        if arrow.label:
            bend = _label_bend(arrow, route, layers)
            arrow.label_at = (xs[bend], ys[row_of[bend]])


def _ports(layers: Layers, picture: Picture, xs: dict[Node, float]) -> dict[tuple[int, Node], float]:
    """Where each arrow begins or ends along a box's edge: side by side, ordered by the other ends."""
    sides: dict[tuple[Node, bool], list[tuple[float, int]]] = {}
    for number, route in enumerate(layers.routes):
        sides.setdefault((route[0], True), []).append((xs[route[1]], number))
        sides.setdefault((route[-1], False), []).append((xs[route[-2]], number))
    ports = {}
    for (node, _), ends in sides.items():
        step = min(22.0, picture.boxes[str(node)].width / (len(ends) + 1))
        for place, (_, number) in enumerate(sorted(ends)):
            ports[number, node] = (place - (len(ends) - 1) / 2) * step
    return ports


def _loop(arrow: Arrow, box: Box) -> None:
    """The arrow of a state that follows itself: out on its right side and in again."""
    right, by = box.x + box.width / 2, box.height / 4
    arrow.points = [(right, box.y + by), (right + 30, box.y + by), (right + 30, box.y - by), (right, box.y - by)]
    arrow.label_at = (right + 34 + len(arrow.label) * LABEL_LETTER / 2, box.y) if arrow.label else None
