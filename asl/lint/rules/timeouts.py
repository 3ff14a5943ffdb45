"""Rules about deadlines: whoever waits gives up later than whom it waits for.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from asl.lint.config import Config
from asl.lint.findings import Finding
from asl.lint.flow import Flow, Node
from asl.lint.rules.errors import names_of

YEAR = 365 * 86400
"""For so long can a Standard execution run: a limit that is no shorter limits nothing."""


def timeout_order(flow: Flow, config: Config) -> Iterator[Finding]:
    """Gateway < function < task < heartbeat < machine."""
    machine = _number(flow.definition.get("TimeoutSeconds"))
    if machine is None:
        yield _finding(flow, "", "TimeoutSeconds", "an execution that hangs does so for a year", "add TimeoutSeconds")
    longest = max((seconds for node in flow.tasks if (seconds := _plain_task(node)) is not None), default=None)
    for node in flow.tasks:
        yield from _bounds(flow, node, _chain(node, config, longest, machine))


def _chain(node: Node, config: Config, longest: float | None, machine: float | None) -> list[tuple[str, str, float]]:
    """The limits around one task, that should each be longer than the one before: name, field, seconds."""
    heartbeat, timeout = _number(node.spec.get("HeartbeatSeconds")), _number(node.spec.get("TimeoutSeconds"))
    limits: list[tuple[str, str, float | None]] = []
    function = _of(node, config.function_seconds) if node.function else None
    if node.function:
        limits += [("what it calls", "", _of(node, config.gateway_seconds)), ("its function", "", function)]
    if heartbeat is not None and longest is not None and longest > (function or 0):
        limits += [("the longest task", "", longest)]
    limits += [("its heartbeat", "HeartbeatSeconds", heartbeat)]
    limits += [("the task", "TimeoutSeconds", timeout), ("the machine", "", machine)]
    return [(name, field, seconds) for name, field, seconds in limits if seconds is not None]


def _bounds(flow: Flow, node: Node, chain: list[tuple[str, str, float]]) -> Iterator[Finding]:
    if not _is_limited(node) and not _waits(node):
        yield _finding(
            flow, node.name, "TimeoutSeconds",
            "an answer that is lost is waited for until the execution ends",
            "add TimeoutSeconds, longer than its function may take",
        )  # fmt: skip
    for (inner, inner_field, shorter), (outer, outer_field, longer) in pairwise(chain):
        if shorter >= longer:
            yield _finding(
                flow, node.name, outer_field or inner_field or "TimeoutSeconds",
                f"{outer} gives up after {longer:g} s, while {inner} may still answer until {shorter:g} s",
                f"give {outer} more than {shorter:g} s, or {inner} less than {longer:g} s",
            )  # fmt: skip


def token_without_deadline(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.tasks:
        limit = _number(node.spec.get("TimeoutSeconds"))
        if _waits(node) and (not _has(node, "TimeoutSeconds") or (limit is not None and limit >= YEAR)):
            yield Finding(
                "token-without-deadline", flow.name, node.name, "TimeoutSeconds",
                "a callback that never comes is waited for as long as an execution can last; a heartbeat only says "
                "that somebody is there",
                "add TimeoutSeconds and catch States.Timeout: the deadline is an answer too",
            )  # fmt: skip


def _finding(flow: Flow, state: str, field: str, why: str, mend: str) -> Finding:
    return Finding("timeout-order", flow.name, state, field, why, mend)


def _waits(node: Node) -> bool:
    return node.integration.waits_for_token or node.integration.kind == "activity"


def _plain_task(node: Node) -> float | None:
    """The limit of a task that calls a function and waits for nobody else."""
    return None if _waits(node) or not node.function else _number(node.spec.get("TimeoutSeconds"))


def _has(node: Node, field: str) -> bool:
    return field in node.spec or f"{field}Path" in node.spec


def _is_limited(node: Node) -> bool:
    return _has(node, "TimeoutSeconds") or _has(node, "HeartbeatSeconds")


def _of(node: Node, seconds: Mapping[str, float]) -> float | None:
    return next((seconds[name] for name in names_of(node) if name in seconds), seconds.get(""))


def _number(value: object) -> float | None:
    """A limit that is written down; one that is evaluated is known to nobody yet."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
