"""How each event changes an order. Nothing else changes an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from oms.domain import events as e
from oms.domain.credit import RefundTo
from oms.domain.fast_replace import replace
from oms.domain.order import (
    Cancellation,
    Dispute,
    Line,
    Order,
    Parked,
    Return,
    ReturnStatus,
    Review,
    ShipmentStatus,
    Status,
    execution_key,
    price,
    with_units,
)
from oms.domain.payment import PaymentStatus, Risk


def placed(recorded: e.Recorded) -> Order:
    """The order as its first event makes it."""
    event = recorded.event
    if not isinstance(event, e.OrderPlaced):
        raise TypeError(f"an order begins with OrderPlaced, not {event.name}")
    return Order(
        id=event.order_id,
        customer_id=event.customer_id,
        currency=event.currency,
        lines=tuple(_line(units) for units in event.lines),
        payment_method=event.payment_method,
        recipient=dict(event.recipient),
        request_hash=event.request_hash,
        request_id=event.request_id,
        placed_at=recorded.at,
        shipping_method=event.shipping_method,
        shipping_minor=event.shipping_minor,
        shipping_tax_minor=event.shipping_tax_minor,
        code=event.code,
        credit_minor=event.credit_minor,
        version=recorded.sequence,
    )


def _line(units: e.QuotedUnits) -> Line:
    return Line(
        sku=units.sku,
        quantity=units.quantity,
        name=units.name,
        unit_price_minor=units.unit_price_minor,
        total_minor=units.total_minor,
        discount_minor=units.discount_minor,
        tax_minor=units.tax_minor,
    )


def fold(history: Iterable[e.Recorded]) -> Order:
    first, *rest = history
    return reduce(apply, rest, placed(first))


def apply(order: Order, recorded: e.Recorded) -> Order:
    """The order after one more event."""
    return replace(_parked(_moved(order, recorded.event), recorded), version=recorded.sequence)


def _parked(order: Order, recorded: e.Recorded) -> Order:
    match recorded.event:
        case e.OrderParkedByExecution(execution, visit, redrive_count, error, cause):
            parked = Parked(visit, redrive_count, error, cause, recorded.at)
            return replace(order, parked={**order.parked, execution: parked})
        case e.DiscrepancyFound(check, what):
            parked = Parked(recorded.at.isoformat(), 0, "Discrepancy", what, recorded.at)
            return replace(order, parked={**order.parked, check: parked})
        case e.ExecutionReplaced(execution, successor):
            left = {each: parked for each, parked in order.parked.items() if execution_key(each) != execution}
            return replace(order, parked=left, replaced={**order.replaced, execution: successor})
        case e.DiscrepancySettled(check):
            return replace(order, parked=_without(order.parked, check))
        case e.DiscrepancyAccepted(check):
            accepted = {**order.accepted, check: order.parked[check].cause}
            return replace(order, parked=_without(order.parked, check), accepted=accepted)
    return order


def _without(parked: Mapping[str, Parked], key: str) -> dict[str, Parked]:
    return {name: each for name, each in parked.items() if name != key}


def _moved(order: Order, event: e.Event) -> Order:
    match event:
        case e.InventoryReserved() | e.InventoryReleased() | e.LinesCancelled():
            return _lines_moved(order, event)
        case e.OrderAbandoned():
            return replace(order, abandoned=True)
        case e.OrderConfirmed():
            return replace(order, status=Status.CONFIRMED)
        case e.OrderRejected(reason):
            cancelled = with_units(order, order.open_units(), cancelled=1)
            return replace(cancelled, status=Status.REJECTED, reason=reason)
        case e.PaymentAuthorized() | e.PaymentVoided() | e.PaymentCaptured() | e.PaymentRefunded():
            return _payment_moved(order, event)
        case e.CreditGiven(effect_id, amount):
            return replace(order, credits={**order.credits, effect_id: amount})
        case e.CancellationStarted() | e.CancellationRefused() | e.OrderCancelled():
            return _cancellation_moved(order, event)
        case e.ShipmentRequested() | e.OrderShipped() | e.OrderDelivered() | e.OrderLost():
            return _shipment_moved(order, event)
        case e.ReturnAuthorized() | e.ItemsInspected() | e.ItemsRestocked() | e.ReturnClosed():
            return _return_moved(order, event)
        case e.PaymentDisputed(dispute_id, _, _, due_by):
            return replace(order, disputes={**order.disputes, dispute_id: Dispute(due_by)})
        case e.DisputeClosed(dispute_id, outcome):
            dispute = order.disputes.get(dispute_id, Dispute())
            return replace(order, disputes={**order.disputes, dispute_id: replace(dispute, outcome=outcome)})
        case e.ReviewRequested(deadline):
            return replace(order, review=Review(deadline))
        case e.ReviewDecided(approved) if order.review:
            return replace(order, review=replace(order.review, approved=approved))
        case e.OrderResumed(execution, visit):
            resumed = {**order.resumed, execution: visit}
            return replace(order, parked=_without(order.parked, execution), resumed=resumed)
    return order


def _lines_moved(order: Order, event: e.Event) -> Order:
    match event:
        case e.InventoryReserved(lines):
            by_sku = {units.sku: units for units in lines}
            now = tuple(price(line, by_sku[line.sku]) if line.sku in by_sku else line for line in order.lines)
            status = Status.RESERVED if all(line.priced for line in now) else order.status
            return replace(order, lines=now, status=status)
        case e.InventoryReleased(lines, final):
            return replace(with_units(order, lines, held=-1), released=order.released or final)
        case e.LinesCancelled(_, lines):
            return with_units(order, lines, cancelled=1)
    return order


def _payment_moved(order: Order, event: e.Event) -> Order:
    payment = order.payment
    match event:
        case e.PaymentAuthorized(payment_id, amount, risk):
            held = replace(
                payment, status=PaymentStatus.AUTHORIZED, payment_id=payment_id, authorized=amount, risk=Risk(risk)
            )
            return replace(order, payment=held, status=Status.AUTHORIZED)
        case e.PaymentVoided():
            return replace(order, payment=replace(payment, status=PaymentStatus.VOIDED))
        case e.PaymentCaptured(amount):
            return replace(order, payment=replace(payment, status=PaymentStatus.CAPTURED, captured=amount))
        case e.PaymentRefunded(effect_id, amount):
            refunds = {**order.refunds, effect_id: amount}
            return replace(order, payment=replace(payment, refunded=payment.refunded + amount), refunds=refunds)
    return order


def _cancellation_moved(order: Order, event: e.Event) -> Order:
    match event:
        case e.CancellationStarted(cancellation_id, lines, whole):
            started = Cancellation(cancellation_id, lines, whole)
            return replace(
                order, taken_by=cancellation_id, cancellations={**order.cancellations, cancellation_id: started}
            )
        case e.CancellationRefused(cancellation_id):
            return _ended(order, cancellation_id, "refused")
        case e.OrderCancelled(cancellation_id, reason):
            ended = _ended(order, cancellation_id, "cancelled")
            whole = order.cancellations[cancellation_id].whole
            return replace(ended, status=Status.CANCELLED, reason=reason) if whole else ended
    return order


def _ended(order: Order, cancellation_id: str, outcome: str) -> Order:
    cancellation = order.cancellations.get(cancellation_id, Cancellation(cancellation_id, (), whole=False))
    ended = {**order.cancellations, cancellation_id: replace(cancellation, outcome=outcome)}
    return replace(order, taken_by=None if order.taken_by == cancellation_id else order.taken_by, cancellations=ended)


def _shipment_moved(order: Order, event: e.Event) -> Order:
    match event:
        case e.ShipmentRequested(lines):
            return replace(order, shipment=ShipmentStatus.REQUESTED, asked_to_ship=lines)
        case e.OrderShipped(lines, tracking):
            gone = with_units(order, lines, held=-1, shipped=1)
            return replace(gone, status=Status.SHIPPED, shipment=ShipmentStatus.DISPATCHED, tracking=tracking)
        case e.OrderDelivered():
            return replace(order, status=Status.DELIVERED, shipment=ShipmentStatus.DELIVERED)
        case e.OrderLost():
            lost = with_units(order, order.open_units(), cancelled=1)
            return replace(lost, status=Status.LOST, shipment=ShipmentStatus.LOST, reason="lost by the carrier")
    return order


def _return_moved(order: Order, event: e.Event) -> Order:
    match event:
        case e.ReturnAuthorized(return_id, lines, _, deadline, refund_to):
            opened = Return(return_id, lines, deadline, RefundTo(refund_to))
            return replace(with_units(order, lines, returning=1), returns={**order.returns, return_id: opened})
        case e.ItemsInspected(return_id, lines, refund, credit):
            accepted = tuple(e.Units(line.sku, line.accepted) for line in lines if line.accepted)
            to_restock = tuple(e.Units(line.sku, line.restocked) for line in lines if line.restocked)
            inspected = replace(
                order.returns[return_id],
                status=ReturnStatus.INSPECTED,
                accepted=accepted,
                to_restock=to_restock,
                refund_minor=refund,
                credit_minor=credit,
            )
            back = with_units(with_units(order, inspected.lines, returning=-1), accepted, returned=1)
            return replace(back, returns={**order.returns, return_id: inspected})
        case e.ItemsRestocked(return_id, lines):
            restocked = order.returns[return_id]
            shelved = replace(restocked, shelved=(*restocked.shelved, *lines))
            return replace(order, returns={**order.returns, return_id: shelved})
        case e.ReturnClosed(return_id, outcome):
            requested = order.returns.get(return_id, Return(return_id, (), deadline=""))
            never_came = requested.status is ReturnStatus.AUTHORIZED
            freed = with_units(order, requested.lines, returning=-1) if never_came else order
            closed = replace(requested, status=ReturnStatus.CLOSED, outcome=outcome)
            return replace(freed, returns={**order.returns, return_id: closed})
    return order
