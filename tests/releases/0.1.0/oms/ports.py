"""The ports: protocols of everything outside, which adapters implement, and the bundle of them that a function gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from oms.domain.baskets import Basket
from oms.domain.cart import Cart
from oms.domain.catalogue import Product
from oms.domain.change import Change, MoneyEntry
from oms.domain.credit import BookedCredit, CreditEntry
from oms.domain.discounts import CodeUse, Discount
from oms.domain.events import Recorded, Units
from oms.domain.inventory import Stock, StockEntry
from oms.domain.money import Money
from oms.domain.order import Order
from oms.domain.order_index import OrderQuery
from oms.domain.payment import Authorization, PaymentRecord, PaymentRequest
from oms.domain.search import Listing, Query, SearchResult

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a listing. ``cursor`` asks for the next part; it is None at the end."""

    items: tuple[T, ...]
    cursor: str | None = None


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None: ...


class Orders(Protocol):
    """Orders, with their events, their money ledger and the task tokens that wait for them.

    Every call may raise ``StoreUnavailable``: a write that was cut off may or may not have happened, and a repeated one
    happens at most once.
    """

    def create(self, change: Change, at: datetime, by: str) -> Order:
        """Writes a new order, or returns the stored order if its id exists.

        Raises ``CodeUsedUp`` if its discount code has no use left, ``CreditChanged`` if it spends too much
        store credit, and ``CartChanged``.
        """

    def get(self, order_id: str) -> Order:
        """The order as last written (strongly consistent). Raises ``OrderNotFound``."""

    def numbered(self, number: str) -> Order:
        """The order with this number for people. Raises ``OrderNotFound``."""

    def save(self, order: Order, change: Change, at: datetime, by: str) -> Order:
        """Writes all of a change, or nothing, and returns the order after it. An empty change writes nothing.

        Raises ``OrderChanged`` if the stored order is no longer at ``order.version``, and ``OutOfStock``, naming the
        SKUs, if a movement would make the available stock negative. An effect id that was written before raises
        ``OrderChanged`` too, since that write moved the version.
        """

    def events(self, order_id: str) -> Sequence[Recorded]: ...

    def money(self, order_id: str) -> Sequence[MoneyEntry]: ...

    def waits(self, order_id: str, name: str) -> Sequence[str]:
        """The task tokens that wait for ``name``, in any order; expired ones too."""

    def of_customer(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[Order]:
        """A shopper's orders, newest first. Raises ``InvalidRequest`` for a malformed cursor."""

    def in_queue(self, queue: str, limit: int, cursor: str | None = None) -> Page[Order]:
        """Orders in a queue, longest waiting first: ``starting``, ``review`` or ``parked``."""

    def every(self, limit: int, cursor: str | None = None) -> Page[Order]:
        """All orders, unsorted: for audits, never for a request."""


class Inventory(Protocol):
    """The stock counters and their ledger."""

    def apply(self, entry: StockEntry) -> bool:
        """Moves stock, all or nothing. False, and nothing moves, if the effect id exists. Raises ``OutOfStock``."""

    def entry(self, effect_id: str) -> StockEntry | None:
        """The line of the ledger with this effect id, as last written."""

    def stock(self, skus: Iterable[str]) -> Mapping[str, Stock]:
        """The counters of each SKU that has any."""

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]: ...

    def every_entry(self, limit: int, cursor: str | None = None) -> Page[StockEntry]: ...


class Products(Protocol):
    def get(self, skus: Iterable[str], consistent: bool = False) -> Mapping[str, Product]:
        """The products that exist; with ``consistent`` as last written, at twice the cost."""

    def put(self, products: Iterable[Product]) -> None: ...

    def change(self, before: Product | None, after: Product) -> bool:
        """Replaces ``before`` by ``after``. False, and nothing changes, if the catalogue no longer has ``before``."""

    def in_department(self, department: str, limit: int, cursor: str | None = None) -> Page[Product]:
        """Sorted by name."""

    def every(self, limit: int, cursor: str | None = None) -> Page[Product]:
        """All products as last written, unsorted: for the search index, never for a request."""


