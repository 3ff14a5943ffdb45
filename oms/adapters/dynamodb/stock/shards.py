"""Shards of a hot SKU's counters, so that the orders of a flash sale don't wait for each other at one item.

The first shard is also the only counter of a SKU that was never split, and all receipts go there. An order takes from
the shard that its id hashes to. If that is short, it draws on the others in the same transaction: on half of what the
richest has, so that demand spreads the stock, and down to the last unit. Reserved units stay in their order's shard,
and are released and shipped from it. If the number of shards has changed since, they are drawn in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from oms.domain.inventory import Movement, Stock

FIRST = 0
MAX_SHARDS = 64
"""A transaction has room for a hundred actions."""


@dataclass(frozen=True)
class Shards:
    """The number of shards of each SKU. It may change at any time, since reads sum up all that exist."""

    default: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Shards:
        """From a text such as ``RED-LAMP=16,TEA=4``; ``*`` means every other SKU. Raises ``ValueError``."""
        counts = {}
        for each in filter(None, text.split(",")):
            sku, _, count = each.strip().partition("=")
            if not (count.isdecimal() and 1 <= int(count) <= MAX_SHARDS):
                raise ValueError(f"{each!r} is no SKU=shards with 1 to {MAX_SHARDS} shards")
            counts[sku] = int(count)
        return cls(counts.pop("*", 1), counts)

    def count(self, sku: str) -> int:
        return self.counts.get(sku, self.default)

    def home(self, movement: Movement, owner: str) -> int:
        """The shard of a movement; ``owner`` is the id of its order, or of its effect."""
        if movement.available >= 0 and movement.reserved >= 0:
            return FIRST
        return crc32(owner.encode()) % self.count(movement.sku)


UNSPLIT = Shards()


def drawn(movement: Movement, home: int, shards: Mapping[int, Stock]) -> dict[int, Movement] | None:
    """The movements between shards that let the movement fit into ``home``; None if all shards together are short."""
    sku = movement.sku
    here = shards.get(home, Stock(sku))
    others = {shard: stock for shard, stock in shards.items() if shard != home}
    moves = {home: Movement(sku)}
    available = {shard: stock.available for shard, stock in others.items()}
    reserved = {shard: stock.reserved for shard, stock in others.items()}
    enough = _draw(moves, home, -here.available - movement.available, available, lambda n: Movement(sku, n))
    booked = _draw(moves, home, -here.reserved - movement.reserved, reserved, lambda n: Movement(sku, n, n))
    return moves if enough and booked else None


def _draw(
    moves: dict[int, Movement], home: int, lacking: int, has: Mapping[int, int], units: Callable[[int], Movement]
) -> bool:
    """Add movements that bring ``home`` the units it lacks, from the richest shard on. Returns whether they suffice."""
    for shard in sorted(has, key=lambda shard: (-has[shard], shard)):
        units_drawn = min(has[shard], max(lacking, has[shard] // 2))
        if lacking <= 0 or units_drawn <= 0:
            break
        moves[shard] = units(-units_drawn).plus(moves.get(shard, units(0)))
        moves[home] = units(units_drawn).plus(moves[home])
        lacking -= units_drawn
    return lacking <= 0
