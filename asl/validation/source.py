"""The JSON text of a definition, with the diagnostics of AWS's parser (Jackson) for invalid JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from asl.validation.diagnostics import DiagnosticsCollector

MAX_BYTES = 1_048_576
MAX_DEPTH = 100
_TOKEN = re.compile(r"[\w$.+-]+")
_MAX_QUOTED = 500
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def read_definition(
    definition: str | bytes | Mapping[str, Any], collector: DiagnosticsCollector
) -> dict[str, Any] | None:
    """The definition as an object; None, with a diagnostic in the collector, if it is none."""
    if isinstance(definition, bytes):
        definition = definition.decode("utf-8", "replace")
    value = _parse(definition, collector) if isinstance(definition, str) else definition
    if collector.diagnostics:
        return None
    if not isinstance(value, Mapping):
        collector.error(None, "Definition must be a valid JSON object")
        return None
    value = dict(value)
    if _too_deep(value):
        collector.error("/", f"The definition nests deeper than {MAX_DEPTH} levels", "TOO_DEEPLY_NESTED")
        return None
    return value


def _parse(text: str, collector: DiagnosticsCollector) -> Any:
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        collector.error(None, f"The definition is larger than {MAX_BYTES} bytes")
        return None
    if not text.strip():
        collector.error(None, "Definition must be a valid JSON object")
        return None
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except RecursionError:
        collector.error("/", f"The definition nests deeper than {MAX_DEPTH} levels", "TOO_DEEPLY_NESTED")
    except json.JSONDecodeError as error:
        offset, problem = _describe_error(text, error)
        position = _describe_position(text, offset)
        collector.error(position, f"{problem}\n at {position}", "INVALID_JSON_DESCRIPTION")
    except ValueError as error:
        collector.error(None, str(error), "INVALID_JSON_DESCRIPTION")
    return None


def _reject_constant(word: str) -> None:
    raise ValueError(f"Non-standard token '{word}': JSON has no such number")


def _describe_error(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """The offset just after the invalid token, and the message, as Jackson reports them."""
    start = error.pos
    if start >= len(text.rstrip()):
        return len(text), "Unexpected end-of-input within/between entries"
    word = _TOKEN.match(text, start)
    if word and error.msg == "Expecting value":
        return word.end(), f"Unrecognized token '{word[0]}': was expecting {_VALUES}"
    return start + 1, f"Unexpected character ('{text[start]}' (code {ord(text[start])})): {error.msg}"


def _describe_position(text: str, offset: int) -> str:
    """The source, line and column of an offset, as Jackson prints them."""
    quoted = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}[truncated {len(text) - _MAX_QUOTED} chars]"
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f'[Source: (String)"{quoted}"; line: {line}, column: {column}]'


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
