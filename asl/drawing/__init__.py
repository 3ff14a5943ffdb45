"""A state machine as a picture: SVG, laid out in layers, an execution's path in colour."""

from asl.drawing.svg import draw

__all__ = ["draw"]
