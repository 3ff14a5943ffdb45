"""Rules about the state data: what grows with every step, what is lost on the way, what can pass 256 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/avoid-exec-failures.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from asl.language.documents import MAX_BYTES
from asl.lint.config import Config
from asl.lint.data import (
    Path,
    catch_replaces_all,
    catcher_of,
    keeps_result,
    leaves,
    needed_after,
    overlap,
    paths_in,
    places,
    reads,
    replaces_all,
    strings,
    written,
)
from asl.lint.findings import Finding
from asl.lint.flow import Edge, Flow, Node
from asl.lint.rules.compensations import results
from asl.lint.rules.errors import declared

CAUSE_BYTES = 33_024
"""An error's name and cause, at their longest: 256 and 32,768 characters."""
ERROR_OUTPUT = dict.fromkeys(("Error", "Cause"))
JSONATA_PLACE = '"Output": "{% $merge([$states.input, {\'failure\': $states.errorOutput}]) %}"'
JSONATA_ANSWER = '"Output": "{% $merge([$states.input, {\'name\': $states.result}]) %}"'
RESULT_PLACE = '"ResultPath": "$.name"; or drop it: "ResultPath": null'
JSONATA_DROP = '"Output": "{% $states.input %}"'
ENVELOPE = "lambda:invoke answers with the call's headers and status around the function's answer, and all is kept"
UNBOUNDED = {
    "getObject": "an object of any size",
    "listObjectsV2": "up to a thousand entries",
    "listObjects": "up to a thousand entries",
    "query": "up to a megabyte of items",
    "scan": "up to a megabyte of items",
    "batchGetItem": "up to 16 megabytes of items",
    "getQueryResults": "up to a thousand rows",
}
"""Actions that answer with as much as there is."""
_APPENDS = re.compile(r"\$(?:append|merge)\(|\[\s*\$|&")
_WHOLE = re.compile(r"(?:\$append\(|(?<!\$merge\()\[)\s*\$states\.input\s*,")
_GROWING = ("States.Array(", "States.Format(", "States.JsonMerge(", "States.JsonToString(")


