"""The names that Step Functions uses for services, parameters and exceptions.

Optimized integrations use the names of the AWS SDK for Java 1, ``aws-sdk`` integrations those of version 2. Both differ
from botocore's names. See "Learning to use AWS service SDK integrations" and "Handling errors in Step Functions".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Optimized(NamedTuple):
    """An optimized integration: botocore's client, and the Java 1 names of the service in errors and causes."""

    client: str
    prefix: str
    service: str
    base_exception: str
    with_metadata: bool = True


OPTIMIZED = {
    "dynamodb": Optimized("dynamodb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "sqs": Optimized("sqs", "SQS", "AmazonSQS", "AmazonSQSException"),
    "sns": Optimized("sns", "SNS", "AmazonSNS", "AmazonSNSException"),
    "events": Optimized("events", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException", False),
    "lambda": Optimized("lambda", "Lambda", "AWSLambda", "AWSLambdaException"),
    "states": Optimized("stepfunctions", "StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
    "s3": Optimized("s3", "S3", "Amazon S3", "AmazonS3Exception", False),
}


def split_words(name: str) -> list[str]:
    """The words in a name, split as the Java SDK does: ``DynamoDB`` is Dynamo, DB."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", name)
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    return re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text).split()


@lru_cache
def java_name(name: str) -> str:
    """The name in classes of the Java SDK 2: ``DynamoDB`` is ``DynamoDb``, ``SFN`` is ``Sfn``."""
    return "".join(word[0].upper() + word[1:].lower() for word in split_words(name))


def exception_name(shape: str) -> str:
    """The class that the SDK generates for an error shape; it always ends in ``Exception``."""
    if shape.endswith("Exception"):
        return java_name(shape)
    return java_name(shape.removesuffix("Fault")) + "Exception"


def pascal(member: str) -> str:
    """A member's name in Parameters and results: ``stateMachineArn`` is ``StateMachineArn``."""
    return member[:1].upper() + member[1:]


@lru_cache
def client_name(service: str) -> str | None:
    """botocore's client name for the service in an ``aws-sdk`` resource (a service id without spaces); else None."""
    return _client_names().get(service.lower())


@lru_cache(maxsize=1)
def _client_names() -> dict[str, str]:
    from botocore.session import Session
    from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES as IDS

    return {IDS.get(client, client).replace("-", ""): client for client in Session().get_available_services()}
