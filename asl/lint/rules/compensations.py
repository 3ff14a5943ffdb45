"""Rules about sagas: what was done is taken back on every way to a failure, under the key that it was done under."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.config import Config, Task
from asl.lint.data import (
    Path,
    assigned_from_result,
    inputs_in,
    leaves,
    overlap,
    paths_in,
    result_names,
    strings,
    written,
)
from asl.lint.findings import Finding
from asl.lint.flow import Edge, Flow, Node
from asl.lint.rules.errors import declared, names_of

UNSURE = ("States.ALL", "States.TaskFailed", "States.Timeout", "States.HeartbeatTimeout", "Lambda.", "Sandbox.")
"""Errors after which the task may have had its effect; any other is the task's own word that it had none."""
CHANGING = re.compile(
    r"States\.(?:UUID|MathRandom)|\$\$\.State\.(?:EnteredTime|RetryCount)|\$\$\.Task\.Token|\$\$\.Execution\.(?:Id|Name|"
    r"StartTime|RedriveCount|RedriveTime)|\$(?:uuid|random|now|millis)\(|context\.(?:State|Task|Execution)\."
)
"""What is another at the next attempt, or in the next execution."""


def effect_without_compensation(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.tasks:
        effect = declared(node, config)
        if not effect.compensations or node.name not in flow.live:
            continue
        takes_back = {each.name for each in flow.tasks if set(names_of(each)) & set(effect.compensations)}
        if not takes_back & flow.after(node.name):
            yield Finding(
                "effect-without-compensation", flow.name, node.name, "",
                f"none of its compensations ({', '.join(effect.compensations)}) can come after it",
                "lead its Catch, and those of the states after it, to one",
            )  # fmt: skip
            continue
        yield from _ways_past(flow, config, node, effect, takes_back)


def _ways_past(flow: Flow, config: Config, node: Node, effect: Task, takes_back: set[str]) -> Iterator[Finding]:
    """One finding for each of its fields from which a failure can come with nothing taken back.

    A way that leads back to the task ends there: its ways on are looked at one by one anyway.
    """
    ends = {node.name, *effect.stands_at}
    for edge in flow.edges[node.name]:
        if not _may_have_happened(edge):
            continue
        way = flow.way(
            [edge.target],
            lambda name: _is_failure(flow, config, name),
            lambda name: name in ends or _includes(flow, name, takes_back),
        )
        if way is not None:
            yield Finding(
                "effect-without-compensation", flow.name, node.name, edge.field,
                f"its effect stays when the execution ends by {' → '.join([node.name, *way])}",
                f"lead that way through {' or '.join(sorted(takes_back))}; or say in stands_at why the effect stands",
            )  # fmt: skip


def _may_have_happened(edge: Edge) -> bool:
    return edge.errors is None or any(error.startswith(UNSURE) for error in edge.errors)


def _includes(flow: Flow, name: str, wanted: set[str]) -> bool:
    """True for one of the wanted, and for the Parallel or Map that runs one."""
    if name in wanted:
        return True
    return flow.nodes[name].kind in ("Parallel", "Map") and any(_is_in(flow.nodes[each], name) for each in wanted)


def _is_in(node: Node, name: str) -> bool:
    return node.name != name and any(each.name == name for each in node.and_around)


def _is_failure(flow: Flow, config: Config, name: str) -> bool:
    """An end that only an error leads to, a Fail state, or an end that is declared to be none to be glad of."""
    node = flow.nodes[name]
    if node.kind == "Fail":
        return not any(edge.field.startswith("Catch of") for edge in flow.edges[name])
    if node.around is not None or not flow.ends(node):
        return False
    return name in config.unsuccessful or name not in flow.undisturbed


def compensation_key(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.tasks:
        effect = declared(node, config)
        if effect.key:
            yield from _stable(flow, node, effect)
        for other in flow.tasks:
            keys = next((effect.compensations[name] for name in names_of(other) if name in effect.compensations), None)
            if keys is not None and other.name in flow.after(node.name):
                yield from _same(flow, node, effect.key, other, keys)
                yield from _needs_result(flow, node, other)


def _stable(flow: Flow, node: Node, effect: Task) -> Iterator[Finding]:
    for name in effect.key:
        value = argument(node, name)
        if value is not None and CHANGING.search(value):
            yield _finding(
                flow, node, name, f"its key {name} is {value}: another attempt or execution has another effect",
                "key the effect by what it is about, such as the order's id",
            )  # fmt: skip


def _same(flow: Flow, node: Node, key: tuple[str, ...], other: Node, keys: tuple[str, ...]) -> Iterator[Finding]:
    for name, there in zip(key, keys, strict=True):
        forward, back = argument(node, name), argument(other, there)
        if forward is None or forward != back:
            yield _finding(
                flow, other, there,
                f"it takes back {node.name} under {there} = {back or 'nothing'}, "
                f"which was done under {name} = {forward or 'nothing'}",
                f"give it {there} = {forward or 'the key of ' + node.name}",
            )  # fmt: skip
        else:
            for path in inputs_in(forward) if forward.startswith("{%") else paths_in(forward):
                yield from _overwritten(flow, node, other, path)


def _overwritten(flow: Flow, node: Node, other: Node, path: Path) -> Iterator[Finding]:
    """The key's place is written between the effect and its compensation."""
    between = flow.after(node.name) | {node.name}
    for name in sorted(between):
        for field, place in _written_by(flow.nodes[name]):
            if overlap(place, path):
                yield _finding(
                    flow, other, "",
                    f"the key of {node.name} is read at $.{'.'.join(path)}, which {name} ({field}) overwrites",
                    "keep results apart from what effects are keyed by",
                )  # fmt: skip


def _written_by(node: Node) -> Iterator[tuple[str, Path]]:
    """The places that a state and its catchers write to."""
    for field, spec in results(node):
        if place := written(spec):
            yield field, place
    if node.jsonata:
        yield from (("Output", (name,)) for name in sorted(result_names(node)))


def results(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Whoever writes into the state data for a state: itself, where it has a result, and its catchers."""
    if node.kind in ("Task", "Pass", "Map", "Parallel") and not node.jsonata:
        yield "ResultPath", node.spec
    for i, catcher in enumerate(node.catchers if not node.jsonata else ()):
        yield f"Catch[{i}]", catcher


def _needs_result(flow: Flow, node: Node, other: Node) -> Iterator[Finding]:
    """The forward step's result is missing just when the step timed out after its effect."""
    kept = [place for field, place in _written_by(node) if not field.startswith("Catch")]
    variables = assigned_from_result(node)
    for at, text in _texts(other):
        read = inputs_in(text) if other.jsonata else list(paths_in(text))
        named = any(re.search(rf"\${re.escape(name)}\b", text) for name in variables)
        if named or any(path[: len(place)] == place for path in read for place in kept):
            yield _finding(
                flow, other, ".".join(at),
                f"it reads {text}, the answer of {node.name}, which is missing when {node.name} timed out after its "
                "effect",
                "take back by the key alone",
            )  # fmt: skip


def _texts(node: Node) -> Iterator[tuple[Path, str]]:
    """The paths, calls and expressions in what a task is given, each with its place there."""
    if not node.jsonata:
        yield from leaves(node.command)
    elif isinstance(node.command, Mapping):
        yield from (((name,), " ".join(strings([value]))) for name, value in node.command.items())
    elif isinstance(node.command, str):
        yield (), node.command


def argument(node: Node, name: str) -> str | None:
    """What a task is given under a name, as the definition says it."""
    command = node.command
    if not isinstance(command, Mapping):
        return f"$.{name}" if command is None and not node.jsonata else None
    value = command.get(f"{name}.$", command.get(name))
    return next(strings([value]), None) if isinstance(value, str) else None if value is None else repr(value)


def _finding(flow: Flow, node: Node, field: str, why: str, mend: str) -> Finding:
    return Finding("compensation-key", flow.name, node.name, field, why, mend)
