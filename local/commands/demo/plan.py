"""The plan of the demo's day: for each basket the card, and what the shopper does later. Drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from local.catalogue.sales_data import Basket
from oms.domain.events import Units

GOOD_CARDS = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex")
BAD_CARDS = ("pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard")
RISKY_CARD = "pm_card_riskLevelElevated"


class ShopperAction(Enum):
    """What the shopper does after ordering."""

    KEEPS = "keeps everything"
    CANCELS_AT_ONCE = "cancels at once"
    CANCELS_CONFIRMED = "cancels a confirmed order"
    CANCELS_A_LINE = "cancels a line"
    CANCELS_TOO_LATE = "cancels after dispatch"
    RETURNS_SOME = "returns some"


WEIGHTS = {
    ShopperAction.KEEPS: 76,
    ShopperAction.CANCELS_AT_ONCE: 4,
    ShopperAction.CANCELS_CONFIRMED: 4,
    ShopperAction.CANCELS_A_LINE: 4,
    ShopperAction.CANCELS_TOO_LATE: 2,
    ShopperAction.RETURNS_SOME: 10,
}


@dataclass(frozen=True)
class OrderPlan:
    """``key`` is the order's idempotency key; ``approve`` is the operator's decision if the order needs a review."""

    key: str
    customer: str
    basket: Basket
    card: str
    action: ShopperAction
    approve: bool

    @property
    def some(self) -> tuple[Units, ...]:
        """The part of the basket that is cancelled or returned, if not all of it is."""
        first = self.basket[0]
        return (Units(first.sku, (first.quantity + 1) // 2),)


def draw_plans(baskets: Sequence[Basket], customers: Sequence[str], run: str, seed: int) -> list[OrderPlan]:
    """A plan for each basket. ``run`` makes the idempotency keys of this demo unique."""
    draw = random.Random(seed)
    actions = draw.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=len(baskets))
    return [
        OrderPlan(
            key=f"demo-{run}-{number}",
            customer=draw.choice(customers),
            basket=basket,
            card=_card(draw),
            action=action,
            approve=draw.random() < 0.75,
        )
        for number, (basket, action) in enumerate(zip(baskets, actions, strict=True))
    ]


def _card(draw: random.Random) -> str:
    chance = draw.random()
    if chance < 0.05:
        return draw.choice(BAD_CARDS)
    return RISKY_CARD if chance < 0.08 else draw.choice(GOOD_CARDS)
