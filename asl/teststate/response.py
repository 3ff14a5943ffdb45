"""The response of TestState, composed from the execution of a single-state test."""

from __future__ import annotations

import json
import re
from typing import Any

from asl.language.documents import encode
from asl.language.errors import StatesError
from asl.language.retry import matches
from asl.teststate.single_state import SingleStateTest
from asl.teststate.single_state_execution import SingleStateExecution
from asl.validation.requests import Rejected

_CAUSE_PREFIX = re.compile(
    r"^An error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", re.S
)


def compose_response(test: SingleStateTest, execution: SingleStateExecution, level: str) -> dict[str, Any]:
    """The response at an inspection level; raises Rejected if the state waits for an event that never comes."""
    response: dict[str, Any] = {}
    error = execution.last_error
    if execution.retrying:
        response["status"] = "RETRIABLE"
    elif execution.status == "SUCCEEDED":
        response["status"] = "SUCCEEDED" if error is None else "CAUGHT_ERROR"
        response["output"] = execution.output_text
        response["nextState"] = execution.next_state
    elif execution.running:
        raise Rejected("ValidationException", "The state waits for something that TestState can't give; mock it.")
    else:
        response["status"] = "FAILED"
        error = StatesError(execution.error or "", execution.cause)
    if error is not None:
        response["error"], response["cause"] = error.error or None, _cause_without_state(error.cause)
    if level != "INFO":
        response["inspectionData"] = _inspection_data(test, execution, error)
    return {name: value for name, value in response.items() if value is not None}


def _cause_without_state(cause: str | None) -> str | None:
    """The cause without its prefix that names the state: there is only one state."""
    return None if cause is None else _CAUSE_PREFIX.sub("", cause)


def _inspection_data(
    test: SingleStateTest, execution: SingleStateExecution, error: StatesError | None
) -> dict[str, Any]:
    values: dict[str, Any] = {"input": test.input, **test.inspection}
    if test.spec["Type"] == "Fail" and not execution.root.state.jsonata:
        values["afterInputPath"] = test.input
    data = {name: encode(value) if _is_json_text(name) else value for name, value in values.items()}
    if execution.root.variables:
        data["variables"] = json.dumps(execution.root.variables)
    details = _error_details(test.spec, execution, error)
    return data | ({"errorDetails": details} if details else {})


def _is_json_text(name: str) -> bool:
    return name in ("input", "result") or name.startswith("after")


def _error_details(spec: dict[str, Any], execution: SingleStateExecution, error: StatesError | None) -> dict[str, Any]:
    if error is None:
        return {}
    if execution.retrying:
        index = _first_match(spec["Retry"], error)
        return {"retryIndex": index, "retryBackoffIntervalSeconds": round(execution.retry_delay)}
    if execution.status == "SUCCEEDED":
        return {"catchIndex": _first_match(spec["Catch"], error)}
    return {}


def _first_match(entries: list[dict[str, Any]], error: StatesError) -> int:
    return next(i for i, entry in enumerate(entries) if matches(frozenset(entry["ErrorEquals"]), error))
