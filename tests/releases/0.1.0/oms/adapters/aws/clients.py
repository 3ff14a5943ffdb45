"""The clients of AWS's services, made at first use and shared by all threads. Importing this module imports no SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

from oms.adapters.aws.endpoints import AwsConfigurationError, standard_endpoint, variants_in
from oms.adapters.aws.json_protocol import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    READ_SECONDS,
    AwsClient,
    AwsJsonClient,
    is_transient,
    pooled,
    signer,
    unsigned,
)
from oms.adapters.aws.tracing import TracedClient, add_trace_header, is_on_lambda, note_metadata, note_response, traced
from oms.domain.errors import OmsError

DYNAMODB, DYNAMODB_STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
STEP_FUNCTIONS = "AWSStepFunctions"
"""The services' names in ``X-Amz-Target``."""
UNSIGNED = "AWS_NO_SIGN_REQUEST"
"""Set on one machine, where nobody checks signatures."""
MAX_BOTO3_CONNECTIONS = 50
BOTO3_ATTEMPTS = 2
"""boto3 limits no call as a whole: with a pause of at most a second, two attempts end in ``LONGEST_CALL_SECONDS``."""
LONGEST_CALL_SECONDS = max(CALL_SECONDS, (CONNECT_SECONDS + READ_SECONDS) * BOTO3_ATTEMPTS + 1)
CLIENT, BOTO3 = "AWS_CLIENT", "boto3"
"""The variable that replaces the client of the JSON protocol, and its one value."""


@dataclass(frozen=True)
class JsonService:
    """A service of the JSON protocol.

    ``host`` is the first part of its endpoint's host and its name in X-Ray, ``name`` its name in boto3.
    """

    host: str
    target: str
    name: str
    variable: str
    """The variable with the URL of its endpoint."""


SERVICES = {
    DYNAMODB: JsonService("dynamodb", DYNAMODB, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
    DYNAMODB_STREAMS: JsonService(
        "streams.dynamodb", DYNAMODB_STREAMS, "dynamodbstreams", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"
    ),
    STEP_FUNCTIONS: JsonService("states", STEP_FUNCTIONS, "stepfunctions", "AWS_ENDPOINT_URL_SFN"),
}


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
    client: str = ""
    """``boto3``, or empty for the client of the JSON protocol."""
    endpoint_variants: tuple[str, ...] = ()
    """The variables that ask for endpoints of FIPS or dual-stack."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Aws:
        """Raises ``AwsConfigurationError`` for an unknown ``AWS_CLIENT``."""
        client = environ.get(CLIENT, "")
        if client not in ("", BOTO3):
            raise AwsConfigurationError(f"{CLIENT} is {client!r}: set it to {BOTO3}, or leave it out")
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
            client=client,
            endpoint_variants=variants_in(environ),
        )

    def check_endpoints(self) -> None:
        """Raises ``AwsConfigurationError`` if DynamoDB or Step Functions has an endpoint that the client can't find."""
        if self.client == BOTO3 or not self.region:
            return
        for target, endpoint in ((DYNAMODB, self.dynamodb_endpoint), (STEP_FUNCTIONS, self.stepfunctions_endpoint)):
            _url(SERVICES[target], self, endpoint, self.region)

    def dynamodb(self) -> AwsClient:
        return self._client_of(DYNAMODB, self.dynamodb_endpoint)

    def dynamodb_streams(self) -> AwsClient:
        return self._client_of(DYNAMODB_STREAMS, self.dynamodb_streams_endpoint)

    def stepfunctions(self) -> AwsClient:
        return self._client_of(STEP_FUNCTIONS, self.stepfunctions_endpoint)

    def _client_of(self, target: str, endpoint: str | None) -> AwsClient:
        make = _boto3_json_client if self.client == BOTO3 else _json_client
        client: AwsClient = _locked(make, SERVICES[target], self, endpoint)
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
def _json_client(service: JsonService, aws: Aws, endpoint: str | None) -> AwsClient:
    if endpoint and not aws.signs:
        return AwsJsonClient(service.target, pooled(endpoint, unsigned))
    region, credentials = _region_and_credentials(aws)
    url = _url(service, aws, endpoint, region)
    sign = signer(url, service.host.rpartition(".")[2], region, credentials)
    if not is_on_lambda():
        return AwsJsonClient(service.target, pooled(url, sign))
    client = AwsJsonClient(service.target, traced(pooled(url, sign, note_response)))
    return TracedClient(client, service.host, region)


def _url(service: JsonService, aws: Aws, endpoint: str | None, region: str) -> str:
    return endpoint or standard_endpoint(service.host, region, aws.endpoint_variants, service.variable)


@cache
def _boto3_json_client(service: JsonService, aws: Aws, endpoint: str | None) -> AwsClient:
    from oms.adapters.aws.boto3_client import Boto3Client, json_session

    client = _boto3_client(service.name, aws, endpoint, json_session)
    if not is_on_lambda():
        return Boto3Client(client)
    client.meta.events.register_first("before-call", add_trace_header)
    return TracedClient(Boto3Client(client, note_metadata), service.host, client.meta.region_name)


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


@cache
def _boto3_client(service: str, aws: Aws, endpoint: str | None, make_session: Callable[[], Any] | None = None) -> Any:
    import boto3
    from botocore import UNSIGNED as NO_SIGNATURE
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": BOTO3_ATTEMPTS},
        max_pool_connections=MAX_BOTO3_CONNECTIONS,
    )
    if endpoint:  # botocore refuses one beside these variants, though it may be the endpoint of such a variant
        config = config.merge(Config(use_fips_endpoint=False, use_dualstack_endpoint=False))
    if make_session and not aws.signs:
        config = config.merge(Config(signature_version=NO_SIGNATURE))
    core = make_session() if make_session else None
    session = boto3.Session(aws.access_key, aws.secret_key, aws.session_token, aws.region, botocore_session=core)
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
        if is_transient(status, error.response["Error"]["Code"]):
            raise unavailable(str(error)) from error
        raise
