"""Rules of a new order: from its placement to its confirmation or its rejection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from oms.domain import credit, discounts, errors, inventory, payment_rules
from oms.domain.catalogue import Product
from oms.domain.change import NOTHING, Change
from oms.domain.events import (
    InventoryReleased,
    InventoryReserved,
    OrderAbandoned,
    OrderConfirmed,
    OrderPlaced,
    OrderRejected,
    PricedUnits,
    ReviewDecided,
    ReviewRequested,
    Units,
)
from oms.domain.order import Cancellation, Line, Order, Status, check_free_to_move
from oms.domain.payment import PaymentStatus, Risk
from oms.domain.pricing import Quote

PART = 90
"""The most lines that one change moves stock for: DynamoDB writes at most 100 items at once."""
REVIEW_ABOVE_MINOR = 50_000
"""An order that costs more is reviewed by an operator."""


def place(
    order_id: str,
    customer_id: str,
    quote: Quote,
    method: str,
    recipient: Mapping[str, str],
    request_hash: str,
    request_id: str = "",
) -> Change:
    placed = OrderPlaced(
        order_id=order_id,
        customer_id=customer_id,
        currency=quote.currency,
        lines=quote.lines,
        payment_method=method,
        recipient=recipient,
        request_hash=request_hash,
        request_id=request_id,
        shipping_method=quote.shipping_method,
        shipping_minor=quote.shipping_minor,
        shipping_tax_minor=quote.shipping_tax_minor,
        code=quote.code,
        credit_minor=quote.credit_minor,
    )
    claims = (discounts.claim(quote.discount, order_id, customer_id),) if quote.discount else ()
    spent = (credit.spend(order_id, customer_id, quote.credit),) if quote.credit_minor else ()
    return Change((placed,), codes=claims, credit=spent)


def reserve(order: Order, products: Mapping[str, Product]) -> Change:
    """Reserves stock for the next part of the lines. To be repeated until the order ``is_priced``.

    ``products`` give the prices of an order that was placed without.
    """
    if order.is_priced:
        return NOTHING
    check_free_to_move(order)
    if order.released:
        raise errors.EffectRefused(f"the reservation of {order.id} was released before it came")
    part = [line for line in order.lines if not line.priced][:PART]
    lines = tuple(_as_quoted(line) if order.is_quoted else _priced(line, order.currency, products) for line in part)
    entry = inventory.reserve(
        _part_id(order, "reserve", part[0]), order.id, [(line.sku, line.quantity) for line in lines]
    )
    return Change((InventoryReserved(lines),), stock=(entry,))


def _as_quoted(line: Line) -> PricedUnits:
    return PricedUnits(line.sku, line.quantity, line.name, line.unit_price_minor, line.total_minor)


def _priced(line: Line, currency: str, products: Mapping[str, Product]) -> PricedUnits:
    product = products.get(line.sku)
    if product is None:
        raise errors.UnknownSku(f"the catalogue has no {line.sku}")
    if product.price.currency != currency:
        raise errors.WrongCurrency(f"{line.sku} is priced in {product.price.currency}, the order is in {currency}")
    return PricedUnits(line.sku, line.quantity, product.name, product.price.minor, product.price.minor * line.quantity)


def _part_id(order: Order, verb: str, first: Line) -> str:
    index = order.lines.index(first)
    return f"{order.id}:{verb}" if index == 0 else f"{order.id}:{verb}:{index}"


def release(order: Order, cancellation_id: str | None = None) -> Change:
    """Releases the next part of what is held: of a cancellation its lines, else everything.

    To be repeated until it changes nothing. An order that holds nothing is recorded as released too, and so refuses a
    late reservation.
    """
    cancellation = _free_to_release(order, cancellation_id)
    excess = _excess(order, cancellation)
    part, final = excess[:PART], cancellation is None or cancellation.whole
    last = final and len(part) == len(excess)
    if not part:
        return Change((InventoryReleased((), final=True),)) if final and not order.released else NOTHING
    first = next(line for line in order.lines if line.sku == part[0].sku)
    effect_id = _part_id(order, "release", first) if final else f"{cancellation_id}:release:{order.lines.index(first)}"
    entry = inventory.release(effect_id, order.id, [(units.sku, units.quantity) for units in part])
    return Change((InventoryReleased(part, final=last),), stock=(entry,))


def _free_to_release(order: Order, cancellation_id: str | None) -> Cancellation | None:
    if cancellation_id is not None:
        cancellation = order.cancellations.get(cancellation_id)
        if cancellation is None or (order.taken_by != cancellation_id and not cancellation.outcome):
            raise errors.OrderTaken(f"order {order.id} is not held by {cancellation_id}")
        return cancellation
    if order.status.is_closed or order.abandoned or order.payment.status is PaymentStatus.NONE:
        return None
    raise errors.AlreadyConfirmed(f"order {order.id} is {order.status}: it isn't being rejected")


def _excess(order: Order, cancellation: Cancellation | None) -> tuple[Units, ...]:
    """What is held beyond what stays open after the cancellation."""
    if cancellation is None or cancellation.whole:
        return order.held_units()
    if cancellation.outcome:
        return ()
    leaving = {units.sku: units.quantity for units in cancellation.lines}
    excess = [
        (line.sku, line.held - line.open + leaving.get(line.sku, 0)) for line in order.lines if line.sku in leaving
    ]
    return tuple(Units(sku, count) for sku, count in excess if count > 0)


def needs_review(order: Order) -> bool:
    return order.payment.risk is Risk.ELEVATED or order.total.minor > REVIEW_ABOVE_MINOR


def request_review(order: Order, deadline: datetime, token: str) -> Change:
    check_free_to_move(order)
    waits = {"review": token}
    if order.review is not None and order.review.approved is False:
        raise errors.ReviewDeclined(f"order {order.id} was declined")
    if order.review is not None:
        return Change(waits=waits)
    return Change((ReviewRequested(deadline.isoformat()),), waits=waits)


def decide_review(order: Order, approved: bool, reviewer: str, note: str = "") -> Change:
    check_free_to_move(order)
    if order.review is None:
        raise errors.OrderNotUnderReview(f"order {order.id} waits for no review")
    if order.review.approved is approved:
        return NOTHING
    if order.review.approved is not None:
        raise errors.OrderNotUnderReview(f"order {order.id} was decided already")
    return Change((ReviewDecided(approved, reviewer, note),))


def confirm(order: Order) -> Change:
    """The pivot: from here on the order goes forward, or is cancelled, and is never rejected."""
    if order.status in (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED):
        return NOTHING
    check_free_to_move(order)
    if order.status is not Status.AUTHORIZED or not order.is_priced or order.released:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: it can't be confirmed")
    return Change((OrderConfirmed(),))


def abandon(order: Order, error: str) -> Change:
    """Stops the order before what it holds is given back, so that no late step confirms it meanwhile."""
    if order.abandoned or order.status is Status.REJECTED:
        return NOTHING
    if order.status in (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED):
        raise errors.AlreadyConfirmed(f"order {order.id} is {order.status}: it can't be rejected any more")
    check_free_to_move(order)
    return Change((OrderAbandoned(error),))


def reason_to_reject(order: Order, error: str) -> str | None:
    """The reason that the shopper sees, or None if the error is a defect.

    A rejection is a reason, and so is a dependency that stayed unavailable. A defect is one only after an operator has
    resumed the order.
    """
    if error == "States.Timeout" and order.review is not None and order.review.approved is None:
        error = errors.ReviewExpired.__name__
    kind = next((leaf for leaf in errors.leaves() if leaf.__name__ == error), None)
    if kind is not None and issubclass(kind, (errors.Rejection, errors.Unavailable)):
        return kind.type()
    return "defect" if order.resumed or order.status is Status.REJECTED else None


def reject(order: Order, reason: str) -> Change:
    """Rejects an order. Raises ``CompensationIncomplete`` while it still holds stock or money."""
    if order.status is Status.REJECTED:
        return NOTHING
    if not order.abandoned:
        check_free_to_move(order)
    if order.held_units() or order.payment.status is PaymentStatus.AUTHORIZED:
        raise errors.CompensationIncomplete(f"order {order.id} still holds stock or money")
    if order.abandoned and order.payment.status is not PaymentStatus.VOIDED:
        raise errors.CompensationIncomplete(f"order {order.id} may still hold money: its void was not recorded")
    events = (OrderRejected(reason),) if order.released else (InventoryReleased((), final=True), OrderRejected(reason))
    change = Change(events, codes=order.code_given_back())
    return payment_rules.give_credit(order, change, order.credit_held, f"{order.id}:credit-back")
