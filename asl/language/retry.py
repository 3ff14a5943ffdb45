"""Retry and Catch: which errors they match, the delay before a retry, the output of a catcher.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from asl.language.data_flow import Assign, compile_assign, compile_payload
from asl.language.errors import StatesError
from asl.language.jsonpath import ReferencePath, compile_reference_path
from asl.language.scope import Expression

TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})


class HeartbeatTimeout(StatesError):
    """A missed heartbeat: recorded as ``States.Timeout``, caught under either name."""

    def __init__(self) -> None:
        super().__init__("States.Timeout")


def matches(names: frozenset[str], error: StatesError) -> bool:
    """True if ErrorEquals names the error. Nothing catches ``States.Runtime``: the definition is broken."""
    if error.error == "States.Runtime":
        return False
    if error.error in names or "States.ALL" in names:
        return True
    if isinstance(error, HeartbeatTimeout) and "States.HeartbeatTimeout" in names:
        return True
    return "States.TaskFailed" in names and error.error not in TIMEOUTS


@dataclass(frozen=True, slots=True)
class Retrier:
    """One entry of a Retry field; times in seconds."""

    errors: frozenset[str]
    interval: float
    max_attempts: int
    backoff: float
    max_delay: float | None
    full_jitter: bool

    def delay(self, attempt: int, random: Random) -> float:
        """Seconds before retry number `attempt`, from 0."""
        try:
            delay = self.interval * self.backoff**attempt
        except OverflowError:
            delay = float("inf")
        if self.max_delay is not None:
            delay = min(delay, self.max_delay)
        return random.uniform(0, delay) if self.full_jitter else delay


def compile_retriers(spec: dict[str, Any]) -> tuple[Retrier, ...]:
    """A state's Retry field, with the defaults of the States Language, section "Retrying after error"."""
    return tuple(
        Retrier(
            frozenset(entry["ErrorEquals"]),
            entry.get("IntervalSeconds", 1),
            entry.get("MaxAttempts", 3),
            entry.get("BackoffRate", 2.0),
            entry.get("MaxDelaySeconds"),
            entry.get("JitterStrategy") == "FULL",
        )
        for entry in spec.get("Retry") or ()
    )


@dataclass(frozen=True, slots=True)
class Catcher:
    """One entry of a Catch field. `result_path` is for JSONPath (None discards the error), `output` for JSONata."""

    errors: frozenset[str]
    target: str
    result_path: ReferencePath | None
    output: Expression | None
    assign: Assign | None


def compile_catchers(spec: dict[str, Any], jsonata: bool) -> tuple[Catcher, ...]:
    """A state's Catch field; States Language, section "Fallback states"."""
    return tuple(_compile_catcher(entry, f"Catch[{i}]", jsonata) for i, entry in enumerate(spec.get("Catch") or ()))


def _compile_catcher(spec: dict[str, Any], field: str, jsonata: bool) -> Catcher:
    path = spec.get("ResultPath", "$")
    return Catcher(
        errors=frozenset(spec["ErrorEquals"]),
        target=spec["Next"],
        result_path=None if jsonata or path is None else compile_reference_path(path),
        output=compile_payload(spec["Output"], f"{field}/Output", True) if jsonata and "Output" in spec else None,
        assign=compile_assign(spec, jsonata, f"{field}/Assign"),
    )


def error_output(error: StatesError) -> dict[str, str]:
    """The error output that a catcher gets."""
    return {"Error": error.error, "Cause": error.cause or ""}
