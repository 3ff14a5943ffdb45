"""Paths with selectors that can match many nodes: wildcards, slices, filters, unions, recursive descent.

python-jsonpath parses the path and evaluates its filters. The search follows Jayway JsonPath, which AWS uses. It
differs from RFC 9535 in three ways: a missing node can be an error, a filter tests an object itself, and a path is
definite up to its first segment that can match many nodes.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator
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


class SegmentNotFound(Exception):
    """A definite segment that matches nothing in the document."""


def bracket_notation(segments: list[str | int] | tuple[str | int, ...]) -> str:
    """The path in bracket notation, as the library prints it."""
    return "$" + "".join(f"['{name}']" if isinstance(name, str) else f"[{name}]" for name in segments)


def not_an_object(name: str, parent: str, value: Any) -> str:
    return (
        f"Expected to find an object with property ['{name}'] in path {parent} but found '{_JAVA_NAMES[type(value)]}'. "
        f"This is not a json object according to the JsonProvider: '{_PROVIDER}'."
    )


def not_an_array(segment: str | int, value: Any) -> str:
    return f"Filter: [{segment}] can only be applied to arrays. Current context is: {value}"


def _numbers(values: Any) -> list[float]:
    numbers = [v for v in values if type(v) in (int, float)] if isinstance(values, list) else []
    if not numbers:
        raise SegmentNotFound("Aggregation function attempted to calculate value using empty array")
    return numbers


def _length(value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise SegmentNotFound("length() needs a string, an array or an object")


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": _length,
    "size": _length,
    "min": lambda values: float(min(_numbers(values))),
    "max": lambda values: float(max(_numbers(values))),
    "sum": lambda values: float(math.fsum(_numbers(values))),
    "avg": lambda values: float(statistics.fmean(_numbers(values))),
    "stddev": lambda values: statistics.pstdev(_numbers(values)),
}


class CompiledSelectors:
    """A compiled path from ``$``. Raises ValueError if the text is no path."""

    def __init__(self, text: str) -> None:
        call = _FUNCTION.search(text)
        self._function = _FUNCTIONS.get(call[1]) if call else None
        if call and self._function is None:
            raise ValueError(f"unknown function {call[1]}()")
        try:
            path: Any = _PARSER.compile(text[: call.start()] if call else text)
            self._segments = [_Segment(segment) for segment in path.segments]
        except (JSONPathError, AttributeError, RecursionError) as error:
            raise ValueError(str(error).splitlines()[0] if str(error) else "not a path") from None
        last = self._segments[-1:]
        self._definite = all(segment.single for segment in self._segments[:-1]) and all(
            segment.single or segment.union for segment in last
        )

    def select(self, document: Any) -> Any:
        """The path's value in the document; raises SegmentNotFound if a definite path matches nothing."""
        result = self._search(document)
        return result if self._function is None else self._function(result)

    def _search(self, document: Any) -> Any:
        """The one value of a definite path; an array for any other path, empty if a parent is missing."""
        parents: list[str | int] = []
        value, last = document, len(self._segments) - 1
        try:
            for i, segment in enumerate(self._segments):
                if segment.single is None:
                    if i == last and segment.union:
                        return _select_union(value, segment.union, parents)
                    return self._select_all([value], self._segments[i:], document)
                value = _select_one(value, segment.single, parents, last=i == last)
        except SegmentNotFound:
            if self._definite:
                raise
            return []
        return value

    @staticmethod
    def _select_all(nodes: list[Any], segments: list[_Segment], document: Any) -> list[Any]:
        for segment in segments:
            if segment.descends:
                nodes = [inner for node in nodes for inner in _descendants(node)]
            nodes = [match for node in nodes for select in segment.selects for match in select(node, document)]
        return nodes


class _Segment:
    """One segment of a path.

    Attributes:
        single: the name or index if the segment matches at most one node; else None.
        union: the names of a union of names; else empty.
        descends: True for recursive descent.
        selects: the compiled selectors.
    """

    __slots__ = ("descends", "selects", "single", "union")

    def __init__(self, segment: Any) -> None:
        selectors: tuple[JSONPathSelector, ...] = segment.selectors
        self.descends = isinstance(segment, JSONPathRecursiveDescentSegment)
        self.selects = [_compile_selector(selector) for selector in selectors]
        names = [selector.name for selector in selectors if isinstance(selector, NameSelector)]
        indexes = [selector.index for selector in selectors if isinstance(selector, IndexSelector)]
        keys: list[str | int] = [*names, *indexes]
        alone = len(selectors) == 1 and not self.descends
        self.single = keys[0] if alone and keys else None
        self.union = names if len(names) == len(selectors) > 1 and not self.descends else []


def _select_one(node: Any, key: str | int, parents: list[str | int], *, last: bool) -> Any:
    """The child of the node; appends its key to the parents."""
    parent = bracket_notation(parents)
    parents.append(key)
    if isinstance(key, str):
        if not isinstance(node, dict):
            raise SegmentNotFound(not_an_object(key, parent, node))
        if key not in node:
            reason = "No results for path:" if last else "Missing property in path"
            raise SegmentNotFound(f"{reason} {bracket_notation(parents)}")
        return node[key]
    if not isinstance(node, list):
        raise SegmentNotFound(f"The path {parent} is null" if node is None else not_an_array(key, node))
    if not -len(node) <= key < len(node):
        raise SegmentNotFound(f"No results for path: {bracket_notation(parents)}")
    return node[key]


def _select_union(node: Any, names: list[str], parents: list[str | int]) -> dict[str, Any]:
    """One object with the members that exist: the value of a union of names at the end of a path."""
    if not isinstance(node, dict):
        raise SegmentNotFound(not_an_object(names[0], bracket_notation(parents), node))
    return {name: node[name] for name in names if name in node}


def _descendants(node: Any) -> Iterator[Any]:
    """The node and every node below it."""
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _descendants(child)


Select = Callable[[Any, Any], Iterable[Any]]
"""A compiled selector: the nodes that it selects from a node; filters also read the whole document."""


def _compile_selector(selector: JSONPathSelector) -> Select:
    if isinstance(selector, NameSelector):
        name = selector.name
        return lambda node, root: (node[name],) if isinstance(node, dict) and name in node else ()
    if isinstance(selector, IndexSelector):
        index = selector.index
        return lambda node, root: (node[index],) if isinstance(node, list) and -len(node) <= index < len(node) else ()
    if isinstance(selector, SliceSelector):
        part = selector.slice
        return lambda node, root: node[part] if isinstance(node, list) else ()
    if isinstance(selector, WildcardSelector):
        return lambda node, root: node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(selector, Filter):
        return _compile_filter(selector)
    raise ValueError(f"not supported in a path: {selector}")


def _compile_filter(selector: Filter) -> Select:
    """Jayway tests an object itself, where RFC 9535 tests its members."""
    evaluate = selector.expression.evaluate

    def matching(node: Any, root: Any) -> Iterator[Any]:
        for candidate in node if isinstance(node, list) else [node] if isinstance(node, dict) else ():
            if evaluate(FilterContext(env=_PARSER, current=candidate, root=root)):
                yield candidate

    return matching
