"""The clients of AWS's services, made at first use and shared by all threads. Importing this module imports no SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

from oms.adapters.aws.json_protocol import (
    ATTEMPTS,
    CONNECT_SECONDS,
    READ_SECONDS,
    TRANSIENT_ERRORS,
    AwsJsonClient,
    pooled,
    signer,
    unsigned,
)
from oms.domain.errors import OmsError

DYNAMODB, DYNAMODB_STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
STEP_FUNCTIONS = "AWSStepFunctions"
"""The services' names in ``X-Amz-Target``."""
UNSIGNED = "AWS_NO_SIGN_REQUEST"
"""Set on one machine, where nobody checks signatures."""


@dataclass(frozen=True)
class Aws:
    """The region, the endpoints and the credentials. botocore's own chain finds what is None."""

    region: str | None = None
    dynamodb_endpoint: str | None = None
    dynamodb_streams_endpoint: str | None = None
    stepfunctions_endpoint: str | None = None
    secretsmanager_endpoint: str | None = None
    s3_endpoint: str | None = None
    cognito_endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    signs: bool = True

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Aws:
        default_endpoint = environ.get("AWS_ENDPOINT_URL")
        return cls(
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            dynamodb_endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB", default_endpoint),
            dynamodb_streams_endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", default_endpoint),
            stepfunctions_endpoint=environ.get("AWS_ENDPOINT_URL_SFN", default_endpoint),
            secretsmanager_endpoint=environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER", default_endpoint),
            s3_endpoint=environ.get("AWS_ENDPOINT_URL_S3", default_endpoint),
            cognito_endpoint=environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", default_endpoint),
            access_key=environ.get("AWS_ACCESS_KEY_ID"),
            secret_key=environ.get("AWS_SECRET_ACCESS_KEY"),
            session_token=environ.get("AWS_SESSION_TOKEN"),
            signs=not environ.get(UNSIGNED),
        )

    def dynamodb(self) -> AwsJsonClient:
        client: AwsJsonClient = _locked(_json_client, "dynamodb", DYNAMODB, self, self.dynamodb_endpoint)
        return client

    def dynamodb_streams(self) -> AwsJsonClient:
        client: AwsJsonClient = _locked(
            _json_client, "streams.dynamodb", DYNAMODB_STREAMS, self, self.dynamodb_streams_endpoint
        )
        return client

    def stepfunctions(self) -> AwsJsonClient:
        client: AwsJsonClient = _locked(_json_client, "states", STEP_FUNCTIONS, self, self.stepfunctions_endpoint)
        return client

    def s3(self) -> Any:
        return _locked(_boto3_client, "s3", self, self.s3_endpoint)

    def cognito(self) -> Any:
        return _locked(_boto3_client, "cognito-idp", self, self.cognito_endpoint)

    def secret(self, arn: str) -> str:
        """The current text of a secret."""
        client = _locked(_boto3_client, "secretsmanager", self, self.secretsmanager_endpoint)
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return text


_lock = Lock()  # boto3 can't make clients in several threads at a time


def _locked(make: Callable[..., Any], *arguments: Any) -> Any:
    with _lock:
        return make(*arguments)


@cache
def _json_client(host: str, target: str, aws: Aws, endpoint: str | None) -> AwsJsonClient:
    if endpoint and not aws.signs:
        return AwsJsonClient(target, pooled(endpoint, unsigned))
    region, credentials = _region_and_credentials(aws)
    url = (endpoint or f"https://{host}.{region}.{_domain(region)}").rstrip("/")
    return AwsJsonClient(target, pooled(url, signer(url, host.rpartition(".")[2], region, credentials)))


def _region_and_credentials(aws: Aws) -> tuple[str, Any]:
    """Those of the environment, or those that botocore's chain finds."""
    if aws.region and aws.access_key and aws.secret_key:
        from botocore.credentials import Credentials

        return aws.region, Credentials(aws.access_key, aws.secret_key, aws.session_token)
    from botocore.exceptions import NoCredentialsError, NoRegionError
    from botocore.session import Session

    session = Session()
    region, credentials = aws.region or session.get_config_variable("region"), session.get_credentials()
    if not region:
        raise NoRegionError
    if credentials is None:
        raise NoCredentialsError
    return region, credentials


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


@cache
def _boto3_client(service: str, aws: Aws, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region)
    return session.client(service, endpoint_url=endpoint or None, config=config)  # type: ignore[call-overload]


def call_boto3(operation: Callable[..., Any], unavailable: type[OmsError], **request: Any) -> Any:
    """Call an operation of boto3. Raises ``unavailable`` for a transient error, otherwise botocore's own error."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    try:
        return operation(**request)
    except (ConnectionError, HTTPClientError) as error:
        raise unavailable(str(error)) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error.response["Error"]["Code"] in TRANSIENT_ERRORS or status >= 500:
            raise unavailable(str(error)) from error
        raise
