"""The grammar of an intrinsic call: names, string and number literals, paths, and calls inside calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 10
"""How deep calls may nest: "Service quotas", intrinsic functions."""

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
class Call:
    name: str
    arguments: tuple[Node, ...]


class Template(str):
    """A string literal as written: ``States.Format`` must tell ``\\{`` from ``{``. Its str value has escapes undone."""

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, raw: str) -> Template:
        value = super().__new__(cls, re.sub(r"\\(.)", r"\1", raw))
        value.raw = raw
        return value


Node = Literal | Path | Call


def parse(text: str) -> Call:
    """The call that the whole text is; raises InvalidIntrinsic."""
    call, end = _call(text, 0, 1)
    if text[end:].strip():
        raise InvalidIntrinsic(f"Something follows the call: {text}")
    return call


def _call(text: str, start: int, depth: int) -> tuple[Call, int]:
    found = _NAME.match(text, start)
    if found is None:
        raise InvalidIntrinsic(f"Not an intrinsic function: {text}")
    if depth > MAX_DEPTH:
        raise InvalidIntrinsic(f"Calls nest deeper than {MAX_DEPTH}")
    position = _skip(text, found.end())
    if text[position : position + 1] == ")":
        return Call(found[1], ()), position + 1
    arguments: list[Node] = []
    while True:
        argument, position = _argument(text, _skip(text, position), depth)
        arguments.append(argument)
        position = _skip(text, position)
        mark = text[position : position + 1]
        position += 1
        if mark == ")":
            return Call(found[1], tuple(arguments)), position
        if mark != ",":
            raise InvalidIntrinsic(f"Expected ',' or ')' at {position}: {text}")


def _argument(text: str, position: int, depth: int) -> tuple[Node, int]:
    if text.startswith("States.", position):
        return _call(text, position, depth + 1)
    if text.startswith("$", position):
        end = _path_end(text, position)
        return Path(text[position:end].rstrip()), end
    if found := _STRING.match(text, position):
        return Literal(Template(found[1])), found.end()
    if found := _LITERAL.match(text, position):
        return Literal(_constant(found[1])), found.end()
    raise InvalidIntrinsic(f"Not an argument at {position}: {text}")


def _constant(word: str) -> Any:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    return int(word) if word.lstrip("-").isdigit() else float(word)


def _path_end(text: str, position: int) -> int:
    """Where a path ends: at a comma or a parenthesis outside its own brackets and quotes."""
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


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
