"""Stock: the units on hand and reserved, and the ledger entries that move them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Stock:
    """The counters of one SKU, in units. They are the sums of its entries' movements."""

    sku: str
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def moved(self, movement: Movement) -> Stock:
        return Stock(self.sku, self.on_hand + movement.on_hand, self.reserved + movement.reserved)

    @property
    def is_sound(self) -> bool:
        return 0 <= self.reserved <= self.on_hand


@dataclass(frozen=True, slots=True)
class Movement:
    """What an entry adds to the counters of one SKU."""

    sku: str
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def plus(self, other: Movement) -> Movement:
        return Movement(self.sku, self.on_hand + other.on_hand, self.reserved + other.reserved)


class StockReason(StrEnum):
    RESERVED = "reserved"
    RELEASED = "released"
    SHIPPED = "shipped"
    RESTOCKED = "restocked"
    RECEIVED = "received"
    ADJUSTED = "adjusted"
    NOTED = "noted"
    """Nothing moves: an operator is about to change a product."""


@dataclass(frozen=True, slots=True)
class StockEntry:
    """One line of the stock ledger: all of its movements happen or none. An effect id is written once."""

    effect_id: str
    reason: StockReason
    movements: tuple[Movement, ...]
    order_id: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        skus = [movement.sku for movement in self.movements]
        if len(set(skus)) != len(skus):
            raise ValueError(f"{self.effect_id} moves a SKU twice")


def reserve(effect_id: str, order_id: str, units: Iterable[tuple[str, int]]) -> StockEntry:
    return StockEntry(effect_id, StockReason.RESERVED, tuple(Movement(sku, reserved=n) for sku, n in units), order_id)


def release(effect_id: str, order_id: str, units: Iterable[tuple[str, int]]) -> StockEntry:
    return StockEntry(effect_id, StockReason.RELEASED, tuple(Movement(sku, reserved=-n) for sku, n in units), order_id)


def ship(effect_id: str, order_id: str, units: Iterable[tuple[str, int]]) -> StockEntry:
    movements = tuple(Movement(sku, on_hand=-n, reserved=-n) for sku, n in units)
    return StockEntry(effect_id, StockReason.SHIPPED, movements, order_id)


def restock(effect_id: str, order_id: str, units: Iterable[tuple[str, int]]) -> StockEntry:
    return StockEntry(effect_id, StockReason.RESTOCKED, tuple(Movement(sku, on_hand=n) for sku, n in units), order_id)


def receive(effect_id: str, units: Iterable[tuple[str, int]], note: str = "") -> StockEntry:
    return StockEntry(effect_id, StockReason.RECEIVED, tuple(Movement(sku, on_hand=n) for sku, n in units), None, note)
