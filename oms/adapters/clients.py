"""boto3 clients, made at first use and shared by every thread. Importing this imports no SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from oms.domain.errors import OmsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""So a call that meets silence ends within 8 seconds, before the function around it does."""

MODELS = str(Path(__file__).parent / "botocore_models")
"""What is merged into botocore's own model of DynamoDB, to save a third of a call's time. An attribute value goes
through as it is, for it has the form that is sent, unless it is bytes, which we keep none of. And of a transaction's
tables the endpoint's rules see the first alone, which is all that they look at.
"""

PASSING = frozenset(
    {
        "ExecutionLimitExceeded",
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""The codes of what passes by itself: errors, and the reasons of a cancelled transaction."""


@dataclass(frozen=True)
class Aws:
    """Where AWS is, and who asks. What is missing boto3 finds by itself."""

    region: str | None = None
    dynamodb_endpoint: str | None = None
    stepfunctions_endpoint: str | None = None
    secretsmanager_endpoint: str | None = None
    s3_endpoint: str | None = None
    cognito_endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Aws:
        anywhere = environ.get("AWS_ENDPOINT_URL")
        return cls(
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            dynamodb_endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB", anywhere),
            stepfunctions_endpoint=environ.get("AWS_ENDPOINT_URL_SFN", anywhere),
            secretsmanager_endpoint=environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER", anywhere),
            s3_endpoint=environ.get("AWS_ENDPOINT_URL_S3", anywhere),
            cognito_endpoint=environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", anywhere),
            access_key=environ.get("AWS_ACCESS_KEY_ID"),
            secret_key=environ.get("AWS_SECRET_ACCESS_KEY"),
            session_token=environ.get("AWS_SESSION_TOKEN"),
        )

    def dynamodb(self) -> DynamoDBClient:
        client: DynamoDBClient = _client("dynamodb", self, self.dynamodb_endpoint)
        return client

    def stepfunctions(self) -> SFNClient:
        client: SFNClient = _client("stepfunctions", self, self.stepfunctions_endpoint)
        return client

    def s3(self) -> Any:
        return _client("s3", self, self.s3_endpoint)

    def cognito(self) -> Any:
        return _client("cognito-idp", self, self.cognito_endpoint)

    def secret(self, arn: str) -> str:
        """The text of a secret, as it is now."""
        client = _client("secretsmanager", self, self.secretsmanager_endpoint)
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return text


_lock = Lock()  # boto3 makes clients in one thread at a time


def _client(service: str, aws: Aws, endpoint: str | None) -> Any:
    with _lock:
        return _made(service, aws, endpoint)


@cache
def _made(service: str, aws: Aws, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.session import Session

    core = Session()
    core.get_component("data_loader").search_paths.append(MODELS)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=64,
        parameter_validation=False,  # a third of a call's time, for what mypy has checked
        tcp_keepalive=True,
        user_agent="order-management",  # else botocore builds a long one for every call
    )
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region, core)
    return session.client(service, endpoint_url=endpoint or None, config=config)  # type: ignore[call-overload]


def called(operation: Callable[..., Any], unavailable: type[OmsError], **request: Any) -> Any:
    """Call AWS. What passes by itself is ``unavailable``; the rest are botocore's own errors: our defects."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    try:
        return operation(**request)
    except (ConnectionError, HTTPClientError) as error:
        raise unavailable(str(error)) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error.response["Error"]["Code"] in PASSING or status >= 500:
            raise unavailable(str(error)) from error
        raise
