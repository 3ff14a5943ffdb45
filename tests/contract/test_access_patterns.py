"""The access patterns are as documented, and no request scans a table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oms.ports import Baskets, Carts, Credit, Discounts, Inventory, OrderIndex, Orders, Products
from tests.contract import access_patterns
from tests.contract.access_patterns import BEGINS, PAGE, SIZES, measured, measured_table
from tests.contract.conftest import ENDPOINT
from tests.contract.stores import at

ROOT = Path(__file__).parents[2]
LISTINGS = re.compile(r"\.every(_\w+)?\b")
ALLOWED = {"check_orders.py", "check_stock.py", "read_ledger.py"}


@pytest.mark.parametrize("url", [pytest.param(ENDPOINT, id="endpoint")] if ENDPOINT else [])
def test_the_costs_that_are_written_down_are_those_that_dynamodb_tells(url: str) -> None:
    assert PAGE.read_text().partition(BEGINS)[2].strip() == measured_table(url).strip(), (
        "docs/access-patterns.md is stale: python -m tests.contract.access_patterns"
    )


def test_only_a_reconciliation_and_a_rebuilding_scan(ministack_url: str) -> None:
    costs = measured(at(ministack_url), SIZES[0])

    scanning = {name for name, cost in costs.items() if any(what.startswith("Scan") for what in cost.operations)}

    assert scanning == {name for name in costs if name.startswith(("Reconcile: ", "Rebuild "))}


@pytest.mark.parametrize("port", [Orders, Inventory, Products, Carts, Baskets, Discounts, Credit, OrderIndex])
def test_every_call_of_a_store_is_written_down(port: type) -> None:
    text = Path(access_patterns.__file__).read_text()
    calls = {name for name in vars(port) if not name.startswith("_")}
    attribute = re.sub(r"(?<!^)(?=[A-Z])", "_", port.__name__).lower()

    assert {name for name in calls if re.search(rf"\b{attribute}\.{name}\b", text)} == calls


@pytest.mark.parametrize("folder", ["api", "tasks"])
def test_no_function_lists_a_whole_table_but_those_of_the_reconciliation(folder: str) -> None:
    listing = {path.name for path in (ROOT / folder).glob("*.py") if LISTINGS.search(path.read_text())}

    assert listing == (ALLOWED if folder == "tasks" else set())
