"""Placed orders are indexed and baskets of confirmed ones stored, each once, however often records come."""

import pytest

from analytics import order_indexer
from oms.adapters.dynamodb.items import event_item
from oms.domain.baskets import basket_of
from oms.domain.errors import StoreUnavailable
from oms.domain.order_index import OrderQuery
from tests.api.shop import BERT, Shop

IN_THE_LAMP = OrderQuery(sku="RED-LAMP")


@pytest.fixture
def shop():
    return Shop()


def event(shop, order_id, name, number):
    """The stream record of an order's event."""
    (written,) = (each for each in shop.orders.events(order_id) if each.event.name == name)
    image = event_item(order_id, written)
    keys = {"pk": image["pk"], "sk": image["sk"]}
    return {"dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": number}}


def unknown(number):
    keys = {"pk": {"S": "ord_unknown"}, "sk": {"S": "event#000004"}}
    return {"dynamodb": {"Keys": keys, "NewImage": {"name": {"S": "OrderConfirmed"}}, "SequenceNumber": number}}


def deliver(shop, *records):
    return order_indexer.run({"Records": list(records)}, shop.deps)


def indexed_ids(shop, criteria=IN_THE_LAMP):
    return [order.id for order in shop.order_index.find(criteria, 10).items]


def test_an_order_is_found_once_its_placing_was_told_however_often(shop):
    first, second = shop.placed(), shop.confirmed()
    assert indexed_ids(shop) == []
    placed = event(shop, second, "OrderPlaced", "1"), event(shop, first, "OrderPlaced", "2")
    assert deliver(shop, *placed, *placed) == {"batchItemFailures": []}
    assert indexed_ids(shop) == [second, first]


def test_all_is_told_again_where_orders_could_not_be_filed(shop):
    shop.order_index.add, add = unavailable, shop.order_index.add
    records = event(shop, shop.placed(), "OrderPlaced", "1"), event(shop, shop.placed(), "OrderPlaced", "2")
    assert deliver(shop, *records) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    shop.order_index.add = add
    assert deliver(shop, *records) == {"batchItemFailures": []}
    assert len(indexed_ids(shop)) == 2


def unavailable(orders):
    raise StoreUnavailable("the store is away")


def test_every_order_is_filed_anew(shop):
    ids = [shop.placed(), shop.confirmed(), shop.placed(by=BERT)]
    assert order_indexer.run({"rebuild": True}, shop.deps) == {"indexed": 3}
    assert indexed_ids(shop) == ids[::-1]
    assert indexed_ids(shop, OrderQuery(customer_id=BERT)) == ids[2:]


def test_a_confirmed_order_s_basket_is_kept_once(shop):
    order_id = shop.confirmed()
    confirmed = event(shop, order_id, "OrderConfirmed", "1")
    assert deliver(shop, confirmed, confirmed) == {"batchItemFailures": []}
    assert list(shop.baskets.with_product("RED-LAMP", 10)) == [basket_of(shop.orders.get(order_id))]


def test_the_first_that_failed_is_told_and_the_rest_waits_for_it(shop):
    first, last = (event(shop, shop.confirmed(), "OrderConfirmed", number) for number in "13")
    answer = deliver(shop, first, unknown("2"), last)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    order_ids = [basket.order_id for basket in shop.baskets.with_product("RED-LAMP", 10)]
    assert order_ids == [first["dynamodb"]["Keys"]["pk"]["S"]]
