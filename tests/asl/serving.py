"""Runs a server on a free port during a test."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import boto3
import uvicorn
from botocore.config import Config

from asl.engine.requests import TaskRequest
from asl.server import Server

ROLE = "arn:aws:iam::000000000000:role/states"


def client(port: int) -> Any:
    """A boto3 client of the server on a port."""
    return boto3.client(
        "stepfunctions",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
    )


def outcome(client: Any, arn: str) -> Any:
    """Waits until the execution has ended, and describes it."""
    loop = client.server.runner.loop
    asyncio.run_coroutine_threadsafe(client.server.wait_until_ended(arn), loop).result(30)
    return client.describe_execution(executionArn=arn)


def advance(client: Any, seconds: float) -> None:
    """Move the server's clock over HTTP."""
    url = f"http://127.0.0.1:{client.port}/_asl/clock/advance"
    with urlopen(Request(url, json.dumps({"seconds": seconds}).encode())) as response:
        assert response.status == 200


def no_task(request: TaskRequest) -> Any:
    raise AssertionError(f"unexpected task {request.resource}")


@contextmanager
def serving(store: str = ":memory:", invoke: Callable[[TaskRequest], Any] = no_task, **options: Any) -> Iterator[Any]:
    """Runs a server in a thread; yields a boto3 client with the attributes `port` and `server`."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()

    class Running(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    server = Server(store, invoke, **options)
    running = Running(uvicorn.Config(server, log_level="error", lifespan="on"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    ready.wait(30)
    sfn = client(listener.getsockname()[1])
    sfn.port = listener.getsockname()[1]
    sfn.server = server
    try:
        yield sfn
    finally:
        sfn.close()
        running.should_exit = True
        thread.join()
        listener.close()
