"""How one name is written in different places: the state ``ReserveInventory`` runs ``tasks/reserve_inventory.py``."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """``reserve_inventory`` for ``ReserveInventory``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def pascal(name: str) -> str:
    """``ReserveInventory`` for ``reserve_inventory``."""
    return "".join(word.capitalize() for word in name.split("_"))
