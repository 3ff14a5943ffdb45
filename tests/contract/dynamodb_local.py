"""Runs the stores' contract against AWS's own DynamoDB Local.

    python -m tests.contract.dynamodb_local [arguments of pytest]

Where Java, Maven or Maven Central is missing it says so in one line, and that isn't a failure. DynamoDB Local takes no
address to listen on: while the suite runs it answers on every interface, with nothing in it but the suite's tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config

from oms.adapters.dynamodb.table_requests import create_table_request
from oms.declarations.tables import tables
from tests.contract.maven import Missing, Server, suite
from tests.contract.stores import REGION, free_port

DYNAMODB = Server("DynamoDB Local", "software.amazon.dynamodb", "DynamoDBLocal", "3.1.0", java=17)
MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"


@contextmanager
def running(*options: str) -> Iterator[str]:
    """Start it, and yield its URL. Raises ``Missing``."""
    port = free_port()
    command = [*DYNAMODB.command(), f"-Djava.library.path={DYNAMODB.jars()}", MAIN, "-port", str(port)]
    with DYNAMODB.running([*command, "-inMemory", "-disableTelemetry", *options], port):
        url = f"http://127.0.0.1:{port}"
        _warm_up(url)
        yield url


def _warm_up(url: str) -> None:
    """Creating the first table takes longer than the shop's timeout."""
    session = boto3.Session("testing", "testing", region_name=REGION)
    client = session.client("dynamodb", endpoint_url=url, config=Config(read_timeout=60))
    client.create_table(**create_table_request("first", tables()["products"]))
    client.delete_table(TableName="first")


def main() -> int:
    try:
        with running() as url:
            return suite([*(sys.argv[1:] or ["tests/contract"]), "-k", "endpoint"], DYNAMODB_ENDPOINT=url)
    except Missing as missing:
        print(f"skipped: {missing}")  # noqa: T201
        return 0


if __name__ == "__main__":
    sys.exit(main())
