"""Orders, products and stock in the contract's schemas. Task tokens and request hashes stay inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from oms.domain.cart import Cart, CartChange
from oms.domain.catalogue import Product
from oms.domain.credit import BookedCredit
from oms.domain.discounts import Discount
from oms.domain.events import Recorded, Units
from oms.domain.inventory import Stock
from oms.domain.order import Cancellation, Line, Order, Return, Review
from oms.domain.pricing import Quote
from oms.ports import Page

T = TypeVar("T")

HIDDEN_FIELDS = {
    "OrderPlaced": {"order_id", "customer_id", "payment_method", "recipient", "request_hash", "request_id"},
    "CancellationStarted": {"request_id"},
    "ReturnAuthorized": {"request_id"},
    "OrderParked": {"execution", "visit", "redrive_count", "error", "cause"},
    "OrderResumed": {"execution", "visit", "redrive_count"},
    "OrderRepaired": {"check", "what"},
    "RedriveRequested": {"execution", "reason"},
    "ExecutionReplaced": {"execution", "successor"},
    "DiscrepancyFound": {"check", "what"},
    "DiscrepancySettled": {"check"},
    "DiscrepancyAccepted": {"check", "reason"},
    "PaymentAuthorized": {"risk"},
    "ReviewDecided": {"reviewer", "note"},
}
"""The fields of an event that only operators see, or that the order shows elsewhere."""

QUOTED = ["sku", "name", "quantity", "unit_price_minor", "total_minor", "discount_minor", "tax_minor"]
LINE = [*QUOTED, "cancelled", "shipped", "returning", "returned"]


def page(page: Page[T], view: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    return {"items": [view(item) for item in page.items], "cursor": page.cursor}


def order_summary(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "number": order.number,
        "status": order.status,
        "currency": order.currency,
        "placed_at": order.placed_at.isoformat(),
        "units": sum(line.open for line in order.lines),
        "totals": {
            "ordered_minor": order.total.minor,
            "due_minor": order.due.minor,
            "authorized_minor": order.payment.authorized,
            "captured_minor": order.payment.captured,
            "refunded_minor": order.payment.refunded,
            "store_credit_minor": order.credit_minor,
            "credited_minor": order.credited,
        },
    }


def order(order: Order, events: Iterable[Recorded], for_operator: bool) -> dict[str, Any]:
    return {
        **order_summary(order),
        "charges": _charges(order),
        "shipping_method": order.shipping_method,
        "code": order.code,
        "lines": [_line(line) for line in order.lines],
        "payment": {"status": order.payment.status, "method": order.payment_method},
        "review": _review(order.review),
        "shipment": {"status": order.shipment, "tracking": order.tracking},
        "recipient": dict(order.recipient),
        "cancellations": [_cancellation(each) for each in order.cancellations.values()],
        "returns": [_return(each) for each in order.returns.values()],
        "parked": bool(order.parked),
        "reason": order.reason,
        "timeline": [_timeline_entry(recorded, for_operator) for recorded in events],
    }


def quote(quoted: Quote, shipping_options: Mapping[str, int]) -> dict[str, Any]:
    return {
        "currency": quoted.currency,
        "lines": [{name: getattr(line, name) for name in QUOTED} for line in quoted.lines],
        "charges": _charges(quoted),
        "shipping_method": quoted.shipping_method,
        "shipping_options": [{"method": name, "price_minor": minor} for name, minor in shipping_options.items()],
        "code": quoted.code,
        "store_credit_minor": quoted.credit_minor,
        "card_minor": quoted.total.minor - quoted.credit_minor,
    }


def balances(by_currency: Mapping[str, int]) -> list[dict[str, Any]]:
    """The balance in each currency, also where nothing is left."""
    return [{"currency": currency, "balance_minor": by_currency[currency]} for currency in sorted(by_currency)]


def credit_entry(booked: BookedCredit, for_operator: bool) -> dict[str, Any]:
    entry = booked.entry
    fields = {
        "at": booked.at.isoformat(),
        "amount_minor": entry.amount.minor,
        "currency": entry.amount.currency,
        "reason": entry.reason,
        "order_id": entry.order_id or None,
    }
    return {**fields, "by": booked.by, "note": entry.note} if for_operator else fields


def discount(discount: Discount) -> dict[str, Any]:
    times = {"valid_from": discount.valid_from.isoformat(), "valid_until": discount.valid_until.isoformat()}
    return {**asdict(discount), **times}


def _charges(priced: Quote | Order) -> dict[str, int]:
    """The parts of the total. They add up to it exactly."""
    return {
        "goods_minor": sum(line.total_minor for line in priced.lines),
        "discount_minor": sum(line.discount_minor for line in priced.lines),
        "shipping_minor": priced.shipping_minor,
        "tax_minor": sum(line.tax_minor for line in priced.lines) + priced.shipping_tax_minor,
        "total_minor": priced.total.minor,
    }


def product(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "name": product.name,
        "department": product.department,
        "category": product.category,
        "brand": product.brand,
        "price_minor": product.price.minor,
        "currency": product.price.currency,
    }


def cart(cart: Cart, products: Mapping[str, Product], changes: Iterable[CartChange]) -> dict[str, Any]:
    """A cart at current prices; ``changes`` are the differences since its lines were put in."""
    lines = [
        {
            "sku": line.sku,
            "name": products[line.sku].name,
            "quantity": line.quantity,
            "unit_price_minor": line.seen_minor,
            "total_minor": line.seen_minor * line.quantity,
        }
        for line in cart.lines
    ]
    return {
        "lines": lines,
        "units": sum(line.quantity for line in cart.lines),
        "total_minor": sum(line.seen_minor * line.quantity for line in cart.lines),
        "currency": cart.currency or None,
        "changes": [asdict(change) for change in changes],
    }


def stock(stock: Stock) -> dict[str, Any]:
    return {"sku": stock.sku, "on_hand": stock.on_hand, "reserved": stock.reserved, "available": stock.available}


def _line(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in LINE}


def _units(lines: Iterable[Units]) -> list[dict[str, Any]]:
    return [{"sku": units.sku, "quantity": units.quantity} for units in lines]


def _review(review: Review | None) -> dict[str, Any] | None:
    if review is None:
        return None
    decision = {None: "pending", True: "approved", False: "declined"}[review.approved]
    return {"deadline": review.deadline, "decision": decision}


def _cancellation(cancellation: Cancellation) -> dict[str, Any]:
    return {
        "cancellation_id": cancellation.cancellation_id,
        "whole": cancellation.whole,
        "lines": _units(cancellation.lines),
        "outcome": cancellation.outcome or "pending",
    }


def _return(returned: Return) -> dict[str, Any]:
    return {
        "return_id": returned.return_id,
        "status": returned.status,
        "lines": _units(returned.lines),
        "accepted": _units(returned.accepted),
        "refund_to": returned.refund_to,
        "refund_minor": returned.refund_minor,
        "credit_minor": returned.credit_minor,
        "deadline": returned.deadline,
        "outcome": returned.outcome or "pending",
    }


def _timeline_entry(recorded: Recorded, for_operator: bool) -> dict[str, Any]:
    name = recorded.event.name
    hidden = {"request_hash"} if for_operator else HIDDEN_FIELDS.get(name, set())
    data = {field: value for field, value in recorded.event.data().items() if field not in hidden}
    at = recorded.at.isoformat()
    return {"sequence": recorded.sequence, "at": at, "by": recorded.by, "event": name, "data": data}
