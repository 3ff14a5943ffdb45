"""The search index follows the tables, in whatever order and however often records come."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from analytics import product_indexer as indexer
from oms.adapters.search.tantivy_search import TantivySearch
from oms.domain.inventory import receive
from oms.domain.search import Query
from tests.api.shop import Shop
from tests.domain.orders import CATALOGUE

LAMP = CATALOGUE["RED-LAMP"]


@pytest.fixture
def shop(tmp_path):
    return Shop(TantivySearch(tmp_path / "search"))


def product(sku):
    return {"dynamodb": {"Keys": {"pk": {"S": sku}}}}


def stock(sku, before, after, shard=""):
    images = {"OldImage": {"available": {"N": str(before)}}, "NewImage": {"available": {"N": str(after)}}}
    return {"dynamodb": {"Keys": {"pk": {"S": sku}, "sk": {"S": f"stock{shard}"}}, **images}}


def by_kinesis(record):
    return {"kinesis": {"data": base64.b64encode(json.dumps(record).encode()).decode()}}


def deliver(shop, *records):
    shop.clock.advance(timedelta(seconds=1))
    indexer.run({"Records": list(records)}, shop.deps)


def indexed(shop, text=""):
    return {hit.product.sku: hit for hit in shop.search.find(Query(text)).hits}


def test_a_changed_product_is_found_as_it_is_now(shop):
    deliver(shop, product("RED-LAMP"), product("TEA"))
    hits = indexed(shop)
    assert hits.keys() == {"RED-LAMP", "TEA"}
    assert (hits["RED-LAMP"].product, hits["RED-LAMP"].in_stock, hits["TEA"].in_stock) == (LAMP, True, False)


def test_both_streams_are_understood(shop):
    deliver(shop, by_kinesis(product("TEA")), product("RED-LAMP"))
    assert indexed(shop).keys() == {"RED-LAMP", "TEA"}


def test_a_record_may_come_again_whenever_it_likes(shop):
    deliver(shop, product("RED-LAMP"))
    shop.products.put([replace(LAMP, name="Green lamp")])
    deliver(shop, product("RED-LAMP"))
    deliver(shop, product("RED-LAMP"), product("RED-LAMP"))
    assert indexed(shop, "lamp")["RED-LAMP"].product.name == "Green lamp"


def test_who_read_earlier_and_writes_later_undoes_nothing(shop):
    """Two run concurrently: between the first one's read and its write, the second runs completely."""
    get = shop.products.get

    def read_and_be_overtaken(skus, consistent=False):
        shop.products.get = get
        products = get(skus, consistent)
        shop.products.put([replace(LAMP, name="Green lamp")])
        deliver(shop, product("RED-LAMP"))
        return products

    shop.products.get = read_and_be_overtaken
    deliver(shop, product("RED-LAMP"))
    assert indexed(shop)["RED-LAMP"].product.name == "Green lamp"


def test_what_changed_during_a_rebuild_stays_changed(shop):
    every = shop.products.every

    def read_and_be_overtaken(limit, cursor=None):
        page = every(limit, cursor)
        shop.products.put([replace(LAMP, name="Green lamp")])
        deliver(shop, product("RED-LAMP"))
        return page

    deliver(shop, product("RED-LAMP"))
    shop.products.every = read_and_be_overtaken
    indexer.run({"rebuild": True}, shop.deps)
    assert indexed(shop)["RED-LAMP"].product.name == "Green lamp"


def test_what_is_no_longer_sold_is_not_found(shop):
    deliver(shop, product("RED-LAMP"))
    del shop.products.products["RED-LAMP"]
    deliver(shop, product("RED-LAMP"))
    assert indexed(shop) == {}


@pytest.mark.parametrize("shard", ["", "#7"])
def test_stock_that_came_or_went_shows(shop, shard):
    deliver(shop, product("TEA"))
    shop.inventory.apply(receive("delivery", [("TEA", 3)]))
    deliver(shop, stock("TEA", 0, 3, shard))
    assert indexed(shop)["TEA"].in_stock


def test_stock_that_only_moved_is_passed_over(shop):
    entry = {"pk": {"S": "delivery"}, "sk": {"S": "entry"}}
    deliver(shop, stock("TEA", 5, 3), {"dynamodb": {"Keys": entry}})
    assert indexed(shop) == {}


def test_a_rebuild_finds_all_that_there_is_and_nothing_else(shop):
    deliver(shop, product("RED-LAMP"))
    del shop.products.products["RED-LAMP"]
    indexer.run({"rebuild": True}, shop.deps)
    assert indexed(shop).keys() == CATALOGUE.keys() - {"RED-LAMP"}
