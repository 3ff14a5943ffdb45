"""Rules about timeouts: a caller's timeout must be longer than that of the call.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from asl.lint.config import Config
from asl.lint.findings import LintFinding
from asl.lint.flow import Flow, Node
from asl.lint.rules.errors import task_names

YEAR = 365 * 86400
"""The maximum duration of a Standard execution: a longer timeout has no effect."""


def timeout_order(flow: Flow, config: Config) -> Iterator[LintFinding]:
    """Gateway < function < task < heartbeat < machine."""
    machine = _constant_seconds(flow.definition.get("TimeoutSeconds"))
    if machine is None:
        yield _finding(flow, "", "TimeoutSeconds", "an execution that hangs does so for a year", "add TimeoutSeconds")
    longest = max(
        (seconds for node in flow.tasks if (seconds := _function_task_seconds(node)) is not None), default=None
    )
    for node in flow.tasks:
        yield from _check_limits(flow, node, _limits_of(node, config, longest, machine))


def _limits_of(
    node: Node, config: Config, longest: float | None, machine: float | None
) -> list[tuple[str, str, float]]:
    """The limits of one task (name, field, seconds), each of which should be longer than the one before."""
    heartbeat, timeout = (
        _constant_seconds(node.spec.get("HeartbeatSeconds")),
        _constant_seconds(node.spec.get("TimeoutSeconds")),
    )
    limits: list[tuple[str, str, float | None]] = []
    function = _configured_seconds(node, config.function_seconds) if node.function else None
    if node.function:
        limits += [
            ("what it calls", "", _configured_seconds(node, config.gateway_seconds)),
            ("its function", "", function),
        ]
    if heartbeat is not None and longest is not None and longest > (function or 0):
        limits += [("the longest task", "", longest)]
    limits += [("its heartbeat", "HeartbeatSeconds", heartbeat)]
    limits += [("the task", "TimeoutSeconds", timeout), ("the machine", "", machine)]
    return [(name, field, seconds) for name, field, seconds in limits if seconds is not None]


def _check_limits(flow: Flow, node: Node, limits: list[tuple[str, str, float]]) -> Iterator[LintFinding]:
    if not _is_limited(node) and not _is_callback(node):
        yield _finding(
            flow, node.name, "TimeoutSeconds",
            "if its result is lost, it waits until the execution ends",
            "add TimeoutSeconds, longer than its function may take",
        )  # fmt: skip
    for (inner, inner_field, shorter), (outer, outer_field, longer) in pairwise(limits):
        if shorter >= longer:
            yield _finding(
                flow, node.name, outer_field or inner_field or "TimeoutSeconds",
                f"{outer} gives up after {longer:g} s, while {inner} may still answer until {shorter:g} s",
                f"give {outer} more than {shorter:g} s, or {inner} less than {longer:g} s",
            )  # fmt: skip


def token_without_deadline(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.tasks:
        limit = _constant_seconds(node.spec.get("TimeoutSeconds"))
        if _is_callback(node) and (not _has_field(node, "TimeoutSeconds") or (limit is not None and limit >= YEAR)):
            yield LintFinding(
                "token-without-deadline", flow.name, node.name, "TimeoutSeconds",
                "if the callback never comes, it waits for as long as an execution can run; a heartbeat only proves "
                "that the worker is alive",
                "add TimeoutSeconds and catch States.Timeout: a missed deadline is an outcome too",
            )  # fmt: skip


def _finding(flow: Flow, state: str, field: str, why: str, fix: str) -> LintFinding:
    return LintFinding("timeout-order", flow.name, state, field, why, fix)


def _is_callback(node: Node) -> bool:
    return node.integration.waits_for_token or node.integration.kind == "activity"


def _function_task_seconds(node: Node) -> float | None:
    """The timeout of a task that calls a function and waits for no callback."""
    return None if _is_callback(node) or not node.function else _constant_seconds(node.spec.get("TimeoutSeconds"))


def _has_field(node: Node, field: str) -> bool:
    return field in node.spec or f"{field}Path" in node.spec


def _is_limited(node: Node) -> bool:
    return _has_field(node, "TimeoutSeconds") or _has_field(node, "HeartbeatSeconds")


def _configured_seconds(node: Node, seconds: Mapping[str, float]) -> float | None:
    return next((seconds[name] for name in task_names(node) if name in seconds), seconds.get(""))


def _constant_seconds(value: object) -> float | None:
    """A constant timeout; None for one that is computed at run time."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