def growing_state(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.nodes.values():
        if node.name not in flow.live:
            continue
        yield from _echo(flow, node)
        yield from _envelope(flow, node)
        if node.name in flow.after(node.name):
            yield from _appends(flow, node)


def _echo(flow: Flow, node: Node) -> Iterator[Finding]:
    """A task's answer replaces the state data, and later states need what was there before."""
    if node.kind != "Task" or not replaces_all(node) or "ResultSelector" in node.spec:
        return
    if "Output" in node.spec and str(node.spec["Output"]).strip("{%} ") != "$states.result":
        return
    if "Next" not in node.spec:
        return
    edge = Edge(node.spec["Next"], "Next")
    before = {path for name in flow.live if node.name in flow.after(name) for path in reads(flow.nodes[name])}
    before |= reads(node)
    needed = sorted({f"$.{path[0]}" for path in needed_after(flow, edge) if path and (path[0],) in _roots(before)})
    later = any(flow.nodes[name].kind == "Task" for name in flow.after(node.name))
    whole = node.parameters is None and node.function and later
    if needed or whole:
        yield _grows(
            flow, node, "Output" if node.jsonata else "ResultPath",
            "its answer replaces the whole state data, so its function must hand on "
            + (f"{', '.join(needed)}, which later states read" if needed else "all that comes in")
            + ": every step's answer carries those of all before",
            f"keep the answer in a place of its own: {JSONATA_ANSWER if node.jsonata else RESULT_PLACE}",
        )  # fmt: skip


def _roots(paths: set[Path]) -> set[Path]:
    return {path[:1] for path in paths if path}


def _envelope(flow: Flow, node: Node) -> Iterator[Finding]:
    """``lambda:invoke`` wraps the answer in what Lambda says of the call."""
    if not node.invokes or node.integration.pattern:
        return
    if node.jsonata:
        if keeps_result(node):
            yield _grows(
                flow, node, "Output", ENVELOPE, 'take the answer out: "Output": "{% $states.result.Payload %}"'
            )
        return
    selected = "ResultSelector" in node.spec or str(node.spec.get("OutputPath", "")).startswith("$.Payload")
    if written(node.spec) is not None and not selected:
        yield _grows(
            flow, node, "ResultSelector", ENVELOPE,
            'take the answer out: "ResultSelector": {"value.$": "$.Payload"}, or "OutputPath": "$.Payload"',
        )  # fmt: skip


def _appends(flow: Flow, node: Node) -> Iterator[Finding]:
    """In a loop, a place that is made of itself and more."""
    field = _appended(node)
    if field:
        yield _grows(
            flow, node, field,
            "it is in a loop and makes a place of what is there already and more: no number of rounds is few enough",
            "write to a fixed place, count instead of collecting, or give each round an execution of its own",
        )  # fmt: skip


def _appended(node: Node) -> str:
    if node.jsonata:
        if any(_adds_to(f"$states.input.{name}", text) for name, text in places(node.spec.get("Output"))):
            return "Output"
        if _WHOLE.search(str(node.spec.get("Output"))):
            return "Output"
        for name, value in node.spec.get("Assign", {}).items():
            text = " ".join(strings([value]))
            if _adds_to(f"${name}", text):
                return f"Assign/{name}"
        return ""
    for name, value in node.spec.get("Assign", {}).items():
        variable = name.removesuffix(".$")
        if str(value).startswith(_GROWING) and f"${variable}" in str(value):
            return f"Assign/{variable}"
    place = written(node.spec) if node.kind in ("Pass", "Task", "Map", "Parallel") else None
    if place is None:
        return ""
    for field in ("Parameters",) if node.kind == "Pass" else ("ResultSelector",):
        for at, text in leaves(node.spec.get(field)):
            if field == "Parameters" and _takes_itself(text, (*place, *at)):
                return field
    whole = node.kind == "Pass" and "Parameters" not in node.spec and "Result" not in node.spec and place
    return "ResultPath" if whole and node.spec.get("InputPath", "$") == "$" else ""


def _adds_to(place: str, text: str) -> bool:
    """True if an expression makes a place of what is there and more."""
    return bool(re.search(rf"{re.escape(place)}\b", text) and _APPENDS.search(text))


def _takes_itself(text: str, place: Path) -> bool:
    for path in paths_in(text):
        if overlap(path, place) and (path != place or text.startswith(_GROWING)) and len(path) <= len(place):
            return True
    return False


def lost_input(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.nodes.values():
        mending = JSONATA_PLACE if node.jsonata else '"ResultPath": "$.failure"'
        for edge in flow.edges[node.name]:
            own = edge.errors is not None and edge.field.startswith("Catch[")
            if not own or not catch_replaces_all(node, catcher := catcher_of(node, edge)):
                continue
            made = catcher.get("Output", ERROR_OUTPUT)
            if not isinstance(made, Mapping):
                continue  # an expression, whose fields only a run knows
            known = {(name,) for name in made}
            needed = sorted({f"$.{path[0]}" for path in needed_after(flow, edge) if path and path[:1] not in known})
            if needed:
                yield Finding(
                    "lost-input", flow.name, node.name, edge.field,
                    f"the error replaces the state data, and the states that follow read {', '.join(needed)}",
                    f"keep the error in a place of its own: {mending}",
                )  # fmt: skip


def payload_size(flow: Flow, config: Config) -> Iterator[Finding]:
    for node in flow.nodes.values():
        kept = keeps_result(node) if node.jsonata else written(node.spec) is not None
        if node.name in flow.live and kept:
            yield from _unbounded(flow, node, config)
    if config.input_bytes is not None:
        yield from _total(flow, config, config.input_bytes)


def _unbounded(flow: Flow, node: Node, config: Config) -> Iterator[Finding]:
    if _size_of(node, config) is not None:
        return
    if node.kind == "Map" and "ResultWriter" not in node.spec and "ResultSelector" not in node.spec:
        field, drop = ("Output", JSONATA_DROP) if node.jsonata else ("ResultPath", '"ResultPath": null')
        yield _too_large(
            flow, node, field, "it keeps the outputs of all its items, however many there are",
            f"drop them ({drop}), write them with a ResultWriter, or declare their bytes",
        )  # fmt: skip
    elif node.kind == "Task" and node.integration.kind == "service" and node.integration.action in UNBOUNDED:
        given = node.parameters if isinstance(node.parameters, Mapping) else {}
        limited = any(key.removesuffix(".$") in ("Limit", "MaxKeys", "MaxResults", "Range") for key in given)
        if not limited and "ResultSelector" not in node.spec:
            action = node.integration.action
            field, select = ("Output",) * 2 if node.jsonata else ("ResultPath", "ResultSelector")
            yield _too_large(
                flow, node, field, f"{action} answers with {UNBOUNDED[action]}",
                f"ask for fewer, select what is needed with {select}, or hand on a reference",
            )  # fmt: skip


def _total(flow: Flow, config: Config, input_bytes: int) -> Iterator[Finding]:
    """The input and, at each place that is written, the longest that can come to stand there."""
    longest: dict[Path, int] = {}
    for name in sorted(flow.live):
        node = flow.nodes[name]
        for field, spec in results(node) if node.around is None else ():
            place = written(spec)
            if place is None:
                continue
            size = CAUSE_BYTES if field.startswith("Catch") else _size_of(node, config)
            if size is None and node.kind != "Pass":
                yield _too_large(
                    flow, node, field, "nobody says how long its answer can be, and it is kept",
                    "declare the bytes of its answer, or drop it",
                )  # fmt: skip
            longest[place] = max(longest.get(place, 0), size or 0)
    total = input_bytes + sum(longest.values())
    if total > MAX_BYTES:
        places = ", ".join(f"$.{'.'.join(place)} {size:,}" for place, size in sorted(longest.items()))
        yield _too_large(
            flow, None, "",
            f"an input of {input_bytes:,} bytes and what is kept beside it ({places}) come to {total:,}",
            f"keep less: {MAX_BYTES:,} bytes are all that a state may hand on",
        )  # fmt: skip


def _size_of(node: Node, config: Config) -> int | None:
    if node.kind == "Pass":
        return len(json.dumps(node.spec.get("Result", node.spec.get("Parameters", {}))))
    if node.name in config.tasks:
        return config.tasks[node.name].bytes
    return declared(node, config).bytes if node.kind == "Task" else None


def _grows(flow: Flow, node: Node, field: str, why: str, mend: str) -> Finding:
    return Finding("growing-state", flow.name, node.name, field, why, mend)


def _too_large(flow: Flow, node: Node | None, field: str, why: str, mend: str) -> Finding:
    return Finding("payload-size", flow.name, node.name if node else "", field, why, mend)