class Payments(Protocol):
    """The payment gateway. Every call may be repeated: a key has one effect.

    Any call may raise ``PaymentsUnavailable``: its effect is unknown until the call is repeated, or ``find`` looks it
    up. ``PaymentsRefused`` is raised for a call that the gateway should have accepted: a defect.
    """

    def authorize(self, request: PaymentRequest) -> Authorization:
        """Holds the amount. Raises ``PaymentDeclined``, or ``EffectRefused`` if it was voided, even earlier."""

    def void(self, request: PaymentRequest) -> None:
        """Voids the hold, or refuses a late authorization. Raises ``AlreadyCaptured``."""

    def capture(self, request: PaymentRequest, amount: Money) -> None:
        """Captures up to the authorized amount, once. Raises ``EffectRefused`` if it was voided."""

    def refund(self, request: PaymentRequest, amount: Money, effect_id: str) -> None:
        """Refunds part of what was captured, once for an effect id."""

    def find(self, request: PaymentRequest) -> PaymentRecord | None:
        """The gateway's record, or None if it doesn't know the payment."""

    def order_of(self, payment_id: str) -> str | None:
        """The id of a payment's order, by the gateway's id of the payment; None if it has none."""


class Carrier(Protocol):
    """The carrier, which picks up and delivers parcels, brings returns back, and reports each by an event.

    Any call may raise ``CarrierUnavailable``, and may be repeated. The carrier decides between a dispatch and a recall:
    exactly one of them happens.
    """

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        """Requests a pick-up, once for an order and always of the same units. Recalled units stay.

        Raises ``AlreadyDispatched`` if it has left, and ``ShipmentRecalled`` if it was recalled, even before this call.
        """

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        """Recalls some units of the shipment, or all (None), once for a recall id. Raises ``AlreadyDispatched``.

        Units that are recalled before the shipment is requested never leave.
        """

    def follow(self, order_id: str) -> None:
        """Asks for an event of the delivery. Raises ``AlreadyDelivered`` or ``ParcelLost`` if that has happened."""

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        """Announces a return's parcel. If it has come, the carrier sends the event again."""

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        """The condition of each unit in a return's parcel, by SKU; None if it hasn't come."""


@dataclass(frozen=True)
class ExecutionDescription:
    """An execution: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE."""

    arn: str
    status: str
    payload: Mapping[str, Any]
    redrivable: bool
    """True if it has failed, and recently enough for a redrive."""

    @property
    def is_running(self) -> bool:
        return self.status in ("RUNNING", "PENDING_REDRIVE")


class Executions(Protocol):
    """Step Functions. Any call may raise ``ExecutionsUnavailable``."""

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        """Starts an execution. False, and nothing happens, if the name was used before.

        True again while an execution of that name and payload runs.
        """

    def find(self, machine: str, name: str) -> ExecutionDescription | None:
        """None if there is none of that name, or if Step Functions has deleted it."""

    def redrive(self, arn: str) -> bool:
        """Redrives a failed execution. False if it can't be: it runs, has succeeded, or is too old."""

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        """Completes a waiting task. False if nothing waits with that token any more."""

    def fail(self, token: str, error: str, cause: str) -> bool: ...

    def heartbeat(self, token: str) -> bool: ...


