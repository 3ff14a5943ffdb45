"""Writes the catalogue and its opening stock to the store, once. Existing products and stock stay unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from local.atomic_write import write_atomically
from local.catalogue.sales_data import catalogue, opening_stock
from oms.domain import inventory
from oms.domain.catalogue import Product
from oms.domain.placement import PART
from oms.ports import Deps

ReportProgress = Callable[[int, int], None]
"""Called with the number of products written so far, and of all."""


def seed_catalogue(deps: Deps, limit: int | None, marker: Path, report_progress: ReportProgress) -> bool:
    """Write the ``limit`` best-selling products, or all. Returns False if they were written before."""
    if _is_seeded(deps, limit, marker):
        return False
    products = catalogue(limit)
    on_hand = {each.sku: each.on_hand for each in opening_stock(products)}
    for index, batch in enumerate(_batches(products)):
        deps.products.put(batch)
        existing = deps.inventory.stock(product.sku for product in batch)
        new = [(product.sku, on_hand[product.sku]) for product in batch if product.sku not in existing]
        if new:
            deps.inventory.apply(inventory.receive(f"opening:{new[0][0]}", new, note="opening stock"))
        report_progress(min((index + 1) * PART, len(products)), len(products))
    write_atomically(marker, json.dumps({"limit": limit, "last": products[-1].sku, "skus": len(products)}))
    return True


def _is_seeded(deps: Deps, limit: int | None, marker: Path) -> bool:
    """The marker says what was written; the store, whether it still has it."""
    if not marker.exists():
        return False
    seeded = json.loads(marker.read_text())
    last = seeded["last"]
    return seeded["limit"] == limit and last in deps.products.get([last]) and last in deps.inventory.stock([last])


def _batches(products: Sequence[Product]) -> list[Sequence[Product]]:
    return [products[start : start + PART] for start in range(0, len(products), PART)]
