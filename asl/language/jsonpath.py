"""JSONPath, compiled once to closures.

Paths read as AWS's library (Jayway JsonPath) reads them: a definite path yields one value or fails, any other path
yields an array, empty when nothing matches.
https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from asl.language.errors import PathNotFound, StatesError
from asl.language.path_selectors import Miss, Walk, normal, not_an_array, not_an_object
from asl.language.scope import Expression, Scope

_ROOT = re.compile(r"\$\$|\$(?P<variable>[A-Za-z_]\w*)|\$")
_STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]()'"*?,]+)|\['(?P<single>[^'\\]*)'\]|\["(?P<double>[^"\\]*)"\]|\[(?P<index>-?\d+)\]"""
)

Step = str | int


class InvalidPath(ValueError):
    """The text is no JSONPath."""


def compile_path(text: str) -> Expression:
    """A path from ``$``, ``$$`` or ``$variable`` as an expression.

    Raises InvalidPath here; the expression raises ``PathNotFound``. Follows the States Language, section "Paths".
    """
    root, rest = _split(text)
    steps = _definite_steps(rest)
    if steps is None:
        return _compile_walk(text, root, rest)
    if all(isinstance(step, str) for step in steps):
        return _compile_names(text, root, tuple(map(str, steps)))
    return _compile_steps(text, root, steps)


def _split(text: str) -> tuple[str, str]:
    found = _ROOT.match(text)
    if found is None:
        raise InvalidPath(f"A path begins with '$': {text}")
    return found[0], text[found.end() :]


def _definite_steps(rest: str) -> list[Step] | None:
    """The names and indexes of a path that is nothing else; None for any other path."""
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        found = _STEP.match(rest, position)
        if found is None:
            return None
        kind, value = found.lastgroup, found[found.lastgroup or 0]
        steps.append(int(value) if kind == "index" else value)
        position = found.end()
    return steps


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
    """The common paths: nothing but names. A str key never indexes a JSON array or string, so a failure is a miss."""
    get = _root_getter(text, root)
    if not names:
        return get
    if root == "$":
        return _compile_input_names(text, names)

    def walk(scope: Scope) -> Any:
        value = get(scope)
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError):
            raise _missed(text, get(scope), names) from None
        return value

    return walk


def _compile_input_names(text: str, names: tuple[str, ...]) -> Expression:
    if len(names) == 1:
        (first,) = names

        def one(scope: Scope) -> Any:
            try:
                return scope.input[first]
            except (KeyError, TypeError):
                raise _missed(text, scope.input, names) from None

        return one

    def several(scope: Scope) -> Any:
        value = scope.input
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError):
            raise _missed(text, scope.input, names) from None
        return value

    return several


def _compile_steps(text: str, root: str, steps: list[Step]) -> Expression:
    get = _root_getter(text, root)
    typed: list[tuple[Any, type[Any]]] = [(step, dict if isinstance(step, str) else list) for step in steps]

    def walk(scope: Scope) -> Any:
        value = get(scope)
        try:
            for step, container in typed:
                if not isinstance(value, container):
                    raise _missed(text, get(scope), steps)
                value = value[step]
        except (KeyError, IndexError):
            raise _missed(text, get(scope), steps) from None
        return value

    return walk


def _missed(text: str, document: Any, steps: list[Step] | tuple[Step, ...]) -> PathNotFound:
    """What the library says of the first step that found nothing."""
    value: Any = document
    for i, step in enumerate(steps):
        here = normal(steps[:i])
        if isinstance(step, str) and not isinstance(value, dict):
            return PathNotFound(text, not_an_object(step, here, value))
        if isinstance(step, int) and not isinstance(value, list):
            reason = f"The path {here} is null" if value is None else not_an_array(step, value)
            return PathNotFound(text, reason)
        try:
            value = value[step]
        except (KeyError, IndexError):
            if isinstance(step, str) and i + 1 < len(steps):
                return PathNotFound(text, f"Missing property in path {normal(steps[: i + 1])}")
            break
    return PathNotFound(text, f"No results for path: {normal(steps)}")


def _compile_walk(text: str, root: str, rest: str) -> Expression:
    get = _root_getter(text, root)
    try:
        walk = Walk("$" + rest)
    except ValueError as error:
        raise InvalidPath(f"{text}: {error}") from None

    def search(scope: Scope) -> Any:
        try:
            return walk(get(scope))
        except Miss as miss:
            raise PathNotFound(text, str(miss)) from None

    return search


class ReferencePath:
    """A path that names exactly one place, to read it or to write it.

    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html, "Reference paths".
    """

    __slots__ = ("_read", "steps", "text")

    def __init__(self, text: str, steps: list[Step]) -> None:
        self.text = text
        self.steps = steps
        self._read = compile_path(text)

    def get(self, document: Any) -> Any:
        """The value in the document; raises ``PathNotFound``."""
        return self._read(Scope(document, {}))

    def put(self, document: Any, value: Any) -> Any:
        """A document with the value in its place; everything off the path is shared, not copied.

        Objects that are missing on the way are made. Raises ``States.ResultPathMatchFailure``.
        """
        if not self.steps:
            return value
        root = current = _copied(document, self.steps[0])
        for i, step in enumerate(self.steps):
            if current is None or (isinstance(step, int) and not -len(current) <= step < len(current)):
                raise self._conflict(document)
            if i + 1 == len(self.steps):
                current[step] = value
                break
            there = current.get(step, {}) if isinstance(current, dict) else current[step]
            current[step] = _copied(there, self.steps[i + 1])
            current = current[step]
        return root

    def _conflict(self, document: Any) -> StatesError:
        shown = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        cause = f"Unable to apply ReferencePath {self.text} to input {shown}"
        return StatesError("States.ResultPathMatchFailure", cause)


def _copied(value: Any, step: Step) -> Any:
    """A copy to write the step into; None if the value can't take it."""
    if isinstance(step, str):
        return dict(value) if isinstance(value, dict) else None
    return list(value) if isinstance(value, list) else None


def compile_reference_path(text: str) -> ReferencePath:
    """A reference path from ``$``; raises InvalidPath for wildcards, slices, filters and other roots."""
    root, rest = _split(text)
    steps = _definite_steps(rest)
    if root != "$" or steps is None:
        raise InvalidPath(f"Not a reference path: {text}")
    return ReferencePath(text, steps)
