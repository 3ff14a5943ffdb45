"""Checks of a TestState request, and the single-state test that it describes."""

from __future__ import annotations

import time
from typing import Any

from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.language.documents import decode
from asl.language.errors import StatesError
from asl.language.resources import parse_resource
from asl.teststate.mocked_results import check_mocked_result
from asl.teststate.single_state import SingleStateTest, StateMock
from asl.validation.diagnostics import DiagnosticsCollector, InvalidDefinition
from asl.validation.requests import Rejected
from asl.validation.source import read_definition
from asl.validation.states import StateMachineValidator

DEFAULT_STATE_NAME = "StateName"
_STATES_WITH_BRANCHES = ("Map", "Parallel")
_CONTEXT_FIELDS: dict[str, dict[str, tuple[type, str]]] = {
    "Execution": {
        "Id": (str, "a string"),
        "Input": (object, "a value"),
        "Name": (str, "a string"),
        "RoleArn": (str, "a string"),
        "StartTime": (str, "a string"),
        "RedriveCount": (int, "a number"),
        "RedriveTime": (str, "a string"),
    },
    "State": {"EnteredTime": (str, "a string"), "Name": (str, "a string"), "RetryCount": (int, "a number")},
    "StateMachine": {"Id": (str, "a string"), "Name": (str, "a string")},
    "Task": {"Token": (str, "a string")},
}


def parse_request(params: dict[str, Any], invoke: Invoke | None, now: float | None) -> SingleStateTest:
    """The test that the request describes. Raises Rejected (``ValidationException``, ``InvalidDefinition``)."""
    _check_mock_fields(params)
    name, spec, language = _find_state(params)
    _check_request(params, spec)
    test = SingleStateTest(
        name,
        spec,
        language,
        _parse_json(params, "input", {}),
        invoke or _fail_task,
        variables=_parse_json(params, "variables", {}),
        context=_parse_context(params, spec),
        started_at=time.time() if now is None else now,
    )
    if params.get("roleArn"):
        test.role_arn = params["roleArn"]
    _configure_mock(test, params)
    return test


def _fail_task(request: TaskRequest, complete: Complete) -> None:
    complete(StatesError("States.Runtime", f"Nothing here can call {request.resource}."))


def _rejected(message: str, code: str = "ValidationException") -> Rejected:
    return Rejected(code, message)


def _parse_json(params: dict[str, Any], name: str, default: Any) -> Any:
    text = params.get(name)
    if text is None:
        return default
    try:
        return decode(text)
    except (ValueError, TypeError, RecursionError):
        code = "InvalidExecutionInput" if name == "input" else "ValidationException"
        raise _rejected(f"Invalid {name}: not a valid JSON text", code) from None


