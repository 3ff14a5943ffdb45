"""Money as whole minor units of one currency, and fair ways to split it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: 1299 USD is twelve dollars and ninety-nine cents."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is whole minor units, not {self.minor!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same_currency(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same_currency(other).minor, self.currency)

    def __str__(self) -> str:
        return f"{self.minor // 100}.{self.minor % 100:02} {self.currency}"

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"can't mix {self.currency} and {other.currency}")
        return other


def prorate(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Splits ``total`` minor units by ``weights``: each part is within one unit of its share, and the sum is exact.

    Each part is the difference of two rounded running sums, so no remainder has to be distributed.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"weights must be positive: {weights}")
    running, parts, previous = 0, [], 0
    for weight in weights:
        running += weight
        upto = total * running // whole
        parts.append(upto - previous)
        previous = upto
    return tuple(parts)


def slice_of(total: int, units: int, first: int, count: int) -> int:
    """The cost of ``count`` units, after the ``first`` ones, if all ``units`` cost ``total`` minor units.

    Consecutive slices sum to the total, whatever their sizes.
    """
    return total * (first + count) // units - total * first // units
