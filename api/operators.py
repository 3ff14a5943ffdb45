"""What operators see and do beside single orders: queues, orders they look for, the catalogue, the stock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import contract, identifiers, views
from api.audit_log import note_change, note_refusal
from api.etags import changed, check_unchanged, etag
from api.identifiers import KEY, effect_id, order_number, reused
from api.problems import Complaint, invalid
from api.runtime import Call, Service, json_answer
from oms.domain.catalogue import Product
from oms.domain.errors import OrderNotFound, ProductNotFound
from oms.domain.inventory import StockEntry
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.order_index import OrderQuery
from oms.domain.stock_adjustments import adjusted, received
from oms.ports import Page

handler = Service()


@handler.route("GET /queues")
def list_queue(call: Call) -> Response[str]:
    asked = call.arguments
    found = call.deps.orders.in_queue(asked["queue"], asked["limit"], asked["cursor"])
    kept = tuple(filter(_wanted(asked).matches, found.items))  # a queue is short: what isn't asked for leaves a gap
    return json_answer(200, views.page(Page(kept, found.cursor), views.order_summary))


@handler.route("GET /order-search")
def search_orders(call: Call) -> Response[str]:
    return _found(call, call.arguments["customer_id"] or "")


@handler.route("GET /customers/{customer_id}/orders")
def list_orders_of_customer(call: Call) -> Response[str]:
    return _found(call, identifiers.customer(call.path["customer_id"]))


def _found(call: Call, customer_id: str) -> Response[str]:
    asked = call.arguments
    found = call.deps.order_index.find(_wanted(asked, customer_id), asked["limit"], asked["cursor"])
    return json_answer(200, views.page(found, views.order_summary))


def _wanted(asked: Mapping[str, Any], customer_id: str = "") -> OrderQuery:
    status, sku = asked["status"], asked["sku"]
    since, until = _instant(asked, "from"), _instant(asked, "to")
    return OrderQuery(Status(status) if status else None, sku or "", customer_id, since, until)


def _instant(asked: Mapping[str, Any], name: str) -> datetime | None:
    """Raises where the contract's pattern has it and no calendar."""
    text = asked.get(name)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise invalid(Complaint(f"query/{name}", "is no moment that there is")) from None


@handler.route("GET /order-numbers/{number}")
def find_order(call: Call) -> Response[str]:
    number = order_number(call.path["number"])
    if number is None:
        raise OrderNotFound("an order's number is ten letters and digits, such as 0K9V7-M3XQ2")
    order = call.deps.orders.numbered(number)
    return json_answer(200, views.order_summary(order), {"Location": f"{contract.base_path()}/orders/{order.id}"})


@handler.route("PUT /products/{sku}")
def put_product(call: Call) -> Response[str]:
    sku, body = identifiers.sku(call.path["sku"]), call.body
    before = call.deps.products.get([sku]).get(sku)
    seen = views.product(before) if before else None
    check_unchanged(call, seen)
    price = Money(body["price_minor"], body["currency"])
    after = Product(sku, body["name"], body["department"], body["category"], body["brand"], price)
    view = views.product(after)
    line = note_change(call, f"product:{sku}", seen, view)
    if not call.deps.products.change(before, after):
        note_refusal(call, line)
        raise changed()
    return json_answer(
        200 if before else 201, view, {"ETag": etag(view), "Location": f"{contract.base_path()}/products/{sku}"}
    )


@handler.route("POST /inventory/{sku}/receipts")
def receive_stock(call: Call) -> Response[str]:
    sku = _known(call)
    return _moved(call, received(_effect(call, sku), sku, call.body["quantity"], _note(call)))


@handler.route("POST /inventory/{sku}/adjustments")
def adjust_stock(call: Call) -> Response[str]:
    sku = _known(call)
    return _moved(call, adjusted(_effect(call, sku), sku, call.body["difference"], _note(call)))


def _moved(call: Call, entry: StockEntry) -> Response[str]:
    inventory, sku = call.deps.inventory, entry.movements[0].sku
    if not inventory.apply(entry) and inventory.entry(entry.effect_id) != entry:
        raise reused()
    return json_answer(200, views.stock(inventory.stock([sku])[sku]))


def _effect(call: Call, sku: str) -> str:
    """One for an operator's key and SKU, whichever way it moves the stock."""
    return effect_id(call.caller.id, sku, call.arguments[KEY])


def _note(call: Call) -> str:
    """Who and why, as the ledger keeps it."""
    return f"{call.caller.name}: {call.body['reason']}"


def _known(call: Call) -> str:
    sku = identifiers.sku(call.path["sku"])
    if sku not in call.deps.products.get([sku]):
        raise ProductNotFound(f"the catalogue has no {sku}")
    return sku
