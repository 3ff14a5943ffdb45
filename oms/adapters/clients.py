"""boto3 clients, made at first use and shared by every thread. Importing this imports no SDK."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2
"""So a call that meets silence ends within 8 seconds, before the function around it does."""


@dataclass(frozen=True)
class Aws:
    """Where AWS is. Without an endpoint or a region, where boto3 finds it."""

    region: str | None = None
    dynamodb_endpoint: str | None = None
    stepfunctions_endpoint: str | None = None

    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", _client("dynamodb", self.region, self.dynamodb_endpoint))

    def stepfunctions(self) -> SFNClient:
        return cast("SFNClient", _client("stepfunctions", self.region, self.stepfunctions_endpoint))


_clients: dict[tuple[str, str | None, str | None], Any] = {}
_lock = Lock()  # boto3 makes clients in one thread at a time


def _client(service: str, region: str | None, endpoint: str | None) -> Any:
    known = _clients.get((service, region, endpoint))
    if known is not None:
        return known
    with _lock:
        if (service, region, endpoint) not in _clients:
            _clients[service, region, endpoint] = _made(service, region, endpoint)
        return _clients[service, region, endpoint]


def _made(service: str, region: str | None, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=64,
        parameter_validation=False,  # a third of a call's time, for what mypy has checked
        tcp_keepalive=True,
    )
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]
