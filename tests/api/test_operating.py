"""The operators' service: queues, the search for orders, the catalogue, the stock."""

import pytest

from tests.api.shop import ANNA, BERT, BODY, OLGA

LAMP = {
    "name": "Red lamp",
    "department": "HOME",
    "category": "LIGHTING",
    "brand": "National",
    "price_minor": 2099,
    "currency": "USD",
}
MORE = {"quantity": 5, "reason": "Delivery 17"}


def test_reviews_and_parked_orders_are_listed_apart(shop):
    shop.authorized()
    order_id = shop.under_review()
    reply = shop.get("/queues", by=OLGA, query={"queue": "review"})
    assert [order["order_id"] for order in reply.json["items"]] == [order_id]
    assert shop.get("/queues", by=OLGA, query={"queue": "parked"}).json == {"items": [], "cursor": None}
    assert shop.get("/queues", by=OLGA, query={"queue": "bank"}).complaints == {
        "query/queue": "must be one of parked, review, disputed, returns, starting"
    }


@pytest.mark.parametrize("text", [str, str.lower, lambda n: n.replace("-", " "), lambda n: n.replace("0", "o")])
def test_an_order_is_found_by_its_number_as_it_was_heard(shop, text):
    order_id = shop.placed()
    number = shop.orders.get(order_id).number
    reply = shop.get(f"/order-numbers/{text(number)}", by=OLGA)
    assert (reply.status, reply.json["order_id"]) == (200, order_id)
    assert reply.headers["Location"] == f"/api/orders/{order_id}"


@pytest.mark.parametrize("number", ["00000-00000", "12", "ord_1", "ÄÖÜ"])
def test_a_number_that_is_none_finds_nothing(shop, number):
    assert shop.get(f"/order-numbers/{number}", by=OLGA).status == 404


@pytest.fixture
def of_all(shop):
    """The ids of four indexed orders, oldest first: placed, confirmed, another shopper's, of tea alone."""
    tea = {**BODY, "lines": [{"sku": "TEA", "quantity": 1}]}
    ids = [shop.placed(), shop.confirmed(), shop.placed(by=BERT), shop.place(tea)]
    shop.order_index.add(map(shop.orders.get, ids))
    return ids


def order_ids(shop, path="/order-search", **query):
    return [order["order_id"] for order in shop.get(path, by=OLGA, query=query).json["items"]]


def test_orders_of_the_whole_shop_are_found_by_all_that_is_asked_for(shop, of_all):
    placed, confirmed, other, tea = of_all
    assert order_ids(shop) == of_all[::-1]
    assert order_ids(shop, limit=1, sku="RED-LAMP") == [other]
    assert order_ids(shop, status="placed") == [tea, other, placed]
    assert order_ids(shop, limit=1, status="confirmed") == [confirmed]
    assert order_ids(shop, status="placed", sku="RED-LAMP", customer_id="anna") == [placed]
    assert order_ids(shop, status="lost") == []


def test_orders_are_found_by_when_they_were_placed(shop, of_all):
    times = [shop.orders.get(order_id).placed_at.isoformat().replace("+00:00", "Z") for order_id in of_all]
    assert order_ids(shop, **{"from": times[1], "to": times[3]}) == [of_all[2], of_all[1]]
    assert order_ids(shop, **{"from": times[1], "status": "placed"}) == [of_all[3], of_all[2]]
    assert shop.get("/order-search", by=OLGA, query={"to": "2026-02-30T12:00:00Z"}).complaints == {
        "query/to": "is no moment that there is"
    }


def test_a_search_goes_on_where_its_page_ended(shop, of_all):
    first = shop.get("/order-search", by=OLGA, query={"limit": 3}).json
    assert order_ids(shop, limit=3, cursor=first["cursor"]) == of_all[:1]
    other = shop.get("/order-search", by=OLGA, query={"sku": "TEA", "cursor": first["cursor"]})
    assert (other.status, other.problem) == (400, "invalid-request")


def test_a_shopper_s_orders_are_found_by_state_and_by_what_is_in_them(shop, of_all):
    placed, confirmed, _, tea = of_all
    hers = "/customers/anna/orders"
    assert order_ids(shop, hers, sku="RED-LAMP") == [confirmed, placed]
    assert order_ids(shop, hers, sku="RED-LAMP", status="placed") == [placed]
    assert order_ids(shop, hers) == [tea, confirmed, placed]
    assert order_ids(shop, hers, limit=1, status="confirmed") == [confirmed]


@pytest.mark.parametrize("who", ["x" * 101, "%C3%A9", "a%20b", "a%23b"])
@pytest.mark.parametrize("what", ["orders", "credit"])
def test_nobody_s_id_is_told_apart_from_a_shopper_without_any(shop, who, what):
    reply = shop.get(f"/customers/{who}/{what}", by=OLGA)
    assert (reply.status, reply.problem) == (400, "invalid-request")
    assert shop.get(f"/customers/guest_0f/{what}", by=OLGA).status == 200


