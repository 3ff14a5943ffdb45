"""Rules about sagas: every path to a failure compensates the effects before it, under the same keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.config import Config, TaskDeclaration
from asl.lint.data_usage import (
    DataPath,
    assigned_from_result,
    jsonata_reads,
    jsonpath_reads,
    overlap,
    result_names,
    result_path,
    strings,
    template_queries,
)
from asl.lint.findings import LintFinding
from asl.lint.flow import Flow, Node, Transition
from asl.lint.rules.errors import task_declaration, task_names

AMBIGUOUS_ERRORS = (
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "Lambda.",
    "Sandbox.",
)
"""Errors after which the task may have had its effect; any other error is raised by a task without an effect."""
CHANGES_WITH_ATTEMPT_OR_EXECUTION = re.compile(
    r"States\.(?:UUID|MathRandom)|\$\$\.State\.(?:EnteredTime|RetryCount)|\$\$\.Task\.Token|\$\$\.Execution\.(?:Id|Name|"
    r"StartTime|RedriveCount|RedriveTime)|\$(?:uuid|random|now|millis)\(|context\.(?:State|Task|Execution)\."
)
"""Values that change with the attempt or the execution."""


def effect_without_compensation(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.tasks:
        effect = task_declaration(node, config)
        if not effect.compensations or node.name not in flow.reachable:
            continue
        compensations = {task.name for task in flow.tasks if set(task_names(task)) & set(effect.compensations)}
        if not compensations & flow.reachable_after(node.name):
            yield LintFinding(
                "effect-without-compensation", flow.name, node.name, "",
                f"none of its compensations ({', '.join(effect.compensations)}) is reachable from it",
                "lead its Catch, and those of later states, to one of them",
            )  # fmt: skip
            continue
        yield from _uncompensated_paths(flow, config, node, effect, compensations)


def _uncompensated_paths(
    flow: Flow, config: Config, node: Node, effect: TaskDeclaration, compensations: set[str]
) -> Iterator[LintFinding]:
    """One finding for each transition from which a failure is reachable without a compensation.

    The search stops at the task itself, because every transition of the task is searched anyway.
    """
    ends = {node.name, *effect.stands_at}
    for transition in flow.transitions[node.name]:
        if not _may_have_effect(transition):
            continue
        path = flow.shortest_path(
            [transition.target],
            lambda name: _is_failure(flow, config, name),
            lambda name: name in ends or _runs_any(flow, name, compensations),
        )
        if path is not None:
            yield LintFinding(
                "effect-without-compensation", flow.name, node.name, transition.field,
                f"nothing compensates its effect if the execution ends by {' → '.join([node.name, *path])}",
                f"lead that path through {' or '.join(sorted(compensations))}; or give the reason in stands_at",
            )  # fmt: skip


def _may_have_effect(transition: Transition) -> bool:
    return transition.errors is None or any(error.startswith(AMBIGUOUS_ERRORS) for error in transition.errors)


def _runs_any(flow: Flow, name: str, tasks: set[str]) -> bool:
    """True for one of the tasks, and for a Parallel or Map that contains one."""
    if name in tasks:
        return True
    return flow.nodes[name].kind in ("Parallel", "Map") and any(_is_in(flow.nodes[task], name) for task in tasks)


def _is_in(node: Node, name: str) -> bool:
    return node.name != name and any(parent.name == name for parent in node.with_parents)


def _is_failure(flow: Flow, config: Config, name: str) -> bool:
    """True for a Fail state, an end that only errors lead to, and an end that is declared unsuccessful."""
    node = flow.nodes[name]
    if node.kind == "Fail":
        return not any(transition.field.startswith("Catch of") for transition in flow.transitions[name])
    if node.parent is not None or not flow.ends(node):
        return False
    return name in config.unsuccessful or name not in flow.reachable_without_errors


def compensation_key(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.tasks:
        effect = task_declaration(node, config)
        if effect.key:
            yield from _check_stable_key(flow, node, effect)
        for other in flow.tasks:
            keys = next(
                (effect.compensations[name] for name in task_names(other) if name in effect.compensations), None
            )
            if keys is not None and other.name in flow.reachable_after(node.name):
                yield from _check_same_key(flow, node, effect.key, other, keys)
                yield from _check_reads_no_result(flow, node, other)


def _check_stable_key(flow: Flow, node: Node, effect: TaskDeclaration) -> Iterator[LintFinding]:
    for name in effect.key:
        value = argument(node, name)
        if value is not None and CHANGES_WITH_ATTEMPT_OR_EXECUTION.search(value):
            yield _finding(
                flow, node, name, f"its key {name} is {value}, which changes with the attempt or the execution",
                "use a key that identifies the business object, such as the order's id",
            )  # fmt: skip


def _check_same_key(
    flow: Flow, node: Node, key: tuple[str, ...], other: Node, keys: tuple[str, ...]
) -> Iterator[LintFinding]:
    for name, other_name in zip(key, keys, strict=True):
        key_value, other_value = argument(node, name), argument(other, other_name)
        if key_value is None or key_value != other_value:
            yield _finding(
                flow, other, other_name,
                f"it compensates {node.name} with {other_name} = {other_value or 'nothing'}, "
                f"but the effect has {name} = {key_value or 'nothing'}",
                f"set {other_name} = {key_value or 'the key of ' + node.name}",
            )  # fmt: skip
        else:
            for path in jsonata_reads(key_value) if key_value.startswith("{%") else jsonpath_reads(key_value):
                yield from _check_key_is_kept(flow, node, other, path)


def _check_key_is_kept(flow: Flow, node: Node, other: Node, path: DataPath) -> Iterator[LintFinding]:
    """Find states between the effect and its compensation that overwrite the key."""
    between = flow.reachable_after(node.name) | {node.name}
    for name in sorted(between):
        for field, written_path in _written_paths(flow.nodes[name]):
            if overlap(written_path, path):
                yield _finding(
                    flow, other, "",
                    f"the key of {node.name} is read at $.{'.'.join(path)}, which {name} ({field}) overwrites",
                    "write results to other paths than those of keys",
                )  # fmt: skip


def _written_paths(node: Node) -> Iterator[tuple[str, DataPath]]:
    """The paths that a state and its catchers write to, each with its field."""
    for field, spec in result_writers(node):
        if path := result_path(spec):
            yield field, path
    if node.jsonata:
        yield from (("Output", (name,)) for name in sorted(result_names(node)))


def result_writers(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The state itself, if it has a result, and its catchers: each writes into the state data."""
    if node.kind in ("Task", "Pass", "Map", "Parallel") and not node.jsonata:
        yield "ResultPath", node.spec
    for i, catcher in enumerate(node.catchers if not node.jsonata else ()):
        yield f"Catch[{i}]", catcher


