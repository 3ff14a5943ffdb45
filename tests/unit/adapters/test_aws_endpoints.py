"""The AWS client's endpoints are botocore's, or there is an error; and the host that is signed is the one sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from oms.adapters import wiring
from oms.adapters.aws.clients import DYNAMODB, SERVICES, Aws, JsonService
from oms.adapters.aws.endpoints import DUAL_STACK, FIPS, AwsConfigurationError, standard_endpoint
from oms.adapters.aws.json_protocol import AwsJsonClient, pooled, signer
from oms.adapters.http import HttpClient, server_of
from tests.unit.adapters.test_http import Server

LOADER = Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = [
    region for partition in PARTITIONS["partitions"] for region in partition["regions"] if "global" not in region
]
SUPPORTED = [region for region in REGIONS if not re.search(r"iso|eusc", region)]
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
SET_BOTH = {"AWS_ENDPOINT_URL_DYNAMODB": "https://one.example", "AWS_ENDPOINT_URL_SFN": "https://two.example"}


def botocore_url(service: JsonService, region: str) -> str:
    rules = LOADER.load_service_model(service.name, "endpoint-rule-set-1")
    options = {"Region": region, "UseFIPS": False, "UseDualStack": False}
    url: str = EndpointProvider(rules, PARTITIONS).resolve_endpoint(**options).url
    return url


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_the_endpoint_of_a_region_is_botocore_s(service: JsonService) -> None:
    assert len(SUPPORTED) > 30
    for region in SUPPORTED:
        assert standard_endpoint(service.host, region, (), service.variable) == botocore_url(service, region)


@pytest.mark.parametrize(
    "variables",
    [
        {FIPS: "true", "AWS_REGION": "us-east-1"},
        {DUAL_STACK: "True", "AWS_REGION": "eu-central-1"},
        {FIPS: "true", "AWS_REGION": "us-gov-west-1"},
        *({"AWS_REGION": region} for region in REGIONS if region not in SUPPORTED),
        {"AWS_REGION": "eu-central"},
        {"AWS_REGION": "example.com/"},
    ],
    ids=str,
)
def test_an_endpoint_that_the_client_cannot_find_is_an_error_at_startup(variables: dict[str, str]) -> None:
    with pytest.raises(AwsConfigurationError, match=r"set AWS_ENDPOINT_URL_DYNAMODB .* or AWS_CLIENT=boto3") as error:
        wiring.deps(KEYS | variables)
    assert "\n" not in str(error.value)

    with pytest.raises(AwsConfigurationError, match="set AWS_ENDPOINT_URL_SFN"):
        wiring.deps(KEYS | variables | {"AWS_ENDPOINT_URL_DYNAMODB": "https://one.example"})

    wiring.deps(KEYS | variables | SET_BOTH)
    wiring.deps(KEYS | variables | {"AWS_CLIENT": "boto3"})
    with pytest.raises(AwsConfigurationError, match="set AWS_ENDPOINT_URL_DYNAMODB_STREAMS"):
        Aws.of(KEYS | variables | SET_BOTH).dynamodb_streams()


@pytest.mark.parametrize("client", ["Boto3", "botocore", "json", " "])
def test_an_unknown_client_is_an_error_of_one_line(client: str) -> None:
    with pytest.raises(AwsConfigurationError, match=r"AWS_CLIENT is .*: set it to boto3, or leave it out") as error:
        wiring.deps({"AWS_CLIENT": client})
    assert "\n" not in str(error.value)


def test_boto3_takes_an_endpoint_beside_fips() -> None:
    aws = Aws.of({**KEYS, **SET_BOTH, "AWS_REGION": "us-east-1", FIPS: "true", "AWS_CLIENT": "boto3"})
    assert aws.dynamodb()._client.meta.endpoint_url == "https://one.example"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://DynamoDB.EU-Central-1.amazonaws.com:443/", "https://dynamodb.eu-central-1.amazonaws.com"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://localhost:443//", "http://localhost:443"),
        ("https://localhost:80", "https://localhost:80"),
        ("http://localhost:", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[FE80::1]:80/Base/", "http://[fe80::1]/Base"),
    ],
)
def test_a_server_has_one_normal_form(url: str, normal: str) -> None:
    assert server_of(url).geturl() == normal


@pytest.mark.parametrize(
    "url",
    [
        "https://key:hunter2@host",
        "https://key:hunter2@host:443/",
        "https://hunter2@host",
        "https://key:hunt/er2@host",
        "https://key:hunter2%40@host",
        "key:hunter2@host",
    ],
)
def test_user_info_in_a_url_is_an_error_without_the_password(url: str) -> None:
    for refuse in (server_of, lambda url: HttpClient(url, 1, 1), lambda url: pooled(url, lambda _, headers: headers)):
        with pytest.raises(ValueError, match="has user info") as error:
            refuse(url)
        assert "hunt" not in str(error.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "https://", "http://host?a=b", "http://host#a", ""])
def test_what_is_no_url_of_a_server_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="isn't the URL of a server"):
        server_of(url)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"])
    yield server
    server.close()


@pytest.mark.parametrize(
    "form",
    [
        "{scheme}://{host}:{port}",
        "{scheme}://{host}:{port}/",
        "HTTP://LocalHost:{port}//",
        "http://localhost:{port}/a/",
    ],
)
def test_the_host_that_is_signed_is_the_host_that_is_sent(server: Server, form: str) -> None:
    url = form.format(scheme="http", host="127.0.0.1", port=server.url.rpartition(":")[2])
    credentials = Credentials("AKIDEXAMPLE", "secret", "token")
    post = pooled(url, signer(url, "dynamodb", "eu-central-1", credentials))

    AwsJsonClient(DYNAMODB, post).call("GetItem", TableName="orders")

    assert signature(server.requests[0], credentials) == sent_signature(server.requests[0])


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_default_port_is_neither_signed_nor_sent(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can listen on port 443, so the request is caught before it is sent."""
    requests: list[bytes] = []

    class Connection:
        def send(self, request: bytes, deadline: float) -> Any:
            requests.append(request)
            raise ConnectionError

        def close(self) -> None: ...

    monkeypatch.setattr(HttpClient, "_connection", lambda self: Connection())
    url, credentials = f"HTTPS://Host.example{port}/", Credentials("AKIDEXAMPLE", "secret")
    post = pooled(url, signer(url, "dynamodb", "eu-central-1", credentials))
    with pytest.raises(Exception, match=r"https://host\.example/"):
        post(b"{}", {"X-Amz-Target": "DynamoDB_20120810.GetItem"})

    assert b"\r\nHost: host.example\r\n" in requests[0]
    assert signature(requests[0], credentials) == sent_signature(requests[0])


def sent_signature(request: bytes) -> str:
    return request.partition(b"Signature=")[2].partition(b"\r\n")[0].decode()


def signature(request: bytes, credentials: Credentials) -> str:
    """botocore's signature of a request as a server got it: its line, its ``Host``, its signed headers, its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    (method, target, _), *lines = (line.split(" ", 2) for line in head.decode().split("\r\n"))
    headers = {line[0].rstrip(":").lower(): " ".join(line[1:]) for line in lines}
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "host" in signed
    again = AWSRequest(method, f"https://{headers['host']}{target}", {name: headers[name] for name in signed}, body)
    again.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(credentials.get_frozen_credentials(), "dynamodb", "eu-central-1")
    return auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
