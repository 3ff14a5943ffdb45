"""SVG output: rounded boxes and smooth arrows, in light or dark colours by the reader's system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from asl.drawing.layout import LINE, PADDING, lay_out
from asl.drawing.model import END, START, Arrow, Box, Picture, picture_of
from asl.drawing.taken_path import TakenPath, taken_path

EDGE = 24.0
LIGHT = {
    "ink": "#1f2933", "soft": "#66788a", "line": "#9aa9b8", "paper": "#ffffff", "box": "#ffffff", "inner": "#f4f6f8",
    "done": "#1a7f4b", "done-fill": "#e3f5ea", "failed": "#c0362c", "failed-fill": "#fbe6e4", "running": "#1f6fd1",
    "running-fill": "#e4effc", "caught": "#b7791f",
}  # fmt: skip
DARK = {
    "ink": "#e6edf3", "soft": "#9fb0c0", "line": "#5b6b7a", "paper": "#11171d", "box": "#1b232c", "inner": "#161d24",
    "done": "#4cc38a", "done-fill": "#16301f", "failed": "#f2776c", "failed-fill": "#381a18", "running": "#6cb0ff",
    "running-fill": "#14283f", "caught": "#e0a94a",
}  # fmt: skip
SHAPES = """text { text-anchor: middle; font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
.name { font-size: 13px; font-weight: 600; } .note, .label { font-size: 10.5px; }
.kind { font-size: 9px; letter-spacing: .06em; } .dot text { font-size: 8.5px; }
.box rect { stroke-width: 1.3px; } .box.done > rect, .box.failed > rect, .box.running > rect { stroke-width: 2px; }
.arrow { fill: none; stroke-width: 1.4px; } .arrow.catch { stroke-dasharray: 5 4; }
.arrow.taken { stroke-width: 2.4px; }
.label { paint-order: stroke; stroke-width: 4px; }
"""
COLOURS = """.paper { fill: %(paper)s; } .box > rect { fill: %(box)s; stroke: %(line)s; }
.box.fork > rect { fill: %(inner)s; } .name { fill: %(ink)s; } .kind, .note, .label, .dot circle { fill: %(soft)s; }
.label { stroke: %(paper)s; } .dot text { fill: %(paper)s; }
.box.done > rect { fill: %(done-fill)s; stroke: %(done)s; }
.box.failed > rect { fill: %(failed-fill)s; stroke: %(failed)s; }
.box.running > rect { fill: %(running-fill)s; stroke: %(running)s; }
.arrow { stroke: %(line)s; } .head { fill: %(line)s; }
.arrow.taken { stroke: %(done)s; } .head.taken { fill: %(done)s; }
.arrow.catch { stroke: %(caught)s; } .head.catch { fill: %(caught)s; }
"""
STYLE = f"{SHAPES}{COLOURS % LIGHT}@media (prefers-color-scheme: dark) {{ {COLOURS % DARK} }}"


def draw(definition: Mapping[str, Any], events: Iterable[dict[str, Any]] | None = None) -> str:
    """A state machine as SVG. With the events of an execution, its path is coloured."""
    picture = picture_of(definition)
    lay_out(picture)
    path = taken_path(events) if events is not None else None
    width, height = picture.width + 2 * EDGE, picture.height + 2 * EDGE
    title = escape(str(definition.get("Comment", "State machine")))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img"><title>{title}</title><style>{STYLE}</style>'
        f'<rect class="paper" width="100%" height="100%"/>{_group(picture, EDGE, EDGE, path)}</svg>\n'
    )


def _group(picture: Picture, x: float, y: float, path: TakenPath | None) -> str:
    arrows = sorted(picture.arrows, key=lambda arrow: _is_taken(arrow, path))
    lines = "".join(_arrow(arrow, path) for arrow in arrows)
    boxes = "".join(_box(box, path) for box in picture.boxes.values())
    labels = "".join(_label(arrow) for arrow in picture.arrows if arrow.label_at)
    return f'<g transform="translate({x:.1f} {y:.1f})">{lines}{boxes}{labels}</g>'


def _box(box: Box, path: TakenPath | None) -> str:
    if box.kind in (START, END):
        return (
            f'<g class="dot"><circle cx="{box.x:.1f}" cy="{box.y:.1f}" r="{box.width / 2:.1f}"/>'
            f'<text x="{box.x:.1f}" y="{box.y + 3:.1f}">{box.kind[2:]}</text></g>'
        )
    left, top = box.x - box.width / 2, box.y - box.height / 2
    status = path.states.get(box.name, "") if path else ""
    classes = " ".join(filter(None, ("box", "fork" if box.inside else "", status)))
    y = top + PADDING / 2 + LINE * 0.75
    texts = [_text("kind", box.x, y, box.kind), _text("name", box.x, y + LINE, box.name)]
    texts += [_text("note", box.x, y + LINE * (2 + i), note) for i, note in enumerate(box.notes)]
    inner = "".join(_group(each, left + each.x, top + each.y, path) for each in box.inside)
    return (
        f'<g class={quoteattr(classes)} data-state={quoteattr(box.name)}><rect x="{left:.1f}" y="{top:.1f}"'
        f' width="{box.width:.1f}" height="{box.height:.1f}" rx="8"/>{"".join(texts)}{inner}</g>'
    )


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _is_taken(arrow: Arrow, path: TakenPath | None) -> bool:
    return path is not None and (arrow.source, arrow.target, arrow.kind == "catch") in path.transitions


def _arrow(arrow: Arrow, path: TakenPath | None) -> str:
    kind = f"{arrow.kind}{' taken' if _is_taken(arrow, path) else ''}"
    (x, y), (_, previous_y) = arrow.points[-1], arrow.points[-2]
    if (
        abs(y - previous_y) > 0.1 or arrow.source != arrow.target
    ):  # the arrow ends vertically: it points down, or up if it runs upwards
        direction = -1 if y >= previous_y else 1
        head = f"{x:.1f},{y:.1f} {x - 4:.1f},{y + 8 * direction:.1f} {x + 4:.1f},{y + 8 * direction:.1f}"
    else:
        head = f"{x:.1f},{y:.1f} {x + 8:.1f},{y - 4:.1f} {x + 8:.1f},{y + 4:.1f}"
    return f'<path class="arrow {kind}" d="{_curve(arrow.points)}"/><polygon class="head {kind}" points="{head}"/>'


def _curve(points: list[tuple[float, float]]) -> str:
    """A smooth line through the points, vertical at each."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for nx, ny in rest:
        if abs(nx - x) < 0.1 or abs(ny - y) < 0.1:
            parts.append(f"L{nx:.1f} {ny:.1f}")
        else:
            half = (y + ny) / 2
            parts.append(f"C{x:.1f} {half:.1f} {nx:.1f} {half:.1f} {nx:.1f} {ny:.1f}")
        x, y = nx, ny
    return "".join(parts)


def _label(arrow: Arrow) -> str:
    assert arrow.label_at is not None
    x, y = arrow.label_at
    return _text("label", x, y + 3.5, arrow.label)
