"""Stock summed up page by page: each counter against its ledger, and what is reserved against what orders hold.

A running shop moves while it is summed up. So the first look only raises suspicion, by sums of a few numbers a SKU. The
next ones follow just the suspects, and each order's share of them; what differs though its counter stood still from the
look's beginning to its end is wrong. Ledger, orders and counter move in one transaction: where one stands, all do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from oms.domain.invariants import Violation
from oms.domain.inventory import Stock, StockEntry
from oms.domain.order import Order

LOOKS = 5
"""What never stands still for so many looks is left to the next run."""


@dataclass
class Sum:
    """Of one SKU. ``mark`` adds up what the ledger reserved for each order, less what the order holds, each weighted by
    its order: it is nothing where the two agree, order by order."""

    on_hand: int = 0
    reserved: int = 0
    mark: int = 0


@dataclass
class Difference:
    """Between a SKU's counter and its ledger, and ``mark`` between its ledger and its orders."""

    counter: tuple[int, int]
    ledger: tuple[int, int]
    mark: int


@dataclass
class Tally:
    look: int = 1
    sums: dict[str, Sum] = field(default_factory=dict)
    shares: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """By SKU and order, from the second look on: what the ledger reserved, and what the order holds."""
    seen: dict[str, Difference] = field(default_factory=dict)
    suspects: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What differed at the last look, each with its counter when this one began."""

    def enter(self, entry: StockEntry) -> None:
        """Add a line of the stock ledger."""
        for movement in entry.movements:
            if self._follows(movement.sku):
                row = self.sums.setdefault(movement.sku, Sum())
                row.on_hand += movement.on_hand
                row.reserved += movement.reserved
                if entry.order_id is not None and movement.reserved:
                    self._share(movement.sku, entry.order_id, 0, movement.reserved)

    def hold(self, order: Order) -> None:
        """Add what an order holds."""
        for line in order.lines:
            if line.held and self._follows(line.sku):
                self._share(line.sku, order.id, 1, line.held)

    def count(self, counter: Stock) -> Iterator[Violation]:
        """Compare a counter, which is done with then. What can't be at any moment is wrong at once."""
        if not self._follows(counter.sku):
            return
        summed = self.sums.pop(counter.sku, Sum())
        if self.look == 1 and not counter.is_sound:
            yield Violation("stock", counter.sku, f"{counter.reserved} reserved of {counter.on_hand} on hand")
        difference = Difference(_figures(counter), (summed.on_hand, summed.reserved), summed.mark)
        if difference.counter != difference.ledger or difference.mark:
            self.seen[counter.sku] = difference

    def conclude(self) -> tuple[list[Violation], list[str]]:
        """What is wrong for sure, and what differs and has to be looked at again."""
        for sku in list(self.sums):
            list(self.count(Stock(sku)))
        sure = [sku for sku, each in self.seen.items() if self.suspects.get(sku) == each.counter]
        return [violation for sku in sure for violation in self._violations(sku)], sorted(self.seen.keys() - sure)

    def look_again(self, counters: Iterable[Stock]) -> None:
        """Begin the next look, at these alone, which are as they are now."""
        self.suspects = {each.sku: _figures(each) for each in counters}
        self.look, self.sums, self.shares, self.seen = self.look + 1, {}, {}, {}

    def _follows(self, sku: str) -> bool:
        return self.look == 1 or sku in self.suspects

    def _share(self, sku: str, order_id: str, place: int, units: int) -> None:
        sign = -1 if place else 1
        self.sums.setdefault(sku, Sum()).mark += sign * units * _weight(order_id)
        if self.look > 1:
            self.shares.setdefault(sku, {}).setdefault(order_id, [0, 0])[place] += units

    def _violations(self, sku: str) -> Iterator[Violation]:
        (on_hand, reserved), ledger = self.seen[sku].counter, self.seen[sku].ledger
        if (on_hand, reserved) != ledger:
            told = f"{on_hand} on hand, {reserved} reserved"
            yield Violation("stock", sku, f"{told}: its ledger says {ledger[0]} and {ledger[1]}")
        for order_id, (booked, held) in self.shares.get(sku, {}).items():
            if booked != held:
                yield Violation("stock", order_id, f"holds {held} of {sku}, reserved {booked}")


def _figures(counter: Stock) -> tuple[int, int]:
    return counter.on_hand, counter.reserved


def _weight(order_id: str) -> int:
    return crc32(order_id.encode()) + 1
