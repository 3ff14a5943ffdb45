"""How the adapters handle DynamoDB's errors: classified, retried where that helps, written at most once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import ATTEMPTS as CALL_ATTEMPTS
from oms.adapters.aws.json_protocol import AwsError, AwsJsonClient, AwsUnavailable, Headers
from oms.adapters.dynamodb import items
from oms.adapters.dynamodb.client import ATTEMPTS as CLIENT_ATTEMPTS
from oms.adapters.dynamodb.client import DynamoDB
from oms.adapters.dynamodb.orders import DynamoOrders
from oms.adapters.dynamodb.products import DynamoProducts
from oms.adapters.dynamodb.stock.inventory import DynamoInventory
from oms.adapters.dynamodb.stock.writer import ATTEMPTS as WRITER_ATTEMPTS
from oms.domain.catalogue import Product
from oms.domain.change import Change
from oms.domain.errors import OrderChanged, OutOfStock, StoreUnavailable
from oms.domain.inventory import reserve
from oms.domain.money import Money
from tests.domain.orders import NOON, placed_order

ENTRY = reserve("o:reserve", "o", [("LAMP", 1), ("RUG", 1)])


class Scripted:
    """Responds to each call with the next entry of a script, and records the requests."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.requests: list[dict[str, Any]] = []
        self.script: list[Any] = []
        self.db = DynamoDB(AwsJsonClient(DYNAMODB, self._answer, sleep=lambda _: None), self.slept.append)

    def _answer(self, body: bytes, _: Headers) -> tuple[int, bytes]:
        self.requests.append(json.loads(body))
        line = self.script.pop(0)
        if isinstance(line, Exception):
            raise line
        status, answer = line
        return status, json.dumps(answer).encode()


def error(code: str, status: int = 400, **more: Any) -> tuple[int, Any]:
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}


def cancelled(*codes: str) -> tuple[int, Any]:
    return error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


def counters(sku: str, *available: int, moves: int = 7) -> tuple[int, Any]:
    """A SKU's counters with these amounts. Only split counters count their moves."""
    counted = {items.MOVES: {"N": str(moves)}} if len(available) > 1 else {}
    counter_items = [
        {**items.stock_key(sku, shard), "on_hand": {"N": str(count)}, "reserved": {"N": "0"}, **counted}
        for shard, count in enumerate(available)
    ]
    return 200, {"Items": counter_items}


WRITTEN: tuple[int, Any] = (200, {})
SHORT = cancelled("None", "None", "ConditionalCheckFailed")
CONFLICT = cancelled("None", "TransactionConflict", "None")


@pytest.fixture
def dynamodb() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    assert not scripted.script, "there was more to be asked"


@pytest.fixture
def inventory(dynamodb: Scripted) -> DynamoInventory:
    return DynamoInventory(dynamodb.db, "inventory")


def test_a_transaction_that_met_another_is_sent_again_as_the_same(
    dynamodb: Scripted, inventory: DynamoInventory
) -> None:
    dynamodb.script = [CONFLICT, CONFLICT, WRITTEN]

    assert inventory.apply(ENTRY) is True

    first, second, third = dynamodb.requests
    assert first == second == third
    assert first["ClientRequestToken"]
    assert len(dynamodb.slept) == 2


