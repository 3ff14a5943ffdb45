"""The stores that the contract tests run against: memory, moto, ministack over HTTP, and a given endpoint."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import requests
from botocore.credentials import Credentials

from oms.adapters.aws.clients import DYNAMODB, Aws
from oms.adapters.aws.json_protocol import AwsClient, AwsJsonClient, Headers, Post, pooled, signer, unsigned
from oms.adapters.dynamodb.baskets import DynamoBaskets
from oms.adapters.dynamodb.carts import DynamoCarts
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.credit import DynamoCredit
from oms.adapters.dynamodb.discounts import DynamoDiscounts
from oms.adapters.dynamodb.order_index import DynamoOrderIndex
from oms.adapters.dynamodb.orders import DynamoOrders
from oms.adapters.dynamodb.products import DynamoProducts
from oms.adapters.dynamodb.stock.inventory import DynamoInventory
from oms.adapters.dynamodb.stock.shards import UNSPLIT, Shards
from oms.adapters.dynamodb.table_requests import create_table_request
from oms.adapters.memory.baskets import MemoryBaskets
from oms.adapters.memory.carts import MemoryCarts
from oms.adapters.memory.credit import MemoryCredit
from oms.adapters.memory.discounts import MemoryDiscounts
from oms.adapters.memory.order_index import MemoryOrderIndex
from oms.adapters.memory.store import MemoryInventory, MemoryOrders, MemoryProducts, MemoryStore
from oms.declarations.tables import tables
from oms.ports import Baskets, Carts, Credit, Discounts, Inventory, OrderIndex, Orders, Products

REGION = "us-east-1"
_names = count(1)


@dataclass(frozen=True)
class Stores:
    """The empty stores of one shop."""

    orders: Orders
    inventory: Inventory
    products: Products
    carts: Carts
    baskets: Baskets
    discounts: Discounts
    order_index: OrderIndex
    credit: Credit


def in_memory() -> Stores:
    store = MemoryStore()
    others = MemoryCarts(store), MemoryBaskets(), MemoryDiscounts(store), MemoryOrderIndex(store), MemoryCredit(store)
    return Stores(MemoryOrders(store), MemoryInventory(store), MemoryProducts(), *others)


def at(endpoint: str) -> Post:
    """Posts to a DynamoDB endpoint, signed with invalid credentials."""
    return pooled(endpoint, signer(endpoint, "dynamodb", REGION, Credentials("testing", "testing")))


def on_one_machine(endpoint: str) -> Post:
    """Posts to a ministack in the way of ``make run``'s functions."""
    return pooled(endpoint, unsigned)


def to_moto(body: bytes, headers: Headers) -> tuple[int, bytes]:
    """Posts to moto's DynamoDB, which intercepts ``requests``."""
    answer = requests.post(f"https://dynamodb.{REGION}.amazonaws.com/", body, headers=dict(headers), timeout=10)
    return answer.status_code, answer.content


def in_dynamodb(post: Post, shards: Shards = UNSPLIT) -> Stores:
    """Stores in new tables."""
    api = AwsJsonClient(DYNAMODB, post)
    return in_tables(api, fresh_tables(api), shards)


def by_boto3(endpoint: str | None, shards: Shards = UNSPLIT) -> Stores:
    """Stores in new tables at an endpoint, or in moto, through boto3."""
    aws = Aws(REGION, dynamodb_endpoint=endpoint, access_key="testing", secret_key="testing", client="boto3")
    api = aws.dynamodb()
    return in_tables(api, fresh_tables(api), shards)


def fresh_tables(api: AwsClient) -> dict[str, str]:
    """Create new tables, and return their names."""
    suffix = f"{os.getpid()}-{next(_names)}"
    names = {}
    for name, table in tables().items():
        names[name] = f"{name}-{suffix}"
        api.call("CreateTable", **create_table_request(names[name], table))
    return names


def in_tables(api: AwsClient, names: Mapping[str, str], shards: Shards) -> Stores:
    db = DynamoDB(api)
    return Stores(
        DynamoOrders(db, names["orders"], names["inventory"], names["carts"], shards),
        DynamoInventory(db, names["inventory"], shards),
        DynamoProducts(db, names["products"]),
        DynamoCarts(db, names["carts"]),
        DynamoBaskets(db, names["baskets"]),
        DynamoDiscounts(db, names["orders"]),
        DynamoOrderIndex(db, names["orders"], names["order_index"]),
        DynamoCredit(db, names["orders"]),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ministack(directory: Path) -> Iterator[str]:
    """The URL of a ministack as in `make run`, with only DynamoDB and its streams."""
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": "dynamodb,dynamodbstreams",
        "TMPDIR": str(directory),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log")
    command = [sys.executable, "-m", "uvicorn", "local.aws.ministack:app", *options]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, env=environment, cwd=directory, stderr=subprocess.PIPE, text=True) as child:
        log: list[str] = []
        ready = threading.Event()
        reader = threading.Thread(target=_follow, args=(child, log, ready))
        reader.start()
        try:
            ready.wait(60)
            if child.poll() is not None:
                raise RuntimeError("ministack ended:\n" + "".join(log))
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            reader.join()


def _follow(child: subprocess.Popen[str], log: list[str], ready: threading.Event) -> None:
    assert child.stderr is not None
    for line in child.stderr:
        log.append(line)
        if "running on" in line:
            ready.set()
    ready.set()
