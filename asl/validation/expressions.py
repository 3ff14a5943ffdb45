"""JSONata expressions in a definition: they must parse, and read only what a state gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.language.jsonata.expressions import parse_expression
from asl.language.jsonata.syntax import InvalidExpression
from asl.validation.diagnostics import Report

_SAME_CONTEXT: tuple[str, ...] = (
    "lhs",
    "rhs",
    "expression",
    "expressions",
    "condition",
    "then",
    "_else",
    "arguments",
    "procedure",
)
_SAME_CONTEXT += ("body", "lhs_object")
_CONTEXT_OF_ITS_OWN = ("predicate", "stages", "expr", "group", "terms", "pattern", "update", "delete")


def check_expression(report: Report, text: str, here: str, *, catching: bool = False) -> None:
    """Check the text inside ``{% %}``. ``$states.errorOutput`` is there in a Catch alone."""
    try:
        tree = parse_expression(text)
    except InvalidExpression as error:
        report.error(here, str(error).partition(": ")[2] or str(error), "INVALID_JSONATA_EXPRESSION")
        return
    for fault in _faults(tree, catching=catching):
        report.error(here, fault, "UNSUPPORTED_JSONATA_EXPRESSION")


def _faults(tree: Any, *, catching: bool) -> Iterator[str]:
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
    """Every node, with whether its context is the expression's own, which has nothing in it."""
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
    for name in _CONTEXT_OF_ITS_OWN:
        yield from _nodes(getattr(node, name, None), top=False)
