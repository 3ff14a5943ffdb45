"""Rules about Retry and Catch, and about states that nothing leads to.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.language.resources import function_name
from asl.lint.config import Config, Task
from asl.lint.findings import Finding
from asl.lint.flow import ALL, Flow, Node

TASK_FAILED = "States.TaskFailed"
TIMEOUTS = {"States.Timeout", "States.HeartbeatTimeout"}
NEVER_RAN = {"Lambda.TooManyRequestsException"}
"""Errors that say that the task didn't begin."""
ANOTHER_EACH_TIME = re.compile(
    r"States\.(?:UUID|MathRandom)|State\.RetryCount|Task\.Token|\$(?:uuid|random|now|millis)\("
)
"""What is another at the next attempt."""
READING = ("get", "describe", "list", "head", "query", "scan", "batchGet", "search")
"""How the actions of services begin that change nothing."""


def unreachable(flow: Flow, config: Config) -> Iterator[Finding]:
    for name in flow.nodes:
        if name not in flow.live:
            yield Finding(
                "unreachable-state", flow.name, name, "",
                "no execution comes here: nothing leads to it, or only a catcher does whose errors were caught before",
                "lead to it or delete it",
            )  # fmt: skip


def catch_all(flow: Flow, config: Config) -> Iterator[Finding]:
    """A task's own catch-all, or that of a Parallel or Map around it."""
    for node in flow.tasks:
        if not any(ALL in catcher["ErrorEquals"] for each in node.and_around for catcher in each.catchers):
            yield Finding(
                "catch-all", flow.name, node.name, "Catch",
                "an error that no catcher names ends the execution here, and nothing that was done is taken back",
                f'end Catch with {{"ErrorEquals": ["{ALL}"]}} that leads to the compensations',
            )  # fmt: skip


def all_ahead_of_a_leaf(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.nodes.values():
        for field, entries in (("Retry", node.retriers), ("Catch", node.catchers)):
            yield from _behind_a_wide_one(flow, node, field, entries)
        yield from _retried_answers(flow, node)


def _behind_a_wide_one(flow: Flow, node: Node, field: str, entries: list[dict[str, Any]]) -> Iterator[Finding]:
    wide: str | None = None
    for i, entry in enumerate(entries):
        for error in entry["ErrorEquals"]:
            if wide is not None and _takes(wide, error):
                yield Finding(
                    "all-ahead-of-a-leaf", flow.name, node.name, f"{field}[{i}]",
                    f"{wide} stands before it and takes {error} first",
                    f"move {wide} behind every error that is named",
                )  # fmt: skip
                break
        wide = next((each for each in entry["ErrorEquals"] if each in (ALL, TASK_FAILED)), wide)
    for i, entry in enumerate(entries):
        if ALL in entry["ErrorEquals"] and len(entry["ErrorEquals"]) > 1:
            yield Finding(
                "all-ahead-of-a-leaf", flow.name, node.name, f"{field}[{i}]",
                f"{ALL} stands beside errors that it takes already",
                f"give {ALL} an entry of its own, at the end",
            )  # fmt: skip


def _retried_answers(flow: Flow, node: Node) -> Iterator[Finding]:
    """A retrier comes before every catcher: a wide one tries again what a catcher takes for an answer."""
    seen: set[str] = set()
    for i, retrier in enumerate(node.retriers):
        wide = next((each for each in retrier["ErrorEquals"] if each in (ALL, TASK_FAILED)), None)
        if wide is not None and retrier.get("MaxAttempts", 3) != 0:
            named = [error for catcher in node.catchers for error in catcher["ErrorEquals"]]
            leaves = [e for e in named if not e.startswith("States.") and e not in seen and _takes(wide, e)]
            if leaves:
                yield Finding(
                    "all-ahead-of-a-leaf", flow.name, node.name, f"Retry[{i}]",
                    f"{wide} tries {', '.join(dict.fromkeys(leaves))} again, which Catch takes for an answer",
                    "name the errors that pass by themselves; or put those before it with MaxAttempts 0",
                )  # fmt: skip
        seen |= set(retrier["ErrorEquals"])


def _takes(wide: str, error: str) -> bool:
    return error != wide and (wide == ALL or error not in TIMEOUTS | {ALL})


def retry_without_jitter(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.nodes.values():
        for i, retrier in enumerate(node.retriers):
            if retrier.get("MaxAttempts", 3) != 0 and retrier.get("JitterStrategy") != "FULL":
                yield Finding(
                    "retry-without-jitter", flow.name, node.name, f"Retry[{i}]",
                    "executions that failed together try again together, and bring down again what just got up",
                    'add "JitterStrategy": "FULL"',
                )  # fmt: skip


def retry_of_what_repeats(flow: Flow, config: Config) -> Iterator[Finding]:
    """A Parallel or Map that is tried again does all again that is in it, what succeeded too."""
    for node in flow.nodes.values():
        unsafe = [each.name for each in flow.tasks if node in each.and_around and not is_idempotent(each, config)]
        for i, retrier in enumerate(node.retriers):
            never_ran = node.kind == "Task" and set(retrier["ErrorEquals"]) <= NEVER_RAN
            if unsafe and retrier.get("MaxAttempts", 3) != 0 and not never_ran:
                done = "an attempt that failed may have had its effect" if node.kind == "Task" else "it does all again"
                which = "the task" if node.kind == "Task" else ", ".join(unsafe)
                yield Finding(
                    "retry-of-what-repeats", flow.name, node.name, f"Retry[{i}]",
                    f"{done}, and nothing says that {which} is safe to run twice",
                    "key its effect so that it happens once, and declare the task idempotent, with the reason",
                )  # fmt: skip


def is_idempotent(node: Node, config: Config) -> bool:
    """True if it is declared so, or by nature: a call that reads, or that starts an execution under a name."""
    if declared(node, config).idempotent:
        return True
    integration = node.integration
    if integration.kind != "service" or node.invokes:
        return False
    if integration.action == "startExecution":
        given = node.parameters if isinstance(node.parameters, Mapping) else {}
        name = given.get("Name", given.get("Name.$"))
        return name is not None and not ANOTHER_EACH_TIME.search(str(name))
    return integration.action.startswith(READING)


def declared(node: Node, config: Config) -> Task:
    """What the configuration says of a task, by the name of its state or of its function."""
    return next((config.tasks[name] for name in names_of(node) if name in config.tasks), Task())


def names_of(node: Node) -> list[str]:
    """The names of a task: its state's, its function's, and the latter without what deployment adds."""
    function = node.function
    plain = function.removeprefix("${").removesuffix("}").removesuffix("Arn")
    return [node.name, function, plain, function_name(function)]
