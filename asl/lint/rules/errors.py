"""Rules about Retry and Catch, and about unreachable states.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.language.resources import function_name
from asl.lint.config import Config, TaskDeclaration
from asl.lint.findings import LintFinding
from asl.lint.flow import ALL, Flow, Node

TASK_FAILED = "States.TaskFailed"
WILDCARDS = (ALL, TASK_FAILED)
TIMEOUTS = {"States.Timeout", "States.HeartbeatTimeout"}
NEVER_RAN = {"Lambda.TooManyRequestsException"}
"""Errors of a task that didn't start."""
CHANGES_WITH_ATTEMPT = re.compile(
    r"States\.(?:UUID|MathRandom)|State\.RetryCount|Task\.Token|\$(?:uuid|random|now|millis)\("
)
"""Values that change with the attempt."""
READ_ACTIONS = ("get", "describe", "list", "head", "query", "scan", "batchGet", "search")
"""Prefixes of service actions that change nothing."""


def unreachable(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for name in flow.nodes:
        if name not in flow.reachable:
            yield LintFinding(
                "unreachable-state", flow.name, name, "",
                "no execution enters it: no transition leads here, or only a catcher whose errors are caught before",
                "add a transition to it, or delete it",
            )  # fmt: skip


def catch_all(flow: Flow, config: Config) -> Iterator[LintFinding]:
    """A task needs a catch-all of its own, or one of a Parallel or Map that contains it."""
    for node in flow.tasks:
        if not any(ALL in catcher["ErrorEquals"] for parent in node.with_parents for catcher in parent.catchers):
            yield LintFinding(
                "catch-all", flow.name, node.name, "Catch",
                "an error that no catcher names ends the execution here, and nothing is compensated",
                f'end Catch with {{"ErrorEquals": ["{ALL}"]}} that leads to the compensations',
            )  # fmt: skip


def all_ahead_of_a_leaf(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.nodes.values():
        for field, entries in (("Retry", node.retriers), ("Catch", node.catchers)):
            yield from _entries_behind_wildcard(flow, node, field, entries)
        yield from _retries_of_caught_errors(flow, node)


def _entries_behind_wildcard(
    flow: Flow, node: Node, field: str, entries: list[dict[str, Any]]
) -> Iterator[LintFinding]:
    wildcard: str | None = None
    for i, entry in enumerate(entries):
        for error in entry["ErrorEquals"]:
            if wildcard is not None and _matches_error(wildcard, error):
                yield LintFinding(
                    "all-ahead-of-a-leaf", flow.name, node.name, f"{field}[{i}]",
                    f"{wildcard} precedes it and matches {error} first",
                    f"move {wildcard} behind every named error",
                )  # fmt: skip
                break
        wildcard = next((error for error in entry["ErrorEquals"] if error in WILDCARDS), wildcard)
    for i, entry in enumerate(entries):
        if ALL in entry["ErrorEquals"] and len(entry["ErrorEquals"]) > 1:
            yield LintFinding(
                "all-ahead-of-a-leaf", flow.name, node.name, f"{field}[{i}]",
                f"{ALL} shares its entry with errors that it matches anyway",
                f"give {ALL} an entry of its own, at the end",
            )  # fmt: skip


def _retries_of_caught_errors(flow: Flow, node: Node) -> Iterator[LintFinding]:
    """Every retrier precedes every catcher: a wildcard retries errors that a catcher expects."""
    preceding: set[str] = set()
    for i, retrier in enumerate(node.retriers):
        wildcard = next((error for error in retrier["ErrorEquals"] if error in WILDCARDS), None)
        if wildcard is not None and retrier.get("MaxAttempts", 3) != 0:
            caught = [error for catcher in node.catchers for error in catcher["ErrorEquals"]]
            expected = [
                error
                for error in caught
                if not error.startswith("States.") and error not in preceding and _matches_error(wildcard, error)
            ]
            if expected:
                yield LintFinding(
                    "all-ahead-of-a-leaf", flow.name, node.name, f"Retry[{i}]",
                    f"{wildcard} retries {', '.join(dict.fromkeys(expected))}, which Catch expects as an outcome",
                    "name the transient errors; or put the expected ones before it with MaxAttempts 0",
                )  # fmt: skip
        preceding |= set(retrier["ErrorEquals"])


def _matches_error(wildcard: str, error: str) -> bool:
    return error != wildcard and (wildcard == ALL or error not in TIMEOUTS | {ALL})


def retry_without_jitter(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.nodes.values():
        for i, retrier in enumerate(node.retriers):
            if retrier.get("MaxAttempts", 3) != 0 and retrier.get("JitterStrategy") != "FULL":
                yield LintFinding(
                    "retry-without-jitter", flow.name, node.name, f"Retry[{i}]",
                    "executions that failed together retry together, and overload a service that just recovered",
                    'add "JitterStrategy": "FULL"',
                )  # fmt: skip


def retry_of_what_repeats(flow: Flow, config: Config) -> Iterator[LintFinding]:
    """A retry of a Parallel or Map runs everything in it again, including what succeeded."""
    for node in flow.nodes.values():
        unsafe = [task.name for task in flow.tasks if node in task.with_parents and not is_idempotent(task, config)]
        for i, retrier in enumerate(node.retriers):
            never_ran = node.kind == "Task" and set(retrier["ErrorEquals"]) <= NEVER_RAN
            if unsafe and retrier.get("MaxAttempts", 3) != 0 and not never_ran:
                consequence = (
                    "a failed attempt may have had its effect"
                    if node.kind == "Task"
                    else "a retry runs everything in it"
                )
                subject = "the task" if node.kind == "Task" else ", ".join(unsafe)
                yield LintFinding(
                    "retry-of-what-repeats", flow.name, node.name, f"Retry[{i}]",
                    f"{consequence}, and nothing declares that {subject} is safe to run twice",
                    "give its effect an idempotency key, and declare the task idempotent, with the reason",
                )  # fmt: skip


def is_idempotent(node: Node, config: Config) -> bool:
    """True for a task that is declared idempotent, a read, or a start of an execution with a fixed name."""
    if task_declaration(node, config).idempotent:
        return True
    integration = node.integration
    if integration.kind != "service" or node.calls_lambda_invoke:
        return False
    if integration.action == "startExecution":
        parameters = node.parameters if isinstance(node.parameters, Mapping) else {}
        name = parameters.get("Name", parameters.get("Name.$"))
        return name is not None and not CHANGES_WITH_ATTEMPT.search(str(name))
    return integration.action.startswith(READ_ACTIONS)


def task_declaration(node: Node, config: Config) -> TaskDeclaration:
    """The declaration of a task, by the name of its state or function; an empty one by default."""
    return next((config.tasks[name] for name in task_names(node) if name in config.tasks), TaskDeclaration())


def task_names(node: Node) -> list[str]:
    """The names of a task: its state's, its function's, and the function's without placeholder or ARN."""
    function = node.function
    plain = function.removeprefix("${").removesuffix("}").removesuffix("Arn")
    return [node.name, function, plain, function_name(function)]
