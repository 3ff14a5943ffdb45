"""Times moto's interpreter or ministack over boto3; one JSON of p50s in milliseconds on standard output.

python benchmarks/over_boto3.py moto
python benchmarks/over_boto3.py ministack
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from machines import MACHINES, ROLE

RUNS = {"7 states": 5, "200 Pass": 5, "Map over 1000": 1}
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@contextmanager
def moto() -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield boto3.client("stepfunctions", **KEYS)


@contextmanager
def ministack() -> Iterator[Any]:
    import boto3

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        own = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port), "STATE_DIR": folder}
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=os.environ | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_it_listens(port)
            yield boto3.client("stepfunctions", endpoint_url=f"http://127.0.0.1:{port}", **KEYS)
        finally:
            process.terminate()
            process.wait()


def _until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("ministack did not start")


def run(client: Any, machine: str, value: Any) -> float:
    """Milliseconds from StartExecution to the first description that says it ended."""
    began = time.perf_counter()
    name = str(uuid.uuid4())  # moto makes none of its own
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(value), name=name)["executionArn"]
    while (status := client.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        time.sleep(0.001)
    if status != "SUCCEEDED":
        raise SystemExit(f"{machine} ended as {status}")
    return (time.perf_counter() - began) * 1000


def main() -> None:
    figures = {}
    with {"moto": moto, "ministack": ministack}[sys.argv[1]]() as client:
        for number, (name, (definition, value)) in enumerate(MACHINES.items()):
            made = client.create_state_machine(name=f"m{number}", definition=json.dumps(definition), roleArn=ROLE)
            figures[name] = median(run(client, made["stateMachineArn"], value) for _ in range(RUNS[name]))
            sys.stderr.write(f"{name}: {figures[name]:.1f} ms\n")
    sys.stdout.write(json.dumps(figures))


main()
