"""Store credit in memory, in the store of the orders that give and spend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from oms.adapters.memory.state import page
from oms.adapters.memory.store import MemoryStore
from oms.domain.credit import BookedCredit, CreditEntry
from oms.ports import Page


class MemoryCredit:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def balances(self, customer_id: str) -> Mapping[str, int]:
        return {currency: minor for (owner, currency), minor in self.store.balances.items() if owner == customer_id}

    def get(self, customer_id: str, effect_id: str) -> BookedCredit | None:
        booked = self.store.credit.get(effect_id)
        return booked if booked and booked.entry.customer_id == customer_id else None

    def ledger(self, customer_id: str) -> Sequence[BookedCredit]:
        return [booked for booked in self.store.credit.values() if booked.entry.customer_id == customer_id]

    def entries(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        listing = f"credit {customer_id}"
        return page(listing, self.ledger(customer_id), _sort_key, limit, cursor, newest_first=True)

    def every(self, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        return page("credit", list(self.store.credit.values()), _sort_key, limit, cursor)

    def grant(self, entry: CreditEntry, at: datetime, by: str) -> bool:
        with self.store.lock:
            if entry.effect_id in self.store.credit:
                return False
            self.store.balances.update(self.store.balances_after([entry]))
            self.store.credit[entry.effect_id] = BookedCredit(at, by, entry)
            return True


def _sort_key(booked: BookedCredit) -> tuple[str, str]:
    return booked.at.isoformat(), booked.entry.effect_id
