"""Rules about the state data: growth with every state, lost input, and payloads over 256 KiB.

https://docs.aws.amazon.com/step-functions/latest/dg/avoid-exec-failures.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from asl.language.documents import MAX_BYTES
from asl.lint.config import Config
from asl.lint.data_usage import (
    DataPath,
    catch_replaces_all,
    catcher_of,
    jsonpath_reads,
    keeps_result,
    needed_after,
    node_reads,
    output_members,
    overlap,
    replaces_all,
    result_path,
    strings,
    template_queries,
)
from asl.lint.findings import LintFinding
from asl.lint.flow import Flow, Node, Transition
from asl.lint.rules.compensations import result_writers
from asl.lint.rules.errors import task_declaration

CAUSE_BYTES = 33_024
"""The maximum size of an error output: 256 characters of name, 32,768 of cause."""
ERROR_OUTPUT = dict.fromkeys(("Error", "Cause"))
KEEP_ERROR_JSONATA = '"Output": "{% $merge([$states.input, {\'failure\': $states.errorOutput}]) %}"'
KEEP_ERROR_JSONPATH = '"ResultPath": "$.failure"'
KEEP_RESULT_JSONATA = '"Output": "{% $merge([$states.input, {\'name\': $states.result}]) %}"'
KEEP_RESULT_JSONPATH = '"ResultPath": "$.name"; or drop it: "ResultPath": null'
DROP_RESULT_JSONATA = '"Output": "{% $states.input %}"'
ENVELOPE = "lambda:invoke returns the call's headers and status around the function's result, and all of it is kept"
UNBOUNDED = {
    "getObject": "an object of any size",
    "listObjectsV2": "up to a thousand entries",
    "listObjects": "up to a thousand entries",
    "query": "up to a megabyte of items",
    "scan": "up to a megabyte of items",
    "batchGetItem": "up to 16 megabytes of items",
    "getQueryResults": "up to a thousand rows",
}
"""Actions with results of unbounded size."""
_APPENDS = re.compile(r"\$(?:append|merge)\(|\[\s*\$|&")
_APPENDS_TO_INPUT = re.compile(r"(?:\$append\(|(?<!\$merge\()\[)\s*\$states\.input\s*,")
_GROWING_FUNCTIONS = ("States.Array(", "States.Format(", "States.JsonMerge(", "States.JsonToString(")


def growing_state(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.nodes.values():
        if node.name not in flow.reachable:
            continue
        yield from _check_replaced_data(flow, node)
        yield from _check_envelope(flow, node)
        if node.name in flow.reachable_after(node.name):
            yield from _check_appends(flow, node)


def _check_replaced_data(flow: Flow, node: Node) -> Iterator[LintFinding]:
    """Find a task whose result replaces data that later states need."""
    if node.kind != "Task" or not replaces_all(node) or "ResultSelector" in node.spec:
        return
    if "Output" in node.spec and str(node.spec["Output"]).strip("{%} ") != "$states.result":
        return
    if "Next" not in node.spec:
        return
    transition = Transition(node.spec["Next"], "Next")
    earlier = [flow.nodes[name] for name in flow.reachable if node.name in flow.reachable_after(name)]
    before = {path[:1] for each in (*earlier, node) for path in node_reads(each) if path}
    needed = sorted({f"$.{path[0]}" for path in needed_after(flow, transition) if path and path[:1] in before})
    has_later_task = any(flow.nodes[name].kind == "Task" for name in flow.reachable_after(node.name))
    passes_all = node.parameters is None and node.function and has_later_task
    if needed or passes_all:
        yield _grows(
            flow, node, "Output" if node.jsonata else "ResultPath",
            "its result replaces the whole state data, so its function must return "
            + (f"{', '.join(needed)}, which later states read" if needed else "all of its input")
            + ": every result carries those of all earlier states",
            f"keep the result at a path of its own: {KEEP_RESULT_JSONATA if node.jsonata else KEEP_RESULT_JSONPATH}",
        )  # fmt: skip


def _check_envelope(flow: Flow, node: Node) -> Iterator[LintFinding]:
    """Find a ``lambda:invoke`` task that keeps the envelope around the function's result."""
    if not node.calls_lambda_invoke or node.integration.pattern:
        return
    if node.jsonata:
        if keeps_result(node):
            yield _grows(flow, node, "Output", ENVELOPE, 'select the result: "Output": "{% $states.result.Payload %}"')
        return
    selected = "ResultSelector" in node.spec or str(node.spec.get("OutputPath", "")).startswith("$.Payload")
    if result_path(node.spec) is not None and not selected:
        yield _grows(
            flow, node, "ResultSelector", ENVELOPE,
            'select the result: "ResultSelector": {"value.$": "$.Payload"}, or "OutputPath": "$.Payload"',
        )  # fmt: skip


def _check_appends(flow: Flow, node: Node) -> Iterator[LintFinding]:
    """Find a state in a loop that appends to a value."""
    field = _appending_field(node)
    if field:
        yield _grows(
            flow, node, field,
            "it is in a loop and appends to a value, which grows with every iteration",
            "overwrite a fixed path, count instead of collecting, or run each iteration in an execution of its own",
        )  # fmt: skip


