"""Orders, inventory and products in memory, behaving like the DynamoDB adapters: for tests and the explorer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from oms.adapters import stock_rules
from oms.adapters.memory.state import RestorableState, page
from oms.domain.cart import Cart
from oms.domain.catalogue import Product
from oms.domain.change import Change, MoneyEntry, recorded
from oms.domain.credit import BookedCredit, CreditEntry, credit_changed
from oms.domain.discounts import CodeUse, Discount, used_up
from oms.domain.errors import CartChanged, OrderChanged, OrderNotFound
from oms.domain.events import OrderPlaced, Recorded
from oms.domain.fold import apply, placed
from oms.domain.inventory import Stock, StockEntry
from oms.domain.operator_queues import place_in_queue
from oms.domain.order import Order
from oms.ports import Page


class MemoryStore(RestorableState):
    """The tables of orders, inventory and carts, which one transaction writes together."""

    STATE = (
        *("orders", "history", "money", "waits", "stock", "entries"),
        *("carts", "codes", "code_uses", "credit", "balances"),
    )

    def __init__(self) -> None:
        self.lock = Lock()
        self.orders: dict[str, Order] = {}
        self.history: dict[str, tuple[Recorded, ...]] = {}
        self.money: dict[str, tuple[MoneyEntry, ...]] = {}
        self.waits: dict[tuple[str, str], tuple[str, ...]] = {}
        self.stock: dict[str, Stock] = {}
        self.entries: dict[str, StockEntry] = {}
        self.carts: dict[str, tuple[Cart, datetime]] = {}
        """By owner, with when it expires."""
        self.codes: dict[str, Discount] = {}
        self.code_uses: dict[str, CodeUse] = {}
        self.credit: dict[str, BookedCredit] = {}
        """By effect id, in the sequence of the writes."""
        self.balances: dict[tuple[str, str], int] = {}
        """By customer and currency."""

    def put_cart(self, cart: Cart, at: datetime) -> Cart:
        """Stores the cart with its next version. Raises, and changes nothing, if another write was first."""
        stored, _ = self.carts.get(cart.owner, (Cart(cart.owner), at))
        if stored.version != cart.version:
            raise CartChanged(f"the cart is past version {cart.version}")
        next_cart = replace(cart, version=cart.version + 1)
        self.carts[cart.owner] = next_cart, next_cart.expires_at(at)
        return next_cart

    def stock_after(self, entries: Iterable[StockEntry]) -> dict[str, Stock]:
        """Computes the counters after the entries. Raises if one would be negative."""
        after, refused = {}, []
        for sku, movement in stock_rules.sums(entries).items():
            after[sku] = self.stock.get(sku, Stock(sku)).moved(movement)
            if not after[sku].is_sound:
                refused.append(movement)
        if refused:
            raise stock_rules.refusal(refused)
        return after

    def codes_after(self, uses: Iterable[CodeUse]) -> dict[str, Discount]:
        """Computes the codes after the uses. Raises if one has none left."""
        after = {}
        for use in uses:
            code = self.codes[use.code]
            own = sum(each.uses for each in self.code_uses.values() if _is_of_same(each, use))
            if use.uses > 0 and (code.used >= code.total_limit or own >= use.customer_limit):
                raise used_up(use.code)
            after[use.code] = replace(code, used=code.used + use.uses)
        return after

    def balances_after(self, entries: Iterable[CreditEntry]) -> dict[tuple[str, str], int]:
        """Computes the balances after the entries. Raises if one would be negative."""
        after: dict[tuple[str, str], int] = {}
        for entry in entries:
            key = entry.customer_id, entry.amount.currency
            after[key] = after.get(key, self.balances.get(key, 0)) + entry.amount.minor
            if entry.amount.minor < 0 and after[key] < 0:
                raise credit_changed(entry.amount.currency)
        return after


def _is_of_same(use: CodeUse, other: CodeUse) -> bool:
    return (use.code, use.customer_id) == (other.code, other.customer_id)


class MemoryOrders:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def create(self, change: Change, at: datetime, by: str) -> Order:
        first = change.events[0]
        if not isinstance(first, OrderPlaced):
            raise TypeError(f"an order begins with OrderPlaced, not {first.name}")
        with self.store.lock:
            stored = self.store.orders.get(first.order_id)
            return stored or self._write(first.order_id, None, change, at, by)

    def get(self, order_id: str) -> Order:
        try:
            return self.store.orders[order_id]
        except KeyError:
            raise OrderNotFound(f"there is no order {order_id}") from None

    def numbered(self, number: str) -> Order:
        for order in list(self.store.orders.values()):
            if order.number == number:
                return order
        raise OrderNotFound(f"there is no order {number}")

    def save(self, order: Order, change: Change, at: datetime, by: str) -> Order:
        if not change:
            return order
        with self.store.lock:
            stored = self.store.orders.get(order.id)
            if stored is None or stored.version != order.version:
                raise OrderChanged(f"order {order.id} is past version {order.version}")
            return self._write(order.id, order, change, at, by)

    def _write(self, order_id: str, order: Order | None, change: Change, at: datetime, by: str) -> Order:
        store = self.store
        booked = store.money.get(order_id, ())
        effects = {entry.effect_id for entry in booked}
        ledgers = effects, store.entries, store.code_uses, store.credit
        if any(each in ledger for each in change.effects for ledger in ledgers):
            raise OrderChanged(f"an effect of this change on {order_id} was written before")
        stock, codes = store.stock_after(change.stock), store.codes_after(change.codes)
        balances = store.balances_after(change.credit)
        written = change.events, change.money, change.stock, change.waits, change.credit, stock, balances
        writes = 1 + sum(map(len, written))
        if writes > stock_rules.MAX_ACTIONS:
            raise ValueError(f"{writes} writes on {order_id} are more than one unit of work takes")
        if change.cart:
            store.put_cart(change.cart, at)
        events = recorded(order, change, at, by)
        for event in events:
            order = apply(order, event) if order else placed(event)
        assert order is not None, "an order begins with an event"
        store.orders[order_id] = order
        store.history[order_id] = store.history.get(order_id, ()) + events
        store.money[order_id] = booked + change.money
        store.stock.update(stock)
        store.entries.update((entry.effect_id, entry) for entry in change.stock)
        store.codes.update(codes)
        store.code_uses.update((use.effect_id, use) for use in change.codes)
        store.credit.update((entry.effect_id, BookedCredit(at, by, entry)) for entry in change.credit)
        store.balances.update(balances)
        for name, token in change.waits.items():
            tokens = store.waits.get((order_id, name), ())
            store.waits[order_id, name] = tokens if token in tokens else (*tokens, token)
        return order

    def events(self, order_id: str) -> Sequence[Recorded]:
        return self.store.history.get(order_id, ())

    def money(self, order_id: str) -> Sequence[MoneyEntry]:
        return self.store.money.get(order_id, ())

    def waits(self, order_id: str, name: str) -> Sequence[str]:
        return self.store.waits.get((order_id, name), ())

    def of_customer(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[Order]:
        orders = [order for order in self._all() if order.customer_id == customer_id]
        listing = f"customer {customer_id}"
        return page(listing, orders, lambda order: (order.placed_at.isoformat(), order.id), limit, cursor, True)

    def in_queue(self, queue: str, limit: int, cursor: str | None = None) -> Page[Order]:
        since = {order.id: place[1] for order in self._all() if (place := place_in_queue(order)) and place[0] == queue}
        orders = [self.store.orders[order_id] for order_id in since]
        return page(f"queue {queue}", orders, lambda order: (since[order.id], order.id), limit, cursor)

    def every(self, limit: int, cursor: str | None = None) -> Page[Order]:
        return page("orders", self._all(), lambda order: (order.id, ""), limit, cursor)

    def _all(self) -> list[Order]:
        return list(self.store.orders.values())


class MemoryInventory:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def apply(self, entry: StockEntry) -> bool:
        with self.store.lock:
            if entry.effect_id in self.store.entries:
                return False
            self.store.stock.update(self.store.stock_after([entry]))
            self.store.entries[entry.effect_id] = entry
            return True

    def entry(self, effect_id: str) -> StockEntry | None:
        return self.store.entries.get(effect_id)

    def stock(self, skus: Iterable[str]) -> Mapping[str, Stock]:
        return {sku: self.store.stock[sku] for sku in skus if sku in self.store.stock}

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]:
        return page("stock", list(self.store.stock.values()), lambda stock: (stock.sku, ""), limit, cursor)

    def every_entry(self, limit: int, cursor: str | None = None) -> Page[StockEntry]:
        entries = list(self.store.entries.values())
        return page("entries", entries, lambda entry: (entry.effect_id, ""), limit, cursor)


class MemoryProducts(RestorableState):
    STATE = ("products",)

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self.lock = Lock()
        self.products = {product.sku: product for product in products}

    def get(self, skus: Iterable[str], consistent: bool = False) -> Mapping[str, Product]:
        return {sku: self.products[sku] for sku in skus if sku in self.products}

    def put(self, products: Iterable[Product]) -> None:
        self.products.update((product.sku, product) for product in products)

    def change(self, before: Product | None, after: Product) -> bool:
        with self.lock:
            if self.products.get(after.sku) != before:
                return False
            self.products[after.sku] = after
            return True

    def in_department(self, department: str, limit: int, cursor: str | None = None) -> Page[Product]:
        products = [product for product in self.products.values() if product.department == department]
        return page(f"department {department}", products, lambda product: (product.name, product.sku), limit, cursor)

    def every(self, limit: int, cursor: str | None = None) -> Page[Product]:
        return page("products", list(self.products.values()), lambda product: (product.sku, ""), limit, cursor)
