"""Runs the stores' contract against AWS's own DynamoDB Local: fetched by Maven, started here, stopped at the end.

    python -m tests.contract.dynamodb_local [arguments of pytest]

Where Java, Maven or Maven Central is missing it says so in one line, and that isn't a failure. DynamoDB Local takes no
address to listen on: while the suite runs it answers on every interface, with nothing in it but the suite's tables.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.contract.stores import free_port

VERSION = "3.1.0"
JAVA = 17
MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"
ROOT = Path(__file__).parents[2]
HOME = ROOT / ".local" / f"dynamodb-local-{VERSION}"
START_SECONDS = 60
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>software.amazon.dynamodb</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


class Missing(Exception):
    """What the machine lacks for this."""


def java() -> str:
    """Raises ``Missing`` unless there is a Java that DynamoDB Local runs on."""
    found = shutil.which("java")
    if found is None:
        raise Missing(f"there is no Java: DynamoDB Local needs {JAVA} or newer")
    said = subprocess.run([found, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        raise Missing(f"DynamoDB Local needs Java {JAVA} or newer, not {version[1] if version else 'this one'}")
    return found


def jars() -> Path:
    """The folder of DynamoDB Local and all that it needs, fetched once. Raises ``Missing``."""
    folder = HOME / "lib"
    if folder.exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("there is no Maven (mvn), which fetches DynamoDB Local")
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "pom.xml").write_text(POM)
    fetched = HOME / "fetched"
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
    run = subprocess.run([maven, "--batch-mode", "--quiet", *copy], cwd=HOME, capture_output=True, text=True)
    if run.returncode:
        reason = next((line for line in run.stdout.splitlines() if "ERROR" in line), "no reason given")
        raise Missing(f"Maven Central didn't give DynamoDB Local {VERSION}: {reason[:300]}")
    return fetched.rename(folder)


def contract(java: str, jars: Path, arguments: list[str]) -> int:
    """What pytest ends with, on a DynamoDB Local of our own."""
    port = free_port()
    server = [java, f"-Djava.library.path={jars}", "-cp", f"{jars}/*", MAIN, "-inMemory", "-disableTelemetry"]
    with (
        (HOME / "server.log").open("w") as log,
        subprocess.Popen([*server, "-port", str(port)], cwd=HOME, stdout=log, stderr=log) as child,
    ):
        try:
            wait_until_it_listens(child, port)
            suite = [sys.executable, "-m", "pytest", *(arguments or ["tests/contract"]), "-k", "endpoint"]
            environment = {**os.environ, "DYNAMODB_ENDPOINT": f"http://127.0.0.1:{port}"}
            return subprocess.run(suite, cwd=ROOT, env=environment).returncode
        finally:
            child.terminate()


def wait_until_it_listens(child: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"DynamoDB Local didn't start: see {HOME / 'server.log'}")


def main() -> int:
    try:
        found, folder = java(), jars()
    except Missing as missing:
        print(f"skipped: {missing}")  # noqa: T201
        return 0
    return contract(found, folder, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
