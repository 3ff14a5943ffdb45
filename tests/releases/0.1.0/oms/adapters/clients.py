"""Where AWS is, and what speaks to it: made at first use and shared by every thread. Importing this imports no SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

from oms.adapters.aws_json import ATTEMPTS, CONNECT_SECONDS, PASSING, READ_SECONDS, Api, pooled, signer, unsigned
from oms.domain.errors import OmsError

DYNAMODB, DYNAMODB_STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
STEP_FUNCTIONS = "AWSStepFunctions"
"""How requests name the service."""
UNSIGNED = "AWS_NO_SIGN_REQUEST"
"""Set where nobody checks signatures: on one machine."""


@dataclass(frozen=True)
class Aws:
    """Where AWS is, and who asks. What is missing botocore finds by itself."""

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
        anywhere = environ.get("AWS_ENDPOINT_URL")
        return cls(
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            dynamodb_endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB", anywhere),
            dynamodb_streams_endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", anywhere),
            stepfunctions_endpoint=environ.get("AWS_ENDPOINT_URL_SFN", anywhere),
            secretsmanager_endpoint=environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER", anywhere),
            s3_endpoint=environ.get("AWS_ENDPOINT_URL_S3", anywhere),
            cognito_endpoint=environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", anywhere),
            access_key=environ.get("AWS_ACCESS_KEY_ID"),
            secret_key=environ.get("AWS_SECRET_ACCESS_KEY"),
            session_token=environ.get("AWS_SESSION_TOKEN"),
            signs=not environ.get(UNSIGNED),
        )

    def dynamodb(self) -> Api:
        api: Api = _once(_api, "dynamodb", DYNAMODB, self, self.dynamodb_endpoint)
        return api

    def dynamodb_streams(self) -> Api:
        api: Api = _once(_api, "streams.dynamodb", DYNAMODB_STREAMS, self, self.dynamodb_streams_endpoint)
        return api

    def stepfunctions(self) -> Api:
        api: Api = _once(_api, "states", STEP_FUNCTIONS, self, self.stepfunctions_endpoint)
        return api

    def s3(self) -> Any:
        return _once(_client, "s3", self, self.s3_endpoint)

    def cognito(self) -> Any:
        return _once(_client, "cognito-idp", self, self.cognito_endpoint)

    def secret(self, arn: str) -> str:
        """The text of a secret, as it is now."""
        client = _once(_client, "secretsmanager", self, self.secretsmanager_endpoint)
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return text


_lock = Lock()  # boto3 makes clients in one thread at a time


def _once(make: Callable[..., Any], *arguments: Any) -> Any:
    with _lock:
        return make(*arguments)


@cache
def _api(host: str, target: str, aws: Aws, endpoint: str | None) -> Api:
    if endpoint and not aws.signs:
        return Api(target, pooled(endpoint, unsigned))
    region, credentials = _found(aws)
    url = (endpoint or f"https://{host}.{region}.{_suffix(region)}").rstrip("/")
    return Api(target, pooled(url, signer(url, host.rpartition(".")[2], region, credentials)))


def _found(aws: Aws) -> tuple[str, Any]:
    """The region and the credentials, by botocore's chain where the environment doesn't name them."""
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


def _suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


@cache
def _client(service: str, aws: Aws, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region)
    return session.client(service, endpoint_url=endpoint or None, config=config)  # type: ignore[call-overload]


def called(operation: Callable[..., Any], unavailable: type[OmsError], **request: Any) -> Any:
    """Call boto3. What passes by itself is ``unavailable``; the rest are botocore's own errors: our defects."""
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
