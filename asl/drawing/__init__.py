"""Drawing of state machines: SVG with a layered layout, and an execution's path in colour."""

from asl.drawing.svg import draw

__all__ = ["draw"]
