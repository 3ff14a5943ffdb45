"""How long tantivy takes over a query, and over an index of 92,000 products.

    python -m benchmarks.searching

The goods are the catalogue's; where it has fewer, they begin again under other SKUs.
"""

# ruff: noqa: T201

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from local.catalogue.sales_data import catalogue
from oms.adapters.search.tantivy_search import TantivySearch
from oms.domain.catalogue import Product
from oms.domain.search import Listing, Query, Sort, words

PRODUCTS = 92_000
QUERIES = 500


def goods(count: int) -> list[Listing]:
    again = cycle(catalogue())
    return [Listing(replace(each, sku=f"{n:06}"), n % 20 > 0, 1) for n, each in enumerate(islice(again, count))]


def misspelled(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def asked(products: list[Product], chance: random.Random) -> dict[str, Callable[[], Query]]:
    """A maker of queries of each kind, from words of the catalogue's own names."""

    def word() -> str:
        return chance.choice([w for w in words(chance.choice(products).name) if len(w) > 3] or ["milk"])

    def of(product: Product) -> dict[str, str]:
        return {"department": product.department, "in_stock": "true"}

    return {
        "one word": lambda: Query(word()),
        "two words": lambda: Query(f"{word()} {word()}"),
        "a name": lambda: Query(chance.choice(products).name),
        "beginning of a word": lambda: Query(word()[:3]),
        "typing error": lambda: Query(misspelled(word(), chance)),
        "two filters": lambda: Query(word(), of(chance.choice(products))),
        "by price": lambda: Query(word(), sort=Sort.CHEAPEST),
        "everything": lambda: Query(),
        "everything, filtered": lambda: Query("", of(chance.choice(products)), Sort.DEAREST),
    }


def took(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return (time.perf_counter() - start) * 1000


def row(name: str, times: list[float]) -> str:
    times.sort()
    p50, p95, p99 = (times[int(len(times) * part)] for part in (0.5, 0.95, 0.99))
    return f"{name:<24}{p50:>9.2f}{p95:>9.2f}{p99:>9.2f}{times[-1]:>9.2f}"


def main() -> None:
    listings = goods(PRODUCTS)
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        engine = TantivySearch(Path(folder))
        built = took(lambda: engine.rebuild(listings))
        print(f"{PRODUCTS} products indexed in {built / 1000:.1f} s")
        print(f"{'milliseconds':<24}{'p50':>9}{'p95':>9}{'p99':>9}{'most':>9}")
        products = [each.product for each in listings]
        every: list[float] = []
        for name, query in asked(products, chance).items():
            made = [query() for _ in range(QUERIES)]
            times = [took(lambda one=one: engine.find(one)) for one in made]  # type: ignore[misc]
            every += times
            print(row(name, times))
        print(row("all of them", every))
        times = []
        for n in range(QUERIES // 10):
            engine.index([replace(listings[n], version=2)])
            times.append(took(lambda: engine.find(Query())))
        print(row("everything, just changed", times))
        typed = [chance.choice(words(chance.choice(products).name))[: chance.randrange(1, 6)] for _ in range(QUERIES)]
        print(row("suggestions", [took(lambda one=one: engine.suggest(one, 8)) for one in typed]))  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
