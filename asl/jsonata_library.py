"""The bridge to jsonata-python: AWS's own functions, bounds on time and depth, and JSON in, JSON out."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

from jsonata import JException, Jsonata, Utils
from jsonata.functions import Functions

from asl.errors import QueryEvaluationError
from asl.jsonata import ABSENT, MAX_DEPTH, MAX_SECONDS, InvalidExpression
from asl.scope import Scope

_LOOK_EVERY = 256
_NULL = Utils.NULL_VALUE
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class Program:
    """A parsed expression."""

    def __init__(self, source: str) -> None:
        try:
            self._program = Jsonata(source)
        except JException as error:
            raise InvalidExpression(_message(error)) from None
        except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, re.error) as error:
            raise InvalidExpression(str(error) or type(error).__name__) from None
        self._program.set_output_convert_nulls(False)
        self._program.set_validate_input(False)

    @property
    def tree(self) -> Any:
        return self._program.ast

    def run(self, scope: Scope, names: Iterable[str], field: str, said: str) -> Any:
        """The value, or ABSENT for nothing; raises ``QueryEvaluationError``."""
        frame = Jsonata.Frame(None)
        frame.bindings.update(_bindings(scope, names))
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


def _bindings(scope: Scope, names: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in names:
        if name == "states":
            values[name] = scope.states
        elif name in scope.variables:
            value = scope.variables[name]
            values[name] = _NULL if value is None else value
        elif name in _FUNCTIONS:
            signature, function = _FUNCTIONS[name]
            values[name] = Jsonata.JFunction(_Native(function, scope), signature)
    return values


class _Native(Jsonata.JFunctionCallable):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any], scope: Scope) -> None:
        self._function = function
        self._scope = scope

    def call(self, input: Any, args: Any) -> Any:
        return self._function(self._scope, *args)


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
    return _json(value)


def _json(value: Any) -> Any:
    if value is _NULL:
        return None
    kind = type(value)
    if kind in (str, int, bool, float) or value is None:
        return value
    if isinstance(value, Utils.RangeList):
        return list(range(value.a, value.b + 1))
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    raise JException("D1001", 0, "a function")


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


def _partition(scope: Scope, array: Any, size: Any) -> Any:
    if array is None:
        return None
    step = int(size)
    if step < 1:
        raise ValueError("The second argument of the partition function must be a positive number")
    items = list(array)
    return [items[i : i + step] for i in range(0, len(items), step)]


def _range(scope: Scope, first: Any, last: Any, step: Any) -> list[Any]:
    if step == 0:
        raise ValueError("The third argument of the range function must not be zero")
    count = int((last - first) / step) + 1
    return [first + i * step for i in range(max(0, count))]


def _hash(scope: Scope, data: Any, algorithm: Any = "SHA-256") -> str:
    name = _HASHES.get(algorithm or "SHA-256")
    if name is None:
        raise ValueError(f"The hash function doesn't know the algorithm {algorithm}")
    text = data if isinstance(data, str) else json.dumps(_json(data), separators=(",", ":"), ensure_ascii=False)
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _random(scope: Scope, seed: Any = None) -> float:
    return (scope.random if seed is None else Random(seed)).random()


def _uuid(scope: Scope) -> str:
    return str(uuid.UUID(int=scope.random.getrandbits(128), version=4))


def _parse(scope: Scope, text: Any) -> Any:
    if text is None:
        return None
    value = json.loads(text)
    return _NULL if value is None else value


def _millis(scope: Scope) -> int:
    return int(scope.now() * 1000)


def _now(scope: Scope, picture: Any = None, timezone: Any = None) -> Any:
    if picture is None and timezone is None:
        moment = datetime.fromtimestamp(scope.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    return Functions.datetime_from_millis(_millis(scope), picture, timezone)


def _eval(scope: Scope, *arguments: Any) -> Any:
    raise JException("T1006", -1)


_FUNCTIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "partition": ("<an:a>", _partition),
    "range": ("<nnn:a<n>>", _range),
    "hash": ("<xs?:s>", _hash),
    "random": ("<n?:n>", _random),
    "uuid": ("<:s>", _uuid),
    "parse": ("<s:x>", _parse),
    "millis": ("<:n>", _millis),
    "now": ("<s?s?:s>", _now),
    "eval": ("<s?x?:x>", _eval),
}