class Search(Protocol):
    """The search index of the catalogue, which lags behind it by moments.

    Each write has a version. An older version than the stored, or the deleted, one changes nothing, so writes may be
    repeated and may come in any order. Any call may raise ``StoreUnavailable``.
    """

    def find(self, query: Query) -> SearchResult:
        """Raises ``InvalidRequest`` for a cursor that is malformed, or of another query."""

    def suggest(self, prefix: str, limit: int) -> Sequence[str]:
        """Completions of a prefix: product names without their sizes, most frequent first."""

    def index(self, listings: Iterable[Listing]) -> None: ...

    def delete(self, versions: Mapping[str, int]) -> None:
        """Deletes SKUs, each at a version."""

    def rebuild(self, listings: Iterable[Listing]) -> None:
        """Builds a new index and replaces the old one by it at once. Meanwhile writes go to both."""


class Carts(Protocol):
    """Carts, one for each owner. A cart is emptied, never deleted, so that its version doesn't restart.

    Any call may raise ``StoreUnavailable``.
    """

    def get(self, owner: str, at: datetime) -> Cart:
        """The cart as last written; empty if there is none, or if it has expired at that time."""

    def save(self, cart: Cart, at: datetime) -> Cart:
        """Writes the cart, and returns it with its new version. Raises ``CartChanged`` if another write was first."""


class Baskets(Protocol):
    """The baskets of recent orders. Any call may raise ``StoreUnavailable``."""

    def add(self, basket: Basket) -> None:
        """Stores a basket, in place of an earlier one of the same order."""

    def with_product(self, sku: str, limit: int) -> Sequence[Basket]:
        """The latest baskets with a product, newest first."""


class Discounts(Protocol):
    """Discount codes, and the ledger of their uses, which orders write. Any call may raise ``StoreUnavailable``."""

    def get(self, code: str) -> Discount | None:
        """The code as last written, with its count of uses."""

    def change(self, before: Discount | None, after: Discount) -> bool:
        """Replaces ``before`` by ``after``, whatever the count of uses.

        False, and nothing changes, if ``before`` is no longer stored, or if the new limit is below the count.
        """

    def uses(self, code: str, order_id: str | None = None) -> Sequence[CodeUse]:
        """The code's ledger as last written, or its lines of one order."""


class Credit(Protocol):
    """Store credit: the customers' ledgers, which orders write, and their balances. May raise ``StoreUnavailable``."""

    def balances(self, customer_id: str) -> Mapping[str, int]:
        """By currency, in minor units, as last written."""

    def get(self, customer_id: str, effect_id: str) -> BookedCredit | None:
        """The line of the customer's ledger with this effect id, as last written."""

    def ledger(self, customer_id: str) -> Sequence[BookedCredit]:
        """The whole ledger as last written, unsorted: for audits, never for a request."""

    def entries(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        """Newest first. Raises ``InvalidRequest`` for a malformed cursor."""

    def every(self, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        """The ledgers of all customers, unsorted: for audits, never for a request."""

    def grant(self, entry: CreditEntry, at: datetime, by: str) -> bool:
        """Adds credit. False, and nothing changes, if the effect id exists."""


class OrderIndex(Protocol):
    """The index of orders for operators. By status it is current; otherwise it lags behind by moments.

    Any call may raise ``StoreUnavailable``.
    """

    def find(self, query: OrderQuery, limit: int, cursor: str | None = None) -> Page[Order]:
        """Orders as last written, newest first. A page with a cursor may have fewer orders than the limit.

        Raises ``InvalidRequest`` for a cursor that is malformed, or of another query.
        """

    def add(self, orders: Iterable[Order]) -> None:
        """Adds orders to their permanent lists. It may be repeated, late, and in any order."""


class Reports(Protocol):
    """Reports by name, as JSON. Any call may raise ``StoreUnavailable``."""

    def get(self, name: str) -> Mapping[str, Any] | None:
        """The report as last written."""

    def put(self, name: str, report: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Deps:
    """Every port that a function may use."""

    clock: Clock
    orders: Orders
    inventory: Inventory
    products: Products
    payments: Payments
    carrier: Carrier
    executions: Executions
    search: Search
    reports: Reports
    carts: Carts
    baskets: Baskets
    discounts: Discounts
    order_index: OrderIndex
    credit: Credit
