"""A definition's text, read as AWS's JSON parser reads it, with that parser's words for what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from asl.validation.diagnostics import Report

MAX_BYTES = 1_048_576
MAX_DEPTH = 100
_TOKEN = re.compile(r"[\w$.+-]+")
_SHOWN = 500
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def read(definition: str | bytes | Mapping[str, Any], report: Report) -> dict[str, Any] | None:
    """The definition as an object; None, with the reason in the report, when it is none."""
    if isinstance(definition, bytes):
        definition = definition.decode("utf-8", "replace")
    value = _parse(definition, report) if isinstance(definition, str) else definition
    if report.diagnostics:
        return None
    if not isinstance(value, Mapping):
        report.error(None, "Definition must be a valid JSON object")
        return None
    value = dict(value)
    if _too_deep(value):
        report.error("/", f"The definition nests deeper than {MAX_DEPTH} levels", "TOO_DEEPLY_NESTED")
        return None
    return value


def _parse(text: str, report: Report) -> Any:
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        report.error(None, f"The definition is larger than {MAX_BYTES} bytes")
        return None
    if not text.strip():
        report.error(None, "Definition must be a valid JSON object")
        return None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        report.error("/", f"The definition nests deeper than {MAX_DEPTH} levels", "TOO_DEEPLY_NESTED")
    except json.JSONDecodeError as error:
        place, problem = _source(text, *_problem(text, error))
        report.error(place, f"{problem}\n at {place}", "INVALID_JSON_DESCRIPTION")
    except ValueError as error:
        report.error(None, str(error), "INVALID_JSON_DESCRIPTION")
    return None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"Non-standard token '{word}': JSON has no such number")


def _problem(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """The offset that Jackson would name (just after what it tripped on) and what it would say."""
    at = error.pos
    if at >= len(text.rstrip()):
        return len(text), "Unexpected end-of-input within/between entries"
    word = _TOKEN.match(text, at)
    if word and error.msg == "Expecting value":
        return word.end(), f"Unrecognized token '{word[0]}': was expecting {_VALUES}"
    return at + 1, f"Unexpected character ('{text[at]}' (code {ord(text[at])})): {error.msg}"


def _source(text: str, offset: int, problem: str) -> tuple[str, str]:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}[truncated {len(text) - _SHOWN} chars]"
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f'[Source: (String)"{shown}"; line: {line}, column: {column}]', problem


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inner if isinstance(child, dict | list)]
