"""The paths that aren't plain: wildcards, slices, filters, unions and recursive descent.

python-jsonpath parses them and judges the filters; the walk itself follows Jayway JsonPath, which AWS uses: it differs
in what a miss is, in filters on objects, and in that a walk is definite until its first step that may match many.
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
        try:
            path: Any = _PARSER.compile(text[: found.start()] if found else text)
            self._steps = [_Step(segment) for segment in path.segments]
        except (JSONPathError, AttributeError, RecursionError) as error:
            raise ValueError(str(error).splitlines()[0] if str(error) else "not a path") from None
        ends = self._steps[-1:]
        self._definite = all(step.single for step in self._steps[:-1]) and all(s.single or s.union for s in ends)

    def __call__(self, document: Any) -> Any:
        result = self._search(document)
        return result if self._function is None else self._function(result)

    def _search(self, document: Any) -> Any:
        """The one value of a definite path; of any other an array, empty even where the way to it is missing."""
        trail: list[str | int] = []
        value, last = document, len(self._steps) - 1
        try:
            for i, step in enumerate(self._steps):
                if step.single is None:
                    if i == last and step.union:
                        return _merged(value, step.union, trail)
                    return self._spread([value], self._steps[i:], document)
                value = _one(value, step.single, trail, last=i == last)
        except Miss:
            if self._definite:
                raise
            return []
        return value

    @staticmethod
    def _spread(nodes: list[Any], steps: list[_Step], document: Any) -> list[Any]:
        for step in steps:
            if step.descends:
                nodes = [inner for node in nodes for inner in _descend(node)]
            nodes = [hit for node in nodes for select in step.selects for hit in select(node, document)]
        return nodes


class _Step:
    """One segment of a path.

    Attributes:
        single: the name or index, if the step names exactly one place; else None.
        union: the names, if it is a union of names.
        descends: recursive descent goes before it.
        selects: what it picks from a node.
    """

    __slots__ = ("descends", "selects", "single", "union")

    def __init__(self, segment: Any) -> None:
        selectors: tuple[JSONPathSelector, ...] = segment.selectors
        self.descends = isinstance(segment, JSONPathRecursiveDescentSegment)
        self.selects = [_compile_selector(selector) for selector in selectors]
        names = [s.name for s in selectors if isinstance(s, NameSelector)]
        keys: list[str | int] = [*names, *(s.index for s in selectors if isinstance(s, IndexSelector))]
        alone = len(selectors) == 1 and not self.descends
        self.single = keys[0] if alone and keys else None
        self.union = names if len(names) == len(selectors) > 1 and not self.descends else []


def _one(node: Any, step: str | int, trail: list[str | int], *, last: bool) -> Any:
    here = normal(trail)
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


def _merged(node: Any, names: list[str], trail: list[str | int]) -> dict[str, Any]:
    """A union of names at a path's end makes one object."""
    if not isinstance(node, dict):
        raise Miss(not_an_object(names[0], normal(trail), node))
    return {name: node[name] for name in names if name in node}


def _descend(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _descend(child)


Select = Callable[[Any, Any], Iterable[Any]]
"""What a selector picks from a node; filters see the whole document too."""


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
