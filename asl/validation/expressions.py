"""Checks of JSONata expressions: they must parse, and read only data that the state has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.language.jsonata.expressions import parse_expression
from asl.language.jsonata.syntax import InvalidExpression
from asl.validation.diagnostics import DiagnosticsCollector

_SAME_CONTEXT = (
    *("lhs", "rhs", "lhs_object", "expression", "expressions", "condition", "then", "_else"),
    *("arguments", "procedure", "body"),
)
_OWN_CONTEXT = ("predicate", "stages", "expr", "group", "terms", "pattern", "update", "delete")


def check_expression(collector: DiagnosticsCollector, text: str, location: str, *, catching: bool = False) -> None:
    """Check the text inside ``{% %}``. ``$states.errorOutput`` exists only in a Catch."""
    try:
        tree = parse_expression(text)
    except InvalidExpression as error:
        collector.error(location, str(error).partition(": ")[2] or str(error), "INVALID_JSONATA_EXPRESSION")
        return
    for message in _unsupported_references(tree, catching=catching):
        collector.error(location, message, "UNSUPPORTED_JSONATA_EXPRESSION")


def _unsupported_references(tree: Any, *, catching: bool) -> Iterator[str]:
    for node, top in _nodes(tree, top=True):
        if node.type == "name" and top:
            yield f"Reference to '{node.value}' at the top level is not supported."
        elif node.type == "variable" and node.value == "$":
            yield "Reference to '$$' is not supported."
        elif node.type == "path" and not catching and _reads_error_output(node):
            yield "'$states.errorOutput' is only available in a Catch."


def _reads_error_output(path: Any) -> bool:
    names = [(step.type, step.value) for step in path.steps[:2]]
    return names == [("variable", "states"), ("name", "errorOutput")]


def _nodes(node: Any, *, top: bool) -> Iterator[tuple[Any, bool]]:
    """Every node of the tree, and whether its context is the top level, where no names exist."""
    if isinstance(node, list | tuple):
        for inner in node:
            yield from _nodes(inner, top=top)
        return
    if not hasattr(node, "type"):
        return
    yield node, top
    if node.type == "path":
        for i, step in enumerate(node.steps):
            yield from _nodes(step, top=top and i == 0)
    for name in _SAME_CONTEXT:
        yield from _nodes(getattr(node, name, None), top=top)
    for name in _OWN_CONTEXT:
        yield from _nodes(getattr(node, name, None), top=False)
