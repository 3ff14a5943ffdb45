"""Stories for the explorer: what shoppers do, and what happens meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from asl.explorer import FaultPlan, Scenario
from oms.domain import credit, placement, pricing
from oms.domain.change import Change
from oms.domain.discounts import Discount
from oms.domain.events import OrderPlaced, QuotedUnits
from oms.domain.money import Money
from oms.domain.pricing import Destination
from tests.domain.orders import NOON
from tests.explore.shop import DAY, HOUR, ExploredShop, Habits, Script, scenario


def buys(shop: ExploredShop) -> None:
    shop.order_and_start(("RED-LAMP", 2), ("BLUE-RUG", 1))


def is_declined(shop: ExploredShop) -> None:
    shop.order_and_start(method="pm_card_chargeDeclined")


def wants_too_much(shop: ExploredShop) -> None:
    shop.order_and_start(("RED-LAMP", 2), ("BLUE-RUG", 2))


def wants_what_is_gone(shop: ExploredShop) -> None:
    """An order of an early version, without prices, for a product that the catalogue no longer has."""
    lines = (QuotedUnits("GREEN-VASE", 2),)
    placed = OrderPlaced("ord_1", "anna", "USD", lines, "pm_card_visa", {"name": "Anna"}, "hash")
    shop.orders.create(Change((placed,)), shop.deps.clock.now(), "test")
    shop.start("NewOrder")


def is_reviewed(shop: ExploredShop, approved: bool | None) -> None:
    shop.order_and_start(method="pm_card_riskLevelElevated")
    if approved is not None:
        shop.reviewer_says(approved)


def is_approved_at_once(shop: ExploredShop) -> None:
    """Before the review is requested again."""
    shop.order_and_start(method="pm_card_riskLevelElevated")
    shop.reviewer_says(True, seconds=0.001)


def is_turned_down(shop: ExploredShop) -> None:
    """It is reviewed for its price; its card is not risky."""
    shop.stock(RED_LAMP=30)
    shop.order_and_start(("RED-LAMP", 26))
    shop.reviewer_says(False)


def two_want_the_last(shop: ExploredShop) -> None:
    shop.order_and_start(("BLUE-RUG", 1))
    shop.order_and_start(("BLUE-RUG", 1), order_id="ord_2")


def cancels(shop: ExploredShop, seconds: float, *lines: tuple[str, int]) -> None:
    buys(shop)
    shop.after(seconds, lambda: shop.ask_to_cancel(*lines))


def cancels_a_line_too_early(shop: ExploredShop) -> None:
    """It waits for its review, and lines are cancelled only once it is confirmed. It stays refused."""
    shop.order_and_start(method="pm_card_riskLevelElevated")
    shop.reviewer_says(True, seconds=1.5 * HOUR)
    shop.after(60, lambda: shop.ask_to_cancel(("RED-LAMP", 1)))


def is_redriven_early(shop: ExploredShop) -> None:
    """By an operator who doesn't wait for the end of the outage: it is parked again."""
    buys(shop)
    shop.after(1.5 * HOUR, shop.redrive_parked)


def cancels_twice(shop: ExploredShop, first: tuple[tuple[str, int], ...], second: tuple[tuple[str, int], ...]) -> None:
    buys(shop)
    shop.after(60, lambda: shop.ask_to_cancel(*first, name="first"))
    shop.after(60, lambda: shop.ask_to_cancel(*second, name="second"))


def returns(shop: ExploredShop, *lines: tuple[str, int], refund_to: str = "original_payment") -> None:
    buys(shop)
    shop.after(3 * DAY, lambda: shop.ask_to_return(*lines, refund_to=refund_to))


def comes_back(shop: ExploredShop) -> None:
    """All of the order."""
    shop.order_and_start(("RED-LAMP", 3), ("BLUE-RUG", 1))
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 3), ("BLUE-RUG", 1)))


def returns_twice(shop: ExploredShop) -> None:
    buys(shop)
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 2), name="first"))
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 1), name="second"))


def returns_too_early(shop: ExploredShop) -> None:
    """An hour before it is delivered: the return is refused, even if it is repeated after the delivery."""
    buys(shop)
    shop.after(24 * HOUR, lambda: shop.ask_to_return(("RED-LAMP", 1)))


def cancels_and_returns(shop: ExploredShop) -> None:
    buys(shop)
    shop.after(25 * HOUR, shop.ask_to_cancel)
    shop.after(25 * HOUR, lambda: shop.ask_to_return(("RED-LAMP", 1)))


def steps_in(shop: ExploredShop, step: int, act: Script) -> None:
    """A purchase, and an action after a number of its steps."""
    buys(shop)
    for _ in range(step):
        shop.engine.step()
    act(shop)


def meets(shop: ExploredShop, act: Script, begin: Script = buys) -> None:
    """A purchase, with a concurrent action at any point, even within a task."""
    shop.injector.concurrent_action = lambda: act(shop)
    begin(shop)


