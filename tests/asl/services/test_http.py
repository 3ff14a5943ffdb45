"""Tasks over HTTP, by connect-api-gateway.html and call-https-apis.html."""

from __future__ import annotations

from typing import Any

import pytest

from asl.language.errors import StatesError
from asl.services.http import HttpRequest, HttpResponse
from asl.services.integrations import Services

GATEWAY, HTTP = "arn:aws:states:::apigateway:invoke", "arn:aws:states:::http:invoke"
CONNECTION = "arn:aws:events:us-east-1:000000000000:connection/bank/1"


class Endpoint:
    """A transport that keeps what it was sent and answers as told."""

    def __init__(self, status: int = 200, body: str = '{"ok":true}') -> None:
        self.answer = HttpResponse(status, "Said", {"X": ["1", "2"]}, body)
        self.sent: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        return self.answer


def invoke(endpoint: Any, resource: str, parameters: Any) -> Any:
    connections = {CONNECTION: {"Authorization": "Bearer key"}}
    return Services(lambda name: None, transport=endpoint, connections=connections).invoke(resource, parameters)


def test_api_gateway_is_called_at_stage_and_path_with_a_json_body() -> None:
    endpoint = Endpoint()
    parameters = {
        "ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com",
        "Method": "POST",
        "Stage": "prod",
        "Path": "pets/1",
        "Headers": {"H": ["a", "b"]},
        "QueryParameters": {"q": ["x", "y z"]},
        "RequestBody": {"n": 1},
    }

    result = invoke(endpoint, GATEWAY, parameters)

    (sent,) = endpoint.sent
    assert sent.url == "https://abc.execute-api.us-east-1.amazonaws.com/prod/pets/1?q=x&q=y+z"
    assert (sent.body, sent.headers) == ('{"n":1}', {"H": "a,b", "Content-Type": "application/json"})
    assert result == {
        "Headers": {"X": ["1", "2"]},
        "ResponseBody": {"ok": True},
        "StatusCode": 200,
        "StatusText": "Said",
    }


def test_an_error_of_api_gateway_is_named_by_its_status() -> None:
    with pytest.raises(StatesError) as caught:
        invoke(Endpoint(404, '{"message":"none"}'), GATEWAY, {"ApiEndpoint": "abc", "Method": "GET"})
    assert (caught.value.error, caught.value.cause) == ("ApiGateway.404", '{"message":"none"}')


def test_an_http_task_sends_a_form_and_the_headers_of_its_connection() -> None:
    endpoint = Endpoint()
    parameters = {
        "ApiEndpoint": "https://bank.example/charges",
        "Method": "POST",
        "Authentication": {"ConnectionArn": CONNECTION},
        "RequestBody": {"amount": 5, "tags": ["a", "b"]},
        "Transform": {"RequestBodyEncoding": "URL_ENCODED"},
    }

    invoke(endpoint, HTTP, parameters)

    (sent,) = endpoint.sent
    assert sent.body == "amount=5&tags=a&tags=b"
    assert sent.headers == {"Authorization": "Bearer key", "Content-Type": "application/x-www-form-urlencoded"}


def test_error_names_of_an_http_task() -> None:
    def unreachable(request: HttpRequest) -> HttpResponse:
        raise ConnectionRefusedError("refused")

    parameters = {"ApiEndpoint": "https://bank.example", "Method": "GET"}
    with pytest.raises(StatesError, match=r"States\.Http\.StatusCode\.503"):
        invoke(Endpoint(503), HTTP, parameters)
    with pytest.raises(StatesError, match=r"States\.Http\.Socket"):
        invoke(unreachable, HTTP, parameters)


def test_query_parameters_must_be_an_object() -> None:
    parameters = {"ApiEndpoint": "abc", "Method": "GET", "QueryParameters": "?a=1"}
    with pytest.raises(StatesError, match=r"\[The value of the field 'QueryParameters' has an invalid format\]"):
        invoke(Endpoint(), GATEWAY, parameters)
