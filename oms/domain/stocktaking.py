"""Stock that people move: what comes in, and what is counted to be more or less than the books say."""

from __future__ import annotations

from oms.domain.inventory import Movement, StockEntry, StockReason


def received(effect_id: str, sku: str, quantity: int, note: str) -> StockEntry:
    return StockEntry(effect_id, StockReason.RECEIVED, (Movement(sku, on_hand=quantity),), note=note)


def adjusted(effect_id: str, sku: str, difference: int, note: str) -> StockEntry:
    """``difference`` is what was counted less what stood in the books."""
    return StockEntry(effect_id, StockReason.ADJUSTED, (Movement(sku, on_hand=difference),), note=note)
