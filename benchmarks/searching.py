"""Measures tantivy's time for indexing 92,000 products, and for queries of several kinds.

    python -m benchmarks.searching

The products are the catalogue's, repeated under other SKUs.
"""

# ruff: noqa: T201

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random

from local.catalogue.sales_data import catalogue
from oms.adapters.search.tantivy_search import TantivySearch
from oms.domain.catalogue import Product
from oms.domain.search import Listing, Query, Sort, words

PRODUCTS = 92_000
QUERIES = 500


def make_listings(count: int) -> list[Listing]:
    products = islice(cycle(catalogue()), count)
    return [Listing(replace(each, sku=f"{n:06}"), n % 20 > 0, 1) for n, each in enumerate(products)]


def misspell(word: str, random: Random) -> str:
    at = random.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def query_makers(products: list[Product], random: Random) -> dict[str, Callable[[], Query]]:
    """A function for each kind of query. It makes queries from words in the catalogue's product names."""

    def word() -> str:
        return random.choice([w for w in words(random.choice(products).name) if len(w) > 3] or ["milk"])

    def filters(product: Product) -> dict[str, str]:
        return {"department": product.department, "in_stock": "true"}

    return {
        "one word": lambda: Query(word()),
        "two words": lambda: Query(f"{word()} {word()}"),
        "a name": lambda: Query(random.choice(products).name),
        "beginning of a word": lambda: Query(word()[:3]),
        "typing error": lambda: Query(misspell(word(), random)),
        "two filters": lambda: Query(word(), filters(random.choice(products))),
        "by price": lambda: Query(word(), sort=Sort.CHEAPEST),
        "everything": lambda: Query(),
        "everything, filtered": lambda: Query("", filters(random.choice(products)), Sort.DEAREST),
    }


def measure_call(call: Callable[[], object]) -> float:
    """The duration of a call in milliseconds."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def table_row(name: str, times: list[float]) -> str:
    times.sort()
    p50, p95, p99 = (times[int(len(times) * part)] for part in (0.5, 0.95, 0.99))
    return f"{name:<24}{p50:>9.2f}{p95:>9.2f}{p99:>9.2f}{times[-1]:>9.2f}"


def main() -> None:
    listings = make_listings(PRODUCTS)
    random = Random(1)
    with tempfile.TemporaryDirectory() as folder:
        engine = TantivySearch(Path(folder))
        duration = measure_call(lambda: engine.rebuild(listings))
        print(f"{PRODUCTS} products indexed in {duration / 1000:.1f} s")
        print(f"{'milliseconds':<24}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}")
        products = [each.product for each in listings]
        all_times: list[float] = []
        for name, make_query in query_makers(products, random).items():
            queries = [make_query() for _ in range(QUERIES)]
            times = [measure_call(partial(engine.find, query)) for query in queries]
            all_times += times
            print(table_row(name, times))
        print(table_row("all of them", all_times))
        times = []
        for n in range(QUERIES // 10):
            engine.index([replace(listings[n], version=2)])
            times.append(measure_call(lambda: engine.find(Query())))
        print(table_row("everything, just changed", times))
        names = [random.choice(products).name for _ in range(QUERIES)]
        prefixes = [random.choice(words(name))[: random.randrange(1, 6)] for name in names]
        print(table_row("suggestions", [measure_call(partial(engine.suggest, prefix, 8)) for prefix in prefixes]))


if __name__ == "__main__":
    main()
