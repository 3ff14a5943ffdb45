"""The delimiters of a JSONata expression, ``{%`` and ``%}``, and the bound on its length."""

from __future__ import annotations

from typing import Any

MAX_LENGTH = 32_768


class InvalidExpression(ValueError):
    """The text is no JSONata expression, or lacks its ``{% %}``."""


def is_expression(value: Any) -> bool:
    """True for a string inside ``{% %}``: JSONata states evaluate it."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def expression_source(text: str) -> str:
    """The JSONata source inside ``{% %}``; raises InvalidExpression."""
    if not is_expression(text):
        raise InvalidExpression(f"Not a JSONata expression: {text}")
    if len(text) > MAX_LENGTH:
        raise InvalidExpression(f"The expression is longer than {MAX_LENGTH} characters")
    return text[2:-2].strip()
