"""For the explorer: reconciliations while orders move, and of orders whose executions were lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from functools import partial

from asl.explorer import Scenario
from oms.application.reconciliation.report import PAGES_PER_EXECUTION, ReconciliationReport
from oms.domain.errors import OmsError
from oms.domain.order import Status
from tests.explore.shop import DAY, HOUR, ExploredShop, Habits, Script, scenario
from tests.explore.stories import buys, cancels, comes_back, is_reviewed, meets, returns, uses_a_code
from tests.workflows.discrepancies import forget
from tests.workflows.shop import TASKS


def reconcile(shop: ExploredShop, name: str = "daily") -> None:
    shop.engine.start(shop.machines["Reconcile"], {}, name=name)


def reconciled_at(shop: ExploredShop, *moments: float) -> None:
    for n, seconds in enumerate(moments):
        shop.after(seconds, lambda name=f"daily-{n}": reconcile(shop, name))  # type: ignore[misc]


def meets_a_reconciliation(shop: ExploredShop) -> None:
    meets(shop, reconcile)


def cancels_and_is_reconciled(shop: ExploredShop) -> None:
    cancels(shop, 60)
    reconciled_at(shop, HOUR / 2, 4 * DAY)


def returns_and_is_reconciled(shop: ExploredShop) -> None:
    """After an execution that could not even park for a day and a half has failed."""
    returns(shop, ("RED-LAMP", 1))
    reconciled_at(shop, 12 * DAY)


def comes_back_too_late(shop: ExploredShop) -> None:
    """Either the carrier's event or a reconciliation parks the order for an operator."""
    comes_back(shop)
    reconciled_at(shop, 40 * DAY)


def uses_a_code_and_is_reconciled(shop: ExploredShop) -> None:
    """Before its use of the code is given back, and after."""
    uses_a_code(shop, partial(cancels, seconds=HOUR / 2))
    reconciled_at(shop, HOUR / 2, DAY)


def loses_its_fulfillment(shop: ExploredShop) -> None:
    """The dispatch reaches no execution, until a reconciliation starts another one."""
    buys(shop)
    shop.after(HOUR / 4, lambda: forget(shop, "FulfillOrder") if is_there(shop, "FulfillOrder") else None)
    reconciled_at(shop, 2 * HOUR, 4 * DAY)


def loses_its_delivery(shop: ExploredShop) -> None:
    """No execution waits for the delivery, until a reconciliation starts another one."""
    buys(shop)
    shop.after(2 * HOUR, lambda: forget(shop, "FulfillOrder") if is_there(shop, "FulfillOrder") else None)
    reconciled_at(shop, 3 * HOUR, 4 * DAY)


def loses_its_review(shop: ExploredShop) -> None:
    """Stock and money are held for an order that can't be confirmed any more, until a reconciliation rejects it.

    A reconciliation that dies leaves the order, which has just moved, to the next day's: two may die.
    """
    is_reviewed(shop, None)
    shop.after(HOUR / 4, lambda: forget(shop, "NewOrder"))
    reconciled_at(shop, 8 * DAY, 9 * DAY, 10 * DAY)


def pays_as_it_expires(shop: ExploredShop) -> None:
    """An authorization that was requested a week ago arrives while the order is rejected, at any point of that."""
    buys(shop)
    while shop.order().status is not Status.RESERVED and shop.engine.step():
        pass
    forget(shop, "NewOrder")
    shop.injector.concurrent_action = lambda: pay_late(shop)
    reconciled_at(shop, 8 * DAY, 9 * DAY, 10 * DAY)  # the last for an order that moved during the one before
    shop.after(10 * DAY + HOUR, lambda: None)  # the redrives come after the order has been quiet for a while


def pay_late(shop: ExploredShop) -> None:
    with suppress(OmsError):
        TASKS["AuthorizePayment"].run({"order_id": "ord_1"}, shop.deps)


def goes_on_elsewhere(shop: ExploredShop) -> None:
    """The report has so many pages already that its execution may read only one more."""
    buys(shop)
    begun = ReconciliationReport("daily", shop.deps.clock.now().isoformat(), pages=PAGES_PER_EXECUTION - 1)
    shop.reports.put("daily", asdict(begun))

    def start() -> None:
        shop.engine.start(shop.machines["Reconcile"], {"report": "daily"})

    shop.after(2 * DAY, start)


def is_there(shop: ExploredShop, machine: str) -> bool:
    return shop.machines[machine].execution_arn("ord_1", "") in shop.engine.executions


STORIES: dict[str, Script] = {
    "meets a reconciliation": meets_a_reconciliation,
    "cancels and is reconciled": cancels_and_is_reconciled,
    "returns and is reconciled": returns_and_is_reconciled,
    "uses a code and is reconciled": uses_a_code_and_is_reconciled,
    "loses its fulfillment": loses_its_fulfillment,
    "loses its delivery": loses_its_delivery,
    "loses its review": loses_its_review,
    "pays as it expires": pays_as_it_expires,
    "goes on elsewhere": goes_on_elsewhere,
}


def scenarios() -> list[Scenario]:
    late = scenario("comes back too late", comes_back_too_late, Habits(comes_back_after=31 * DAY))
    return [*(scenario(name, script) for name, script in STORIES.items()), late]
