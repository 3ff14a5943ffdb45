"""JSONPath, compiled once to closures.

Paths behave as in AWS's library, Jayway JsonPath: a definite path gives one value or fails, any other path gives an
array, empty if nothing matches.
https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from asl.language.errors import PathNotFound, StatesError
from asl.language.path_selectors import (
    CompiledSelectors,
    SegmentNotFound,
    bracket_notation,
    not_an_array,
    not_an_object,
)
from asl.language.scope import Expression, Scope

_ROOT = re.compile(r"\$\$|\$(?P<variable>[A-Za-z_]\w*)|\$")
_SEGMENT = re.compile(
    r"""\.(?P<name>[^\s.\[\]()'"*?,]+)|\['(?P<single>[^'\\]*)'\]|\["(?P<double>[^"\\]*)"\]|\[(?P<index>-?\d+)\]"""
)

Segment = str | int
"""A name or an index."""


class InvalidPath(ValueError):
    """The text is no JSONPath."""


def compile_path(text: str) -> Expression:
    """A path from ``$``, ``$$`` or ``$variable`` as an expression.

    Raises InvalidPath; the expression raises ``PathNotFound``. Follows the States Language, section "Paths".
    """
    root, rest = _split_root(text)
    segments = _parse_definite(rest)
    if segments is None:
        return _compile_selectors(text, root, rest)
    if all(isinstance(segment, str) for segment in segments):
        return _compile_names(text, root, tuple(map(str, segments)))
    return _compile_segments(text, root, segments)


def _split_root(text: str) -> tuple[str, str]:
    match = _ROOT.match(text)
    if match is None:
        raise InvalidPath(f"A path begins with '$': {text}")
    return match[0], text[match.end() :]


def _parse_definite(rest: str) -> list[Segment] | None:
    """The names and indexes of a definite path; None for any other path."""
    segments: list[Segment] = []
    position = 0
    while position < len(rest):
        match = _SEGMENT.match(rest, position)
        if match is None:
            return None
        kind, value = match.lastgroup, match[match.lastgroup or 0]
        segments.append(int(value) if kind == "index" else value)
        position = match.end()
    return segments


def _root_getter(text: str, root: str) -> Callable[[Scope], Any]:
    if root == "$":
        return lambda scope: scope.input
    if root == "$$":
        return lambda scope: scope.context
    name = root[1:]

    def variable(scope: Scope) -> Any:
        try:
            return scope.variables[name]
        except KeyError:
            raise PathNotFound(text, f"No results for path: $['{name}']") from None

    return variable


def _compile_names(text: str, root: str, names: tuple[str, ...]) -> Expression:
    """A path of names only, the most common kind.

    A name never indexes a JSON array or string, so every failed lookup means that the path matches nothing.
    """
    get = _root_getter(text, root)
    if not names:
        return get
    if root == "$":
        return _compile_input_names(text, names)

    def read_names(scope: Scope) -> Any:
        value = get(scope)
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError):
            raise _path_not_found(text, get(scope), names) from None
        return value

    return read_names


def _compile_input_names(text: str, names: tuple[str, ...]) -> Expression:
    if len(names) == 1:
        (first,) = names

        def read_name(scope: Scope) -> Any:
            try:
                return scope.input[first]
            except (KeyError, TypeError):
                raise _path_not_found(text, scope.input, names) from None

        return read_name

    def read_names(scope: Scope) -> Any:
        value = scope.input
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError):
            raise _path_not_found(text, scope.input, names) from None
        return value

    return read_names


def _compile_segments(text: str, root: str, segments: list[Segment]) -> Expression:
    get = _root_getter(text, root)
    typed_segments: list[tuple[Any, type[Any]]] = [
        (segment, dict if isinstance(segment, str) else list) for segment in segments
    ]

    def read_segments(scope: Scope) -> Any:
        value = get(scope)
        try:
            for segment, container in typed_segments:
                if not isinstance(value, container):
                    raise _path_not_found(text, get(scope), segments)
                value = value[segment]
        except (KeyError, IndexError):
            raise _path_not_found(text, get(scope), segments) from None
        return value

    return read_segments


def _path_not_found(text: str, document: Any, segments: list[Segment] | tuple[Segment, ...]) -> PathNotFound:
    """The library's error for the first segment that matches nothing."""
    value: Any = document
    for i, segment in enumerate(segments):
        parent = bracket_notation(segments[:i])
        if isinstance(segment, str) and not isinstance(value, dict):
            return PathNotFound(text, not_an_object(segment, parent, value))
        if isinstance(segment, int) and not isinstance(value, list):
            reason = f"The path {parent} is null" if value is None else not_an_array(segment, value)
            return PathNotFound(text, reason)
        try:
            value = value[segment]
        except (KeyError, IndexError):
            if isinstance(segment, str) and i + 1 < len(segments):
                return PathNotFound(text, f"Missing property in path {bracket_notation(segments[: i + 1])}")
            break
    return PathNotFound(text, f"No results for path: {bracket_notation(segments)}")


def _compile_selectors(text: str, root: str, rest: str) -> Expression:
    get = _root_getter(text, root)
    try:
        selectors = CompiledSelectors("$" + rest)
    except ValueError as error:
        raise InvalidPath(f"{text}: {error}") from None

    def search(scope: Scope) -> Any:
        try:
            return selectors.select(get(scope))
        except SegmentNotFound as error:
            raise PathNotFound(text, str(error)) from None

    return search


class ReferencePath:
    """A path to exactly one node of a document, to read or write it.

    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html, "Reference paths".
    """

    __slots__ = ("_read", "segments", "text")

    def __init__(self, text: str, segments: list[Segment]) -> None:
        self.text = text
        self.segments = segments
        self._read = compile_path(text)

    def get(self, document: Any) -> Any:
        """The value in the document; raises ``PathNotFound``."""
        return self._read(Scope(document, {}))

    def put(self, document: Any, value: Any) -> Any:
        """The document with the value at the path; the rest of the document is shared, not copied.

        Creates objects that are missing on the path. Raises ``States.ResultPathMatchFailure``.
        """
        if not self.segments:
            return value
        root = current = _copy_container(document, self.segments[0])
        for i, segment in enumerate(self.segments):
            if current is None or (isinstance(segment, int) and not -len(current) <= segment < len(current)):
                raise self._conflict(document)
            if i + 1 == len(self.segments):
                current[segment] = value
                break
            child = current.get(segment, {}) if isinstance(current, dict) else current[segment]
            current[segment] = _copy_container(child, self.segments[i + 1])
            current = current[segment]
        return root

    def _conflict(self, document: Any) -> StatesError:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        cause = f"Unable to apply ReferencePath {self.text} to input {text}"
        return StatesError("States.ResultPathMatchFailure", cause)


def _copy_container(value: Any, segment: Segment) -> Any:
    """A shallow copy to write the segment into; None if the value can't hold it."""
    if isinstance(segment, str):
        return dict(value) if isinstance(value, dict) else None
    return list(value) if isinstance(value, list) else None


def compile_reference_path(text: str) -> ReferencePath:
    """A reference path from ``$``; raises InvalidPath for wildcards, slices, filters and other roots."""
    root, rest = _split_root(text)
    segments = _parse_definite(rest)
    if root != "$" or segments is None:
        raise InvalidPath(f"Not a reference path: {text}")
    return ReferencePath(text, segments)
