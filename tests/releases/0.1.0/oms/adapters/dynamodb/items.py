"""The items of the tables: their keys, and each record as an item and back.

orders      pk = order id; sk = ``order``, ``event#000001``, ``money#<effect id>`` or ``wait#<name>``
            pk = ``code#<code>``; sk = ``code``: a discount code with its counter, ``customer#<id>``: the counter of a
            customer's uses, or ``use#<effect id>``: an entry of the code's ledger
            pk = ``credit#<customer id>``; sk = ``balance#<currency>``: the customer's store credit, or
            ``entry#<effect id>``: an entry of its ledger
inventory   pk = SKU; sk = ``stock``: its counters, and ``stock#01`` and so on if they are split
            pk = effect id; sk = ``entry``: an entry of the stock ledger
products    pk = SKU
carts       pk = the cart's owner
baskets     pk = SKU; sk = when the order was placed, and its id: what was bought with the product
order_index pk = ``sku#<SKU>``, ``customer#<id>`` or ``all#<shard>``: a list of orders; sk = an order's position in it
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oms.adapters.dynamodb.item_codec import Attribute, item_codec, text_codec
from oms.domain import order_index
from oms.domain.cart import Cart
from oms.domain.catalogue import Product
from oms.domain.change import MoneyEntry
from oms.domain.credit import BookedCredit, CreditEntry
from oms.domain.discounts import CodeUse, Discount
from oms.domain.events import TYPES, Recorded
from oms.domain.inventory import Stock, StockEntry
from oms.domain.operator_queues import place_in_queue
from oms.domain.order import Order

Item = dict[str, Attribute]

ORDER = "order"
STOCK = "stock"
MOVES = "moves"
"""How often a counter was written, if its SKU has other counters too."""
ENTRY = "entry"
EVENTS = "event#"
MONEY = "money#"
WAITS = "wait#"
CODES = "code#"
CODE = "code"
USES = "use#"
CUSTOMERS = "customer#"
CREDIT = "credit#"
CREDITS = "entry#"
BALANCES = "balance#"


def key(pk: str, sk: str | None = None) -> Item:
    return {"pk": {"S": pk}} if sk is None else {"pk": {"S": pk}, "sk": {"S": sk}}


def _item(value: Any, pk: str, sk: str | None = None) -> Item:
    item: Item = item_codec(type(value)).encode(value)
    item.update(key(pk, sk))
    return item


def _value(kind: type[Any], item: Item) -> Any:
    return item_codec(kind).decode(item)


def order_item(order: Order) -> Item:
    item = _item(order, order.id, ORDER)
    item["number"] = {"S": order.number}
    item["state"] = {"S": order_index.list_by_status(order.status, order_index.shard(order.id))}
    item["placed"] = {"S": order_index.sort_key(order)}
    place = place_in_queue(order)
    if place is not None:
        item["queue"], item["queued_at"] = {"S": place[0]}, {"S": place[1]}
    return item


def order_of(item: Item) -> Order:
    order: Order = _value(Order, item)
    return order


def event_item(order_id: str, recorded: Recorded) -> Item:
    event = recorded.event
    return {
        **key(order_id, f"{EVENTS}{recorded.sequence:06}"),
        "sequence": {"N": str(recorded.sequence)},
        "at": {"S": recorded.at.isoformat()},
        "by": {"S": recorded.by},
        "name": {"S": event.name},
        "data": {"S": text_codec(type(event)).encode(event)},
    }


def event_of(item: Item) -> Recorded:
    """Raises ``KeyError`` for an event of a newer release: without it the order's state can't be folded."""
    event = text_codec(TYPES[item["name"]["S"]]).decode(item["data"]["S"])
    at = datetime.fromisoformat(item["at"]["S"])
    return Recorded(int(item["sequence"]["N"]), at, item["by"]["S"], event)


def money_item(entry: MoneyEntry) -> Item:
    return _item(entry, entry.order_id, f"{MONEY}{entry.effect_id}")


def money_of(item: Item) -> MoneyEntry:
    entry: MoneyEntry = _value(MoneyEntry, item)
    return entry


def entry_item(entry: StockEntry) -> Item:
    return _item(entry, entry.effect_id, ENTRY)


def entry_of(item: Item) -> StockEntry:
    entry: StockEntry = _value(StockEntry, item)
    return entry


def stock_key(sku: str, shard: int) -> Item:
    return key(sku, f"{STOCK}#{shard:02}" if shard else STOCK)


def shard_of(item: Item) -> int:
    return int(item["sk"]["S"].partition("#")[2] or 0)


def stock_of(item: Item) -> Stock:
    """The stock in one counter."""
    stock: Stock = _value(Stock, {**item, "sku": item["pk"]})
    return stock


def product_item(product: Product) -> Item:
    return _item(product, product.sku)


def product_of(item: Item) -> Product:
    product: Product = _value(Product, item)
    return product


def cart_item(cart: Cart, changed_at: datetime) -> Item:
    """DynamoDB deletes it some time after ``expires_at``, in Unix seconds."""
    item = _item(cart, cart.owner)
    item["expires_at"] = {"N": str(int(cart.expires_at(changed_at).timestamp()))}
    return item


def cart_of(item: Item) -> Cart:
    cart: Cart = _value(Cart, item)
    return cart


def discount_item(discount: Discount) -> Item:
    return _item(discount, CODES + discount.code, CODE)


def discount_of(item: Item) -> Discount:
    discount: Discount = _value(Discount, item)
    return discount


def code_use_item(use: CodeUse) -> Item:
    return _item(use, CODES + use.code, f"{USES}{use.effect_id}")


def code_use_of(item: Item) -> CodeUse:
    use: CodeUse = _value(CodeUse, item)
    return use


def credit_item(booked: BookedCredit) -> Item:
    """``credit_of`` is the key of an index that holds only these items."""
    entry = booked.entry
    item = _item(entry, CREDIT + entry.customer_id, f"{CREDITS}{entry.effect_id}")
    return {
        **item,
        "credit_of": {"S": entry.customer_id},
        "at": {"S": booked.at.isoformat()},
        "by": {"S": booked.by},
    }


def credit_of(item: Item) -> BookedCredit:
    return BookedCredit(datetime.fromisoformat(item["at"]["S"]), item["by"]["S"], _value(CreditEntry, item))