CODE = Discount("ELEVEN", "USD", NOON, NOON + timedelta(days=1), total_limit=1, customer_limit=1, percent=11)
"""With this percentage, the units of a line of lamps differ in value."""


def uses_a_code(shop: ExploredShop, then: Script) -> None:
    """Another story, with the last use of a code, and shipping and tax at odd amounts."""
    shop.deps.discounts.change(None, CODE)
    shop.quote = lambda units, products: pricing.quote(
        units, products, "USD", Destination("US", "NY"), "express", CODE, now=NOON
    )
    then(shop)


def pays_with_credit(shop: ExploredShop, then: Script, balance: int = 3000) -> None:
    """Another story, paid with store credit, and with shipping and tax at odd amounts."""
    shop.deps.credit.grant(credit.grant("grant", "anna", Money(balance, "USD"), "sorry"), NOON, "olga")
    shop.quote = lambda units, products: pricing.quote(
        units, products, "USD", Destination("US", "NY"), "express", now=NOON, balance_minor=balance
    )
    then(shop)


def returns_at_once(shop: ExploredShop, first_to: str = "original_payment") -> None:
    """Two returns, of which the first may be refunded as store credit."""
    buys(shop)
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 1), name="first", refund_to=first_to))
    shop.after(3 * DAY, lambda: shop.ask_to_return(("BLUE-RUG", 1), name="second"))


def goes_back_bit_by_bit(shop: ExploredShop) -> None:
    """One unit of three is cancelled, and the two others are returned one after the other, the last one with everything
    else: the shipping is what remains."""
    shop.order_and_start(("RED-LAMP", 3), ("BLUE-RUG", 1))
    shop.after(60, lambda: shop.ask_to_cancel(("RED-LAMP", 1)))
    shop.after(3 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 1), name="first"))
    shop.after(12 * DAY, lambda: shop.ask_to_return(("RED-LAMP", 1), ("BLUE-RUG", 1), name="second"))


def is_long(shop: ExploredShop, then: Callable[[ExploredShop, list[tuple[str, int]]], None]) -> None:
    """An order of more lines than one change can move; then another action on all lines but the last."""
    lines = shop.stock_many(placement.PART + 2)
    shop.order_and_start(*lines)
    then(shop, lines[:-1])


def cancels_all_but_a_line(shop: ExploredShop, lines: list[tuple[str, int]]) -> None:
    shop.after(60, lambda: shop.ask_to_cancel(*lines))


def returns_all_but_a_line(shop: ExploredShop, lines: list[tuple[str, int]]) -> None:
    shop.after(3 * DAY, lambda: shop.ask_to_return(*lines))


def cancel_again(shop: ExploredShop, *lines: tuple[str, int]) -> None:
    shop.ask_to_cancel(*lines, name="second")


def return_again(shop: ExploredShop) -> None:
    shop.ask_to_return(("RED-LAMP", 1), name="second")


