"""Definitions with nothing to find fault with, and the places where a test may spoil them."""

from __future__ import annotations

from typing import Any

Definition = dict[str, Any]
"""A definition, or one state of it."""

CONFIG = {
    "timeouts": {"gateway": {"default": 4, "Slow": 20}, "function": {"default": 10, "Slow": 25}},
    "tasks": {
        "Reserve": {
            "idempotent": "one order reserves once",
            "key": ["order_id"],
            "compensations": {"Release": ["order_id"]},
            "bytes": 100,
        },
        "Release": {"idempotent": "what is not held is not released"},
        "Charge": {"idempotent": "the gateway takes a key once"},
    },
}
JITTER = {"JitterStrategy": "FULL"}
RETRY = {"ErrorEquals": ["Unavailable"], **JITTER}
ORDER = {"order_id.$": "$.order_id"}


def task(name: Any, *, then: Any = None, catch: Any = "Failed", **fields: Any) -> Definition:
    """A task with nothing to find fault with; a field that is given as ... is left out."""
    spec = {
        "Type": "Task",
        "Resource": f"${{{name}Arn}}",
        "Parameters": ORDER,
        "ResultPath": None,
        "TimeoutSeconds": 15,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": catch}],
        **({"Next": then} if then else {"End": True}),
        **fields,
    }
    return {field: value for field, value in spec.items() if value is not ...}


def machine(**states: Any) -> Definition:
    return {
        "StartAt": next(iter(states)),
        "TimeoutSeconds": 86400,
        "States": {**states, "Failed": {"Type": "Fail"}},
    }


def callback(**fields: Any) -> Definition:
    return task(
        "Ask",
        Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters={"FunctionName": "${AskArn}", "Payload": {**ORDER, "token.$": "$$.Task.Token"}},
        **{"TimeoutSeconds": 3600, **fields},
    )


def saga(
    release: Any = None, charge_catch: Any = "Release", release_command: Any = ORDER, **reserve: Any
) -> Definition:
    return machine(
        Reserve=task("Reserve", then="Charge", catch="Release", **reserve),
        Charge=task("Charge", catch=charge_catch),
        Release=release or task("Release", then="Failed", Parameters=release_command),
    )


NO_TASK = {"Resource": ..., "Parameters": ..., "TimeoutSeconds": ..., "ResultPath": ...}


def mapped(**fields: Any) -> Definition:
    inner = {"StartAt": "Charge", "States": {"Charge": task("Charge", Catch=...)}}
    return machine(Every=task("Every", Type="Map", ItemsPath="$.lines", ItemProcessor=inner, **{**NO_TASK, **fields}))


def loop(**count: Any) -> Definition:
    again = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 5, "Next": "Count"}]}
    states = {
        "Count": {"Type": "Pass", "Next": "Again", **count},
        "Again": {**again, "Default": "Done"},
        "Done": {"Type": "Succeed"},
    }
    return {"StartAt": "Count", "TimeoutSeconds": 60, "States": states}


