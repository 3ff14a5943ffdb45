"""Times moto's interpreter or ministack with boto3; prints the median times in milliseconds as JSON.

    python -m benchmarks.moto_and_ministack moto
    python -m benchmarks.moto_and_ministack ministack

It runs in an environment of its own, which has moto and none of this project's packages.
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
from statistics import median
from typing import Any

import boto3

from benchmarks.machines import MACHINES, ROLE

RUNS = {"7 states": 5, "200 Pass": 5, "Map over 1000": 1}
START_SECONDS = 60


def step_functions_client(endpoint_url: str | None = None) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


@contextmanager
def moto_client() -> Iterator[Any]:
    from moto import mock_aws

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield step_functions_client()


@contextmanager
def ministack_client() -> Iterator[Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port), "STATE_DIR": folder}
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for_port(port)
            yield step_functions_client(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait()


CLIENTS = {"moto": moto_client, "ministack": ministack_client}


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("ministack did not start")


def time_execution(client: Any, machine: str, value: Any) -> float:
    """Milliseconds from StartExecution until DescribeExecution reports the end."""
    started = time.perf_counter()
    name = str(uuid.uuid4())  # moto requires one
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(value), name=name)["executionArn"]
    while (status := client.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        time.sleep(0.001)
    if status != "SUCCEEDED":
        raise SystemExit(f"{machine} ended as {status}")
    return (time.perf_counter() - started) * 1000


def main(emulator: str) -> None:
    figures = {}
    with CLIENTS[emulator]() as client:
        for number, (name, (definition, value)) in enumerate(MACHINES.items()):
            created = client.create_state_machine(name=f"m{number}", definition=json.dumps(definition), roleArn=ROLE)
            machine = created["stateMachineArn"]
            figures[name] = median(time_execution(client, machine, value) for _ in range(RUNS[name]))
            sys.stderr.write(f"{name}: {figures[name]:.1f} ms\n")
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
