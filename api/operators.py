"""The operators' service beside single orders: queues, the search for orders, the catalogue, the stock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import contract, identifiers, views
from api.audit_log import log_change, log_refusal
from api.etags import check_precondition, etag, precondition_failed
from api.identifiers import KEY, key_reused, order_number, stock_effect_id
from api.problems import Complaint, invalid
from api.runtime import ApiRequest, Service, json_response
from oms.domain.catalogue import Product
from oms.domain.errors import OrderNotFound, ProductNotFound
from oms.domain.inventory import StockEntry
from oms.domain.money import Money
from oms.domain.order import Status
from oms.domain.order_index import OrderQuery
from oms.domain.stock_adjustments import adjusted, received
from oms.ports import Page

service = Service()


@service.route("GET /queues")
def list_queue(request: ApiRequest) -> Response[str]:
    arguments = request.arguments
    page = request.deps.orders.in_queue(arguments["queue"], arguments["limit"], arguments["cursor"])
    # A queue is short, so it is filtered page by page: a page may hold fewer orders than its limit.
    orders = tuple(filter(_criteria(arguments).matches, page.items))
    return json_response(200, views.page(Page(orders, page.cursor), views.order_summary))


@service.route("GET /order-search")
def search_orders(request: ApiRequest) -> Response[str]:
    return _found_orders(request, request.arguments["customer_id"] or "")


@service.route("GET /customers/{customer_id}/orders")
def list_orders_of_customer(request: ApiRequest) -> Response[str]:
    return _found_orders(request, identifiers.checked_customer_id(request.path["customer_id"]))


def _found_orders(request: ApiRequest, customer_id: str) -> Response[str]:
    arguments = request.arguments
    criteria = _criteria(arguments, customer_id)
    page = request.deps.order_index.find(criteria, arguments["limit"], arguments["cursor"])
    return json_response(200, views.page(page, views.order_summary))


def _criteria(arguments: Mapping[str, Any], customer_id: str = "") -> OrderQuery:
    status, sku = arguments["status"], arguments["sku"]
    since, until = _time(arguments, "from"), _time(arguments, "to")
    return OrderQuery(Status(status) if status else None, sku or "", customer_id, since, until)


def _time(arguments: Mapping[str, Any], name: str) -> datetime | None:
    """Raises a problem for a date that matches the contract's pattern but is in no calendar."""
    text = arguments.get(name)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise invalid(Complaint(f"query/{name}", "is no moment that there is")) from None


@service.route("GET /order-numbers/{number}")
def find_order(request: ApiRequest) -> Response[str]:
    number = order_number(request.path["number"])
    if number is None:
        raise OrderNotFound("an order's number is ten letters and digits, such as 0K9V7-M3XQ2")
    order = request.deps.orders.numbered(number)
    return json_response(200, views.order_summary(order), {"Location": f"{contract.base_path()}/orders/{order.id}"})


@service.route("PUT /products/{sku}")
def put_product(request: ApiRequest) -> Response[str]:
    sku, body = identifiers.checked_sku(request.path["sku"]), request.body
    before = request.deps.products.get([sku]).get(sku)
    current_view = views.product(before) if before else None
    check_precondition(request, current_view)
    price = Money(body["price_minor"], body["currency"])
    after = Product(sku, body["name"], body["department"], body["category"], body["brand"], price)
    view = views.product(after)
    effect = log_change(request, f"product:{sku}", current_view, view)
    if not request.deps.products.change(before, after):
        log_refusal(request, effect)
        raise precondition_failed()
    return json_response(
        200 if before else 201, view, {"ETag": etag(view), "Location": f"{contract.base_path()}/products/{sku}"}
    )


@service.route("POST /inventory/{sku}/receipts")
def receive_stock(request: ApiRequest) -> Response[str]:
    sku = _checked_sku(request)
    return _apply_stock_entry(
        request, received(_effect_id(request, sku), sku, request.body["quantity"], _note(request))
    )


@service.route("POST /inventory/{sku}/adjustments")
def adjust_stock(request: ApiRequest) -> Response[str]:
    sku = _checked_sku(request)
    return _apply_stock_entry(
        request, adjusted(_effect_id(request, sku), sku, request.body["difference"], _note(request))
    )


def _apply_stock_entry(request: ApiRequest, entry: StockEntry) -> Response[str]:
    inventory, sku = request.deps.inventory, entry.movements[0].sku
    if not inventory.apply(entry) and inventory.entry(entry.effect_id) != entry:
        raise key_reused()
    return json_response(200, views.stock(inventory.stock([sku])[sku]))


def _effect_id(request: ApiRequest, sku: str) -> str:
    """The same for a receipt and an adjustment with one operator's key and SKU."""
    return stock_effect_id(request.caller.id, sku, request.arguments[KEY])


def _note(request: ApiRequest) -> str:
    """The ledger entry's note: who and why."""
    return f"{request.caller.name}: {request.body['reason']}"


def _checked_sku(request: ApiRequest) -> str:
    sku = identifiers.checked_sku(request.path["sku"])
    if sku not in request.deps.products.get([sku]):
        raise ProductNotFound(f"the catalogue has no {sku}")
    return sku