def test_a_page_of_a_queue_that_nothing_is_left_of_still_leads_on(shop):
    for _ in range(2):
        shop.place({**BODY, "lines": [{"sku": "TEA", "quantity": 1}]})
    last = shop.placed()
    query = {"queue": "starting", "sku": "RED-LAMP", "limit": 2}
    first = shop.get("/queues", by=OLGA, query=query).json
    rest = shop.get("/queues", by=OLGA, query={**query, "cursor": first["cursor"]}).json
    assert (first["items"], [order["order_id"] for order in rest["items"]]) == ([], [last])


def test_a_product_is_made_once_and_changed_as_it_was_seen(shop):
    made = shop.ask("PUT", "/products/NEW-LAMP", LAMP, by=OLGA, headers={"if-none-match": "*"})
    assert (made.status, made.json) == (201, {"sku": "NEW-LAMP", **LAMP})
    again = shop.ask("PUT", "/products/NEW-LAMP", LAMP, by=OLGA, headers={"if-none-match": "*"})
    assert (again.status, again.problem) == (412, "precondition-failed")
    etag = shop.get("/products/NEW-LAMP").headers["ETag"]
    assert etag == made.headers["ETag"]
    cheaper = {**LAMP, "price_minor": 1}
    assert shop.ask("PUT", "/products/NEW-LAMP", cheaper, by=OLGA, headers={"if-match": etag}).status == 200
    assert shop.ask("PUT", "/products/NEW-LAMP", LAMP, by=OLGA, headers={"if-match": etag}).status == 412
    assert shop.get("/products/NEW-LAMP").json["price_minor"] == 1


def test_of_two_operators_who_change_at_once_one_hears_so(shop):
    change = shop.products.change

    def overtaken(before, after):
        shop.products.change = change
        assert shop.ask("PUT", "/products/TEA", {**LAMP, "price_minor": 7}, by=OLGA).status == 200
        return change(before, after)

    shop.products.change = overtaken
    assert shop.ask("PUT", "/products/TEA", LAMP, by=OLGA).status == 412
    assert shop.get("/products/TEA").json["price_minor"] == 7


def test_stock_comes_in_once_a_key(shop):
    first, again = (shop.post("/inventory/TEA/receipts", MORE, by=OLGA, key="k") for _ in range(2))
    assert first.json == again.json == {"sku": "TEA", "on_hand": 5, "reserved": 0, "available": 5}
    other = shop.post("/inventory/TEA/receipts", {**MORE, "quantity": 6}, by=OLGA, key="k")
    assert (other.status, other.problem) == (422, "idempotency-key-reused")
    assert shop.post("/inventory/TEA/adjustments", {"difference": 1, "reason": "x"}, by=OLGA, key="k").status == 422
    assert shop.get("/inventory/TEA").json["on_hand"] == 5


def test_the_ledger_says_who_moved_stock_and_why(shop):
    shop.post("/inventory/TEA/receipts", MORE, by=OLGA, key="in")
    shop.post("/inventory/TEA/adjustments", {"difference": -2, "reason": "Broken"}, by=OLGA, key="count")
    notes = {entry.reason: entry.note for entry in shop.store.entries.values()}
    assert (notes["received"], notes["adjusted"]) == ("operator:olga: Delivery 17", "operator:olga: Broken")
    assert shop.get("/inventory/TEA").json["on_hand"] == 3


def test_what_is_reserved_can_t_be_adjusted_away(shop):
    shop.authorized()
    before = shop.state()
    reply = shop.post("/inventory/RED-LAMP/adjustments", {"difference": -9, "reason": "x"}, by=OLGA, key="k")
    assert (reply.status, reply.problem) == (409, "out-of-stock")
    assert shop.state() == before


def test_what_the_catalogue_has_not_takes_no_stock(shop):
    assert shop.post("/inventory/NONE/receipts", MORE, by=OLGA, key="k").status == 404


def test_what_one_has_is_not_sent_again(shop):
    order_id = shop.placed()
    for path in (f"/orders/{order_id}", "/products/TEA"):
        tag = shop.get(path).headers["ETag"]
        for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            reply = shop.get(path, headers={"if-none-match": sent})
            assert (reply.status, reply.json, reply.headers["ETag"]) == (304, "", tag)
        assert shop.get(path, headers={"if-none-match": '"other"'}).status == 200


def test_an_order_that_went_on_is_sent_again(shop):
    order_id = shop.under_review()
    tag = shop.get(f"/orders/{order_id}").headers["ETag"]
    shop.post(f"/orders/{order_id}/review", {"decision": "approve"}, by=OLGA)
    reply = shop.get(f"/orders/{order_id}", headers={"if-none-match": tag}, by=ANNA)
    assert (reply.status, reply.json["review"]["decision"]) == (200, "approved")