def jsonata_loop(**assign: Any) -> Definition:
    again = {"Condition": "{% $n < 5 %}", "Next": "Count"}
    return {
        "StartAt": "Count",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 60,
        "States": {
            "Count": {"Type": "Pass", "Assign": assign, "Next": "Again"},
            "Again": {"Type": "Choice", "Choices": [again], "Default": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }


def jsonata_saga(**catcher: Any) -> Definition:
    order = {"order_id": "{% $states.input.order_id %}"}
    resource, catch = "arn:aws:states:::lambda:invoke", {"ErrorEquals": ALL, "Next": "Rest", **catcher}
    call = {"Type": "Task", "Resource": resource, "TimeoutSeconds": 15, "End": True}
    charge = {"Arguments": {"FunctionName": "${ChargeArn}", "Payload": order}, "Catch": [catch]}
    return {
        "StartAt": "Charge",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 60,
        "States": {
            "Charge": {**call, **charge},
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Release"},
            "Release": {**call, "Arguments": {"FunctionName": "${ReleaseArn}", "Payload": order}},
        },
    }


def caught(*catchers: Any, **fields: Any) -> Definition:
    entries = [{"ErrorEquals": errors, "ResultPath": "$.failure", "Next": then} for errors, then in catchers]
    charge = task("Charge", Catch=entries, **fields)
    states = {"Charge": charge, "Declined": {"Type": "Succeed"}, "Away": {"Type": "Succeed"}}
    return {"StartAt": "Charge", "TimeoutSeconds": 86400, "States": states}


INVOKE = {
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "${ChargeArn}", "Payload": ORDER},
    "ResultPath": "$.charge",
}
PAST = {"Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Failed"}], "Default": "Done", "Type": "Choice"}
JSONATA_INVOKE = {
    "Resource": INVOKE["Resource"],
    "Arguments": {"FunctionName": "${ChargeArn}", "Payload": {"order_id": "{% $states.input.order_id %}"}},
}
QUERY = {"Resource": "arn:aws:states:::aws-sdk:dynamodb:query", "ResultPath": "$.rows"}
ALL, DECLINED = ["States.ALL"], ["PaymentDeclined"]
ITS_INPUT = "{% $states.input %}"
ORDER_ID = "{% $states.input.order_id %}"
MERGED = "{% $merge([$states.input, {'failure': $states.errorOutput}]) %}"


def jsonata_task(name: Any, *, then: Any = None, catch: Any = "Failed", **fields: Any) -> Definition:
    spec = {
        "Type": "Task",
        "Resource": f"${{{name}Arn}}",
        "Arguments": {"order_id": ORDER_ID},
        "Output": ITS_INPUT,
        "TimeoutSeconds": 15,
        "Catch": [{"ErrorEquals": ALL, "Output": MERGED, "Next": catch}],
        **({"Next": then} if then else {"End": True}),
        **fields,
    }
    return {field: value for field, value in spec.items() if value is not ...}


def in_jsonata(**states: Any) -> Definition:
    return machine(**states) | {"QueryLanguage": "JSONata"}


def kept_saga(released: Any = ORDER_ID, *, charge: Any = ITS_INPUT, **reserve: Any) -> Definition:
    """A saga in JSONata, with a compensation that reads what it is told to."""
    return in_jsonata(
        Reserve=jsonata_task("Reserve", then="Charge", catch="Release", **reserve),
        Charge=jsonata_task("Charge", then="Bill", catch="Release", Output=charge),
        Bill=jsonata_task("Bill", catch="Release"),
        Release=jsonata_task("Release", then="Failed", Arguments={"order_id": ORDER_ID, "at": released}),
    )


def polling(**fields: Any) -> Definition:
    again = {"Condition": "{% $states.input.more %}", "Next": "Poll"}
    return in_jsonata(
        Poll=jsonata_task("Poll", then="Again", **fields),
        Again={"Type": "Choice", "Choices": [again], "Default": "Done"},
        Done={"Type": "Succeed"},
    )


def jsonata_map(**fields: Any) -> Definition:
    inner = {"StartAt": "Charge", "States": {"Charge": jsonata_task("Charge", Catch=...)}}
    catch = [{"ErrorEquals": ALL, "Output": MERGED, "Next": "Failed"}]
    each = {"Type": "Map", "Items": "{% $states.input.lines %}", "ItemProcessor": inner, "Catch": catch, "End": True}
    return in_jsonata(Every={**each, **fields})


def retried(kind: Any, name: Any, error: Any = "Unavailable") -> Definition:
    inner = {"StartAt": name, "States": {name: task(name, Catch=...)}}
    fields = {"Branches": [inner]} if kind == "Parallel" else {"ItemProcessor": inner, "ItemsPath": "$.lines"}
    retry = [{"ErrorEquals": [error], **JITTER}]
    return machine(Every=task("Every", Type=kind, Retry=retry, **fields, **{**NO_TASK, "ResultPath": None}))


def started(name: Any) -> Definition:
    resource = "arn:aws:states:::states:startExecution"
    return machine(
        Start=task("Start", Resource=resource, Parameters={"StateMachineArn": "${Arn}", **name}, Retry=[RETRY])
    )
