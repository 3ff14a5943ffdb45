"""Compares this project's AWS client with boto3: the CPU time of a GetItem call, and of the first call of a process.

    python -m benchmarks.over_boto3

Both clients sign their requests and call a fake DynamoDB in another process. The first call includes the imports and
the construction of the client, as in a cold start of a function. Each figure is the median of several processes.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import fake_dynamodb

ROOT = Path(__file__).parents[1]
ROUNDS = 5
CALLS = 3000
WARM_UP_CALLS = 100
REQUEST: Mapping[str, Any] = {"TableName": "orders", "Key": {"pk": {"S": "ORDER#ord_1"}, "sk": {"S": "STATE"}}}
REGION, KEY = "eu-central-1", "local"


def own_get_item(url: str) -> Callable[[], Any]:
    """GetItem by this project's client."""
    from oms.adapters.aws.clients import Aws

    api = Aws(region=REGION, dynamodb_endpoint=url, access_key=KEY, secret_key=KEY).dynamodb()
    return lambda: api.call("GetItem", **REQUEST)


def boto3_get_item(url: str) -> Callable[[], Any]:
    import boto3

    client = boto3.client(
        "dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=KEY
    )
    return lambda: client.get_item(**REQUEST)


CLIENTS = {"own": own_get_item, "boto3": boto3_get_item}


def measure_client(name: str, url: str) -> dict[str, float]:
    """Run in a fresh process: the CPU time of the first call in milliseconds, and of a later call in microseconds."""
    started = time.process_time()
    get_item = CLIENTS[name](url)
    item = get_item()["Item"]
    first = time.process_time() - started
    assert item == fake_dynamodb.ITEM
    for _ in range(WARM_UP_CALLS):
        get_item()
    started = time.process_time()
    for _ in range(CALLS):
        get_item()
    return {"first_ms": first * 1e3, "call_us": (time.process_time() - started) / CALLS * 1e6}


@contextmanager
def dynamodb_process() -> Iterator[str]:
    """A fake DynamoDB in a process of its own; yields its URL."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=fake_dynamodb.serve, args=(sender,), daemon=True)
    process.start()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def measure_in_fresh_process(name: str, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.over_boto3", name, url]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(output))


def comparison_table(rounds: Mapping[str, list[dict[str, float]]]) -> Table:
    table = Table("CPU time", "own client", "boto3", "boto3 / own", title="GetItem, signed, a small item")
    for label, figure, unit in (("a call", "call_us", "µs"), ("first call of a process", "first_ms", "ms")):
        own, boto3 = (median(each[figure] for each in rounds[name]) for name in CLIENTS)
        table.add_row(label, f"{own:.0f} {unit}", f"{boto3:.0f} {unit}", f"{boto3 / own:.1f}")
    return table


def main() -> None:
    if arguments := sys.argv[1:]:
        sys.stdout.write(json.dumps(measure_client(*arguments)))
        return
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
    with dynamodb_process() as url:
        for _ in range(ROUNDS):
            for name in CLIENTS:
                rounds[name].append(measure_in_fresh_process(name, url))
    Console().print(comparison_table(rounds))


if __name__ == "__main__":
    main()
