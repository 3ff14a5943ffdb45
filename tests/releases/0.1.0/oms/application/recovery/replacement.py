"""Executions that failed so long ago that Step Functions can't redrive them: what they left is done all the same.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html gives a redrive 14 days. After them another
execution begins with the same input, and finds done what is done. Its name follows from the first one's, so it is one
however often it is asked for. Only an order that was never confirmed isn't begun again so late: it gives back what it
holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms.application.commit import commit
from oms.application.expected_executions import Work, asked, works_of
from oms.application.reconciliation.repair import give_back, refund
from oms.application.recovery.resume_plan import Resumption, way
from oms.domain import parking
from oms.domain.credit import RefundTo
from oms.domain.errors import AlreadyConfirmed, OrderClosed, OrderTaken
from oms.domain.order import Order, called
from oms.ports import Deps, Run

ABOUT_THE_ORDER = ("NewOrder", "FulfillOrder")
SINCE: Mapping[str, Mapping[str, Any]] = {"ReturnOrder": {"refund_to": RefundTo.ORIGINAL_PAYMENT.value}}
"""What executions are begun with since some of them began, for those that go on for others."""
NOTHING_LEFT = "nothing is left of it to do"


def resumption(deps: Deps, order: Order, execution: str, run: Run | None) -> Resumption | None:
    """What an execution was begun with, also where Step Functions has forgotten it; None where nobody knows."""
    machine, name = called(execution).split(":")
    payload: Mapping[str, Any] | None = asked(order.id, order.request_id) if machine in ABOUT_THE_ORDER else None
    if run is not None:
        payload = run.payload
    elif payload is None:
        works = works_of(order, deps.orders.events(order.id))
        payload = next((work.payload for work in works if (work.machine, work.name) == (machine, name)), None)
    return None if payload is None else Resumption(execution, machine, payload)


def replace(deps: Deps, order: Order, execution: str, run: Run | None, by: str) -> str:
    """Have done what an execution left, in somebody's name, and answer how. Asked for again it changes nothing more."""
    it = resumption(deps, order, execution, run)
    work, told = _taken_over(deps, order, it, by) if it else (None, NOTHING_LEFT)
    successor = ""
    if work is not None:
        deps.executions.start(work.machine, work.name, work.payload)
        successor = f"{work.machine}:{work.name}"
    commit(deps, order.id, by, lambda order: parking.replace_execution(order, called(execution), successor))
    return told


def _taken_over(deps: Deps, order: Order, it: Resumption, by: str) -> tuple[Work | None, str]:
    """What is to be begun, if it wasn't done here and now."""
    going = way(order, it)
    match it.machine, going:
        case (("NewOrder" | "FulfillOrder"), "superseded"):
            return None, NOTHING_LEFT
        case "NewOrder", "backward":
            return None, _given_back(deps, order, by)
        case "FulfillOrder", "refund":
            refund(deps, order.id, it.effect_id, by)
            return None, "what was lost is refunded"
        case "FulfillOrder", "backward":
            work = next(iter(works_of(order, deps.orders.events(order.id))))
        case _:
            work = Work(
                it.machine, _next(called(it.execution).split(":")[1]), {**SINCE.get(it.machine, {}), **it.payload}
            )
    return work, f"it is too old to be redriven: {work.machine} {work.name} goes on for it"


def _given_back(deps: Deps, order: Order, by: str) -> str:
    try:
        give_back(deps, order.id, by)
    except (AlreadyConfirmed, OrderClosed, OrderTaken):
        return NOTHING_LEFT
    return "it is too old to be redriven: what the order held is given back"


def _next(name: str) -> str:
    first, _, number = name.partition("-again-")
    return f"{first}-again-{int(number or 0) + 1}"
