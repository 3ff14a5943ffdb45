"""FulfillOrder: ships a confirmed order, captures the payment, tracks the delivery.

The carrier's dispatch is the pivot. Before it, an order that can't be shipped is taken, recalled and cancelled; after
it, the order goes forward, since the goods have left. A lost parcel is refunded.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from oms.domain.errors import (
    AlreadyDelivered,
    AlreadyDispatched,
    OrderClosed,
    OrderNotCancellable,
    OrderTaken,
    ParcelLost,
    ShipmentRecalled,
)
from workflows import dsl
from workflows.dsl import callback_task, choose, keep_failure, on, on_anything, outcome, task

PICKUP_DEADLINE = 5 * dsl.DAY
"""With the review before it, less than the seven days for which a card holds an authorization."""
PICKUP_HEARTBEAT = 2 * dsl.DAY
DELIVERY_DEADLINE = 30 * dsl.DAY

CANCELLATION = {"cancellation_id.$": "States.Format('{}_unfulfillable', $.order_id)"}
REASON = {"reason": "unfulfillable"}


def definition() -> Graph:
    delivered = outcome("Delivered", outcome="delivered")
    lost = outcome("Lost", outcome="lost")
    cancelled = outcome("Cancelled", outcome="cancelled", reason="unfulfillable")
    superseded = outcome("Superseded", outcome="superseded")

    request = callback_task(
        "RequestShipment", deadline=PICKUP_DEADLINE, heartbeat=PICKUP_HEARTBEAT, keep="$.dispatch", waits=dsl.PATIENTLY
    )
    capture = task("CapturePayment", waits=dsl.PATIENTLY)
    ship = task("MarkShipped", more={"dispatch.$": "$.dispatch"}, waits=dsl.PATIENTLY)
    track = callback_task("TrackDelivery", deadline=DELIVERY_DEADLINE)
    deliver = task("MarkDelivered")
    lose = task("MarkLost")
    refund = task("RefundPayment")  # compensates CapturePayment
    take = task("TakeOrder", more={**CANCELLATION, **REASON, "lines": []}, waits=dsl.PATIENTLY)
    recall = task("RecallShipment", more=CANCELLATION)  # compensates RequestShipment
    give_back = task("GiveBackOrder", more={**CANCELLATION, "error": AlreadyDispatched.__name__})
    void = task("VoidAuthorization", more=CANCELLATION)
    release = task("ReleaseInventory", more=CANCELLATION)
    complete = task("CompleteCancellation", more={**CANCELLATION, **REASON})
    park = dsl.park(CANCELLATION)
    onward = {"forward": request, "backward": take, "refund": refund}
    resume = choose("Resume", "$.parked.resume", onward, otherwise=superseded)

    dsl.sequence(request, capture, ship, track, deliver, delivered)
    dsl.sequence(lose, refund, lost)
    dsl.sequence(take, recall, void, release, complete, cancelled)
    dsl.sequence(give_back, capture)
    dsl.sequence(park, resume)

    request.add_catch(
        [on(ShipmentRecalled, OrderClosed, then=superseded), on(AlreadyDispatched, then=capture, keep="$.dispatch")]
    )
    request.add_catch([keep_failure(on(OrderTaken, then=park)), on_anything(then=take)])
    track.add_catch([on(AlreadyDelivered, then=deliver), on(ParcelLost, then=lose)])
    take.add_catch(on(OrderNotCancellable, then=capture, keep="$.dispatch"))  # it has left, or has ended
    capture.add_catch(keep_failure(on(OrderClosed, then=superseded)))
    recall.add_catch(on(AlreadyDispatched, then=give_back, keep="$.dispatch"))
    void.add_catch(keep_failure(on_anything(then=release)))
    release.add_catch(keep_failure(on_anything(then=complete)))
    for state in (capture, ship, track, deliver, lose, refund, take, recall, give_back, complete):
        state.add_catch(keep_failure(on_anything(then=park)))
    return dsl.machine(request, comment="Ship, capture, deliver; recall before, refund after.", timeout=60 * dsl.DAY)
