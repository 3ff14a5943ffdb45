"""Lines that people add to the stock ledger: deliveries, corrections after a count, and notes."""

from __future__ import annotations

from oms.domain.inventory import Movement, StockEntry, StockReason


def received(effect_id: str, sku: str, quantity: int, note: str) -> StockEntry:
    return StockEntry(effect_id, StockReason.RECEIVED, (Movement(sku, on_hand=quantity),), note=note)


def adjusted(effect_id: str, sku: str, difference: int, note: str) -> StockEntry:
    """``difference`` is the counted number less the recorded one."""
    return StockEntry(effect_id, StockReason.ADJUSTED, (Movement(sku, on_hand=difference),), note=note)


def noted(effect_id: str, note: str) -> StockEntry:
    """A line that moves nothing."""
    return StockEntry(effect_id, StockReason.NOTED, (), note=note)
