"""The index follows the tables, however the records of their changes come."""

import base64
import itertools
import json
from dataclasses import replace

import pytest

from analytics import indexer
from oms.adapters.tantivy_search import TantivySearch
from oms.domain.inventory import receive
from oms.domain.search import Query
from tests.api.shop import Shop
from tests.domain.orders import CATALOGUE

LAMP = CATALOGUE["RED-LAMP"]


@pytest.fixture
def shop(tmp_path):
    return Shop(TantivySearch(tmp_path / "search"))


def product(sku, second):
    return {"dynamodb": {"Keys": {"pk": {"S": sku}}, "ApproximateCreationDateTime": second}}


def stock(sku, second, before, after):
    images = {"OldImage": {"available": {"N": str(before)}}, "NewImage": {"available": {"N": str(after)}}}
    keys = {"pk": {"S": sku}, "sk": {"S": "stock"}}
    return {"dynamodb": {"Keys": keys, "ApproximateCreationDateTime": second, **images}}


def by_kinesis(record):
    change = record["dynamodb"]
    change |= {
        "ApproximateCreationDateTime": change["ApproximateCreationDateTime"] * 1_000_000,
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
    }
    return {"kinesis": {"data": base64.b64encode(json.dumps(record).encode()).decode()}}


def told(shop, *records):
    indexer.run({"Records": list(records)}, shop.deps)


def found(shop, text=""):
    return {hit.product.sku: hit for hit in shop.search.find(Query(text)).hits}


def test_a_changed_product_is_found_as_it_is_now(shop):
    told(shop, product("RED-LAMP", 1), product("TEA", 1))
    hits = found(shop)
    assert hits.keys() == {"RED-LAMP", "TEA"}
    assert (hits["RED-LAMP"].product, hits["RED-LAMP"].in_stock, hits["TEA"].in_stock) == (LAMP, True, False)


def test_both_streams_tell_the_same(shop):
    told(shop, by_kinesis(product("TEA", 7)))
    assert found(shop)["TEA"].version == 7_000_000
    told(shop, product("TEA", 7))
    assert found(shop)["TEA"].version == 7_000_000


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_records_may_come_in_any_order_and_again(shop, order):
    told(shop, product("RED-LAMP", 1))
    shop.products.put([replace(LAMP, name="Green lamp")])
    for second in (*order, *order):
        told(shop, product("RED-LAMP", second))
    assert found(shop, "lamp")["RED-LAMP"].product.name == "Green lamp"
    assert found(shop)["RED-LAMP"].version == 3_000_000


def test_a_late_record_does_not_undo_what_a_newer_one_wrote(shop):
    told(shop, product("RED-LAMP", 5))
    shop.products.put([replace(LAMP, name="Green lamp")])
    told(shop, product("RED-LAMP", 4))  # as if it had been read before
    assert found(shop)["RED-LAMP"].product.name == "Red lamp"


def test_what_is_no_longer_sold_is_not_found(shop):
    told(shop, product("RED-LAMP", 1))
    del shop.products.products["RED-LAMP"]
    told(shop, product("RED-LAMP", 2))
    assert found(shop) == {}


def test_stock_that_came_or_went_shows(shop):
    told(shop, product("TEA", 1))
    shop.inventory.apply(receive("delivery", [("TEA", 3)]))
    told(shop, stock("TEA", 2, 0, 3))
    assert found(shop)["TEA"].in_stock


def test_stock_that_only_moved_is_passed_over(shop):
    told(shop, stock("TEA", 2, 5, 3))
    entry = {"pk": {"S": "delivery"}, "sk": {"S": "entry"}}
    told(shop, {"dynamodb": {"Keys": entry, "ApproximateCreationDateTime": 2}})
    assert found(shop) == {}


def test_a_rebuild_finds_all_that_there_is_and_nothing_else(shop):
    told(shop, product("RED-LAMP", 1))
    del shop.products.products["RED-LAMP"]
    indexer.rebuild(shop.deps)
    assert found(shop).keys() == CATALOGUE.keys() - {"RED-LAMP"}
    told(shop, product("TEA", 1))
    assert found(shop)["TEA"].version == indexer.version_at(shop.clock.now())
