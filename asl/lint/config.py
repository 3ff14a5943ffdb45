"""What a definition can't say of itself: which tasks have effects, what takes them back, how long a function may take.

asl/lint/README.md describes the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from asl.lint.findings import Finding


class InvalidConfig(ValueError):
    """The configuration says something that no rule understands."""


@dataclass(frozen=True)
class Task:
    """What is declared of a task.

    Attributes:
        idempotent: why it is safe to run twice; empty where it isn't.
        key: the parameters by which its effect is known.
        compensations: the tasks that take its effect back, each with the parameters that are the same key there.
        stands_at: states where the effect has been accounted for in another way, each with the reason.
        bytes: how long its answer can be as JSON; None where nobody knows.
    """

    idempotent: str = ""
    key: tuple[str, ...] = ()
    compensations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stands_at: Mapping[str, str] = field(default_factory=dict)
    bytes: int | None = None


@dataclass(frozen=True)
class Suppression:
    """A finding that is right and stays, and the reason. `state` and `definition` may hold wildcards."""

    rule: str
    reason: str
    state: str = "*"
    definition: str = "*"

    def covers(self, finding: Finding) -> bool:
        return (
            self.rule == finding.rule
            and fnmatchcase(finding.state, self.state)
            and fnmatchcase(finding.definition, self.definition)
        )


@dataclass(frozen=True)
class Config:
    """What is declared.

    Attributes:
        function_seconds: how long a function may take before Lambda ends it, by task; under "" for all others.
        gateway_seconds: how long a function waits for what it calls, likewise.
        tasks: by the name of their state or function.
        unsuccessful: ends that count as failures though they lie on the happy path.
        input_bytes: how long an execution's input can be; None where nobody knows.
    """

    function_seconds: Mapping[str, float] = field(default_factory=dict)
    gateway_seconds: Mapping[str, float] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    unsuccessful: frozenset[str] = frozenset()
    input_bytes: int | None = None
    suppressions: tuple[Suppression, ...] = ()


def read_config(path: Path) -> Config:
    """The configuration in a file. Raises InvalidConfig, and OSError where there is no file."""
    try:
        return parse_config(json.loads(path.read_bytes()))
    except InvalidConfig as error:
        raise InvalidConfig(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{path} isn't JSON: {error}") from None


def parse_config(told: Mapping[str, Any]) -> Config:
    """The configuration as an object. Raises InvalidConfig."""
    _only("the configuration", told, {"timeouts", "tasks", "unsuccessful", "input_bytes", "suppressions"})
    timeouts = told.get("timeouts", {})
    _only("timeouts", timeouts, {"function", "gateway"})
    return Config(
        _seconds("timeouts.function", timeouts.get("function")),
        _seconds("timeouts.gateway", timeouts.get("gateway")),
        {name: _task(name, each) for name, each in _object("tasks", told.get("tasks", {})).items()},
        frozenset(_names("unsuccessful", told.get("unsuccessful", []))),
        _bytes("input_bytes", told.get("input_bytes")),
        tuple(map(_suppression, _list("suppressions", told.get("suppressions", [])))),
    )


def _seconds(owner: str, told: Any) -> Mapping[str, float]:
    """One number for all, or numbers by task with ``default`` for the others."""
    if told is None:
        return {}
    by_task = told if isinstance(told, dict) else {"default": told}
    for name, seconds in by_task.items():
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise InvalidConfig(f"{owner} of {name} is no number of seconds")
    return {"" if name == "default" else name: seconds for name, seconds in by_task.items()}


def _object(owner: str, told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise InvalidConfig(f"{owner} is no object")
    return told


def _list(owner: str, told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise InvalidConfig(f"{owner} is no array")
    return told


def _names(owner: str, told: Any) -> tuple[str, ...]:
    if not all(isinstance(each, str) for each in _list(owner, told)):
        raise InvalidConfig(f"{owner} holds what is no name")
    return tuple(told)


def _bytes(owner: str, told: Any) -> int | None:
    if told is not None and (isinstance(told, bool) or not isinstance(told, int)):
        raise InvalidConfig(f"{owner} is no number of bytes")
    return told


def _task(name: str, told: Mapping[str, Any]) -> Task:
    _only(f"task {name}", told, {"idempotent", "key", "compensations", "stands_at", "bytes"})
    stands_at = _object(f"task {name}, stands_at", told.get("stands_at", {}))
    for state, reason in stands_at.items():
        _reason(f"task {name}, stands_at {state}", reason)
    if "idempotent" in told:
        _reason(f"task {name}, idempotent", told["idempotent"])
    key = _names(f"task {name}, key", told.get("key", []))
    given = _object(f"task {name}, compensations", told.get("compensations", {}))
    compensations = {by: _names(f"task {name}, compensation {by}", keys) for by, keys in given.items()}
    for by, keys in compensations.items():
        if len(keys) != len(key) or not key:
            raise InvalidConfig(f"task {name}: {by} needs a parameter for each of the key's {len(key)}")
    return Task(
        told.get("idempotent", ""), key, compensations, stands_at, _bytes(f"task {name}, bytes", told.get("bytes"))
    )


def _suppression(told: Mapping[str, Any]) -> Suppression:
    _only("a suppression", told, {"rule", "reason", "state", "definition"})
    if "rule" not in told:
        raise InvalidConfig("a suppression names no rule")
    _reason(f"the suppression of {told['rule']}", told.get("reason"))
    _names(f"the suppression of {told['rule']}", list(told.values()))
    return Suppression(**told)


def _reason(owner: str, text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise InvalidConfig(f"{owner} gives no reason")


def _only(owner: str, told: Mapping[str, Any], names: set[str]) -> None:
    _object(owner, told)
    unknown = sorted(set(told) - names)
    if unknown:
        raise InvalidConfig(f"{owner} knows no {', '.join(unknown)}")
