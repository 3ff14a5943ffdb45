"""Puts the catalogue and its opening stock into the store, once: what is there already stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from local.catalogue.sales_data import catalogue, opening_stock
from oms.domain import inventory
from oms.domain.catalogue import Product
from oms.domain.placing import PART
from oms.ports import Deps

Told = Callable[[int, int], None]
"""How many products are in, of how many."""


def seed(deps: Deps, limit: int | None, marker: Path, told: Told) -> bool:
    """Put in the ``limit`` best-selling products, all without one. False where they were in already."""
    if _is_done(deps, limit, marker):
        return False
    goods = catalogue(limit)
    stock = {each.sku: each.on_hand for each in opening_stock(goods)}
    for done, part in enumerate(_parts(goods)):
        deps.products.put(part)
        known = deps.inventory.stock(product.sku for product in part)
        new = [(product.sku, stock[product.sku]) for product in part if product.sku not in known]
        if new:
            deps.inventory.apply(inventory.receive(f"opening:{new[0][0]}", new, note="opening stock"))
        told(min((done + 1) * PART, len(goods)), len(goods))
    marker.write_text(json.dumps({"limit": limit, "last": goods[-1].sku, "skus": len(goods)}))
    return True


def _is_done(deps: Deps, limit: int | None, marker: Path) -> bool:
    """The marker tells what was put in; only the store knows whether it still holds it."""
    if not marker.exists():
        return False
    done = json.loads(marker.read_text())
    last = done["last"]
    return done["limit"] == limit and last in deps.products.get([last]) and last in deps.inventory.stock([last])


def _parts(goods: Sequence[Product]) -> list[Sequence[Product]]:
    return [goods[start : start + PART] for start in range(0, len(goods), PART)]
