"""The baskets of confirmed orders are kept, each once, however often their records come."""

import pytest

from analytics import baskets
from oms.domain.baskets import basket_of
from tests.api.shop import Shop


@pytest.fixture
def shop():
    return Shop()


def confirmed(order_id, number):
    return {"dynamodb": {"Keys": {"pk": {"S": order_id}, "sk": {"S": "event#000004"}}, "SequenceNumber": number}}


def told(shop, *records):
    return baskets.run({"Records": list(records)}, shop.deps)


def test_a_confirmed_order_s_basket_is_kept_once(shop):
    order_id = shop.confirmed()
    assert told(shop, confirmed(order_id, "1"), confirmed(order_id, "1")) == {"batchItemFailures": []}
    assert list(shop.baskets.with_product("RED-LAMP", 10)) == [basket_of(shop.orders.get(order_id))]


def test_the_first_that_failed_is_told_and_the_rest_waits_for_it(shop):
    first, last = shop.confirmed(), shop.confirmed()
    answer = told(shop, confirmed(first, "1"), confirmed("ord_unknown", "2"), confirmed(last, "3"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert [basket.order_id for basket in shop.baskets.with_product("RED-LAMP", 10)] == [first]
