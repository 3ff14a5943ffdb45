"""The parts of the state data that a state reads and writes, derived from its fields.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.flow import Flow, Node, Transition

DataPath = tuple[str, ...]
"""The names on a path into the state data; empty for all of it."""

_STRING_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
_PATH = re.compile(r"""\$(\$|[A-Za-z_]\w*)?((?:\.[^\s.\[\](),'"*?]+|\['[^']*'\]|\[[^\]]*\]|\.\.?\*?)*)""")
_NAME = re.compile(r"\.([^\s.\[\](),'\"*?]+)|\['([^']*)'\]")
_TEMPLATES = ("Parameters", "ItemSelector", "Credentials")
_NESTED = ("ItemReader", "ItemBatcher", "ResultWriter")
_WHOLE_RESULT = re.compile(r"\$states\.result(?![\w.\[])")
_AGGREGATED_RESULT = re.compile(r"\$(?:count|sum|max|min|average|exists|length|type)\(\s*\$states\.result[\w.]*\s*\)")
_OBJECT_MEMBERS = re.compile(r"""(['"])(\w+)\1\s*:\s*([^{}]*?)(?=,\s*['"]\w+['"]\s*:|\}|$)""")
_JSONATA_INPUT = re.compile(r"\$states\.input((?:\.\w+)*)")


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def template_queries(template: Any, parent: DataPath = ()) -> Iterator[tuple[DataPath, str]]:
    """The paths and intrinsic calls in a payload template, each with its path in the value that the template builds."""
    if isinstance(template, Mapping):
        for key, value in template.items():
            if key.endswith(".$"):
                yield (*parent, key[:-2]), str(value)
            else:
                yield from template_queries(value, (*parent, key))
    elif isinstance(template, list):
        for i, value in enumerate(template):
            yield from template_queries(value, (*parent, str(i)))


def jsonpath_reads(text: str) -> Iterator[DataPath]:
    """The paths into the state data in a path or an intrinsic call; not those into ``$$`` or a variable."""
    for root, rest in _PATH.findall(_STRING_LITERAL.sub("''", text) if text.startswith("States.") else text):
        if not root:
            yield leading_names(rest)


def jsonata_reads(text: str) -> list[DataPath]:
    """The paths into the state data in a JSONata expression."""
    return [tuple(filter(None, rest.split("."))) for rest in _JSONATA_INPUT.findall(text)]


def leading_names(rest: str) -> DataPath:
    """The names of a path up to its first segment that isn't a name."""
    names: list[str] = []
    position = 0
    while (match := _NAME.match(rest, position)) is not None:
        names.append(match[1] or match[2])
        position = match.end()
    return tuple(names)


def node_reads(node: Node) -> set[DataPath]:
    """The paths that a state's fields read; InputPath alone reads nothing."""
    if node.jsonata:
        return set(jsonata_reads(" ".join(strings(dict(node.spec)))))
    paths = {path for text in _queries(node.spec) for path in jsonpath_reads(text)}
    input_path = node.spec.get("InputPath", "$")
    prefix = next(jsonpath_reads(input_path), ()) if isinstance(input_path, str) else ()
    return {(*prefix, *path) for path in paths}


def _queries(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in _TEMPLATES:
        yield from (text for _, text in template_queries(spec.get(field)))
    for field in _NESTED:
        yield from (text for _, text in template_queries(spec.get(field)))
    for field, value in spec.items():
        if field.endswith("Path") and field not in ("InputPath", "OutputPath", "ResultPath") and isinstance(value, str):
            yield value
    yield from _choice_paths(spec.get("Choices", []))


def _choice_paths(rules: Any) -> Iterator[str]:
    """The variables of Choice rules, and the paths that they are compared with."""
    if isinstance(rules, list):
        for rule in rules:
            yield from _choice_paths(rule)
    elif isinstance(rules, Mapping):
        for field, value in rules.items():
            if field == "Variable" or (field.endswith("Path") and isinstance(value, str)):
                yield str(value)
            else:
                yield from _choice_paths(value)


def result_path(spec: Mapping[str, Any]) -> DataPath | None:
    """The path that a state or a catcher writes its result to; None if it is dropped."""
    path = spec.get("ResultPath", "$")
    return None if path is None else leading_names(path[1:])


def replaces_all(node: Node) -> bool:
    """True if the state's output is its result alone."""
    has_result = node.kind in ("Task", "Map", "Parallel")
    if node.jsonata:
        return not _outputs_input(node.spec) if "Output" in node.spec else has_result
    return has_result and result_path(node.spec) == ()


def catch_replaces_all(node: Node, catcher: Mapping[str, Any]) -> bool:
    """True if the catcher's output contains nothing of the state's input."""
    return not _outputs_input(catcher) if node.jsonata else result_path(catcher) == ()


def _outputs_input(spec: Mapping[str, Any]) -> bool:
    return any("$states.input" in text for text in strings(spec.get("Output")))


def keeps_result(node: Node) -> bool:
    """True if a JSONata state outputs or assigns its whole result, neither an aggregate nor a field of it."""
    if "Output" not in node.spec:
        return True
    texts = [*strings(node.spec["Output"]), *strings(node.spec.get("Assign"))]
    return any(_WHOLE_RESULT.search(_AGGREGATED_RESULT.sub("", text)) for text in texts)


def result_names(node: Node) -> set[str]:
    """The names in a JSONata state's Output whose values derive from its result."""
    return {name for name, text in output_members(node.spec.get("Output")) if "$states.result" in text}


def output_members(output: Any) -> Iterator[tuple[str, str]]:
    """The member names in an Output with their expressions; for one expression, those in its object literals."""
    if isinstance(output, Mapping):
        yield from ((name, " ".join(strings([value]))) for name, value in output.items())
    elif isinstance(output, str):
        yield from ((name, text) for _, name, text in _OBJECT_MEMBERS.findall(output))


def assigned_from_result(node: Node) -> set[str]:
    """The variables that a state derives from its result."""
    result = "$states.result" if node.jsonata else "$"
    assigned = node.spec.get("Assign", {})
    return {
        name.removesuffix(".$")
        for name, value in assigned.items()
        if any(re.match(r"\$(?:[.\[]|$)", text) if result == "$" else result in text for text in strings([value]))
    }


def needed_after(flow: Flow, transition: Transition) -> set[DataPath]:
    """The paths that later states read of a transition's data, until a state replaces the data."""
    reached, pending = set[str](), [transition.target]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += [each.target for each in flow.transitions[name] if _keeps_data(flow, flow.nodes[name], each)]
    return {path for name in reached for path in node_reads(flow.nodes[name])}


def _keeps_data(flow: Flow, node: Node, transition: Transition) -> bool:
    """True if the target's input still contains all of the node's input."""
    if transition.field == "StartAt":
        return node.kind == "Parallel" and node.parameters is None
    if flow.nodes[transition.target].parent is not node.parent:
        return False
    return not (
        replaces_all(node) if transition.errors is None else catch_replaces_all(node, catcher_of(node, transition))
    )


def catcher_of(node: Node, transition: Transition) -> Mapping[str, Any]:
    """The catcher that a transition belongs to."""
    return next(
        catcher
        for catcher in node.catchers
        if catcher["Next"] == transition.target and frozenset(catcher["ErrorEquals"]) == transition.errors
    )


def overlap(first: DataPath, second: DataPath) -> bool:
    """True if one path is a prefix of the other."""
    return first[: len(second)] == second[: len(first)]
