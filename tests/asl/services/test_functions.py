"""Lambda tasks, by connect-lambda.html and concepts-error-handling.html."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asl.language.errors import StatesError
from asl.language.resources import function_name
from asl.services.functions import FunctionResult, LambdaContext, handler_invoker
from asl.services.integrations import Services

INVOKE = "arn:aws:states:::lambda:invoke"
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:greet"


class OutOfMilk(Exception):
    pass


def greet(event: Any, context: LambdaContext) -> Any:
    if event is None:
        raise OutOfMilk("none left")
    return {"hello": event, "from": context.function_name}


SERVICES = Services(lambda name: None, handler_invoker({"greet": greet}))


def failing(payload: str) -> Services:
    return Services(lambda name: None, lambda *_: FunctionResult(payload, failed=True))


def test_a_task_with_a_function_arn_gives_the_bare_result() -> None:
    assert SERVICES.invoke(ARN, "you") == {"hello": "you", "from": "greet"}


def test_lambda_invoke_gives_the_result_in_an_envelope() -> None:
    result = SERVICES.invoke(INVOKE, {"FunctionName": "greet", "Payload": 1})

    assert result["Payload"] == {"hello": 1, "from": "greet"}
    assert (result["ExecutedVersion"], result["StatusCode"]) == ("$LATEST", 200)
    assert result["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"] == "29"


def test_an_asynchronous_invoke_has_no_payload() -> None:
    result = SERVICES.invoke(INVOKE, {"FunctionName": "greet", "InvocationType": "Event"})

    assert "Payload" not in result
    assert result["StatusCode"] == 202


def test_an_exception_becomes_an_error_of_its_class_with_the_payload_as_cause() -> None:
    with pytest.raises(StatesError) as caught:
        SERVICES.invoke(ARN, None)

    assert caught.value.error == "OutOfMilk"
    cause = json.loads(caught.value.cause or "")
    assert (cause["errorMessage"], cause["errorType"]) == ("none left", "OutOfMilk")
    assert "in greet" in cause["stackTrace"][-1]


def test_the_cause_is_the_raw_payload_for_an_arn_and_compact_json_for_lambda_invoke() -> None:
    services = failing('{"errorType": "X", "errorMessage": ""}')

    with pytest.raises(StatesError, match=r'{"errorType": "X", "errorMessage": ""}'):
        services.invoke(ARN, None)
    with pytest.raises(StatesError, match=r'{"errorType":"X","errorMessage":""}'):
        services.invoke(INVOKE, {"FunctionName": "greet"})


def test_a_failure_without_an_error_type_is_lambda_unknown() -> None:
    with pytest.raises(StatesError) as caught:
        failing('{"errorMessage":"Task timed out after 3.00 seconds"}').invoke(ARN, None)

    assert caught.value.error == "Lambda.Unknown"
    assert caught.value.cause == (
        "The cause could not be determined because Lambda did not return an error type. "
        'Returned payload: {"errorMessage":"Task timed out after 3.00 seconds"}'
    )


def test_a_missing_function() -> None:
    with pytest.raises(StatesError) as caught:
        SERVICES.invoke(INVOKE, {"FunctionName": "nobody"})

    assert caught.value.error == "Lambda.ResourceNotFoundException"
    assert caught.value.cause is not None
    assert caught.value.cause.startswith(
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST (S"
    )


@pytest.mark.parametrize("parameters", [{}, {"FunctionName": "greet", "Body": 1}])
def test_unsupported_parameters_of_lambda_invoke(parameters: dict[str, Any]) -> None:
    with pytest.raises(StatesError, match="could not be used to start the Task") as caught:
        SERVICES.invoke(INVOKE, parameters)
    assert caught.value.error == "States.Runtime"


@pytest.mark.parametrize("function", ["greet", "greet:1", ARN, f"{ARN}:live", "000000000000:function:greet"])
def test_the_name_of_a_function_in_all_its_forms(function: str) -> None:
    assert function_name(function) == "greet"
