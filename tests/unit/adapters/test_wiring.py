"""Wiring puts adapters behind the ports from environment variables, and makes each at its first call."""

from __future__ import annotations

import subprocess
import sys

import boto3
import pytest
from moto import mock_aws

from oms.adapters import wiring
from oms.adapters.aws import clients
from oms.adapters.aws.clients import Aws
from oms.adapters.dynamodb.table_requests import create_table_request
from oms.declarations.tables import tables
from oms.domain.inventory import receive, reserve
from tests.contract.orders import place
from tests.contract.stores import to_moto

HERE = {
    "ORDERS_TABLE": "orders",
    "INVENTORY_TABLE": "inventory",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


def test_the_same_environment_has_the_same_deps() -> None:
    assert wiring.deps(HERE) is wiring.deps({**HERE, "_X_AMZN_TRACE_ID": "changes with every call"})
    assert wiring.deps(HERE) is not wiring.deps({**HERE, "ORDERS_TABLE": "others"})


def test_an_adapter_is_made_of_the_environment_at_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "pooled", lambda url, sign: to_moto)
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        for name in ("orders", "inventory"):
            client.create_table(**create_table_request(name, tables()[name]))
        deps = wiring.deps(HERE)

        order = place(deps.orders)

        assert deps.orders.get(order.id) == order


def test_stock_is_split_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "pooled", lambda url, sign: to_moto)
    with mock_aws():
        boto3.client("dynamodb", "us-east-1").create_table(**create_table_request("inventory", tables()["inventory"]))
        inventory = wiring.deps({**HERE, "STOCK_SHARDS": "LAMP=16"}).inventory
        inventory.apply(receive("in", [("LAMP", 5)]))
        inventory.apply(reserve("ord_1:reserve", "ord_1", [("LAMP", 1)]))

        items = boto3.client("dynamodb", "us-east-1").scan(TableName="inventory")["Items"]

    assert {item["sk"]["S"] for item in items if item["pk"]["S"] == "LAMP"} == {"stock", "stock#11"}


def test_a_variable_that_a_function_lacks_is_named() -> None:
    deps = wiring.deps(HERE)

    with pytest.raises(KeyError, match="CARRIER_URL"):
        deps.carrier.follow("ord_1")
    with pytest.raises(KeyError, match="PRODUCTS_TABLE"):
        deps.products.get(["LAMP"])


def test_a_secret_is_itself_or_what_its_arn_names() -> None:
    assert wiring.secret("CARRIER_SECRET", {**HERE, "CARRIER_SECRET": "hush"}) == "hush"
    with mock_aws():
        client = boto3.client("secretsmanager", "us-east-1")
        arn = client.create_secret(Name="carrier", SecretString="psst")["ARN"]

        assert wiring.secret("CARRIER_SECRET", {**HERE, "CARRIER_SECRET": arn}) == "psst"


@pytest.mark.parametrize("key", ["", "short", "x" * (wiring.LEAST_SECRET_LENGTH - 1)])
def test_what_is_too_short_signs_nothing(key: str) -> None:
    with pytest.raises(ValueError, match="CARRIER_SECRET holds no secret of 16 characters or more"):
        wiring.signing_key("CARRIER_SECRET", {**HERE, "CARRIER_SECRET": key})


def test_an_empty_secret_of_an_arn_signs_nothing() -> None:
    with mock_aws():
        client = boto3.client("secretsmanager", "us-east-1")
        arn = client.create_secret(Name="guests", SecretString=" ")["ARN"]

        with pytest.raises(ValueError, match="GUEST_SECRET"):
            wiring.signing_key("GUEST_SECRET", {**HERE, "GUEST_SECRET": arn})


def test_an_endpoint_of_one_service_goes_before_that_of_all() -> None:
    aws = Aws.of({"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SFN": "http://sfn"})

    assert (aws.dynamodb_endpoint, aws.stepfunctions_endpoint) == ("http://all", "http://sfn")


def test_wiring_imports_no_sdk() -> None:
    heavy = ("boto3", "botocore", "stripe", "urllib3", "jsonschema")
    check = (
        f"import sys, oms.adapters.wiring as w; w.deps({{}}); sys.exit(any(name in sys.modules for name in {heavy}))"
    )

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
