"""Records the golden histories: ``python -m tests.replay.record`` plays the shop's stories and saves each history.

Each file is a response of GetExecutionHistory, with an event on each line. Record them again after an intended change
of a definition.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from asl.engine.execution import Execution
from oms.declarations.names import snake
from tests.replay.histories import GOLDEN, export_history
from tests.workflows.shop import Shop

DAY = 86400
LINES = (("RED-LAMP", 2), ("BLUE-RUG", 1))


def is_declined(shop: Shop) -> None:
    shop.payments.decline_next()
    shop.new_order(*LINES)


def is_out_of_stock(shop: Shop) -> None:
    shop.new_order(("RED-LAMP", 11))


def is_reviewed(shop: Shop) -> None:
    shop.new_order(*LINES, method="pm_card_riskLevelElevated")
    shop.decide(approved=True)


def is_turned_down(shop: Shop) -> None:
    shop.new_order(*LINES, method="pm_card_riskLevelElevated")
    shop.decide(approved=False)


def waits_for_a_review(shop: Shop) -> None:
    shop.new_order(*LINES, method="pm_card_riskLevelElevated")


def is_never_reviewed(shop: Shop) -> None:
    shop.new_order(*LINES, method="pm_card_riskLevelElevated")
    shop.let_happen(4 * DAY)


def meets_a_slow_gateway(shop: Shop) -> None:
    shop.payments.fail_next("authorize", after_effect=True, count=2)
    shop.new_order(*LINES)


def parks_and_is_redriven(shop: Shop) -> None:
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.redrive(shop.new_order(*LINES))


def is_parked(shop: Shop) -> None:
    shop.payments.fail_next("authorize", after_effect=True, count=5)
    shop.payments.fail_next("void", after_effect=False, count=5)
    shop.new_order(*LINES)


def is_delivered(shop: Shop) -> None:
    shop.delivered_order(*LINES)


def is_under_way(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.dispatch()


def is_lost(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.dispatch()
    shop.carrier.lose("ord_1")
    shop.let_happen()


def is_never_picked_up(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.let_happen(15 * DAY)


def capture_fails_and_is_redriven(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.payments.fail_next("capture", after_effect=True, count=5)
    shop.dispatch()
    shop.redrive(shop.execution("FulfillOrder"))
    shop.deliver()


def is_cancelled(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.cancel()


def is_cancelled_by_line(shop: Shop) -> None:
    shop.new_order(*LINES)
    shop.cancel(("RED-LAMP", 1))


def is_cancelled_too_late(shop: Shop) -> None:
    shop.delivered_order(*LINES)
    shop.cancel()


def is_returned(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 3))
    shop.send_back(("RED-LAMP", 2))
    shop.receive({"RED-LAMP": ["new", "damaged"]})


def return_is_awaited(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 3))
    shop.send_back(("RED-LAMP", 2))


def return_expires(shop: Shop) -> None:
    return_is_awaited(shop)
    shop.let_happen(31 * DAY)


def return_event_is_lost(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 3))
    shop.send_back(("RED-LAMP", 2))
    shop.carrier.receive("ord_1_return", {"RED-LAMP": ["new", "new"]})
    shop.carrier.callbacks.clear()
    shop.let_happen(31 * DAY)


def return_is_refused(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 1))
    shop.send_back(("RED-LAMP", 2))


def refund_fails_and_is_redriven(shop: Shop) -> None:
    shop.delivered_order(("RED-LAMP", 1))
    execution = shop.send_back(("RED-LAMP", 1))
    shop.payments.fail_next("refund", after_effect=True, count=5)
    shop.receive({"RED-LAMP": ["new"]})
    shop.redrive(execution)


STORIES: Mapping[str, Mapping[str, Callable[[Shop], Any]]] = {
    "NewOrder": {
        "confirmed": lambda shop: shop.new_order(*LINES),
        "declined": is_declined,
        "out_of_stock": is_out_of_stock,
        "reviewed": is_reviewed,
        "turned_down": is_turned_down,
        "waits_for_a_review": waits_for_a_review,
        "never_reviewed": is_never_reviewed,
        "slow_gateway": meets_a_slow_gateway,
        "parked": is_parked,
        "parked_and_redriven": parks_and_is_redriven,
    },
    "FulfillOrder": {
        "delivered": is_delivered,
        "under_way": is_under_way,
        "lost": is_lost,
        "never_picked_up": is_never_picked_up,
        "capture_fails_and_is_redriven": capture_fails_and_is_redriven,
        "cancelled_meanwhile": is_cancelled,
    },
    "CancelOrder": {
        "cancelled": is_cancelled,
        "cancelled_by_line": is_cancelled_by_line,
        "too_late": is_cancelled_too_late,
    },
    "ReturnOrder": {
        "returned": is_returned,
        "awaited": return_is_awaited,
        "expired": return_expires,
        "event_is_lost": return_event_is_lost,
        "refused": return_is_refused,
        "refund_fails_and_is_redriven": refund_fails_and_is_redriven,
    },
}
NAMES = {"NewOrder": "ord_1", "FulfillOrder": "ord_1", "CancelOrder": "ord_1_cancel", "ReturnOrder": "ord_1_return"}


def play(machine: str, story: str) -> Execution:
    """Play a story; returns its execution."""
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=1000)
    STORIES[machine][story](shop)
    return shop.execution(machine, NAMES[machine])


def main() -> int:
    for machine, stories in STORIES.items():
        folder = GOLDEN / snake(machine)
        folder.mkdir(parents=True, exist_ok=True)
        for story in stories:
            (folder / f"{story}.json").write_text(export_history(play(machine, story)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
