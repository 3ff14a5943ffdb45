"""What the shop sells."""

from __future__ import annotations

from dataclasses import dataclass

from oms.domain.money import Money


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    name: str
    department: str
    category: str
    brand: str
    price: Money
    """For one unit."""
