"""Following orders: one's own alone, complete, in pages, without internal fields."""

import base64
import json

import pytest

from tests.api.shop import ANNA, BERT, BODY, OLGA

NOBODYS = "ord_" + "0" * 26


def test_an_order_is_shown_with_all_that_happened(shop):
    order_id = shop.shipped()
    order = shop.get(f"/orders/{order_id}").json
    assert (order["status"], order["shipment"]) == ("shipped", {"status": "dispatched", "tracking": "TRACK-1"})
    goods, shipping, total = 2 * 1999 + 4550, 1999, 13_079
    taxes = [960, 1092, 480]  # 24 % of the lamps, of the rug, and of their way to Iceland
    assert order["charges"] == {
        "goods_minor": goods,
        "discount_minor": 0,
        "shipping_minor": shipping,
        "tax_minor": sum(taxes),
        "total_minor": total,
    }
    assert goods + shipping + sum(taxes) == total
    assert [line["tax_minor"] for line in order["lines"]] == taxes[:2]
    assert (order["shipping_method"], order["code"]) == ("standard", "")
    assert order["totals"] == {
        "ordered_minor": total,
        "due_minor": total,
        "authorized_minor": total,
        "captured_minor": total,
        "refunded_minor": 0,
        "store_credit_minor": 0,
        "credited_minor": 0,
    }
    events = [entry["event"] for entry in order["timeline"]]
    assert events[0] == "OrderPlaced"
    assert events[-1] == "OrderShipped"
    assert [entry["sequence"] for entry in order["timeline"]] == list(range(1, len(events) + 1))
    assert order["timeline"][0]["by"] == "customer:anna"
    assert all(entry["at"].endswith("+00:00") for entry in order["timeline"])


@pytest.mark.parametrize("by", [ANNA, OLGA])
def test_neither_task_tokens_nor_hashes_are_shown(shop, by):
    order_id = shop.shipped("a-secret-token")
    order = shop.orders.get(order_id)
    text = json.dumps(shop.get(f"/orders/{order_id}", by=by).json)
    assert "token" not in text
    assert order.request_hash not in text


def test_only_an_operator_sees_risk_reviewer_and_note(shop):
    order_id = shop.under_review()
    shop.post(f"/orders/{order_id}/review", {"decision": "approve", "note": "known since 2019"}, by=OLGA)
    anna, olga = (json.dumps(shop.get(f"/orders/{order_id}", by=by).json["timeline"]) for by in (ANNA, OLGA))
    assert "elevated" not in anna
    assert "2019" not in anna
    assert "elevated" in olga
    assert "2019" in olga


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/cancellation", {}),
        ("POST", "/returns", {"lines": [{"sku": "RED-LAMP", "quantity": 1}], "reason": "mine now"}),
    ],
)
def test_another_shopper_s_order_is_none_at_all(shop, method, path, body):
    order_id = shop.delivered()
    before = shop.state()
    theirs = shop.ask(method, f"/orders/{order_id}{path}", body, by=BERT, key="key-2")
    nobodys = shop.ask(method, f"/orders/{NOBODYS}{path}", body, by=BERT, key="key-2")
    assert (theirs.status, theirs.problem) == (nobodys.status, nobodys.problem) == (404, "order-not-found")
    assert theirs.json["detail"].replace(order_id, NOBODYS) == nobodys.json["detail"]
    assert shop.state() == before


@pytest.mark.parametrize("order_id", ["ord_1", "ORD_" + "0" * 26, "ord_" + "l" * 26, "x" * 3000, NOBODYS + "0"])
def test_what_is_no_order_id_names_no_order(shop, order_id):
    assert shop.get(f"/orders/{order_id}").problem == "order-not-found"


def test_an_operator_sees_every_order(shop):
    order_id = shop.placed(by=BERT)
    assert shop.get(f"/orders/{order_id}", by=OLGA).json["order_id"] == order_id


def test_own_orders_are_listed_newest_first_in_pages(shop):
    placed = [shop.place(key=f"key-{n}") for n in range(5)]
    shop.place(by=BERT)
    first = shop.get("/orders", query={"limit": 3}).json
    rest = shop.get("/orders", query={"limit": 3, "cursor": first["cursor"]}).json
    assert [item["order_id"] for item in first["items"] + rest["items"]] == placed[::-1]
    assert rest["cursor"] is None


def test_a_shopper_without_orders_has_an_empty_list(shop):
    assert shop.get("/orders").json == {"items": [], "cursor": None}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"limit": 0}, "query/limit"),
        ({"limit": 101}, "query/limit"),
        ({"limit": "ten"}, "query/limit"),
        ({"limit": "1.0"}, "query/limit"),
        ({"limit": "9" * 5000}, "query/limit"),
        ({"cursor": ""}, "query/cursor"),
        ({"cursor": "x" * 2001}, "query/cursor"),
    ],
)
def test_a_bad_parameter_is_refused(shop, query, where):
    reply = shop.get("/orders", query=query)
    assert (reply.status, reply.problem, list(reply.complaints)) == (400, "invalid-request", [where])


def test_a_cursor_that_is_none_or_another_listing_s_is_refused(shop):
    for n in range(3):
        shop.place(key=f"key-{n}")
        shop.place(key=f"key-{n}", by=BERT)
    others = shop.get("/orders", query={"limit": 1}, by=BERT).json["cursor"]
    place = json.loads(base64.urlsafe_b64decode(others + "=="))
    halved = base64.urlsafe_b64encode(json.dumps({**place, "id": "\ud800"}).encode()).decode().rstrip("=")
    nested = base64.urlsafe_b64encode(b"[" * 1400).decode().rstrip("=")
    for cursor in ("made-up", others, halved, nested):
        assert shop.get("/orders", query={"cursor": cursor}).problem == "invalid-request"


def test_a_request_carries_its_correlation_id_through(shop):
    own = {"x-correlation-id": "checkout-4711"}
    assert shop.get("/orders", headers=own).headers["X-Correlation-Id"] == "checkout-4711"
    refused = shop.get("/orders", query={"limit": 0}, headers=own)
    assert refused.headers["X-Correlation-Id"] == refused.json["correlation_id"] == "checkout-4711"


@pytest.mark.parametrize("sent", ["short", "x" * 65, "two\nlines-here", 'quo"ted-id'])
def test_a_correlation_id_that_can_t_stand_in_a_log_is_replaced(shop, sent):
    assert shop.get("/orders", headers={"x-correlation-id": sent}).headers["X-Correlation-Id"] == "request-1"


def test_a_defect_is_answered_without_a_word_of_the_inside(shop, monkeypatch):
    def broken(*_):
        raise KeyError("the shop's inside")

    monkeypatch.setattr(shop.orders, "of_customer", broken)
    reply = shop.get("/orders")
    assert (reply.status, reply.problem) == (500, "internal-error")
    assert "inside" not in json.dumps(reply.json)


def test_no_personal_data_is_logged_of_a_defect(shop, monkeypatch, caplog, capsys):
    def broken(*_):
        raise KeyError("broken")

    monkeypatch.setattr(shop.orders, "create", broken)
    assert shop.post("/orders", BODY, key="key-1").status == 500
    logged = caplog.text + capsys.readouterr().out
    for secret in (*BODY["recipient"].values(), "pm_card_visa"):
        assert secret not in logged
