"""The bridge to jsonata-python: AWS's functions, bounds on time and depth, JSON in and JSON out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any

from jsonata import JException, Jsonata

from asl.language.errors import QueryEvaluationError
from asl.language.jsonata.functions import FUNCTIONS, NULL, NativeFunction, to_json
from asl.language.jsonata.results import ABSENT
from asl.language.jsonata.syntax import InvalidExpression
from asl.language.scope import Scope

MAX_SECONDS = 5.0
MAX_DEPTH = 500
_STEPS_PER_TIME_CHECK = 256

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_STATES_READ = re.compile(r"\$states\b(?:\.(\w+)(?:\.([A-Za-z_]\w*))?)?", re.ASCII)
_PARTS = ("input", "context", "result", "errorOutput")
StatesReads = dict[str, frozenset[str] | None]
"""The parts of ``$states`` that an expression may read, each with its fields; None for the whole part."""


class ParsedExpression:
    """A parsed JSONata expression, to evaluate any number of times."""

    def __init__(self, source: str) -> None:
        try:
            self._program = Jsonata(source)
        except JException as error:
            raise InvalidExpression(_error_message(error)) from None
        except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, re.error) as error:
            raise InvalidExpression(str(error) or type(error).__name__) from None
        self._names = frozenset(_VARIABLE.findall(source))
        self._reads = _states_reads(source)
        self._program.set_output_convert_nulls(False)
        self._program.set_validate_input(False)

    @property
    def tree(self) -> Any:
        return self._program.ast

    def evaluate(self, scope: Scope, field: str, description: str) -> Any:
        """The value, or ABSENT; raises ``QueryEvaluationError`` with a cause that begins with the description."""
        frame = Jsonata.Frame(None)
        frame.bindings.update(_bindings(scope, self._names, self._reads))
        _limit_evaluation(frame)
        try:
            value = self._program.evaluate(None, frame)
            return ABSENT if value is None else to_json(value)
        except JException as error:
            reason = _error_message(error)
        except RecursionError:
            reason = "D1011: Stack overflow. Check for non-terminating recursive function."
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, re.error) as error:
            reason = _python_error_message(error)
        raise QueryEvaluationError(field, f"{description} threw an error during evaluation. {reason}")


def _states_reads(source: str) -> StatesReads:
    matches = _STATES_READ.findall(source)
    if "%" in source or any(not part for part, _ in matches):
        return dict.fromkeys(_PARTS)
    reads: StatesReads = {}
    for part in {part for part, _ in matches}:
        fields = frozenset(field for name, field in matches if name == part)
        reads[part] = None if "" in fields else fields
    return reads


def _bindings(scope: Scope, names: Iterable[str], reads: StatesReads) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in names:
        if name == "states":
            values[name] = _bind_states(scope.states, reads)
        elif name in scope.variables:
            values[name] = _replace_nulls(scope.variables[name])
        elif name in FUNCTIONS:
            signature, function = FUNCTIONS[name]
            values[name] = Jsonata.JFunction(NativeFunction(function, scope), signature)
    return values


def _bind_states(states: dict[str, Any], reads: StatesReads) -> dict[str, Any]:
    bound = {}
    for part, fields in reads.items():
        if part in states:
            value = states[part]
            if fields is not None and isinstance(value, dict):
                value = {field: value[field] for field in fields if field in value}
            bound[part] = _replace_nulls(value)
    return bound


def _replace_nulls(value: Any) -> Any:
    """The value with the library's null for None, which the library reads as absent; values without null are shared."""
    if value is None:
        return NULL
    if not isinstance(value, dict | list) or not _holds_null(value):
        return value
    if isinstance(value, dict):
        return {key: _replace_nulls(item) for key, item in value.items()}
    return [_replace_nulls(item) for item in value]


def _holds_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return None in inner or any(_holds_null(item) for item in inner if isinstance(item, dict | list))


def _limit_evaluation(frame: Any) -> None:
    """Stop an expression that runs too long or nests too deep.

    The library has a time limit too, but counts from the expression's compilation.
    """
    deadline = time.monotonic() + MAX_SECONDS
    depth = steps = 0

    def enter(expression: Any, value: Any, environment: Any) -> None:
        nonlocal depth, steps
        depth += 1
        steps += 1
        if depth > MAX_DEPTH:
            raise JException("D1011", -1)
        if steps % _STEPS_PER_TIME_CHECK == 0 and time.monotonic() > deadline:
            raise JException("D1012", -1, int(MAX_SECONDS * 1000))

    def leave(expression: Any, value: Any, environment: Any, result: Any) -> None:
        nonlocal depth
        depth -= 1

    frame.bindings["__evaluate_entry"] = enter
    frame.bindings["__evaluate_exit"] = leave


def _error_message(error: JException) -> str:
    """The error's code and text as the reference implementation words it: the library writes Object for function."""
    template = JException.error_codes.get(error.error, "")
    values = iter((error.current, error.expected, error.extra))

    def fill(placeholder: re.Match[str]) -> str:
        value = next(values, None)
        if placeholder[1]:
            return str(value)
        return json.dumps(_TYPE_LETTERS.get(str(value), value) if placeholder[2] == "type" else value, default=str)

    text = re.sub(r"(\{)?\{\{(\w+)\}\}(?(1)\})", fill, template)
    return f"{error.error}: {text.replace(' Object', ' function')}"


_TYPE_LETTERS = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
_NOT_A_NUMBER = re.compile(r"could not convert string to float: '(.*)'")


def _python_error_message(error: Exception) -> str:
    """A Python error from inside the library, as the error that the reference implementation raises for it."""
    text = str(error) or type(error).__name__
    match = _NOT_A_NUMBER.fullmatch(text)
    return f"D3030: Unable to cast value to a number: {json.dumps(match[1])}" if match else text