cancel = ExploredShop.ask_to_cancel
is_looked_at = partial(is_reviewed, approved=True)
STORIES: Mapping[str, Script] = {
    "buys": buys,
    "is redriven early": is_redriven_early,
    "is declined": is_declined,
    "wants too much": wants_too_much,
    "wants what is gone": wants_what_is_gone,
    "is approved": is_looked_at,
    "is turned down": is_turned_down,
    "is approved at once": is_approved_at_once,
    "is never reviewed": partial(is_reviewed, approved=None),
    "two want the last": two_want_the_last,
    "cancels": partial(cancels, seconds=60),
    "cancels a line": lambda shop: cancels(shop, 60, ("RED-LAMP", 1)),
    "cancels a line too early": cancels_a_line_too_early,
    "cancels as it leaves": partial(cancels, seconds=HOUR),
    "cancels what has left": partial(cancels, seconds=2 * HOUR),
    "meets a cancellation": partial(meets, act=cancel),
    "meets a cancellation of a line": lambda shop: meets(shop, lambda met: met.ask_to_cancel(("RED-LAMP", 1))),
    "wants too much and meets a cancellation": partial(meets, act=cancel, begin=wants_too_much),
    "is reviewed and meets a cancellation": partial(meets, act=cancel, begin=is_looked_at),
    "cancels and meets another cancellation": partial(meets, act=cancel_again, begin=partial(cancels, seconds=60)),
    "cancels a line and meets another cancellation": lambda shop: meets(
        shop, lambda met: cancel_again(met, ("RED-LAMP", 2)), lambda begun: cancels(begun, 60, ("RED-LAMP", 1))
    ),
    "wants the last and meets another": lambda shop: meets(
        shop,
        lambda met: met.order_and_start(("BLUE-RUG", 1), order_id="ord_2"),
        lambda begun: begun.order_and_start(("BLUE-RUG", 1)),
    ),
    "cancels twice": partial(cancels_twice, first=(), second=()),
    "cancels a line twice": partial(cancels_twice, first=(("RED-LAMP", 1),), second=(("RED-LAMP", 1),)),
    "cancels two lines": partial(cancels_twice, first=(("RED-LAMP", 2),), second=(("BLUE-RUG", 1),)),
    "returns": lambda shop: returns(shop, ("RED-LAMP", 1)),
    "returns twice": returns_twice,
    "returns and meets another return": lambda shop: meets(
        shop, return_again, lambda begun: returns(begun, ("RED-LAMP", 1))
    ),
    "returns and meets a cancellation": lambda shop: meets(shop, cancel, lambda begun: returns(begun, ("RED-LAMP", 1))),
    "returns what has not come": returns_too_early,
    "cancels and returns": cancels_and_returns,
    "uses a code": partial(uses_a_code, then=buys),
    "uses a code and is declined": partial(uses_a_code, then=is_declined),
    "uses a code and cancels": lambda shop: uses_a_code(shop, partial(cancels, seconds=60)),
    "uses a code and cancels a line": lambda shop: uses_a_code(shop, lambda then: cancels(then, 60, ("RED-LAMP", 1))),
    "returns to store credit": lambda shop: returns(shop, ("RED-LAMP", 1), refund_to="store_credit"),
    "pays with store credit": partial(pays_with_credit, then=buys),
    "pays with store credit alone": partial(pays_with_credit, then=buys, balance=50_000),
    "pays with store credit and is declined": partial(pays_with_credit, then=is_declined),
    "pays with store credit and cancels": lambda shop: pays_with_credit(shop, partial(cancels, seconds=60)),
    "pays with store credit and cancels a line": lambda shop: pays_with_credit(
        shop, lambda then: cancels(then, 60, ("RED-LAMP", 1))
    ),
    "pays with store credit alone and cancels": lambda shop: pays_with_credit(
        shop, partial(cancels, seconds=60), balance=50_000
    ),
    "pays with store credit and returns to both": partial(
        pays_with_credit, then=partial(returns_at_once, first_to="store_credit")
    ),
    "pays with store credit and returns at once": partial(pays_with_credit, then=returns_at_once),
    "uses a code and goes back bit by bit": partial(uses_a_code, then=goes_back_bit_by_bit),
    "uses a code and returns": lambda shop: uses_a_code(shop, lambda then: returns(then, ("RED-LAMP", 1))),
}
WITH_HABITS: Mapping[str, tuple[Script, Habits]] = {
    "is lost": (buys, Habits(loses=True)),
    "uses a code and is lost": (partial(uses_a_code, then=buys), Habits(loses=True)),
    "pays with store credit and is lost": (partial(pays_with_credit, then=buys), Habits(loses=True)),
    "is never picked up": (buys, Habits(picks_up_after=None)),
    "is refused by the carrier": (buys, Habits(refuses=True)),
    "is put off": (buys, Habits(picks_up_after=8 * DAY, puts_off=True)),
    "leaves as it is given up": (buys, Habits(picks_up_after=2 * DAY)),
    "never comes back": (comes_back, Habits(comes_back_after=None)),
    "comes back damaged": (comes_back, Habits(come_back=("damaged", "new", "opened", "defective"))),
}
LONG: Mapping[str, Script] = {
    "is long and too much": lambda shop: shop.order_and_start(*shop.stock_many(placement.PART + 2), ("BLUE-RUG", 2)),
    "is long and cancels": partial(is_long, then=cancels_all_but_a_line),
    "is long and returns": partial(is_long, then=returns_all_but_a_line),
}
"""About orders that are moved in two parts: with one fault at a time, since their steps are slow."""
UNREACHABLE = {
    ("CancelOrder", state, following): "what was captured has left, and then the carrier refuses the recall before it"
    for state, following in (
        ("Settle", "RefundPayment"),
        ("VoidAuthorization", "RefundPayment"),
        ("RefundPayment", "ReleaseInventory"),
    )
}
STEPS = 24
"""More than a purchase without faults takes, from its start to its delivery."""


def scenarios() -> list[Scenario]:
    stories = [scenario(name, script) for name, script in STORIES.items()]
    stories += [scenario(name, script, habits) for name, (script, habits) in WITH_HABITS.items()]
    return stories + [scenario(name, script, parts=2, depth=1) for name, script in LONG.items()]


def cancel_everywhere() -> list[Scenario]:
    """A cancellation at every step of a purchase, which counts as a fault."""
    return [
        scenario(f"cancels at step {n}", partial(steps_in, step=n, act=ExploredShop.ask_to_cancel), depth=1)
        for n in range(STEPS)
    ]


@dataclass(frozen=True)
class Saved:
    """A schedule that once broke an invariant, kept as a test."""

    path: Path
    scenario: str
    plan: FaultPlan


def saved(folder: Path) -> list[Saved]:
    return [Saved(path, **json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
