"""ReturnOrder: authorizes a return, waits for the parcel, inspects it, refunds what is accepted, restocks, closes.

If no event of the parcel comes, the carrier is asked for it before the return is closed. Nothing is restocked before
the refund has succeeded.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from oms.domain.errors import AlreadyReceived, OrderClosed, OrderNotReturnable, OrderTaken
from workflows import dsl
from workflows.dsl import callback_task, choose, keep_failure, on, on_anything, on_timeout, outcome, task

PARCEL_DEADLINE = 30 * dsl.DAY

RETURN = {"return_id.$": "$.return_id"}


def definition() -> Graph:
    closed = outcome("Closed", outcome="$.closed.outcome")
    superseded = outcome("Superseded", outcome="superseded")

    what = {"lines.$": "$.lines", "reason.$": "$.reason", "refund_to.$": "$.refund_to"}
    requested = {**RETURN, **what, "deadline_seconds": PARCEL_DEADLINE}
    authorize = task("AuthorizeReturn", more=requested, waits=dsl.BRIEFLY)
    expect = callback_task("ExpectParcel", deadline=PARCEL_DEADLINE, keep="$.parcel", more=RETURN)
    find = task("FindParcel", keep="$.parcel", more=RETURN)
    inspect = task("InspectItems", more={**RETURN, "parcel.$": "$.parcel"})
    refund = task("RefundPayment", more={"effect_id.$": "States.Format('{}:refund', $.return_id)"})
    restock = task("RestockItems", more=RETURN)
    close = task("CloseReturn", keep="$.closed", more=RETURN)  # compensates AuthorizeReturn
    park = dsl.park()
    came = choose("ParcelCame", "$.parcel.has_come", {True: inspect}, otherwise=close)

    dsl.sequence(authorize, expect, inspect, refund, restock, close, closed)
    dsl.sequence(find, came)
    dsl.sequence(park, authorize)

    authorize.add_catch(
        [on(AlreadyReceived, then=superseded), on(OrderNotReturnable, OrderTaken, OrderClosed, then=close)]
    )
    expect.add_catch([on(AlreadyReceived, then=inspect, keep="$.parcel"), on_timeout(then=find)])
    for state in (authorize, expect, find, inspect, refund, restock, close):
        state.add_catch(keep_failure(on_anything(then=park)))
    return dsl.machine(authorize, comment="Receive, inspect, refund, restock.", timeout=90 * dsl.DAY)
