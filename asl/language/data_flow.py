"""The data flow of a state: the fields that shape its input and output, compiled once for its query language.

JSONPath: InputPath, Parameters, ResultSelector, ResultPath, OutputPath. JSONata: Arguments, Output. Both: Assign.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.language import templates
from asl.language.jsonata import expressions as jsonata_expressions
from asl.language.jsonata.syntax import is_expression
from asl.language.jsonpath import ReferencePath, compile_path, compile_reference_path
from asl.language.scope import Expression, Scope

Assign = Callable[[Scope], dict[str, Any]]


def compile_payload(value: Any, field: str, jsonata: bool) -> Expression:
    """A payload template of either query language, as an expression."""
    return jsonata_expressions.compile_template(value, field) if jsonata else templates.compile_template(value)


def compile_typed_field(value: Any, field: str, jsonata: bool, expected: str) -> Expression:
    """A field of one JSON type ("number", "string", "array"): a constant or, in JSONata, an expression."""
    if jsonata and is_expression(value):
        return jsonata_expressions.compile_expression(value, field, expected)
    return lambda scope: value


def compile_assign(spec: dict[str, Any], jsonata: bool, field: str = "Assign") -> Assign | None:
    """The variables that a state, a Choice rule or a catcher sets; None if it sets none."""
    return compile_payload(spec["Assign"], field, jsonata) if spec.get("Assign") else None


def compile_filter_path(path: str | None) -> Expression | None:
    """InputPath or OutputPath: None for ``$``, which changes nothing; a null path gives ``{}``."""
    if path == "$":
        return None
    return compile_path(path) if path is not None else lambda scope: {}


class Fields:
    """One state's data flow: `effective` gives the effective input, `output` the state's output.

    Attributes:
        plain: no field shapes the data: the effective input is the input, the output is the result.
    """

    __slots__ = (
        "assign", "input", "jsonata", "keep_input", "output_field", "parameters", "plain", "result_path", "selector",
    )  # fmt: skip

    input: Expression | None
    selector: Expression | None
    output_field: Expression | None
    result_path: ReferencePath | None

    def __init__(self, spec: dict[str, Any], jsonata: bool, parameters: str = "Parameters") -> None:
        self.jsonata = jsonata
        self.assign = compile_assign(spec, jsonata)
        self.input = self.selector = self.result_path = self.output_field = None
        self.keep_input = False
        name = "Arguments" if jsonata else parameters
        self.parameters = compile_payload(spec[name], name, jsonata) if name in spec else None
        if jsonata:
            self.output_field = compile_payload(spec["Output"], "Output", True) if "Output" in spec else None
        else:
            self._compile_paths(spec)
        shaping = (self.assign, self.input, self.parameters, self.selector, self.result_path, self.output_field)
        self.plain = not self.keep_input and all(field is None for field in shaping)

    def _compile_paths(self, spec: dict[str, Any]) -> None:
        self.input = compile_filter_path(spec.get("InputPath", "$"))
        selector = spec.get("ResultSelector")
        self.selector = None if selector is None else compile_payload(selector, "ResultSelector", False)
        path = spec.get("ResultPath", "$")
        self.keep_input = path is None
        self.result_path = compile_reference_path(path) if path not in (None, "$") else None
        self.output_field = compile_filter_path(spec.get("OutputPath", "$"))

    def filtered(self, scope: Scope) -> Any:
        """The state's input after InputPath; JSONPath expressions see it as ``$`` from then on."""
        if self.input is not None:
            scope.input = self.input(scope)
        return scope.input

    def effective(self, scope: Scope) -> Any:
        """The effective input: after InputPath and Parameters, or Arguments."""
        value = self.filtered(scope)
        return value if self.parameters is None else self.parameters(scope)

    def output(self, scope: Scope, raw: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        """The state's output for its raw input and its result, and the variables it sets."""
        if self.jsonata:
            scope.states["result"] = result
            output = result if self.output_field is None else self.output_field(scope)
            return output, None if self.assign is None else self.assign(scope)
        scope.input = result
        if self.selector is not None:
            scope.input = result = self.selector(scope)
        assigned = None if self.assign is None else self.assign(scope)
        if self.keep_input:
            result = raw
        elif self.result_path is not None:
            result = self.result_path.put(raw, result)
        if self.output_field is not None:
            scope.input = result
            result = self.output_field(scope)
        return result, assigned
