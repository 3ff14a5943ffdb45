"""JSON values as Java prints them, such as ``{Arg1=1, Arg2=[]}``: ``States.Format`` prints nested values this way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def java_string(value: Any) -> str:
    """The result of Java's ``String.valueOf`` for a parsed JSON value."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(java_string, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_string(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def java_double(value: float) -> str:
    """The result of Java's ``Double.toString``: decimal between 0.001 and ten million, else as ``1.0E10``."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f") if "e" in repr(value) else repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"
