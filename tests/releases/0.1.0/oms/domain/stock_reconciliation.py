"""Reconciliation of stock, page by page: each counter with its ledger, and what is reserved with what orders hold.

A running shop writes while it is read. So the first pass only finds suspects, by a few sums for each SKU. The next
passes read just the suspects, and what each order has of them. A difference is certain if the SKU's counter was the
same at the beginning and at the end of a pass: ledger, order and counter are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from oms.domain.invariants import Violation
from oms.domain.inventory import Stock, StockEntry
from oms.domain.order import Order

MAX_PASSES = 5
"""A SKU that changes during so many passes is left to the next run."""


@dataclass
class LedgerSum:
    """Of one SKU. ``order_difference`` sums what the ledger reserved for each order, less what the order holds, each
    weighted by its order: it is zero if the two agree, order by order."""

    on_hand: int = 0
    reserved: int = 0
    order_difference: int = 0


@dataclass
class StockDifference:
    """A SKU's counter and its ledger's sums, as (on hand, reserved), and the difference between ledger and orders."""

    counter: tuple[int, int]
    ledger: tuple[int, int]
    order_difference: int


@dataclass
class StockReconciliation:
    pass_number: int = 1
    sums: dict[str, LedgerSum] = field(default_factory=dict)
    shares: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """By SKU and order, from the second pass on: what the ledger reserved, and what the order holds."""
    differences: dict[str, StockDifference] = field(default_factory=dict)
    suspects: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What differed in the last pass, each with its counter at the beginning of this one."""

    @property
    def is_first_pass(self) -> bool:
        return self.pass_number == 1

    def add_entry(self, entry: StockEntry) -> None:
        """Adds a line of the stock ledger."""
        for movement in entry.movements:
            if self._follows(movement.sku):
                ledger_sum = self.sums.setdefault(movement.sku, LedgerSum())
                ledger_sum.on_hand += movement.on_hand
                ledger_sum.reserved += movement.reserved
                if entry.order_id is not None and movement.reserved:
                    self._add_share(movement.sku, entry.order_id, 0, movement.reserved)

    def add_order(self, order: Order) -> None:
        """Adds what an order holds."""
        for line in order.lines:
            if line.held and self._follows(line.sku):
                self._add_share(line.sku, order.id, 1, line.held)

    def compare_counter(self, counter: Stock) -> Iterator[Violation]:
        """Compares a counter with its sums, once a pass. Yields what is impossible at any moment."""
        if not self._follows(counter.sku):
            return
        ledger_sum = self.sums.pop(counter.sku, LedgerSum())
        if self.is_first_pass and not counter.is_sound:
            yield Violation("stock", counter.sku, f"{counter.reserved} reserved of {counter.on_hand} on hand")
        sums = ledger_sum.on_hand, ledger_sum.reserved
        difference = StockDifference(_figures(counter), sums, ledger_sum.order_difference)
        if difference.counter != difference.ledger or difference.order_difference:
            self.differences[counter.sku] = difference

    def end_pass(self) -> tuple[list[Violation], list[str]]:
        """Returns what is certainly wrong, and the SKUs that need another pass."""
        for sku in list(self.sums):
            list(self.compare_counter(Stock(sku)))
        certain = [sku for sku, each in self.differences.items() if self.suspects.get(sku) == each.counter]
        violations = [violation for sku in certain for violation in self._violations(sku)]
        return violations, sorted(self.differences.keys() - certain)

    def start_next_pass(self, counters: Iterable[Stock]) -> None:
        """Starts a pass of these SKUs alone. ``counters`` are as they are now."""
        self.suspects = {each.sku: _figures(each) for each in counters}
        self.pass_number, self.sums, self.shares, self.differences = self.pass_number + 1, {}, {}, {}

    def _follows(self, sku: str) -> bool:
        return self.is_first_pass or sku in self.suspects

    def _add_share(self, sku: str, order_id: str, place: int, units: int) -> None:
        sign = -1 if place else 1
        self.sums.setdefault(sku, LedgerSum()).order_difference += sign * units * _weight(order_id)
        if not self.is_first_pass:
            self.shares.setdefault(sku, {}).setdefault(order_id, [0, 0])[place] += units

    def _violations(self, sku: str) -> Iterator[Violation]:
        (on_hand, reserved), ledger = self.differences[sku].counter, self.differences[sku].ledger
        if (on_hand, reserved) != ledger:
            figures = f"{on_hand} on hand, {reserved} reserved"
            yield Violation("stock", sku, f"{figures}: its ledger says {ledger[0]} and {ledger[1]}")
        for order_id, (booked, held) in self.shares.get(sku, {}).items():
            if booked != held:
                yield Violation("stock", order_id, f"holds {held} of {sku}, reserved {booked}")


def _figures(counter: Stock) -> tuple[int, int]:
    return counter.on_hand, counter.reserved


def _weight(order_id: str) -> int:
    return crc32(order_id.encode()) + 1
