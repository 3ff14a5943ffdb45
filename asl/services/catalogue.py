"""The catalogue of supported integrations: which resources Services can call."""

from __future__ import annotations

from asl.language.resources import parse_resource
from asl.services.naming import client_name

SINGLE_CALLS = {
    "dynamodb": {"getItem", "putItem", "updateItem", "deleteItem"},
    "sqs": {"sendMessage"},
    "sns": {"publish"},
    "events": {"putEvents"},
    "states": {"startExecution"},
}
"""The actions of optimized integrations that are a single call of boto3."""
_OTHER_CALLS = {("lambda", "invoke"), ("apigateway", "invoke"), ("http", "invoke")}


def is_supported(resource: str) -> bool:
    """True for a Task's Resource that Services can call; validation refuses any other."""
    integration = parse_resource(resource)
    service, action = integration.service, integration.action
    if integration.kind != "service":
        return ":lambda:" in resource
    if service.startswith("aws-sdk:"):
        return client_name(service.removeprefix("aws-sdk:")) is not None
    return action in SINGLE_CALLS.get(service, ()) or (service, action) in _OTHER_CALLS
