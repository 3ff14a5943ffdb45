"""The contract of every search engine: hits, filters, counts and the order of the first three, but no scores."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from oms.domain.catalogue import Product
from oms.domain.errors import InvalidRequest
from oms.domain.money import Money
from oms.domain.search import FACETS, FacetCount, Listing, Query, SearchResult, Sort
from oms.ports import Search


def listing(sku: str, name: str, category: str, minor: int, in_stock: bool = True, brand: str = "National") -> Listing:
    department = "Garden Center" if category == "Furniture" else "Grocery"
    return Listing(Product(sku, name, department, category, brand, Money(minor, "USD")), in_stock, version=10)


SHOP = [
    listing("11", "Milk, 1 gal", "Milk", 289),
    listing("12", "Chocolate Milk, 1 qt", "Milk", 199, brand="Private"),
    listing("13", "Milk Chocolate Bar with Hazelnuts, 8 oz", "Candy, Packaged", 349, in_stock=False),
    listing("14", "Soft Drink Bottle, 2 L", "Soft Drinks", 99),
    listing("15", "Soda Crackers, 16 oz", "Crackers", 250, brand="Private"),
    listing("16", "Crème Brûlée", "Desserts", 599),
    listing("17", "Garden Couch", "Furniture", 19900, in_stock=False),
    listing("18", "Tomatoes, 15 oz", "Vegetables", 85, brand="Private"),
    listing("19", "Tomato Soup, 10 oz", "Soup", 100),
    listing("20", "Skim, 1 gal", "Milk", 279),
]
STOCKED = {each.product.sku: each for each in SHOP}


@pytest.fixture
def shop(engine: Search) -> Search:
    engine.index(SHOP)
    return engine


def skus(result: SearchResult) -> list[str]:
    return [hit.product.sku for hit in result.hits]


def search_skus(shop: Search, text: str, **filters: str) -> list[str]:
    return skus(shop.find(Query(text, filters)))


def changed(sku: str, version: int, **changes: object) -> Listing:
    product = replace(STOCKED[sku].product, **changes)  # type: ignore[arg-type]
    return Listing(product, in_stock=True, version=version)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("milk", ["11", "12", "13"]),  # in the plainest name, then in plainer ones
        ("chocolate milk", ["12", "13"]),  # side by side, as asked for
        ("milk chocolate", ["13", "12"]),
        ("private tomatoes", ["18"]),
        ("garden furniture", ["17"]),
        ("milk 1 gal", ["11", "20"]),  # in the name before in the category
    ],
)
def test_the_nearest_come_first(shop: Search, text: str, first: Sequence[str]) -> None:
    assert search_skus(shop, text)[:3] == first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MILK", {"11", "12", "13", "20"}),
        ("tomatos", {"18", "19"}),
        ("the milk of chocolate", {"12", "13"}),
        ("creme brulee", {"16"}),
        ("crème brûlée", {"16"}),
        ("choc", {"12", "13"}),
        ("milk soup", set()),
        ("***", set(STOCKED)),
        ("", set(STOCKED)),
    ],
)
def test_words_are_found_in_any_form_and_all_of_them(shop: Search, text: str, expected: set[str]) -> None:
    assert set(search_skus(shop, text)) == expected


ABROAD = [
    "Чёрный чай",
    "ΓΎΡΟΣ με πίτα",
    "हिन्दी मसाला चाय",
    "شَاي أخضر",
    "תֵּה ירוק",
    "녹차 라떼",
    "抹茶チョコレート",
    "ข้าวผัด กะเพรา",
    "Smørrebrød Weißbier",
    "می‌خواهم چای",
    "Tea 🫖\ufe0f Pot",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("чай", 0),
        ("черн", 0),
        ("ЧЁРНЫЙ", 0),
        ("γυρος", 1),
        ("चाय", 2),
        ("हिन्दी", 2),
        ("شاي", 3),
        ("شَاي", 3),
        ("תה", 4),
        ("녹차", 5),
        (unicodedata.normalize("NFD", "녹차"), 5),
        ("라", None),
        ("抹茶チョコレート", 6),
        ("抹茶ﾁｮｺ", 6),
        ("กะเพรา", 7),
        ("smørreb", 8),
        ("smorrebrod", 8),
        ("weissbier", 8),
        ("میخواهم", 9),
        ("pot", 10),
    ],
)
def test_words_of_every_script_are_found_as_they_are_typed(engine: Search, text: str, expected: int | None) -> None:
    engine.index(listing(str(n), name, "Teas", 100) for n, name in enumerate(ABROAD))
    assert search_skus(engine, text) == ([] if expected is None else [str(expected)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("choclate", {"12", "13"}), ("tomatoe soop", {"19"}), ("mlik", {"11", "12", "13", "20"}), ("hazlenuts", {"13"})],
)
def test_typing_errors_are_forgiven(shop: Search, text: str, expected: set[str]) -> None:
    assert set(search_skus(shop, text)) == expected


def test_nothing_is_taken_for_an_error_where_it_is_found_as_typed(shop: Search) -> None:
    shop.index([listing("21", "Silk Scarf", "Apparel", 999)])
    assert search_skus(shop, "silk") == ["21"]


def test_short_words_have_to_be_right(shop: Search) -> None:
    assert search_skus(shop, "mlk") == []


@pytest.mark.parametrize(
    ("text", "expected"), [("soda", ["15", "14"]), ("sofa", ["17"]), ("sofas", ["17"]), ("soft drinks", ["14", "15"])]
)
def test_synonyms_are_found_after_the_word_itself(shop: Search, text: str, expected: list[str]) -> None:
    assert search_skus(shop, text) == expected


def test_each_filter_narrows(shop: Search) -> None:
    assert set(search_skus(shop, "milk", category="Milk")) == {"11", "12", "20"}
    assert set(search_skus(shop, "milk", category="Milk", brand="Private")) == {"12"}
    assert set(search_skus(shop, "", price="100-250")) == {"12", "19"}
    assert set(search_skus(shop, "", in_stock="false")) == {"13", "17"}
    assert set(search_skus(shop, "", department="Garden Center", price="2500-")) == {"17"}
    assert search_skus(shop, "milk", category="No such") == []


def test_facets_count_what_they_would_find(shop: Search) -> None:
    facets = shop.find(Query("milk")).facets
    assert tuple(facets) == FACETS
    assert facets["department"] == (FacetCount("Grocery", 4),)
    assert facets["category"] == (FacetCount("Milk", 3), FacetCount("Candy, Packaged", 1))
    assert facets["brand"] == (FacetCount("National", 3), FacetCount("Private", 1))
    assert facets["price"] == (FacetCount("250-500", 3), FacetCount("100-250", 1))
    assert facets["in_stock"] == (FacetCount("true", 3), FacetCount("false", 1))


def test_a_facet_is_counted_without_its_own_filter(shop: Search) -> None:
    result = shop.find(Query("milk", {"category": "Milk"}))
    assert result.total == 3
    assert result.facets["category"] == (FacetCount("Milk", 3), FacetCount("Candy, Packaged", 1))
    assert result.facets["in_stock"] == (FacetCount("true", 3),)


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (Sort.CHEAPEST, ["18", "14", "19"]),
        (Sort.DEAREST, ["17", "16", "13"]),
        (Sort.NAME, ["12", "16", "17"]),
        (Sort.RELEVANCE, ["12", "16", "17"]),  # where nothing was asked for, names decide
    ],
)
def test_sorted_as_asked_for(shop: Search, sort: Sort, first: list[str]) -> None:
    assert skus(shop.find(Query(sort=sort)))[:3] == first


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("text", ["", "milk"])
def test_pages_together_are_the_whole(shop: Search, sort: Sort, text: str) -> None:
    whole = skus(shop.find(Query(text, sort=sort)))
    query, paged = Query(text, sort=sort, limit=3), []
    while True:
        page = shop.find(query)
        assert page.total == len(whole)
        paged += skus(page)
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert paged == whole


def test_a_cursor_is_of_its_own_query(shop: Search) -> None:
    cursor = shop.find(Query("milk", limit=1)).cursor
    for wrong in (Query("tea", cursor=cursor), Query("milk", {"brand": "Private"}, cursor=cursor), Query(cursor="x")):
        with pytest.raises(InvalidRequest):
            shop.find(wrong)


def test_hits_show_the_product_and_whether_there_is_any(shop: Search) -> None:
    assert shop.find(Query("hazelnuts")).hits == [STOCKED["13"]]


def test_suggestions_complete_the_last_word(shop: Search) -> None:
    assert shop.suggest("cho", 5) == ["Chocolate Milk", "Milk Chocolate Bar with Hazelnuts"]
    assert shop.suggest("chocolate m", 1) == ["Chocolate Milk"]
    assert shop.suggest("TOM", 5) == ["Tomato Soup", "Tomatoes"]
    assert [*shop.suggest("xyz", 5), *shop.suggest("", 5)] == []


def test_the_more_frequent_is_suggested_first(shop: Search) -> None:
    shop.index([listing("22", "Tomatoes, 28 oz", "Vegetables", 160)])
    assert shop.suggest("tom", 5) == ["Tomatoes", "Tomato Soup"]


def test_a_shop_without_goods_finds_nothing(engine: Search) -> None:
    result = engine.find(Query("milk"))
    assert (list(result.hits), result.total, result.cursor) == ([], 0, None)
    assert result.facets == dict.fromkeys(FACETS, ())
    assert list(engine.suggest("m", 5)) == []


# --- Versions ---------------------------------------------------------------------------------------


def test_an_older_write_changes_nothing(shop: Search) -> None:
    shop.index([changed("11", 12, name="Oat Drink"), changed("11", 11, name="Rice Drink")])
    shop.index([changed("11", 11, name="Rice Drink")])
    assert search_skus(shop, "rice") == []
    assert shop.find(Query("oat")).hits == [changed("11", 12, name="Oat Drink")]


def test_the_same_write_twice_is_one(shop: Search) -> None:
    shop.index(SHOP)
    assert shop.find(Query()).total == len(SHOP)


def test_what_was_deleted_stays_so(shop: Search) -> None:
    shop.delete({"11": 12, "12": 9})
    shop.index([changed("11", 11)])
    assert set(search_skus(shop, "milk")) == {"12", "13", "20"}
    assert shop.find(Query("milk")).facets["category"] == (FacetCount("Milk", 2), FacetCount("Candy, Packaged", 1))
    assert "Milk" not in shop.suggest("mil", 5)
    shop.index([changed("11", 13)])
    assert "11" in search_skus(shop, "milk")


def test_a_rebuild_leaves_nothing_of_the_old(shop: Search) -> None:
    shop.rebuild(SHOP[:2])
    assert set(search_skus(shop, "")) == {"11", "12"}
    shop.rebuild(SHOP[2:4])
    assert set(search_skus(shop, "")) == {"13", "14"}


def test_a_rebuild_is_seen_all_at_once_and_loses_no_write(shop: Search) -> None:
    """A write during a rebuild goes to both indexes, and older listings don't overwrite it."""

    def goods():  # type: ignore[no-untyped-def]
        yield SHOP[0]
        shop.index([changed("12", 20, name="Cocoa"), changed("18", 20, name="Cherry Tomatoes")])
        shop.delete({"14": 20})
        assert search_skus(shop, "cocoa") == ["12"]
        assert len(search_skus(shop, "")) == len(SHOP) - 1
        yield from SHOP[1:4]

    shop.rebuild(goods())
    assert set(search_skus(shop, "")) == {"11", "12", "13", "18"}
    assert search_skus(shop, "cocoa") == ["12"]


def test_no_search_notices_a_rebuild(shop: Search) -> None:
    """Searches during a rebuild find all products, and cached results end with the next change."""
    done = Event()

    def totals() -> set[int]:
        totals = {shop.find(Query()).total}
        while not done.is_set():
            totals |= {shop.find(Query()).total, shop.find(Query("milk")).total + len(SHOP) - 4}
        return totals

    with ThreadPoolExecutor(3) as shoppers:
        searching = [shoppers.submit(totals) for _ in range(3)]
        try:
            for _ in range(3):
                shop.rebuild(SHOP)
        finally:
            done.set()
    assert [each.result() for each in searching] == [{len(SHOP)}] * 3
    shop.delete({"11": 12})
    assert shop.find(Query()).total == len(SHOP) - 1
