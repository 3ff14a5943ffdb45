"""The integrations that a Task state can call: Lambda functions, AWS services and HTTP endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from asl.language.errors import StatesError
from asl.language.resources import parse_resource
from asl.services.boto import Clients, boto_clients, call_optimized, call_sdk
from asl.services.catalogue import SINGLE_CALLS
from asl.services.functions import Invoker, boto_invoker, call_function, call_lambda_invoke
from asl.services.http import Transport, call_apigateway, call_http, send_request
from asl.services.s3 import put_text_object


class TaskCall(Protocol):
    """The part of a task request that Services reads."""

    @property
    def resource(self) -> str: ...
    @property
    def payload(self) -> Any: ...


class Services:
    """Calls every supported integration through the given clients.

    Args:
        clients: boto3 clients by botocore's name; by default created with the environment's settings.
        lambda_invoker: calls functions; by default through the ``lambda`` client.
        transport: sends HTTP requests.
        connections: the headers that an EventBridge connection adds to ``http:invoke``, by its ARN.
    """

    def __init__(
        self,
        clients: Clients | None = None,
        lambda_invoker: Invoker | None = None,
        transport: Transport = send_request,
        connections: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.clients = clients or boto_clients()
        self.lambda_invoker = lambda_invoker or boto_invoker(self.clients)
        self.transport = transport
        self.connections = connections or {}

    def call(self, request: TaskCall) -> Any:
        """The JSON result of a task request. Raises StatesError with AWS's error name and cause."""
        return self.invoke(request.resource, request.payload)

    def invoke(self, resource: str, parameters: Any) -> Any:
        """``call`` by resource ARN and parameters."""
        integration = parse_resource(resource)
        service, action = integration.service, integration.action
        if integration.kind != "service":
            return call_function(self.lambda_invoker, resource, parameters)
        if service.startswith("aws-sdk:"):
            return call_sdk(self.clients, service.removeprefix("aws-sdk:"), action, parameters)
        if (service, action) == ("lambda", "invoke"):
            return call_lambda_invoke(self.lambda_invoker, parameters)
        if (service, action) == ("apigateway", "invoke"):
            return call_apigateway(self.transport, parameters)
        if (service, action) == ("http", "invoke"):
            return call_http(self.transport, self.connections, parameters)
        if (service, action) == ("s3", "putObject"):
            return put_text_object(self.clients, parameters)
        if action in SINGLE_CALLS.get(service, ()):
            return call_optimized(self.clients, service, action, parameters)
        raise StatesError("States.Runtime", f"The resource '{resource}' is not supported.")
