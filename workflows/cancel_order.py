"""Taking an order back before it ships, whole or by line.

Taking it is the race against confirming and shipping, and has one winner; the carrier decides between recall and
dispatch. Where the goods are gone the order is given back, and the answer is no.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from oms.domain.errors import AlreadyCaptured, AlreadyDispatched, OrderNotCancellable, OrderTaken
from workflows import dsl
from workflows.dsl import choose, on, on_anything, outcome, task, trouble

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
    void.add_catch([trouble(on(AlreadyCaptured, then=refund)), trouble(on_anything(then=release))])
    refund.add_catch(trouble(on_anything(then=release)))
    release.add_catch(trouble(on_anything(then=complete)))
    for step in (take, recall, give_back, complete):
        step.add_catch(trouble(on_anything(then=park)))
    return dsl.machine(take, comment="Take, recall, settle, release; give back what has left.", timeout=7 * dsl.DAY)
