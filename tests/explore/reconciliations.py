"""For the explorer: books that are reconciled while orders move, and orders whose executions got lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from functools import partial

from asl.explorer import Scenario
from oms.application.reconciliation.report import PAGES_OF_ONE, Report
from oms.domain.errors import OmsError
from oms.domain.order import Status
from tests.explore.shop import DAY, HOUR, ExploredShop, Habits, Script, scenario
from tests.explore.stories import buys, cancels, comes_back, is_reviewed, meets, returns, uses_a_code
from tests.workflows.books import forget
from tests.workflows.shop import HANDLERS


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
    """When also what could not even park within a day and a half has failed."""
    returns(shop, ("RED-LAMP", 1))
    reconciled_at(shop, 12 * DAY)


def comes_back_too_late(shop: ExploredShop) -> None:
    """Whoever hears of it, the carrier's word or a reconciliation, sees to it that an operator does."""
    comes_back(shop)
    reconciled_at(shop, 40 * DAY)


def uses_a_code_and_is_reconciled(shop: ExploredShop) -> None:
    """Before its use of the code is given back, and after."""
    uses_a_code(shop, partial(cancels, seconds=HOUR / 2))
    reconciled_at(shop, HOUR / 2, DAY)


def loses_its_fulfillment(shop: ExploredShop) -> None:
    """Nobody hears that the goods have left, until a reconciliation starts another execution."""
    buys(shop)
    shop.after(HOUR / 4, lambda: forget(shop, "FulfillOrder") if is_there(shop, "FulfillOrder") else None)
    reconciled_at(shop, 2 * HOUR, 4 * DAY)


def loses_its_delivery(shop: ExploredShop) -> None:
    """Nobody waits for the parcel's arrival, until a reconciliation starts another execution."""
    buys(shop)
    shop.after(2 * HOUR, lambda: forget(shop, "FulfillOrder") if is_there(shop, "FulfillOrder") else None)
    reconciled_at(shop, 3 * HOUR, 4 * DAY)


def loses_its_review(shop: ExploredShop) -> None:
    """Stock and money are held for what nobody can confirm any more, until a reconciliation gives them back.

    One that dies on the way leaves the order, which moved just now, to the next day's: two may, and the third is done.
    """
    is_reviewed(shop, None)
    shop.after(HOUR / 4, lambda: forget(shop, "NewOrder"))
    reconciled_at(shop, 8 * DAY, 9 * DAY, 10 * DAY)


def pays_as_it_expires(shop: ExploredShop) -> None:
    """A payment that was asked for a week ago comes while the reservation is given back, at any point of that."""
    buys(shop)
    while shop.order().status is not Status.RESERVED and shop.engine.step():
        pass
    forget(shop, "NewOrder")
    shop.injector.intruder = lambda: pay_late(shop)
    reconciled_at(shop, 8 * DAY, 9 * DAY, 10 * DAY)  # the last for an order that moved under the eyes of the one before
    shop.after(10 * DAY + HOUR, lambda: None)  # whoever redrives comes when the order has been quiet for a while


def pay_late(shop: ExploredShop) -> None:
    with suppress(OmsError):
        HANDLERS["AuthorizePayment"].run({"order_id": "ord_1"}, shop.deps)


def goes_on_elsewhere(shop: ExploredShop) -> None:
    """The report is so long already that its execution may read one page more."""
    buys(shop)
    begun = Report("daily", shop.deps.clock.now().isoformat(), pages=PAGES_OF_ONE - 1)
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
