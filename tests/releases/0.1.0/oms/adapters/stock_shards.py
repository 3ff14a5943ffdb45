"""How the counters of a hot SKU are split over shards, so that the orders of a flash sale don't queue for one item.

The first shard is the very counter of a SKU that was never split, and takes whatever comes in. An order takes from the
shard that its own id falls on. Where that one is short it draws on the others, in the same transaction: half of what
the richest has, so demand itself spreads the stock, or every last unit. What has been reserved lies in its order's
shard, where it is released and shipped from, unless the number of shards was changed since: then it is drawn likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from oms.domain.inventory import Movement, Stock

FIRST = 0
MOST = 64
"""A transaction has room for a hundred actions."""


@dataclass(frozen=True)
class Shards:
    """How many shards a SKU's movements are to use. Any number is safe at any time: reads sum up what there is."""

    default: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Shards:
        """As in ``RED-LAMP=16,TEA=4``; ``*`` is every other SKU. Raises ``ValueError``."""
        counts = {}
        for each in filter(None, text.split(",")):
            sku, _, count = each.strip().partition("=")
            if not (count.isdecimal() and 1 <= int(count) <= MOST):
                raise ValueError(f"{each!r} is no SKU=shards with 1 to {MOST} shards")
            counts[sku] = int(count)
        return cls(counts.pop("*", 1), counts)

    def count(self, sku: str) -> int:
        return self.counts.get(sku, self.default)

    def home(self, movement: Movement, of: str) -> int:
        """Where a movement takes place that belongs to ``of``, such as an order."""
        if movement.available >= 0 and movement.reserved >= 0:
            return FIRST
        return crc32(of.encode()) % self.count(movement.sku)


UNSPLIT = Shards()


def drawn(movement: Movement, home: int, shards: Mapping[int, Stock]) -> dict[int, Movement] | None:
    """What the shards hand on, so that the movement fits into ``home``; None where all of them together are short."""
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
    """Add what brings ``home`` what it lacks, from the richest on. Whether that is enough."""
    for shard in sorted(has, key=lambda shard: (-has[shard], shard)):
        given = min(has[shard], max(lacking, has[shard] // 2))
        if lacking <= 0 or given <= 0:
            break
        moves[shard] = units(-given).plus(moves.get(shard, units(0)))
        moves[home] = units(given).plus(moves[home])
        lacking -= given
    return lacking <= 0