def test_each_transaction_has_a_token_of_its_own(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [WRITTEN, WRITTEN]

    inventory.apply(ENTRY)
    inventory.apply(ENTRY)

    assert len({request["ClientRequestToken"] for request in dynamodb.requests}) == 2


def test_a_transaction_that_always_meets_others_is_unavailable(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [CONFLICT] * CLIENT_ATTEMPTS

    with pytest.raises(StoreUnavailable):
        inventory.apply(ENTRY)

    assert all(slept <= 0.01 * 2**n for n, slept in enumerate(dynamodb.slept))


def test_short_stock_proves_nothing_while_another_transaction_is_in_the_way(
    dynamodb: Scripted, inventory: DynamoInventory
) -> None:
    dynamodb.script = [cancelled("TransactionConflict", "ConditionalCheckFailed", "None"), WRITTEN]

    assert inventory.apply(ENTRY) is True


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_sent_again(dynamodb: Scripted, inventory: DynamoInventory, code: str) -> None:
    dynamodb.script = [cancelled(code, "None", "None"), cancelled("ConditionalCheckFailed", "None", "None")]

    assert inventory.apply(ENTRY) is False


def test_the_skus_that_are_short_are_named(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [SHORT, counters("RUG", 0)]

    with pytest.raises(OutOfStock, match=r"RUG$"):
        inventory.apply(ENTRY)


def test_stock_that_came_back_meanwhile_is_reserved(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [SHORT, counters("RUG", 1), WRITTEN]

    assert inventory.apply(ENTRY) is True

    first, _, second = dynamodb.requests
    assert first["TransactItems"] == second["TransactItems"]


def test_split_stock_is_short_if_two_readings_agree(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [SHORT, counters("RUG", 0, 0), counters("RUG", 0, 0, moves=8), counters("RUG", 0, 0, moves=8)]

    with pytest.raises(OutOfStock, match=r"RUG$"):
        inventory.apply(ENTRY)


def test_split_stock_that_moves_under_our_eyes_is_taken_where_it_turns_up(
    dynamodb: Scripted, inventory: DynamoInventory
) -> None:
    dynamodb.script = [SHORT, counters("RUG", 0, 0), counters("RUG", 0, 3, moves=8), WRITTEN]

    assert inventory.apply(ENTRY) is True

    moved = [each["Update"]["Key"]["sk"]["S"] for each in dynamodb.requests[-1]["TransactItems"][1:]]
    assert moved == ["stock", "stock", "stock#01"]  # of the lamp, and what the rug's first hands on


def test_stock_that_never_stands_still_is_not_called_short(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [SHORT, *(counters("RUG", 0, 0, moves=n) for n in range(WRITER_ATTEMPTS + 1))]

    with pytest.raises(StoreUnavailable):
        inventory.apply(ENTRY)


def test_others_who_take_it_each_time_do_not_make_it_short(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [SHORT, counters("RUG", 1)] * WRITER_ATTEMPTS

    with pytest.raises(StoreUnavailable):
        inventory.apply(ENTRY)


def test_an_order_that_changed_comes_before_short_stock(dynamodb: Scripted) -> None:
    dynamodb.script = [cancelled("ConditionalCheckFailed", "None", "ConditionalCheckFailed", "None")]

    with pytest.raises(OrderChanged):
        DynamoOrders(dynamodb.db, "orders", "inventory").save(placed_order(), Change(stock=(ENTRY,)), NOON, "test")


def test_a_transaction_that_is_wrong_in_itself_is_a_defect(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [cancelled("ValidationError", "None", "None")]

    with pytest.raises(AwsError, match="TransactionCanceled"):
        inventory.apply(ENTRY)


@pytest.mark.parametrize("trouble", [error("InternalServerError", 500), error("ThrottlingException"), (503, {})])
def test_a_store_in_trouble_is_unavailable(dynamodb: Scripted, trouble: Any) -> None:
    dynamodb.script = [trouble] * CALL_ATTEMPTS

    with pytest.raises(StoreUnavailable):
        dynamodb.db.get("orders", items.key("ord_1"))


def test_a_call_that_was_cut_off_is_sent_again_as_the_same(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [AwsUnavailable("silence"), WRITTEN]

    assert inventory.apply(ENTRY) is True

    first, second = dynamodb.requests
    assert first == second


def test_a_store_that_keeps_silent_is_unavailable(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    dynamodb.script = [AwsUnavailable("silence")] * CALL_ATTEMPTS

    with pytest.raises(StoreUnavailable):
        inventory.apply(ENTRY)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_call_that_is_wrong_is_a_defect(dynamodb: Scripted, code: str) -> None:
    dynamodb.script = [error(code)]

    with pytest.raises(AwsError, match=code):
        dynamodb.db.get("orders", items.key("ord_1"))


def test_keys_that_were_left_unread_are_asked_for_again(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    lamp, rug = (items.key(sku, items.STOCK) for sku in ("LAMP", "RUG"))
    stocked = {"on_hand": {"N": "1"}, "reserved": {"N": "0"}}
    dynamodb.script = [
        (200, {"Responses": {"inventory": [{**lamp, **stocked}]}, "UnprocessedKeys": {"inventory": {"Keys": [rug]}}}),
        (200, {"Responses": {"inventory": [{**rug, **stocked}]}, "UnprocessedKeys": {}}),
    ]

    assert inventory.stock(["LAMP", "RUG"]).keys() == {"LAMP", "RUG"}
    assert dynamodb.requests[1]["RequestItems"] == {"inventory": {"Keys": [rug]}}


def test_keys_that_stay_unread_are_unavailable(dynamodb: Scripted, inventory: DynamoInventory) -> None:
    left = {"inventory": {"Keys": [items.key("LAMP", items.STOCK)]}}
    dynamodb.script = [(200, {"Responses": {}, "UnprocessedKeys": left})] * CLIENT_ATTEMPTS

    with pytest.raises(StoreUnavailable):
        inventory.stock(["LAMP"])


def test_items_that_were_left_unwritten_are_sent_again(dynamodb: Scripted) -> None:
    lamp = Product("LAMP", "Lamp", "HOME", "", "", Money(1, "USD"))
    left = {"products": [{"PutRequest": {"Item": items.product_item(replace(lamp, sku="RUG"))}}]}
    dynamodb.script = [(200, {"UnprocessedItems": left}), (200, {"UnprocessedItems": {}})]

    DynamoProducts(dynamodb.db, "products").put([lamp, replace(lamp, sku="RUG")])

    assert dynamodb.requests[1]["RequestItems"] == left
