"""The bridge to jsonata-python: AWS's own functions, bounds on time and depth, and JSON in, JSON out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any

from jsonata import JException, Jsonata

from asl.language.errors import QueryEvaluationError
from asl.language.jsonata.expressions import ABSENT, MAX_DEPTH, MAX_SECONDS, InvalidExpression
from asl.language.jsonata.functions import FUNCTIONS, NULL, Native, as_json
from asl.language.scope import Scope

_LOOK_EVERY = 256


_NAMED = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_READ = re.compile(r"\$states\b(?:\.(\w+)(?:\.([A-Za-z_]\w*))?)?", re.ASCII)
_PARTS = ("input", "context", "result", "errorOutput")
Reads = dict[str, frozenset[str] | None]


def _what_is_read(source: str) -> Reads:
    """The parts of ``$states`` that an expression may read, each with the fields of it; None for the whole part."""
    found = _READ.findall(source)
    if "%" in source or any(not part for part, _ in found):
        return dict.fromkeys(_PARTS)
    reads: Reads = {}
    for part in {part for part, _ in found}:
        fields = frozenset(field for name, field in found if name == part)
        reads[part] = None if "" in fields else fields
    return reads


def _bind_states(states: dict[str, Any], reads: Reads) -> dict[str, Any]:
    bound = {}
    for part, fields in reads.items():
        if part in states:
            value = states[part]
            if fields is not None and isinstance(value, dict):
                value = {field: value[field] for field in fields if field in value}
            bound[part] = _nulled(value)
    return bound


class Program:
    """A parsed expression."""

    def __init__(self, source: str) -> None:
        try:
            self._program = Jsonata(source)
        except JException as error:
            raise InvalidExpression(_message(error)) from None
        except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, re.error) as error:
            raise InvalidExpression(str(error) or type(error).__name__) from None
        self._names = frozenset(_NAMED.findall(source))
        self._reads = _what_is_read(source)
        self._program.set_output_convert_nulls(False)
        self._program.set_validate_input(False)

    @property
    def tree(self) -> Any:
        return self._program.ast

    def run(self, scope: Scope, field: str, said: str) -> Any:
        """The value, or ABSENT for nothing; raises ``QueryEvaluationError``."""
        frame = Jsonata.Frame(None)
        frame.bindings.update(_bindings(scope, self._names, self._reads))
        _bound(frame)
        try:
            return _plain(self._program.evaluate(None, frame))
        except JException as error:
            reason = _message(error)
        except RecursionError:
            reason = "D1011: Stack overflow. Check for non-terminating recursive function."
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, re.error) as error:
            reason = _reason(error)
        raise QueryEvaluationError(field, f"{said} threw an error during evaluation. {reason}")


def _nulled(value: Any) -> Any:
    """The value with the library's null for None, which it takes for nothing; what holds no null is shared."""
    if value is None:
        return NULL
    if not isinstance(value, dict | list) or not _holds_null(value):
        return value
    if isinstance(value, dict):
        return {key: _nulled(item) for key, item in value.items()}
    return [_nulled(item) for item in value]


def _holds_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return None in inner or any(_holds_null(item) for item in inner if isinstance(item, dict | list))


def _bindings(scope: Scope, names: Iterable[str], reads: Reads) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in names:
        if name == "states":
            values[name] = _bind_states(scope.states, reads)
        elif name in scope.variables:
            values[name] = _nulled(scope.variables[name])
        elif name in FUNCTIONS:
            signature, function = FUNCTIONS[name]
            values[name] = Jsonata.JFunction(Native(function, scope), signature)
    return values


def _bound(frame: Any) -> None:
    """Stop an expression that runs too long or too deep; the library's own bound keeps time from its compilation."""
    deadline = time.monotonic() + MAX_SECONDS
    depth = steps = 0

    def enter(expression: Any, value: Any, environment: Any) -> None:
        nonlocal depth, steps
        depth += 1
        steps += 1
        if depth > MAX_DEPTH:
            raise JException("D1011", -1)
        if steps % _LOOK_EVERY == 0 and time.monotonic() > deadline:
            raise JException("D1012", -1, int(MAX_SECONDS * 1000))

    def leave(expression: Any, value: Any, environment: Any, result: Any) -> None:
        nonlocal depth
        depth -= 1

    frame.bindings["__evaluate_entry"] = enter
    frame.bindings["__evaluate_exit"] = leave


def _plain(value: Any) -> Any:
    """The library's value as JSON. Objects and arrays that hold nothing of its own are shared, not copied."""
    if value is None:
        return ABSENT
    return as_json(value)


def _message(error: JException) -> str:
    """The code and its text, as the reference implementation words it: the library's texts say Object for function."""
    template = JException.error_codes.get(error.error, "")
    values = iter((error.current, error.expected, error.extra))

    def fill(found: re.Match[str]) -> str:
        value = next(values, None)
        if found[1]:
            return str(value)
        return json.dumps(_TYPE_LETTERS.get(str(value), value) if found[2] == "type" else value, default=str)

    text = re.sub(r"(\{)?\{\{(\w+)\}\}(?(1)\})", fill, template)
    return f"{error.error}: {text.replace(' Object', ' function')}"


_TYPE_LETTERS = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
_NO_NUMBER = re.compile(r"could not convert string to float: '(.*)'")


def _reason(error: Exception) -> str:
    """A Python error from inside the library, as the error that the reference implementation raises for it."""
    text = str(error) or type(error).__name__
    found = _NO_NUMBER.fullmatch(text)
    return f"D3030: Unable to cast value to a number: {json.dumps(found[1])}" if found else text
