"""Which parts of the state data a state reads and which it writes, as its JSONPath fields say.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.flow import Edge, Flow, Node

Path = tuple[str, ...]
"""The names that lead to a place in the state data; empty for all of it."""

_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
_PATH = re.compile(r"""\$(\$|[A-Za-z_]\w*)?((?:\.[^\s.\[\](),'"*?]+|\['[^']*'\]|\[[^\]]*\]|\.\.?\*?)*)""")
_NAME = re.compile(r"\.([^\s.\[\](),'\"*?]+)|\['([^']*)'\]")
_TEMPLATES = ("Parameters", "ItemSelector", "Credentials")
_NESTED = ("ItemReader", "ItemBatcher", "ResultWriter")
_WHOLE_RESULT = re.compile(r"\$states\.result(?![\w.\[])")
_SUMMED = re.compile(r"\$(?:count|sum|max|min|average|exists|length|type)\(\s*\$states\.result[\w.]*\s*\)")
_PLACES = re.compile(r"""(['"])(\w+)\1\s*:\s*([^{}]*?)(?=,\s*['"]\w+['"]\s*:|\}|$)""")
_JSON_INPUT = re.compile(r"\$states\.input((?:\.\w+)*)")


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def leaves(template: Any, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """The paths and intrinsic calls in a payload template, each with its place in what the template builds."""
    if isinstance(template, Mapping):
        for key, value in template.items():
            if key.endswith(".$"):
                yield (*at, key[:-2]), str(value)
            else:
                yield from leaves(value, (*at, key))
    elif isinstance(template, list):
        for i, value in enumerate(template):
            yield from leaves(value, (*at, str(i)))


def paths_in(text: str) -> Iterator[Path]:
    """The places in the state data that a path or an intrinsic call names; not those in ``$$`` or a variable."""
    for root, rest in _PATH.findall(_LITERAL.sub("''", text) if text.startswith("States.") else text):
        if not root:
            yield definite(rest)


def inputs_in(text: str) -> list[Path]:
    """The places in the state data that a JSONata expression names."""
    return [tuple(filter(None, rest.split("."))) for rest in _JSON_INPUT.findall(text)]


def definite(rest: str) -> Path:
    """The names of a path up to its first step that isn't a name."""
    names: list[str] = []
    position = 0
    while (found := _NAME.match(rest, position)) is not None:
        names.append(found[1] or found[2])
        position = found.end()
    return tuple(names)


def reads(node: Node) -> set[Path]:
    """The places that a state's fields name; InputPath alone names nothing that is needed."""
    if node.jsonata:
        return set(inputs_in(" ".join(strings(dict(node.spec)))))
    found = {path for text in _texts(node.spec) for path in paths_in(text)}
    inside = node.spec.get("InputPath", "$")
    prefix = next(paths_in(inside), ()) if isinstance(inside, str) else ()
    return {(*prefix, *path) for path in found}


def _texts(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in _TEMPLATES:
        yield from (text for _, text in leaves(spec.get(field)))
    for field in _NESTED:
        yield from (text for _, text in leaves(spec.get(field)))
    for field, value in spec.items():
        if field.endswith("Path") and field not in ("InputPath", "OutputPath", "ResultPath") and isinstance(value, str):
            yield value
    yield from _tested(spec.get("Choices", []))


def _tested(rules: Any) -> Iterator[str]:
    """The variables of Choice rules, and the paths they are compared with."""
    if isinstance(rules, list):
        for rule in rules:
            yield from _tested(rule)
    elif isinstance(rules, Mapping):
        for field, value in rules.items():
            if field == "Variable" or (field.endswith("Path") and isinstance(value, str)):
                yield str(value)
            else:
                yield from _tested(value)


def written(spec: Mapping[str, Any]) -> Path | None:
    """Where a state's or a catcher's result goes; None where it is dropped."""
    path = spec.get("ResultPath", "$")
    return None if path is None else definite(path[1:])


def replaces_all(node: Node) -> bool:
    """True if what the state hands on is its result and nothing else."""
    has_result = node.kind in ("Task", "Map", "Parallel")
    if node.jsonata:
        return not _hands_on_input(node.spec) if "Output" in node.spec else has_result
    return has_result and written(node.spec) == ()


def catch_replaces_all(node: Node, catcher: Mapping[str, Any]) -> bool:
    """True if what the catcher hands on has nothing of the state's input."""
    return not _hands_on_input(catcher) if node.jsonata else written(catcher) == ()


def _hands_on_input(spec: Mapping[str, Any]) -> bool:
    return any("$states.input" in text for text in strings(spec.get("Output")))


def keeps_result(node: Node) -> bool:
    """True if a JSONata state hands on its result whole, or assigns it: it isn't counted, nor one field of it taken."""
    if "Output" not in node.spec:
        return True
    made = [*strings(node.spec["Output"]), *strings(node.spec.get("Assign"))]
    return any(_WHOLE_RESULT.search(_SUMMED.sub("", text)) for text in made)


def result_names(node: Node) -> set[str]:
    """Under which names a JSONata state hands on what it made of its result, as far as its Output says."""
    return {name for name, text in places(node.spec.get("Output")) if "$states.result" in text}


def places(output: Any) -> Iterator[tuple[str, str]]:
    """The names in an Output, each with the expression that is put there; of one text those in its object literals."""
    if isinstance(output, Mapping):
        yield from ((name, " ".join(strings([value]))) for name, value in output.items())
    elif isinstance(output, str):
        yield from ((name, text) for _, name, text in _PLACES.findall(output))


def assigned_from_result(node: Node) -> set[str]:
    """The variables that a state sets to what it made of its result."""
    result = "$states.result" if node.jsonata else "$"
    assigned = node.spec.get("Assign", {})
    return {
        name.removesuffix(".$")
        for name, value in assigned.items()
        if any(re.match(r"\$(?:[.\[]|$)", text) if result == "$" else result in text for text in strings([value]))
    }


def needed_after(flow: Flow, edge: Edge) -> set[Path]:
    """What is read of the data that goes along an edge, up to where something else replaces it."""
    found, waiting = set[str](), [edge.target]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each.target for each in flow.edges[name] if _hands_on(flow, flow.nodes[name], each)]
    return {path for name in found for path in reads(flow.nodes[name])}


def _hands_on(flow: Flow, node: Node, edge: Edge) -> bool:
    """True if the state data at the edge's end is still the node's, with more in it at most."""
    if edge.field == "StartAt":
        return node.kind == "Parallel" and node.parameters is None
    if flow.nodes[edge.target].around is not node.around:
        return False
    return not (replaces_all(node) if edge.errors is None else catch_replaces_all(node, catcher_of(node, edge)))


def catcher_of(node: Node, edge: Edge) -> Mapping[str, Any]:
    """The catcher of a state that an edge comes from."""
    return next(
        catcher
        for catcher in node.catchers
        if catcher["Next"] == edge.target and frozenset(catcher["ErrorEquals"]) == edge.errors
    )


def overlap(one: Path, other: Path) -> bool:
    """True if one place lies in the other."""
    return one[: len(other)] == other[: len(one)]
