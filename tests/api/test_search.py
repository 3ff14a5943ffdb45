"""The search of the catalogue, and suggestions."""

import pytest

from oms.adapters.search.tantivy_search import TantivySearch
from oms.domain.search import BANDS, FACETS, Listing, Sort, band
from tests.api.shop import Shop, contract
from tests.domain.orders import CATALOGUE


@pytest.fixture
def shop(tmp_path):
    search = TantivySearch(tmp_path / "search")
    search.index(Listing(product, product.sku != "TEA", 1) for product in CATALOGUE.values())
    return Shop(search)


def skus_of(shop, **query):
    return [item["sku"] for item in shop.get("/search", by=None, query=query).json["items"]]


def test_anybody_finds_a_product_and_sees_whether_there_is_any(shop):
    answer = shop.get("/search", by=None, query={"q": "lapm"}).json
    product = shop.get("/products/RED-LAMP").json
    assert (answer["items"], answer["total"], answer["cursor"]) == ([{**product, "in_stock": True}], 1, None)
    assert answer["facets"]["in_stock"] == [{"value": "true", "count": 1}]


def test_without_words_all_products_are_found_by_name(shop):
    assert skus_of(shop) == sorted(CATALOGUE, key=lambda sku: CATALOGUE[sku].name)


def test_filters_narrow_what_is_found(shop):
    assert skus_of(shop, in_stock="false") == ["TEA"]
    lamp = CATALOGUE["RED-LAMP"]
    assert skus_of(shop, category=lamp.category, price=band(lamp.price.minor)) == ["RED-LAMP"]


def test_hits_come_in_pages_in_the_order_that_was_asked_for(shop):
    dearest = sorted(CATALOGUE, key=lambda sku: -CATALOGUE[sku].price.minor)
    first = shop.get("/search", query={"sort": "-price", "limit": 1}).json
    rest = skus_of(shop, sort="-price", cursor=first["cursor"])
    assert [first["items"][0]["sku"], *rest] == dearest


def test_another_query_s_cursor_is_refused(shop):
    cursor = shop.get("/search", query={"limit": 1}).json["cursor"]
    assert shop.get("/search", query={"q": "lamp", "cursor": cursor}).problem == "invalid-request"


@pytest.mark.parametrize(
    "query", [{"sort": "best"}, {"price": "0-1"}, {"in_stock": "yes"}, {"limit": 101}, {"q": "x" * 201}, {"brand": ""}]
)
def test_what_the_contract_does_not_have_is_refused(shop, query):
    reply = shop.get("/search", query=query)
    assert (reply.status, list(reply.complaints)) == (400, [f"query/{next(iter(query))}"])


def test_names_are_suggested_as_they_are_typed(shop):
    assert shop.get("/suggestions", by=None, query={"q": "red l"}).json == {"items": ["Red lamp"]}
    assert shop.get("/suggestions", query={"q": "zzz"}).json == {"items": []}
    assert shop.get("/suggestions").complaints == {"query/q": "is missing"}


def test_the_contract_has_the_facets_sorts_and_price_bands_that_there_are():
    schemas = contract.document()["components"]["schemas"]
    arguments = {each.name: each for each in contract.operations()["GET /search"].parameters}
    assert tuple(schemas["SearchPage"]["properties"]["facets"]["properties"]) == FACETS
    assert set(FACETS) <= arguments.keys()
    assert arguments["sort"].schema["enum"] == list(Sort)
    assert schemas["PriceBand"]["enum"] == [band(start) for start in BANDS]
