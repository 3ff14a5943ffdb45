"""Carts in memory, in the store of the orders that are made from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from oms.adapters.memory.store import MemoryStore
from oms.domain.cart import Cart


class MemoryCarts:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def get(self, owner: str, at: datetime) -> Cart:
        cart, expires_at = self.store.carts.get(owner, (Cart(owner), at))
        return cart if at < expires_at else replace(cart, lines=())

    def save(self, cart: Cart, at: datetime) -> Cart:
        with self.store.lock:
            return self.store.put_cart(cart, at)
