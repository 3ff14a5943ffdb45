"""The paths that aren't plain: wildcards, slices, filters, unions and recursive descent.

python-jsonpath parses them and judges the filters; the walk itself follows Jayway JsonPath, which AWS uses: it differs
in what a miss is, in filters on objects, and in that a walk is definite until its first step that may match many.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator
from typing import Any

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import (
    Filter,
    FilterContext,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

_PARSER = JSONPathEnvironment()
_FUNCTION = re.compile(r"\.(\w+)\(\)$")
_PROVIDER = "com.jayway.jsonpath.spi.json.JacksonJsonProvider"
_JAVA_NAMES = {
    str: "java.lang.String",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    bool: "java.lang.Boolean",
    list: "java.util.ArrayList",
    type(None): "null",
}


class Miss(Exception):
    """The document doesn't have what a definite step needs."""


def normal(steps: list[str | int] | tuple[str | int, ...]) -> str:
    """A path in bracket notation, as the library prints it."""
    return "$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps)


def not_an_object(name: str, here: str, value: Any) -> str:
    return (
        f"Expected to find an object with property ['{name}'] in path {here} but found '{_JAVA_NAMES[type(value)]}'. "
        f"This is not a json object according to the JsonProvider: '{_PROVIDER}'."
    )


def not_an_array(step: str | int, value: Any) -> str:
    return f"Filter: [{step}] can only be applied to arrays. Current context is: {value}"


def _numbers(values: Any) -> list[float]:
    numbers = [v for v in values if type(v) in (int, float)] if isinstance(values, list) else []
    if not numbers:
        raise Miss("Aggregation function attempted to calculate value using empty array")
    return numbers


def _length(value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise Miss("length() needs a string, an array or an object")


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": _length,
    "size": _length,
    "min": lambda values: float(min(_numbers(values))),
    "max": lambda values: float(max(_numbers(values))),
    "sum": lambda values: float(math.fsum(_numbers(values))),
    "avg": lambda values: float(statistics.fmean(_numbers(values))),
    "stddev": lambda values: statistics.pstdev(_numbers(values)),
}


class Walk:
    """A compiled path from ``$``; call it with a document. Raises ValueError if the text is no path."""

    def __init__(self, text: str) -> None:
        found = _FUNCTION.search(text)
        self._function = _FUNCTIONS.get(found[1]) if found else None
        if found and self._function is None:
            raise ValueError(f"unknown function {found[1]}()")
        body = text[: found.start()] if found else text
        try:
            path: Any = _PARSER.compile(body)
            segments = path.segments
        except (JSONPathError, AttributeError, RecursionError) as error:
            raise ValueError(str(error).splitlines()[0] if str(error) else "not a path") from None
        self._steps = [(isinstance(s, JSONPathRecursiveDescentSegment), s.selectors) for s in segments]
        for _, selectors in self._steps:
            for selector in selectors:
                if not isinstance(selector, _SELECTORS):
                    raise ValueError(f"not supported in a path: {selector}")
        *way, last = self._steps or [(False, ())]
        self._definite = all(map(_is_single, way)) and (_is_single(last) or not self._steps or _merges(*last))

    def __call__(self, document: Any) -> Any:
        result = self._search(document)
        return result if self._function is None else self._function(result)

    def _search(self, document: Any) -> Any:
        """The one value of a definite path; of any other an array, empty even where the way to it is missing."""
        try:
            found, definite = self._matches(document)
        except Miss:
            if self._definite:
                raise
            return []
        return found[0] if definite else found

    def _matches(self, document: Any) -> tuple[list[Any], bool]:
        nodes, definite, trail = [document], True, list[str | int]()
        for i, (descends, selectors) in enumerate(self._steps):
            if definite and _is_single((descends, selectors)):
                nodes = [_definite(nodes[0], selectors[0], trail, last=i + 1 == len(self._steps))]
                continue
            if definite and i + 1 == len(self._steps) and _merges(descends, selectors):
                return [_merged(nodes[0], selectors, trail)], True
            definite = False
            if descends:
                nodes = [inner for node in nodes for inner in _descend(node)]
            nodes = [hit for node in nodes for s in selectors for hit in _select(node, s, document)]
        return nodes, definite


_SELECTORS = NameSelector | IndexSelector | SliceSelector | WildcardSelector | Filter


def _is_single(step: tuple[bool, tuple[JSONPathSelector, ...]]) -> bool:
    descends, selectors = step
    return not descends and len(selectors) == 1 and isinstance(selectors[0], NameSelector | IndexSelector)


def _definite(node: Any, selector: NameSelector | IndexSelector, trail: list[str | int], *, last: bool) -> Any:
    here = normal(trail)
    step: str | int = selector.name if isinstance(selector, NameSelector) else selector.index
    trail.append(step)
    if isinstance(step, str):
        if not isinstance(node, dict):
            raise Miss(not_an_object(step, here, node))
        if step not in node:
            raise Miss(f"No results for path: {normal(trail)}" if last else f"Missing property in path {normal(trail)}")
        return node[step]
    if not isinstance(node, list):
        raise Miss(f"The path {here} is null" if node is None else not_an_array(step, node))
    if not -len(node) <= step < len(node):
        raise Miss(f"No results for path: {normal(trail)}")
    return node[step]


def _merges(descends: bool, selectors: tuple[JSONPathSelector, ...]) -> bool:
    """True for a union of names: at a path's end it makes one object."""
    return not descends and len(selectors) > 1 and all(isinstance(s, NameSelector) for s in selectors)


def _merged(node: Any, selectors: tuple[Any, ...], trail: list[str | int]) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise Miss(not_an_object(selectors[0].name, normal(trail), node))
    return {s.name: node[s.name] for s in selectors if s.name in node}


def _descend(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _descend(child)


def _select(node: Any, selector: JSONPathSelector, root: Any) -> Iterator[Any]:
    if isinstance(selector, NameSelector):
        if isinstance(node, dict) and selector.name in node:
            yield node[selector.name]
    elif isinstance(selector, IndexSelector):
        if isinstance(node, list) and -len(node) <= selector.index < len(node):
            yield node[selector.index]
    elif isinstance(selector, SliceSelector):
        if isinstance(node, list):
            yield from node[selector.slice]
    elif isinstance(selector, WildcardSelector):
        yield from node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    elif isinstance(selector, Filter):
        # Jayway tests an object itself, where RFC 9535 tests its members.
        for candidate in node if isinstance(node, list) else [node] if isinstance(node, dict) else ():
            context = FilterContext(env=_PARSER, current=candidate, root=root)
            if selector.expression.evaluate(context):
                yield candidate
