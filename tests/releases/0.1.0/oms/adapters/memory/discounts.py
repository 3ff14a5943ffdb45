"""Discount codes in memory, in the store of the orders that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oms.adapters.memory.store import MemoryStore
from oms.domain.discounts import CodeUse, Discount


class MemoryDiscounts:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def get(self, code: str) -> Discount | None:
        return self.store.codes.get(code)

    def change(self, before: Discount | None, after: Discount) -> bool:
        with self.store.lock:
            stored = self.store.codes.get(after.code)
            used = stored.used if stored else 0
            if (stored and replace(stored, used=0)) != (before and replace(before, used=0)) or used > after.total_limit:
                return False
            self.store.codes[after.code] = replace(after, used=used)
            return True

    def uses(self, code: str, order_id: str | None = None) -> Sequence[CodeUse]:
        of_code = [use for use in self.store.code_uses.values() if use.code == code]
        return [use for use in of_code if order_id in (None, use.order_id)]