def _appending_field(node: Node) -> str:
    """The field that appends to a value of the state data or to a variable; empty if none does."""
    if node.jsonata:
        if any(_appends_to(f"$states.input.{name}", text) for name, text in output_members(node.spec.get("Output"))):
            return "Output"
        if _APPENDS_TO_INPUT.search(str(node.spec.get("Output"))):
            return "Output"
        for name, value in node.spec.get("Assign", {}).items():
            text = " ".join(strings([value]))
            if _appends_to(f"${name}", text):
                return f"Assign/{name}"
        return ""
    for name, value in node.spec.get("Assign", {}).items():
        variable = name.removesuffix(".$")
        if str(value).startswith(_GROWING_FUNCTIONS) and f"${variable}" in str(value):
            return f"Assign/{variable}"
    path = result_path(node.spec)
    if node.kind != "Pass" or path is None:
        return ""
    for parent, text in template_queries(node.spec.get("Parameters")):
        if _contains_itself(text, (*path, *parent)):
            return "Parameters"
    nests_input = "Parameters" not in node.spec and "Result" not in node.spec and path
    return "ResultPath" if nests_input and node.spec.get("InputPath", "$") == "$" else ""


def _appends_to(name: str, text: str) -> bool:
    """True if an expression appends to the value of a name."""
    return bool(re.search(rf"{re.escape(name)}\b", text) and _APPENDS.search(text))


def _contains_itself(text: str, target: DataPath) -> bool:
    """True if the query of a path's value reads a parent of the path, or extends the value itself."""
    return any(
        overlap(path, target) and (path != target or text.startswith(_GROWING_FUNCTIONS)) and len(path) <= len(target)
        for path in jsonpath_reads(text)
    )


def lost_input(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.nodes.values():
        keep_error = KEEP_ERROR_JSONATA if node.jsonata else KEEP_ERROR_JSONPATH
        for transition in flow.transitions[node.name]:
            is_caught_here = transition.errors is not None and transition.field.startswith("Catch[")
            if not is_caught_here or not catch_replaces_all(node, catcher := catcher_of(node, transition)):
                continue
            output = catcher.get("Output", ERROR_OUTPUT)
            if not isinstance(output, Mapping):
                continue  # the fields of an expression's result are unknown
            paths = needed_after(flow, transition)
            needed = sorted({f"$.{path[0]}" for path in paths if path and path[0] not in output})
            if needed:
                yield LintFinding(
                    "lost-input", flow.name, node.name, transition.field,
                    f"the error output replaces the state data, and later states read {', '.join(needed)}",
                    f"keep the error at a path of its own: {keep_error}",
                )  # fmt: skip


def payload_size(flow: Flow, config: Config) -> Iterator[LintFinding]:
    for node in flow.nodes.values():
        keeps = keeps_result(node) if node.jsonata else result_path(node.spec) is not None
        if node.name in flow.reachable and keeps:
            yield from _check_unbounded(flow, node, config)
    if config.input_bytes is not None:
        yield from _check_total(flow, config, config.input_bytes)


def _check_unbounded(flow: Flow, node: Node, config: Config) -> Iterator[LintFinding]:
    if _size_of(node, config) is not None:
        return
    if node.kind == "Map" and "ResultWriter" not in node.spec and "ResultSelector" not in node.spec:
        field, drop = ("Output", DROP_RESULT_JSONATA) if node.jsonata else ("ResultPath", '"ResultPath": null')
        yield _too_large(
            flow, node, field, "it keeps the outputs of all its items, whose number is unbounded",
            f"drop them ({drop}), write them with a ResultWriter, or declare their bytes",
        )  # fmt: skip
    elif node.kind == "Task" and node.integration.kind == "service" and node.integration.action in UNBOUNDED:
        parameters = node.parameters if isinstance(node.parameters, Mapping) else {}
        limited = any(key.removesuffix(".$") in ("Limit", "MaxKeys", "MaxResults", "Range") for key in parameters)
        if not limited and "ResultSelector" not in node.spec:
            action = node.integration.action
            field, select = ("Output",) * 2 if node.jsonata else ("ResultPath", "ResultSelector")
            yield _too_large(
                flow, node, field, f"{action} returns {UNBOUNDED[action]}",
                f"limit the request, select the needed fields with {select}, or pass a reference on",
            )  # fmt: skip


def _check_total(flow: Flow, config: Config, input_bytes: int) -> Iterator[LintFinding]:
    """Add up the maximum sizes of the input and of the value at every path that a state writes."""
    sizes: dict[DataPath, int] = {}
    for name in sorted(flow.reachable):
        node = flow.nodes[name]
        for field, spec in result_writers(node) if node.parent is None else ():
            path = result_path(spec)
            if path is None:
                continue
            size = CAUSE_BYTES if field.startswith("Catch") else _size_of(node, config)
            if size is None and node.kind != "Pass":
                yield _too_large(
                    flow, node, field, "its result is kept, and its size isn't declared",
                    "declare the bytes of its result, or drop it",
                )  # fmt: skip
            sizes[path] = max(sizes.get(path, 0), size or 0)
    total = input_bytes + sum(sizes.values())
    if total > MAX_BYTES:
        paths = ", ".join(f"$.{'.'.join(path)} {size:,}" for path, size in sorted(sizes.items()))
        yield _too_large(
            flow, None, "",
            f"an input of {input_bytes:,} bytes and the data that is kept with it ({paths}) add up to {total:,}",
            f"keep less: the limit of a state's output is {MAX_BYTES:,} bytes",
        )  # fmt: skip


def _size_of(node: Node, config: Config) -> int | None:
    if node.kind == "Pass":
        return len(json.dumps(node.spec.get("Result", node.spec.get("Parameters", {}))))
    if node.name in config.tasks:
        return config.tasks[node.name].bytes
    return task_declaration(node, config).bytes if node.kind == "Task" else None


def _grows(flow: Flow, node: Node, field: str, why: str, fix: str) -> LintFinding:
    return LintFinding("growing-state", flow.name, node.name, field, why, fix)


def _too_large(flow: Flow, node: Node | None, field: str, why: str, fix: str) -> LintFinding:
    return LintFinding("payload-size", flow.name, node.name if node else "", field, why, fix)
