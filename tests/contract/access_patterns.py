"""The shop's access patterns, each measured in capacity units for an order of 5 lines and one of 100.

    python -m tests.contract.access_patterns

writes ``docs/access-patterns.md``, from AWS's own DynamoDB Local.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsJsonClient, Post
from oms.adapters.dynamodb.stock.shards import Shards
from oms.domain import inventory, payment_rules, placement, shipment_rules
from oms.domain.baskets import basket_of
from oms.domain.cart import Cart, CartLine
from oms.domain.catalogue import Product
from oms.domain.change import Change
from oms.domain.credit import grant
from oms.domain.discounts import Discount
from oms.domain.errors import OutOfStock
from oms.domain.events import Units
from oms.domain.money import Money
from oms.domain.order import Order, Status
from oms.domain.order_index import OrderQuery
from oms.domain.payment import Authorization, Risk
from tests.contract import dynamodb_local
from tests.contract.metering import Cost, Meter
from tests.contract.orders import NOON
from tests.contract.stores import Stores, at, fresh_tables, in_tables
from tests.domain.orders import plainly

PAGE = Path(__file__).parents[2] / "docs" / "access-patterns.md"
BEGINS = "<!-- what follows is measured: python -m tests.contract.access_patterns -->\n"
SIZES = (5, 100)
LISTED = 25
"""As many orders as a page has that asks for no number."""
HOT = "HOT-LAMP"
CODE = Discount("WELCOME", "USD", NOON - timedelta(days=1), NOON + timedelta(days=30), 1000, 1, percent=10)
GRANT = grant("grant", "anna", Money(2000, "USD"), "The parcel was late")
UNNAMED = ""

Pattern = tuple[str, Callable[[], object]]


def goods(lines: int) -> dict[str, Product]:
    skus = [f"{1082185 + n}" for n in range(lines)]
    price = Money(1999, "USD")
    return {sku: Product(sku, "Reading Lamp, 40 W", "HOME FURNISHINGS", "LIGHTING", "National", price) for sku in skus}


def place(
    stores: Stores,
    order_id: str,
    lines: int,
    minutes: int = 0,
    discount: Discount | None = None,
    cart: Cart | None = None,
    credit_minor: int = 0,
) -> Order:
    recipient = {"name": "Anna Þórsdóttir", "address": "Laugavegur 1", "city": "Reykjavík", "country": "IS"}
    quote = plainly([Units(sku, 1) for sku in goods(lines)], goods(lines))
    priced = replace(quote, discount=discount, credit_minor=credit_minor)
    change = placement.place(order_id, "anna", priced, "pm_card_visa", recipient, "0" * 64, "0" * 36)
    return stores.orders.create(replace(change, cart=cart), NOON + timedelta(minutes=minutes), "anna")


def patterns(stores: Stores, lines: int) -> list[Pattern]:
    """In the order of an order's life; patterns that only read come last."""
    orders, skus, order_id = stores.orders, list(goods(lines)), "ord_7k3m9q2w5x8z1v4b6n0p7k3m9q"
    number = order_id[4:14].upper()

    def step(decide: Callable[[Order], Change]) -> None:
        order = orders.get(order_id)
        while change := decide(order):
            order = orders.save(order, change, NOON, "a task")

    def authorized(order: Order) -> Change:
        return payment_rules.authorized(order, Authorization("pi_3MtwBwLkdIwHu7ix28a3tqPa", order.total, Risk.NORMAL))

    cart = Cart("anna", tuple(CartLine(sku, 1, 1999, "USD") for sku in skus))
    return [
        ("Price what is asked for", lambda: stores.products.get(skus)),
        ("Place the order", lambda: place(stores, order_id, lines)),
        ("Place another with a discount code", lambda: place(stores, "ord_with_code", lines, discount=CODE)),
        ("Reserve its stock", lambda: step(lambda order: placement.reserve(order, {}))),
        ("Authorize its payment", lambda: step(authorized)),
        ("Confirm it", lambda: step(placement.confirm)),
        ("Ask for its shipment, with a task token", lambda: step(requested)),
        ("Capture its payment", lambda: step(lambda order: payment_rules.captured(order, order.due))),
        ("Ship it", lambda: step(lambda order: shipment_rules.ship(order, "TRACK-1"))),
        ("Deliver it", lambda: step(shipment_rules.deliver)),
        ("Show the order", lambda: orders.get(order_id)),
        ("Show its timeline", lambda: orders.events(order_id)),
        ("Read its ledger of money", lambda: orders.money(order_id)),
        ("Wake whom a callback is for", lambda: orders.waits(order_id, "dispatch")),
        ("Find it by its number", lambda: orders.numbered(f"{number[:5]}-{number[5:]}")),
        (f"List a shopper's latest {LISTED} orders", lambda: orders.of_customer("anna", LISTED)),
        (f"List the first {LISTED} of a queue", lambda: orders.in_queue("starting", LISTED)),
        ("File an order for those who look for it", lambda: stores.order_index.add([orders.get(order_id)])),
        *looking(stores, skus),
        ("Show the cart's goods", lambda: stores.products.get(skus)),
        ("Show what of them there is", lambda: stores.inventory.stock(skus)),
        ("Change the cart", lambda: stores.carts.save(cart, NOON)),
        ("Read the cart", lambda: stores.carts.get("anna", NOON)),
        ("Order what is in it", lambda: place(stores, "ord_of_a_cart", lines, cart=Cart("anna", version=1))),
        (f"List {LISTED} products of a department", lambda: stores.products.in_department("HOME FURNISHINGS", LISTED)),
        ("Change a product", lambda: stores.products.change(goods(1)[skus[0]], goods(1)[skus[0]])),
        ("Note what was bought together", lambda: stores.baskets.add(basket_of(orders.get(order_id)))),
        ("Say what goes with a product", lambda: stores.baskets.with_product(skus[0], LISTED)),
        ("Change a discount code", lambda: stores.discounts.change(CODE, CODE)),
        ("Look a discount code up", lambda: stores.discounts.get(CODE.code)),
        ("Read its ledger of uses", lambda: stores.discounts.uses(CODE.code)),
        ("Grant store credit", lambda: stores.credit.grant(GRANT, NOON, "operator:olga")),
        ("Place another with store credit", lambda: place(stores, "ord_with_credit", lines, credit_minor=1000)),
        ("Say how much store credit there is", lambda: stores.credit.balances("anna")),
        (f"List the latest {LISTED} lines of its ledger", lambda: stores.credit.entries("anna", LISTED)),
        ("Look a line of credit up", lambda: stores.credit.get("anna", "grant")),
        ("Receive stock", lambda: stores.inventory.apply(inventory.receive("anna:delivery-17", [(skus[0], 9)]))),
        ("Look a line of its ledger up", lambda: stores.inventory.entry("anna:delivery-17")),
        *hot(stores),
        ("Reconcile: a page of orders", partial(orders.every, 100)),
        ("Reconcile: a page of counters", partial(stores.inventory.every_stock, 100)),
        ("Reconcile: a page of the stock's ledger", partial(stores.inventory.every_entry, 100)),
        ("Read a shopper's ledger of store credit", partial(stores.credit.ledger, "anna")),
        ("Reconcile: a page of all store credit", partial(stores.credit.every, 100)),
        ("Rebuild the index: a page of products", partial(stores.products.every, 100)),
    ]