def _find_state(params: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """The state's name, its definition and its machine's query language. Raises Rejected."""
    collector = DiagnosticsCollector()
    definition = read_definition(params.get("definition", ""), collector)
    if definition is None:
        raise _rejected(str(InvalidDefinition(collector.diagnostics)), "InvalidDefinition")
    whole = "States" in definition
    machine: dict[str, Any] = (
        definition if whole else {"StartAt": DEFAULT_STATE_NAME, "States": {DEFAULT_STATE_NAME: definition}}
    )
    name = params.get("stateName") or (machine.get("StartAt") if whole else DEFAULT_STATE_NAME)
    StateMachineValidator(collector, "STANDARD").check_machine(machine)
    errors = collector.errors
    if errors:
        raise _rejected(str(InvalidDefinition(errors)), "InvalidDefinition")
    if not isinstance(name, str) or (spec := _state_named(machine, name)) is None:
        raise _rejected(f"State '{name}' not found in the state machine definition.")
    return name, spec, machine.get("QueryLanguage", "JSONPath")


def _state_named(machine: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The state with the name, in the machine or in one of its branches or item processors."""
    if name in machine["States"]:
        return dict(machine["States"][name])
    nested = [
        inner
        for state in machine["States"].values()
        for inner in [*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")]
        if inner is not None
    ]
    return next((state for inner in nested if (state := _state_named(inner, name)) is not None), None)


def _check_mock_fields(params: dict[str, Any]) -> None:
    mock, configuration = params.get("mock"), params.get("stateConfiguration") or {}
    if mock is None:
        for field in configuration:
            name = field[0].upper() + field[1:]
            raise _rejected(f"TestState does not support {name} when a mock is not specified.")
        return
    if ("result" in mock) + ("errorOutput" in mock) > 1:
        raise _rejected("A test mock should have only one of the following fields: [result, errorOutput].")
    if params.get("revealSecrets"):
        raise _rejected("TestState does not support RevealSecrets when a mock is specified.")


def _check_request(params: dict[str, Any], spec: dict[str, Any]) -> None:
    kind, mocked = spec["Type"], params.get("mock") is not None
    if mocked and kind not in ("Task", *_STATES_WITH_BRANCHES):
        raise _rejected(f"State type '{kind}' is not supported when a mock is specified")
    if not mocked and kind in _STATES_WITH_BRANCHES:
        types = "Task, Wait, Pass, Succeed, Fail, Choice"
        message = f"TestState API does not support Map or Parallel states. Supported state types include: [{types}]"
        raise _rejected(message, "InvalidDefinition")
    if not mocked and kind == "Task" and not params.get("roleArn"):
        raise _rejected("RoleArn must be specified when testing a Task state")


def _parse_context(params: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any] | None:
    context = _parse_json(params, "context", None)
    if context is None:
        return None
    if not isinstance(context, dict):
        raise _rejected("Invalid Context object provided: it must be a JSON object")
    for name, part in context.items():
        if name == "Map":
            raise _rejected_context("'Map' field is not supported when mocking a Context object")
        if name not in _CONTEXT_FIELDS:
            raise _rejected_context(f"Field '{name}' is not allowed")
        _check_context_part(name, part)
    pattern = parse_resource(spec["Resource"]).pattern if spec["Type"] == "Task" else ""
    if "Task" in context and not pattern:
        raise _rejected_context(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
            "service integration pattern"
        )
    return context


def _check_context_part(name: str, part: Any) -> None:
    if not isinstance(part, dict):
        raise _rejected_context(f"{name} must be an object")
    for field, value in part.items():
        if field not in _CONTEXT_FIELDS[name]:
            raise _rejected_context(f"Field '{field}' is not allowed")
        kind, description = _CONTEXT_FIELDS[name][field]
        if not isinstance(value, kind):
            raise _rejected_context(f"{name}.{field} must be {description}")


def _rejected_context(reason: str) -> Rejected:
    return _rejected(f"Invalid Context object provided: {reason}")


def _configure_mock(test: SingleStateTest, params: dict[str, Any]) -> None:
    mock, configuration = params.get("mock"), params.get("stateConfiguration") or {}
    if mock is None:
        return
    test.retries = configuration.get("retrierRetryCount") or 0
    test.items = _parse_json(configuration, "mapItemReaderData", None)
    test.failed_items = configuration.get("mapIterationFailureCount")
    if "errorOutput" in mock:
        output = mock["errorOutput"]
        test.mock = StateMock(error=StatesError(output.get("error") or "", output.get("cause")))
        return
    result = _parse_json(mock, "result", None)
    _check_result(test.spec, result, mock.get("fieldValidationMode") or "STRICT")
    test.mock = StateMock(result)


def _check_result(spec: dict[str, Any], result: Any, mode: str) -> None:
    kind = spec["Type"]
    if kind == "Task":
        integration = parse_resource(spec["Resource"])
        if integration.kind == "service" and not integration.pattern:
            check_mocked_result(integration, result, mode)
    elif kind == "Map" and "ResultWriter" in spec:
        if not isinstance(result, dict):
            raise _rejected("Mocked result must be a JSON object.")
    elif not isinstance(result, list):
        raise _rejected("Mocked result must be an array.")
    elif kind == "Parallel" and len(result) != len(spec["Branches"]):
        raise _rejected("Mocked result must contain the same number of items as number of Parallel branches.")
