"""The integrations that a Task state can call."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol

from asl.language.errors import StatesError
from asl.services.boto import Clients, call_optimized, call_sdk
from asl.services.functions import Invoker, Reply, call_arn, call_invoke, in_process, through_boto
from asl.services.http import Transport, call_apigateway, call_http, send
from asl.services.naming import OPTIMIZED
from asl.services.s3 import write_text

PATTERNS = (".sync:2", ".sync", ".waitForTaskToken")
CALLED_THROUGH_BOTO = {
    "dynamodb": {"getItem", "putItem", "updateItem", "deleteItem"},
    "sqs": {"sendMessage"},
    "sns": {"publish"},
    "events": {"putEvents"},
    "states": {"startExecution"},
}


class TaskCall(Protocol):
    """What Services needs to know of a task request."""

    @property
    def resource(self) -> str: ...
    @property
    def payload(self) -> Any: ...


def default_clients(**options: Any) -> Clients:
    """boto3 clients, made once each; ``options`` go to every client (``endpoint_url``, ``region_name`` …)."""
    made: dict[str, Any] = {}
    making = Lock()  # clients may be shared by threads, but not made by them at once

    def client(name: str) -> Any:
        with making:
            if name not in made:
                import boto3

                made[name] = boto3.client(name, **options)  # type: ignore[call-overload]
            return made[name]

    return client


class Services:
    """Every integration, with what it reaches given from outside.

    Args:
        clients: boto3 clients by botocore's name; by default made with the environment's settings.
        lambda_invoker: how functions are called; by default through the ``lambda`` client.
        transport: how HTTP requests are sent.
        connections: the headers that an EventBridge connection adds to ``http:invoke``, by its ARN.
    """

    def __init__(
        self,
        clients: Clients | None = None,
        lambda_invoker: Invoker | None = None,
        transport: Transport = send,
        connections: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.clients = clients or default_clients()
        self.lambda_invoker = lambda_invoker or through_boto(self.clients)
        self.transport = transport
        self.connections = connections or {}

    def call(self, request: TaskCall) -> Any:
        """The JSON result of a task request. Raises StatesError with AWS's error name and cause."""
        return self.invoke(request.resource, request.payload)

    def invoke(self, resource: str, parameters: Any) -> Any:
        """``call`` by resource ARN and parameters."""
        if ":states:::" not in resource:
            return call_arn(self.lambda_invoker, resource, parameters)
        service, action = integration(resource)
        if service.startswith("aws-sdk:"):
            return call_sdk(self.clients, service.removeprefix("aws-sdk:"), action, parameters)
        if (service, action) == ("lambda", "invoke"):
            return call_invoke(self.lambda_invoker, parameters)
        if (service, action) == ("apigateway", "invoke"):
            return call_apigateway(self.transport, parameters)
        if (service, action) == ("http", "invoke"):
            return call_http(self.transport, self.connections, parameters)
        if (service, action) == ("s3", "putObject"):
            return write_text(self.clients, parameters)
        if action in CALLED_THROUGH_BOTO.get(service, ()):
            return call_optimized(self.clients, service, action, parameters)
        raise StatesError("States.Runtime", f"The resource '{resource}' is not supported.")


def supported(resource: str) -> bool:
    """Whether Services can call a Task's resource; what it can't, a definition's loading refuses by name."""
    if ":states:::" not in resource:
        return ":lambda:" in resource
    service, action = integration(resource)
    if service.startswith("aws-sdk:"):
        from asl.services.naming import client_name

        return client_name(service.removeprefix("aws-sdk:")) is not None
    return action in CALLED_THROUGH_BOTO.get(service, ()) or (service, action) in {
        ("lambda", "invoke"),
        ("apigateway", "invoke"),
        ("http", "invoke"),
    }


def integration(resource: str) -> tuple[str, str]:
    """``arn:aws:states:::aws-sdk:sfn:startExecution.sync`` is ("aws-sdk:sfn", "startExecution")."""
    target = resource.partition(":states:::")[2]
    for pattern in PATTERNS:
        target = target.removesuffix(pattern)
    service, _, action = target.rpartition(":")
    return service, action


__all__ = [
    "OPTIMIZED",
    "Reply",
    "Services",
    "default_clients",
    "in_process",
    "integration",
    "supported",
    "through_boto",
]
