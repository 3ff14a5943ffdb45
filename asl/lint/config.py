"""The linter's configuration: facts that a definition can't express, such as effects, compensations and timeouts.

README.md describes the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from asl.lint.findings import LintFinding


class InvalidConfig(ValueError):
    """A configuration that the linter can't use."""


@dataclass(frozen=True)
class TaskDeclaration:
    """The declared properties of a task.

    Attributes:
        idempotent: why it is safe to run twice; empty if it isn't.
        key: the parameters that identify its effect.
        compensations: the tasks that compensate its effect, each with the parameters that hold the same key there.
        stands_at: states at which the effect is accounted for in another way, each with the reason.
        bytes: the maximum size of its result as JSON; None if unknown.
    """

    idempotent: str = ""
    key: tuple[str, ...] = ()
    compensations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stands_at: Mapping[str, str] = field(default_factory=dict)
    bytes: int | None = None


@dataclass(frozen=True)
class Suppression:
    """A finding that is accepted, with the reason. `state` and `definition` may hold wildcards."""

    rule: str
    reason: str
    state: str = "*"
    definition: str = "*"

    def covers(self, finding: LintFinding) -> bool:
        return (
            self.rule == finding.rule
            and fnmatchcase(finding.state, self.state)
            and fnmatchcase(finding.definition, self.definition)
        )


@dataclass(frozen=True)
class Config:
    """The linter's configuration.

    Attributes:
        function_seconds: the timeout of a task's function, by task; under "" for all others.
        gateway_seconds: how long a function waits for the service that it calls, likewise.
        tasks: declarations by the name of the state or function.
        unsuccessful: end states that count as failures although they are on the happy path.
        input_bytes: the maximum size of an execution's input; None if unknown.
    """

    function_seconds: Mapping[str, float] = field(default_factory=dict)
    gateway_seconds: Mapping[str, float] = field(default_factory=dict)
    tasks: Mapping[str, TaskDeclaration] = field(default_factory=dict)
    unsuccessful: frozenset[str] = frozenset()
    input_bytes: int | None = None
    suppressions: tuple[Suppression, ...] = ()


def read_config(path: Path) -> Config:
    """The configuration in a file. Raises InvalidConfig, and OSError if there is no file."""
    try:
        return parse_config(json.loads(path.read_bytes()))
    except InvalidConfig as error:
        raise InvalidConfig(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{path} isn't JSON: {error}") from None


def parse_config(document: Mapping[str, Any]) -> Config:
    """The configuration in a JSON object. Raises InvalidConfig."""
    _check_names("the configuration", document, {"timeouts", "tasks", "unsuccessful", "input_bytes", "suppressions"})
    timeouts = document.get("timeouts", {})
    _check_names("timeouts", timeouts, {"function", "gateway"})
    tasks = _parse_object("tasks", document.get("tasks", {}))
    suppressions = _parse_array("suppressions", document.get("suppressions", []))
    return Config(
        _parse_seconds("timeouts.function", timeouts.get("function")),
        _parse_seconds("timeouts.gateway", timeouts.get("gateway")),
        {name: _parse_task(name, task) for name, task in tasks.items()},
        frozenset(_parse_names("unsuccessful", document.get("unsuccessful", []))),
        _parse_bytes("input_bytes", document.get("input_bytes")),
        tuple(map(_parse_suppression, suppressions)),
    )


def _parse_seconds(owner: str, value: Any) -> Mapping[str, float]:
    """One number for all tasks, or numbers by task with ``default`` for the others."""
    if value is None:
        return {}
    by_task = value if isinstance(value, dict) else {"default": value}
    for name, seconds in by_task.items():
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise InvalidConfig(f"{owner} of {name} is no number of seconds")
    return {"" if name == "default" else name: seconds for name, seconds in by_task.items()}


def _parse_object(owner: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidConfig(f"{owner} is no object")
    return value


def _parse_array(owner: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidConfig(f"{owner} is no array")
    return value


def _parse_names(owner: str, value: Any) -> tuple[str, ...]:
    if not all(isinstance(name, str) for name in _parse_array(owner, value)):
        raise InvalidConfig(f"{owner} holds an item that is no name")
    return tuple(value)


def _parse_bytes(owner: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise InvalidConfig(f"{owner} is no number of bytes")
    return value


def _parse_task(name: str, document: Mapping[str, Any]) -> TaskDeclaration:
    owner = f"task {name}"
    _check_names(owner, document, {"idempotent", "key", "compensations", "stands_at", "bytes"})
    stands_at = _parse_object(f"{owner}, stands_at", document.get("stands_at", {}))
    for state, reason in stands_at.items():
        _check_reason(f"{owner}, stands_at {state}", reason)
    if "idempotent" in document:
        _check_reason(f"{owner}, idempotent", document["idempotent"])
    key = _parse_names(f"{owner}, key", document.get("key", []))
    return TaskDeclaration(
        document.get("idempotent", ""),
        key,
        _parse_compensations(owner, document.get("compensations", {}), key),
        stands_at,
        _parse_bytes(f"{owner}, bytes", document.get("bytes")),
    )


def _parse_compensations(owner: str, value: Any, key: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    compensations = {
        task: _parse_names(f"{owner}, compensation {task}", parameters)
        for task, parameters in _parse_object(f"{owner}, compensations", value).items()
    }
    for task, parameters in compensations.items():
        if len(parameters) != len(key) or not key:
            raise InvalidConfig(f"{owner}: {task} needs a parameter for each of the key's {len(key)}")
    return compensations


def _parse_suppression(document: Mapping[str, Any]) -> Suppression:
    _check_names("a suppression", document, {"rule", "reason", "state", "definition"})
    if "rule" not in document:
        raise InvalidConfig("a suppression names no rule")
    owner = f"the suppression of {document['rule']}"
    _check_reason(owner, document.get("reason"))
    _parse_names(owner, list(document.values()))
    return Suppression(**document)


def _check_reason(owner: str, text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise InvalidConfig(f"{owner} gives no reason")


def _check_names(owner: str, document: Mapping[str, Any], names: set[str]) -> None:
    unsupported = sorted(set(_parse_object(owner, document)) - names)
    if unsupported:
        raise InvalidConfig(f"{owner} can't have {', '.join(unsupported)}")
