"""TestState: run one state of a definition, with its neighbours imagined and, if asked, its work mocked.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.language.documents import encode, parsed
from asl.language.errors import StatesError
from asl.language.resources import parse_resource
from asl.language.retry import matches
from asl.teststate.mocked_results import check_mock
from asl.teststate.single_state import Mock, Rehearsal, Stage
from asl.validation.diagnostics import DiagnosticsCollector, InvalidDefinition
from asl.validation.requests import Rejected
from asl.validation.source import read_definition
from asl.validation.states import StateMachineValidator

__all__ = ["Rejected", "test_state"]

UNNAMED = "StateName"
_PLACE = re.compile(r"^An error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", re.S)
_FORKS = ("Map", "Parallel")
_CONTEXT: dict[str, dict[str, tuple[type, str]]] = {
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


def test_state(
    params: dict[str, Any],
    invoke: Invoke | None = None,  # noqa: PT028
    now: float | None = None,  # noqa: PT028
) -> dict[str, Any]:
    """Answer a TestState request: ``status``, ``output``, ``error``, ``cause``, ``nextState``, ``inspectionData``.

    `invoke` does the work of a Task that isn't mocked; `now` is the time of the test, the real one unless given.
    Raises Rejected (``ValidationException``, ``InvalidDefinition``).
    """
    _check_mock_fields(params)
    name, spec, language = _find_state(params)
    _check_request(params, spec)
    rehearsal = Rehearsal(
        name,
        spec,
        language,
        _document(params, "input", {}),
        invoke or _nobody,
        variables=_document(params, "variables", {}),
        context=_context(params, spec),
        at=time.time() if now is None else now,
    )
    if params.get("roleArn"):
        rehearsal.role_arn = params["roleArn"]
    _configure(rehearsal, params)
    return _answer(rehearsal, rehearsal.run(), params.get("inspectionLevel") or "INFO")


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest takes every test_… for a test


def _nobody(request: TaskRequest, complete: Complete) -> None:
    complete(StatesError("States.Runtime", f"Nothing here can call {request.resource}."))


def _refuse(message: str, code: str = "ValidationException") -> Rejected:
    return Rejected(code, message)


def _document(params: dict[str, Any], name: str, default: Any) -> Any:
    text = params.get(name)
    if text is None:
        return default
    try:
        return parsed(text)
    except (ValueError, TypeError, RecursionError):
        code = "InvalidExecutionInput" if name == "input" else "ValidationException"
        raise _refuse(f"Invalid {name}: not a valid JSON text", code) from None


def _find_state(params: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """The state's name, its definition and its machine's query language. Raises Rejected."""
    collector = DiagnosticsCollector()
    definition = read_definition(params.get("definition", ""), collector)
    if definition is None:
        raise _refuse(str(InvalidDefinition(collector.diagnostics)), "InvalidDefinition")
    whole = "States" in definition
    machine: dict[str, Any] = definition if whole else {"StartAt": UNNAMED, "States": {UNNAMED: definition}}
    name = params.get("stateName") or (machine.get("StartAt") if whole else UNNAMED)
    StateMachineValidator(collector, "STANDARD").check_machine(machine)
    faults = [each for each in collector.diagnostics if each.severity == "ERROR"]
    if faults:
        raise _refuse(str(InvalidDefinition(faults)), "InvalidDefinition")
    if not isinstance(name, str) or (spec := _named(machine, name)) is None:
        raise _refuse(f"State '{name}' not found in the state machine definition.")
    return name, spec, machine.get("QueryLanguage", "JSONPath")


def _named(machine: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The state of that name, in the machine or in any branch or processor of it."""
    if name in machine["States"]:
        return dict(machine["States"][name])
    inside = [
        inner
        for state in machine["States"].values()
        for inner in [*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")]
        if inner is not None
    ]
    return next((found for inner in inside if (found := _named(inner, name)) is not None), None)


def _check_mock_fields(params: dict[str, Any]) -> None:
    mock, configuration = params.get("mock"), params.get("stateConfiguration") or {}
    if mock is None:
        for field in configuration:
            shown = field[0].upper() + field[1:]
            raise _refuse(f"TestState does not support {shown} when a mock is not specified.")
        return
    if ("result" in mock) + ("errorOutput" in mock) > 1:
        raise _refuse("A test mock should have only one of the following fields: [result, errorOutput].")
    if params.get("revealSecrets"):
        raise _refuse("TestState does not support RevealSecrets when a mock is specified.")


def _check_request(params: dict[str, Any], spec: dict[str, Any]) -> None:
    kind, mocked = spec["Type"], params.get("mock") is not None
    if mocked and kind not in ("Task", *_FORKS):
        raise _refuse(f"State type '{kind}' is not supported when a mock is specified")
    if not mocked and kind in _FORKS:
        types = "Task, Wait, Pass, Succeed, Fail, Choice"
        message = f"TestState API does not support Map or Parallel states. Supported state types include: [{types}]"
        raise _refuse(message, "InvalidDefinition")
    if not mocked and kind == "Task" and not params.get("roleArn"):
        raise _refuse("RoleArn must be specified when testing a Task state")


def _context(params: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any] | None:
    context = _document(params, "context", None)
    if context is None:
        return None
    if not isinstance(context, dict):
        raise _refuse("Invalid Context object provided: it must be a JSON object")
    for name, part in context.items():
        if name == "Map":
            raise _bad_context("'Map' field is not supported when mocking a Context object")
        if name not in _CONTEXT:
            raise _bad_context(f"Field '{name}' is not allowed")
        _check_context_part(name, part)
    pattern = parse_resource(spec["Resource"]).pattern if spec["Type"] == "Task" else ""
    if "Task" in context and not pattern:
        raise _bad_context(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
            "service integration pattern"
        )
    return context


def _check_context_part(name: str, part: Any) -> None:
    if not isinstance(part, dict):
        raise _bad_context(f"{name} must be an object")
    for field, value in part.items():
        if field not in _CONTEXT[name]:
            raise _bad_context(f"Field '{field}' is not allowed")
        kind, called = _CONTEXT[name][field]
        if not isinstance(value, kind):
            raise _bad_context(f"{name}.{field} must be {called}")


def _bad_context(why: str) -> Rejected:
    return _refuse(f"Invalid Context object provided: {why}")


def _configure(rehearsal: Rehearsal, params: dict[str, Any]) -> None:
    mock, configuration = params.get("mock"), params.get("stateConfiguration") or {}
    if mock is None:
        return
    rehearsal.retries = configuration.get("retrierRetryCount") or 0
    rehearsal.items = _document(configuration, "mapItemReaderData", None)
    rehearsal.failed_items = configuration.get("mapIterationFailureCount")
    if "errorOutput" in mock:
        error = mock["errorOutput"]
        rehearsal.mock = Mock(error=StatesError(error.get("error") or "", error.get("cause")))
        return
    result = _document(mock, "result", None)
    _check_result(rehearsal.spec, result, mock.get("fieldValidationMode") or "STRICT")
    rehearsal.mock = Mock(result)


def _check_result(spec: dict[str, Any], result: Any, mode: str) -> None:
    kind = spec["Type"]
    if kind == "Task":
        integration = parse_resource(spec["Resource"])
        if integration.kind == "service" and not integration.pattern:
            check_mock(integration, result, mode)
    elif kind == "Map" and "ResultWriter" in spec:
        if not isinstance(result, dict):
            raise _refuse("Mocked result must be a JSON object.")
    elif not isinstance(result, list):
        raise _refuse("Mocked result must be an array.")
    elif kind == "Parallel" and len(result) != len(spec["Branches"]):
        raise _refuse("Mocked result must contain the same number of items as number of Parallel branches.")


def _answer(rehearsal: Rehearsal, stage: Stage, level: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    fault = stage.last_error
    if stage.retrying:
        answer["status"] = "RETRIABLE"
    elif stage.status == "SUCCEEDED":
        answer["status"] = "SUCCEEDED" if fault is None else "CAUGHT_ERROR"
        answer["output"] = stage.output_text
        answer["nextState"] = stage.next_state
    elif stage.running:
        raise _refuse("The state waits for something that TestState can't give; mock it.")
    else:
        answer["status"] = "FAILED"
        fault = StatesError(stage.error or "", stage.cause)
    if fault is not None:
        answer["error"], answer["cause"] = fault.error or None, _plain_cause(fault.cause)
    if level != "INFO":
        answer["inspectionData"] = _inspection(rehearsal, stage, fault)
    return {name: value for name, value in answer.items() if value is not None}


def _plain_cause(cause: str | None) -> str | None:
    """Without the words that say which state it was: there is only one."""
    return None if cause is None else _PLACE.sub("", cause)


def _inspection(rehearsal: Rehearsal, stage: Stage, fault: StatesError | None) -> dict[str, Any]:
    spec = rehearsal.spec
    seen: dict[str, Any] = {"input": rehearsal.input, **rehearsal.inspected}
    if spec["Type"] == "Fail" and not stage.root.state.jsonata:
        seen["afterInputPath"] = rehearsal.input
    shown = {name: encode(value) if _is_document(name) else value for name, value in seen.items()}
    if stage.root.variables:
        shown["variables"] = json.dumps(stage.root.variables)
    details = _error_details(spec, stage, fault)
    return shown | ({"errorDetails": details} if details else {})


def _is_document(name: str) -> bool:
    return name in ("input", "result") or name.startswith("after")


def _error_details(spec: dict[str, Any], stage: Stage, fault: StatesError | None) -> dict[str, Any]:
    if fault is None:
        return {}
    if stage.retrying:
        index = _first_match(spec["Retry"], fault)
        return {"retryIndex": index, "retryBackoffIntervalSeconds": round(stage.retry_delay)}
    if stage.status == "SUCCEEDED":
        return {"catchIndex": _first_match(spec["Catch"], fault)}
    return {}


def _first_match(entries: list[dict[str, Any]], fault: StatesError) -> int:
    return next(i for i, entry in enumerate(entries) if matches(frozenset(entry["ErrorEquals"]), fault))
