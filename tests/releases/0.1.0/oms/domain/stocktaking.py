"""What people write into the stock ledger: what comes in, what was counted otherwise, and what they only note."""

from __future__ import annotations

from oms.domain.inventory import Movement, StockEntry, StockReason


def received(effect_id: str, sku: str, quantity: int, note: str) -> StockEntry:
    return StockEntry(effect_id, StockReason.RECEIVED, (Movement(sku, on_hand=quantity),), note=note)


def adjusted(effect_id: str, sku: str, difference: int, note: str) -> StockEntry:
    """``difference`` is what was counted less what stood in the books."""
    return StockEntry(effect_id, StockReason.ADJUSTED, (Movement(sku, on_hand=difference),), note=note)


def noted(effect_id: str, note: str) -> StockEntry:
    """A line that moves nothing."""
    return StockEntry(effect_id, StockReason.NOTED, (), note=note)
