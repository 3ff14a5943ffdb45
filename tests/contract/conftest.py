"""Fixtures: every store, and those whose transactions are isolated."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from oms.adapters.aws.json_protocol import Post
from oms.adapters.dynamodb.stock.shards import UNSPLIT, Shards
from oms.adapters.search.opensearch_search import OpenSearchSearch
from oms.adapters.search.tantivy_search import TantivySearch
from oms.ports import Search
from tests.contract.stores import (
    REGION,
    Stores,
    at,
    by_boto3,
    in_dynamodb,
    in_memory,
    ministack,
    on_one_machine,
    to_moto,
)

ENDPOINT = os.environ.get("DYNAMODB_ENDPOINT")
OPENSEARCH = os.environ.get("OPENSEARCH_ENDPOINT")
SPLIT = "-in-16-shards"
BOTO3_EVERYWHERE = os.environ.get("AWS_CLIENT") == "boto3"
"""Run all stores through boto3. Without it, only those of the parameter ``boto3`` are."""
NAMED = ["endpoint", f"endpoint{SPLIT}"] if ENDPOINT else []


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    """Invalid credentials, so that no test reaches an account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.delenv("AWS_PROFILE", raising=False)
        yield


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(params=["ministack", *NAMED])
def remote(request: pytest.FixtureRequest) -> Post:
    """A connection on which a response can get lost."""
    if request.param == "ministack":
        return on_one_machine(request.getfixturevalue("ministack_url"))
    assert ENDPOINT
    return at(ENDPOINT)


def _stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    shards = Shards(16) if request.param.endswith(SPLIT) else UNSPLIT
    match request.param.removesuffix(SPLIT):
        case "memory":
            yield in_memory()
        case "moto":
            from moto import mock_aws

            with mock_aws():
                yield by_boto3(None, shards) if BOTO3_EVERYWHERE else in_dynamodb(to_moto, shards)
        case "boto3":
            yield by_boto3(request.getfixturevalue("ministack_url"), shards)
        case "ministack":
            url = request.getfixturevalue("ministack_url")
            yield by_boto3(url, shards) if BOTO3_EVERYWHERE else in_dynamodb(on_one_machine(url), shards)
        case "endpoint":
            assert ENDPOINT
            yield by_boto3(ENDPOINT, shards) if BOTO3_EVERYWHERE else in_dynamodb(at(ENDPOINT), shards)


@pytest.fixture(params=["memory", "moto", "boto3", "ministack", f"ministack{SPLIT}", *NAMED])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from _stores(request)


@pytest.fixture(params=["memory", "ministack", f"ministack{SPLIT}", *NAMED])
def shared_stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """All stores but moto, whose transactions aren't isolated. Threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield from _stores(request)
    sys.setswitchinterval(interval)


@pytest.fixture(scope="session")
def osmem_url() -> Iterator[str]:
    from osmem_server import OsmemServer

    with OsmemServer.start(japanese=False) as server:
        yield server.url
    assert server.process.stdout is not None
    server.process.stdout.close()  # it leaves that to the garbage collector


@pytest.fixture(params=["tantivy", "osmem", *(["opensearch"] if OPENSEARCH else [])])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Search]:
    """Each search engine, empty."""
    if request.param == "tantivy":
        yield TantivySearch(tmp_path / "search")
        return
    from opensearchpy import OpenSearch

    url = OPENSEARCH if request.param == "opensearch" else request.getfixturevalue("osmem_url")
    name = f"products-{uuid4().hex[:8]}"
    with OpenSearch([url], timeout=30) as client:
        yield OpenSearchSearch(client, name, wait_for_writes=True)
        client.indices.delete(index=f"{name}-*")