def _check_reads_no_result(flow: Flow, node: Node, other: Node) -> Iterator[LintFinding]:
    """Find reads of the task's result: it is missing if the task timed out after its effect."""
    paths = [path for field, path in _written_paths(node) if not field.startswith("Catch")]
    variables = assigned_from_result(node)
    for parent, text in _queries(other):
        reads = jsonata_reads(text) if other.jsonata else list(jsonpath_reads(text))
        reads_variable = any(re.search(rf"\${re.escape(name)}\b", text) for name in variables)
        if reads_variable or any(read[: len(path)] == path for read in reads for path in paths):
            yield _finding(
                flow, other, ".".join(parent),
                f"it reads {text}, the result of {node.name}, which is missing if {node.name} timed out "
                "after its effect",
                "compensate by the key alone",
            )  # fmt: skip


def _queries(node: Node) -> Iterator[tuple[DataPath, str]]:
    """The paths, calls and expressions in a task's command, each with its path there."""
    if not node.jsonata:
        yield from template_queries(node.command)
    elif isinstance(node.command, Mapping):
        yield from (((name,), " ".join(strings([value]))) for name, value in node.command.items())
    elif isinstance(node.command, str):
        yield (), node.command


def argument(node: Node, name: str) -> str | None:
    """The value of a parameter in a task's command, as the definition writes it; None if it has none."""
    command = node.command
    if not isinstance(command, Mapping):
        return f"$.{name}" if command is None and not node.jsonata else None
    value = command.get(f"{name}.$", command.get(name))
    return next(strings([value]), None) if isinstance(value, str) else None if value is None else repr(value)


def _finding(flow: Flow, node: Node, field: str, why: str, fix: str) -> LintFinding:
    return LintFinding("compensation-key", flow.name, node.name, field, why, fix)
