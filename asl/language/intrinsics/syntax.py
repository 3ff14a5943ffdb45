"""The grammar of an intrinsic function call: names, string and number literals, paths, nested calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 10
"""The maximum nesting of calls: "Service quotas", intrinsic functions."""

_NAME = re.compile(r"\s*(States\.[A-Za-z0-9]+)\s*\(")
_LITERAL = re.compile(r"(-?\d+\.\d+(?:[eE][+-]?\d+)?|-?\d+(?:[eE][+-]?\d+)?|true|false|null)(?=\s*[,)])")
_STRING = re.compile(r"'((?:[^'\\]|\\['{}\\])*)'")
_SPACE = re.compile(r"\s*")
_CONSTANTS = {"true": True, "false": False, "null": None}


class InvalidIntrinsic(ValueError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    text: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    name: str
    arguments: tuple[Node, ...]


class Template(str):
    """A string literal. `raw` is its source text, in which ``States.Format`` must tell ``\\{`` from ``{``."""

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, raw: str) -> Template:
        value = super().__new__(cls, re.sub(r"\\(.)", r"\1", raw))
        value.raw = raw
        return value


Node = Literal | Path | FunctionCall


def parse_call(text: str) -> FunctionCall:
    """The call in the text; raises InvalidIntrinsic."""
    call, end = _parse_call(text, 0, 1)
    if text[end:].strip():
        raise InvalidIntrinsic(f"Something follows the call: {text}")
    return call


def _parse_call(text: str, start: int, depth: int) -> tuple[FunctionCall, int]:
    name = _NAME.match(text, start)
    if name is None:
        raise InvalidIntrinsic(f"Not an intrinsic function: {text}")
    if depth > MAX_DEPTH:
        raise InvalidIntrinsic(f"Calls nest deeper than {MAX_DEPTH}")
    position = _skip_spaces(text, name.end())
    if text[position : position + 1] == ")":
        return FunctionCall(name[1], ()), position + 1
    arguments: list[Node] = []
    while True:
        argument, position = _parse_argument(text, _skip_spaces(text, position), depth)
        arguments.append(argument)
        position = _skip_spaces(text, position)
        separator = text[position : position + 1]
        position += 1
        if separator == ")":
            return FunctionCall(name[1], tuple(arguments)), position
        if separator != ",":
            raise InvalidIntrinsic(f"Expected ',' or ')' at {position}: {text}")


def _parse_argument(text: str, position: int, depth: int) -> tuple[Node, int]:
    if text.startswith("States.", position):
        return _parse_call(text, position, depth + 1)
    if text.startswith("$", position):
        end = _path_end(text, position)
        return Path(text[position:end].rstrip()), end
    if string := _STRING.match(text, position):
        return Literal(Template(string[1])), string.end()
    if literal := _LITERAL.match(text, position):
        return Literal(_parse_constant(literal[1])), literal.end()
    raise InvalidIntrinsic(f"Not an argument at {position}: {text}")


def _parse_constant(word: str) -> Any:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    return int(word) if word.lstrip("-").isdigit() else float(word)


def _path_end(text: str, position: int) -> int:
    """The end of the path: a comma or a parenthesis outside the path's brackets and quotes."""
    depth, quote = 0, ""
    for i in range(position, len(text)):
        letter = text[i]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[(":
            depth += 1
        elif depth and letter in "])":
            depth -= 1
        elif not depth and letter in ",)":
            return i
    raise InvalidIntrinsic(f"The call isn't closed: {text}")


def _skip_spaces(text: str, position: int) -> int:
    spaces = _SPACE.match(text, position)
    return spaces.end() if spaces else position
