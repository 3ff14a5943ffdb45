"""NewOrder, a saga: reserves stock, authorizes the payment, has the order reviewed, confirms it, starts FulfillOrder.

The confirmation is the pivot. Before it, a failure abandons the order and compensates in reverse; after it, the order
goes forward. If a cancellation takes the order meanwhile, this execution ends as superseded.
"""

from __future__ import annotations

from stepfunctions.steps import Graph

from oms.domain.errors import (
    AlreadyConfirmed,
    EffectRefused,
    OrderClosed,
    OrderTaken,
    OutOfStock,
    PaymentDeclined,
    ReviewDeclined,
    UnknownSku,
    WrongCurrency,
)
from workflows import dsl
from workflows.dsl import callback_task, choose, keep_failure, on, on_anything, on_timeout, outcome, start, task

REVIEW_DEADLINE = dsl.DAY


def definition() -> Graph:
    confirmed = outcome("Confirmed", outcome="confirmed")
    rejected = outcome("Rejected", outcome="rejected", reason="$.rejection.reason")
    superseded = outcome("Superseded", outcome="superseded")

    reserve = task("ReserveInventory")
    authorize = task("AuthorizePayment", keep="$.authorization")
    review = callback_task("RequestReview", deadline=REVIEW_DEADLINE, more={"deadline_seconds": REVIEW_DEADLINE})
    confirm = task("ConfirmOrder")
    fulfill = start("StartFulfillment", "FulfillOrder", name="$.order_id", input=dsl.OWN_INPUT, already=confirmed)
    abandon = task("AbandonOrder", more={"error.$": "$.failure.Error"})
    void = task("VoidAuthorization")  # compensates AuthorizePayment
    release = task("ReleaseInventory")  # compensates ReserveInventory
    reject = task("RejectOrder", keep="$.rejection", more={"error.$": "$.failure.Error"})
    park = dsl.park()
    review_needed = choose("ReviewNeeded", "$.authorization.review", {True: review}, otherwise=confirm)
    resume = choose("Resume", "$.parked.resume", {"forward": fulfill, "backward": abandon}, otherwise=superseded)

    dsl.sequence(reserve, authorize, review_needed)
    dsl.sequence(review, confirm, fulfill, confirmed)
    dsl.sequence(abandon, void, release, reject, rejected)
    dsl.sequence(park, resume)

    gone = on(OrderTaken, OrderClosed, EffectRefused, then=superseded)
    reserve.add_catch([on(OutOfStock, then=release), on(UnknownSku, WrongCurrency, then=reject), gone])
    authorize.add_catch([on(PaymentDeclined, then=release), gone])
    review.add_catch([on(ReviewDeclined, then=abandon), on_timeout(then=abandon), gone])
    confirm.add_catch(gone)
    for state in (reserve, authorize, review, confirm):
        state.add_catch(on_anything(then=abandon))

    overtaken = keep_failure(on(OrderTaken, OrderClosed, then=superseded))
    fulfill.add_catch(keep_failure(on_anything(then=park)))
    abandon.add_catch(
        [keep_failure(on(AlreadyConfirmed, then=fulfill)), overtaken, keep_failure(on_anything(then=park))]
    )
    void.add_catch(keep_failure(on_anything(then=release)))
    release.add_catch(keep_failure(on_anything(then=reject)))
    reject.add_catch([overtaken, keep_failure(on_anything(then=park))])
    return dsl.machine(reserve, comment="Reserve, authorize, confirm; compensate in reverse.", timeout=7 * dsl.DAY)
