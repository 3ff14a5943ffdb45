"""Runs the stores' contract against AWS's own DynamoDB Local.

    python -m tests.contract.dynamodb_local [arguments of pytest]

Where Java, Maven or Maven Central is missing it says so in one line, and that isn't a failure. DynamoDB Local takes no
address to listen on: while the suite runs it answers on every interface, with nothing in it but the suite's tables.
"""

from __future__ import annotations

import sys

from tests.contract.maven import Missing, Server, suite
from tests.contract.stores import free_port

DYNAMODB = Server("DynamoDB Local", "software.amazon.dynamodb", "DynamoDBLocal", "3.1.0", java=17)
MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"


def main() -> int:
    port = free_port()
    try:
        java = [*DYNAMODB.command(), f"-Djava.library.path={DYNAMODB.jars()}"]
    except Missing as missing:
        print(f"skipped: {missing}")  # noqa: T201
        return 0
    with DYNAMODB.running([*java, MAIN, "-inMemory", "-disableTelemetry", "-port", str(port)], port):
        tests = sys.argv[1:] or ["tests/contract"]
        return suite([*tests, "-k", "endpoint"], DYNAMODB_ENDPOINT=f"http://127.0.0.1:{port}")


if __name__ == "__main__":
    sys.exit(main())