def looking(stores: Stores, skus: Sequence[str]) -> list[Pattern]:
    """Searches over indexed orders, most of them in one state."""

    def find(criteria: OrderQuery) -> Callable[[], object]:
        return lambda: stores.order_index.find(criteria, LISTED)

    return [
        (UNNAMED, lambda: stores.order_index.add(stores.orders.of_customer("anna", 100).items)),
        (f"Find the latest {LISTED} orders", find(OrderQuery())),
        (f"Find {LISTED} by their state", find(OrderQuery(Status.PLACED))),
        (f"Find {LISTED} by a SKU", find(OrderQuery(sku=skus[0]))),
        (f"Find {LISTED} by state, SKU and shopper", find(OrderQuery(Status.PLACED, skus[0], "anna"))),
        ("Find that none is so", find(OrderQuery(Status.LOST, skus[0]))),
    ]


def requested(order: Order) -> Change:
    change = shipment_rules.request_shipment(order, "AQCEAAAAKgAAAAMAAAAA" * 30)
    return change if change.events else Change()


def hot(stores: Stores) -> list[Pattern]:
    """Patterns of one SKU in sixteen shards, whatever the order."""

    def reserve(order_id: str, units: int = 1) -> None:
        stores.inventory.apply(inventory.reserve(f"{order_id}:reserve", order_id, [(HOT, units)]))

    def refused() -> None:
        try:
            reserve("ord_greedy", 10_000)
        except OutOfStock:
            return
        raise AssertionError("there can't be so many")

    def spread() -> None:
        for n in range(100):
            reserve(f"ord_{n}")

    return [
        (UNNAMED, spread),
        ("Reserve one that is in 16 shards", lambda: reserve("ord_100")),
        ("Show how many of that there are", lambda: stores.inventory.stock([HOT])),
        ("Be refused it, as too few are left", refused),
    ]


def measured(post: Post, lines: int) -> dict[str, Cost]:
    """The costs, by the patterns' names."""
    meter = Meter(post)
    api = AwsJsonClient(DYNAMODB, meter)
    tables = fresh_tables(api)
    meter.tables = {there: name for name, there in tables.items()}
    stores = in_tables(api, tables, Shards.of(f"{HOT}=16"))
    stores.products.put(goods(lines).values())
    stores.discounts.change(None, CODE)
    for sku in (*goods(lines), HOT):
        stores.inventory.apply(inventory.receive(f"opening:{sku}", [(sku, 1000)]))
    for n in range(LISTED):
        place(stores, f"ord_{n:026}", lines, minutes=n)
    costs = {}
    for name, do in patterns(stores, lines):
        meter.is_on = name != UNNAMED
        do()
        costs[name] = meter.cost()
    del costs[UNNAMED]
    return costs


def table(costs: Mapping[int, Mapping[str, Cost]]) -> str:
    few, many = SIZES
    heads = [f"{what}, {lines} lines" for lines in SIZES for what in ("RCU", "WCU")]
    rows = [["what happens", "what is asked of which table, at 5 lines", *heads]]
    rows.append(["---", "---", "---:", "---:", "---:", "---:"])
    for name, cost in costs[few].items():
        figures = [f"{units:g}" for each in (cost, costs[many][name]) for units in (each.read, each.written)]
        operations = "; ".join(f"{n} {what}" if n > 1 else what for what, n in cost.operations.items())
        rows.append([name, operations, *figures])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def measured_table(url: str) -> str:
    return table({lines: measured(at(url), lines) for lines in SIZES})


def main() -> int:
    text, _, _ = PAGE.read_text().partition(BEGINS)
    with dynamodb_local.running() as url:
        PAGE.write_text(f"{text}{BEGINS}\n{measured_table(url)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
