"""What shall become of each basket, drawn by a seed: which card pays, who thinks twice, what comes back."""

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


class Turn(Enum):
    """What the shopper does after ordering."""

    KEEPS = "keeps it"
    CANCELS_AT_ONCE = "cancels at once"
    CANCELS_CONFIRMED = "cancels once confirmed"
    CANCELS_A_LINE = "cancels a line"
    CANCELS_TOO_LATE = "cancels when it has left"
    SENDS_BACK = "sends some back"


CHANCES = {
    Turn.KEEPS: 76,
    Turn.CANCELS_AT_ONCE: 4,
    Turn.CANCELS_CONFIRMED: 4,
    Turn.CANCELS_A_LINE: 4,
    Turn.CANCELS_TOO_LATE: 2,
    Turn.SENDS_BACK: 10,
}


@dataclass(frozen=True)
class Plan:
    """``key`` is the order's idempotency key; ``approve`` what an operator would decide."""

    key: str
    customer: str
    basket: Basket
    card: str
    turn: Turn
    approve: bool

    @property
    def some(self) -> tuple[Units, ...]:
        """A part of the basket: what is cancelled or comes back, where not all is."""
        first = self.basket[0]
        return (Units(first.sku, (first.quantity + 1) // 2),)


def plans(baskets: Sequence[Basket], customers: Sequence[str], run: str, seed: int) -> list[Plan]:
    """One for each basket; ``run`` keeps the keys of one demo apart from another's."""
    draw = random.Random(seed)
    turns = draw.choices(list(CHANCES), weights=list(CHANCES.values()), k=len(baskets))
    return [
        Plan(
            key=f"demo-{run}-{number}",
            customer=draw.choice(customers),
            basket=basket,
            card=_card(draw),
            turn=turn,
            approve=draw.random() < 0.75,
        )
        for number, (basket, turn) in enumerate(zip(baskets, turns, strict=True))
    ]


def _card(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.05:
        return draw.choice(BAD_CARDS)
    return RISKY_CARD if kind < 0.08 else draw.choice(GOOD_CARDS)
