"""CancelOrder: cancels an order before it ships, whole or by line.

TakeOrder competes with the order's confirmation and shipment, and one of them wins. The carrier decides between recall
and dispatch. If the goods have left, the order is given back, and the cancellation is refused.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from oms.domain.errors import AlreadyCaptured, AlreadyDispatched, OrderNotCancellable, OrderTaken
from workflows import dsl
from workflows.dsl import choose, keep_failure, on, on_anything, outcome, task

CANCELLATION = {"cancellation_id.$": "$.cancellation_id"}
REASON = {"reason.$": "$.reason"}


def definition() -> Graph:
    cancelled = outcome("Cancelled", outcome="cancelled")
    refused = outcome("Refused", outcome="refused", reason="$.failure.Error")

    take = task("TakeOrder", keep="$.taken", more={**CANCELLATION, **REASON, "lines.$": "$.lines"}, waits=dsl.BRIEFLY)
    recall = task("RecallShipment", more=CANCELLATION)  # compensates RequestShipment
    void = task("VoidAuthorization", more=CANCELLATION)  # compensates AuthorizePayment
    refund = task(
        "RefundPayment", more={"effect_id.$": "States.Format('{}:refund', $.cancellation_id)"}
    )  # compensates CapturePayment
    release = task("ReleaseInventory", more=CANCELLATION)  # compensates ReserveInventory
    complete = task("CompleteCancellation", more={**CANCELLATION, **REASON})
    give_back = task("GiveBackOrder", more={**CANCELLATION, "error.$": "$.failure.Error"})  # compensates TakeOrder
    park = dsl.park()
    settle = choose("Settle", "$.taken.settlement", {"void": void, "refund": refund}, otherwise=release)

    dsl.sequence(take, recall, settle)
    dsl.sequence(void, release, complete, cancelled)
    dsl.sequence(refund, release)
    dsl.sequence(give_back, refused)
    dsl.sequence(park, take)

    take.add_catch(on(OrderNotCancellable, OrderTaken, then=give_back))
    recall.add_catch(on(AlreadyDispatched, then=give_back))
    void.add_catch([keep_failure(on(AlreadyCaptured, then=refund)), keep_failure(on_anything(then=release))])
    refund.add_catch(keep_failure(on_anything(then=release)))
    release.add_catch(keep_failure(on_anything(then=complete)))
    for state in (take, recall, give_back, complete):
        state.add_catch(keep_failure(on_anything(then=park)))
    return dsl.machine(take, comment="Take, recall, settle, release; give back what has left.", timeout=7 * dsl.DAY)
