"""What the rules need from outside, as Protocols, and the bundle of them that a handler gets."""

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
from oms.domain.order_index import Wanted
from oms.domain.payment import Authorization, PaymentRecord, PaymentRequest
from oms.domain.search import Found, Listing, Query

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a listing; ``cursor`` asks for the next part, None at the end."""

    items: tuple[T, ...]
    cursor: str | None = None


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None: ...


class Orders(Protocol):
    """Orders with their events, their money ledger and the task tokens that wait on them.

    Every call may raise ``StoreUnavailable``: a write that was cut off may or may not have happened, and asking
    again does it at most once.
    """

    def create(self, change: Change, at: datetime, by: str) -> Order:
        """Write a new order. Of an id that is there already, the stored order, unchanged.

        Raises ``CodeUsedUp`` where it claims a use of a discount code that has none left, ``CreditChanged`` where it
        spends more store credit than there is, and ``CartChanged``.
        """

    def get(self, order_id: str) -> Order:
        """The order as last written (strongly consistent). Raises ``OrderNotFound``."""

    def numbered(self, number: str) -> Order:
        """The order that people call by this number. Raises ``OrderNotFound``."""

    def save(self, order: Order, change: Change, at: datetime, by: str) -> Order:
        """Write all of a change, or nothing, and answer the order after it; an empty change writes nothing.

        Raises ``OrderChanged`` unless the stored order is still at ``order.version``, and ``OutOfStock``, naming
        the SKUs, where a movement would leave less than nothing available. An effect id that was written before
        is ``OrderChanged`` too: whoever wrote it moved the version.
        """

    def events(self, order_id: str) -> Sequence[Recorded]: ...

    def money(self, order_id: str) -> Sequence[MoneyEntry]: ...

    def waits(self, order_id: str, name: str) -> Sequence[str]:
        """The task tokens that wait for ``name``, newest last or in any order; expired ones too."""

    def of_customer(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[Order]:
        """A shopper's orders, newest first. Raises ``InvalidRequest`` for a cursor that isn't one."""

    def in_queue(self, queue: str, limit: int, cursor: str | None = None) -> Page[Order]:
        """Orders that wait for somebody, longest first: ``starting``, ``review``, ``parked``."""

    def every(self, limit: int, cursor: str | None = None) -> Page[Order]:
        """All orders, in no order: for audits, never for a request."""


class Inventory(Protocol):
    """Stock counters and their ledger."""

    def apply(self, entry: StockEntry) -> bool:
        """Move stock, all or nothing. False, and nothing moves, if the effect id came before. Raises ``OutOfStock``."""

    def entry(self, effect_id: str) -> StockEntry | None:
        """The line of the ledger that was written for the effect, as last written."""

    def stock(self, skus: Iterable[str]) -> Mapping[str, Stock]:
        """The counters of each SKU that has any."""

    def every_stock(self, limit: int, cursor: str | None = None) -> Page[Stock]: ...

    def every_entry(self, limit: int, cursor: str | None = None) -> Page[StockEntry]: ...


class Products(Protocol):
    def get(self, skus: Iterable[str], consistent: bool = False) -> Mapping[str, Product]:
        """Each product that there is; ``consistent`` as last written, at twice the cost."""

    def put(self, products: Iterable[Product]) -> None: ...

    def change(self, before: Product | None, after: Product) -> bool:
        """Put ``after`` where the catalogue still has ``before``, or nothing. False, and nothing changes, if not."""

    def in_department(self, department: str, limit: int, cursor: str | None = None) -> Page[Product]:
        """By name."""

    def every(self, limit: int, cursor: str | None = None) -> Page[Product]:
        """All products as last written, in no order: for the search index, never for a request."""


class Payments(Protocol):
    """A payment gateway. Every call may be repeated: one effect a key, however often it is asked for.

    Any call may raise ``PaymentsUnavailable``: what it did is then unknown until it is asked again, or ``find``
    looks it up. ``PaymentsRefused`` is a call that the gateway should have taken: a defect.
    """

    def authorize(self, request: PaymentRequest) -> Authorization:
        """Hold the amount. Raises ``PaymentDeclined``; ``EffectRefused`` if it was voided, even before it came."""

    def void(self, request: PaymentRequest) -> None:
        """Let the hold go, or keep a late authorization from ever holding. Raises ``AlreadyCaptured``."""

    def capture(self, request: PaymentRequest, amount: Money) -> None:
        """Take up to the authorized amount, once. Raises ``EffectRefused`` if it was voided."""

    def refund(self, request: PaymentRequest, amount: Money, effect_id: str) -> None:
        """Give back part of what was captured, once an effect id."""

    def find(self, request: PaymentRequest) -> PaymentRecord | None:
        """What the gateway's books say, or None where it never heard of the payment."""

    def order_of(self, payment_id: str) -> str | None:
        """The id of the order that a payment of the gateway's is for, or None where it is for none."""


class Carrier(Protocol):
    """Who picks up, delivers and brings back parcels, and calls back when it has.

    Any call may raise ``CarrierUnavailable`` and may be repeated. The carrier decides between a dispatch and a
    recall: exactly one of them happens.
    """

    def request_shipment(self, order_id: str, units: Sequence[Units], recipient: Mapping[str, str]) -> None:
        """Ask for a pick-up, once an order and always of the same units; those recalled stay.

        Raises ``AlreadyDispatched`` if it has left, ``ShipmentRecalled`` if it was called back, even before it came.
        """

    def recall(self, order_id: str, recall_id: str, units: Sequence[Units] | None) -> None:
        """Call back the shipment, or some units of it, once a recall id. Raises ``AlreadyDispatched``.

        What is recalled before the carrier heard of the shipment never leaves: all (``units`` None), or those units.
        """

    def follow(self, order_id: str) -> None:
        """Ask to be told of the delivery. Raises ``AlreadyDelivered`` or ``ParcelLost`` where it is past."""

    def announce_return(self, return_id: str, order_id: str, units: Sequence[Units]) -> None:
        """Say that a parcel will come back. Of one that has come, the carrier says so again."""

    def find_parcel(self, return_id: str) -> Mapping[str, Sequence[str]] | None:
        """The condition of each unit in the parcel of a return, by SKU; None where none has come."""


@dataclass(frozen=True)
class Run:
    """An execution as Step Functions tells it: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE."""

    arn: str
    status: str
    payload: Mapping[str, Any]
    redrivable: bool
    """It has failed, and not so long ago that it can't go on."""

    @property
    def is_running(self) -> bool:
        return self.status in ("RUNNING", "PENDING_REDRIVE")


class Executions(Protocol):
    """Step Functions, as the shop uses it. Any call may raise ``ExecutionsUnavailable``."""

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> bool:
        """Start an execution. False where that name was started before, and nothing happens; while one runs, the same
        payload is no other start, and True again."""

    def find(self, machine: str, name: str) -> Run | None:
        """The execution of that name; None where there is none, or where it ended so long ago that it is forgotten."""

    def redrive(self, arn: str) -> bool:
        """Let a failed execution go on. False where it can't: it runs, has ended well, or is too old."""

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        """Answer a waiting task; False where nothing waits under the token any more."""

    def fail(self, token: str, error: str, cause: str) -> bool: ...

    def heartbeat(self, token: str) -> bool: ...


class Search(Protocol):
    """The catalogue as shoppers search it: a copy, which is some moments behind.

    Each write carries a version from outside. What is older than what is there changes nothing, and what was deleted
    isn't brought back by it, so writes may come twice and in any order. Any call may raise ``StoreUnavailable``.
    """

    def find(self, query: Query) -> Found:
        """Raises ``InvalidRequest`` for a cursor that isn't one, or is of another query."""

    def suggest(self, prefix: str, limit: int) -> Sequence[str]:
        """What a shopper may be about to type: names without their sizes, most frequent first."""

    def index(self, listings: Iterable[Listing]) -> None: ...

    def delete(self, versions: Mapping[str, int]) -> None:
        """Take SKUs out, each as of a version."""

    def rebuild(self, listings: Iterable[Listing]) -> None:
        """Build a new index of these alone and put it in the old one's place at once; meanwhile writes go to both."""


class Carts(Protocol):
    """Carts, one an owner. A cart is emptied, never deleted, so that its version doesn't begin again under a writer.

    Any call may raise ``StoreUnavailable``.
    """

    def get(self, owner: str, at: datetime) -> Cart:
        """The cart as last written; one that never was, or has expired by then, is empty."""

    def save(self, cart: Cart, at: datetime) -> Cart:
        """Write it in the place of the one that it was made from, and answer it with its new version.

        Raises ``CartChanged`` where that one isn't there any more.
        """


class Baskets(Protocol):
    """What was bought together, for some time. Any call may raise ``StoreUnavailable``."""

    def add(self, basket: Basket) -> None:
        """Keep it; one of the same order takes the place of the one before."""

    def with_product(self, sku: str, limit: int) -> Sequence[Basket]:
        """The latest that hold it, newest first."""


class Discounts(Protocol):
    """Discount codes, and the ledger of their uses, which orders write. Any call may raise ``StoreUnavailable``."""

    def get(self, code: str) -> Discount | None:
        """The code as last written, and as often used."""

    def change(self, before: Discount | None, after: Discount) -> bool:
        """Put ``after`` where there still is ``before``, however often used, or nothing.

        False, and nothing changes, if not, or where it was used more often than its new limit.
        """

    def uses(self, code: str, order_id: str | None = None) -> Sequence[CodeUse]:
        """The code's ledger as last written, or what of it is one order's."""


class Credit(Protocol):
    """Store credit: the customers' ledgers, which orders write, and their balances. May raise ``StoreUnavailable``."""

    def balances(self, customer_id: str) -> Mapping[str, int]:
        """By currency, in minor units, as last written."""

    def get(self, customer_id: str, effect_id: str) -> BookedCredit | None:
        """The line of the customer's ledger that was written for the effect, as last written."""

    def ledger(self, customer_id: str) -> Sequence[BookedCredit]:
        """All of it as last written, in any order: for audits, never for a request."""

    def entries(self, customer_id: str, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        """Newest first. Raises ``InvalidRequest`` for a cursor that isn't one."""

    def every(self, limit: int, cursor: str | None = None) -> Page[BookedCredit]:
        """Of everybody, in no order: for audits, never for a request."""

    def grant(self, entry: CreditEntry, at: datetime, by: str) -> bool:
        """Give credit. False, and nothing changes, if the effect id came before."""


class Finder(Protocol):
    """Orders as operators look for them, newest first, some moments behind: by state as soon as they are so, by all
    else once they are filed. Any call may raise ``StoreUnavailable``.
    """

    def find(self, wanted: Wanted, limit: int, cursor: str | None = None) -> Page[Order]:
        """Each as last written. A page of what is rare may hold fewer than asked for while it has a cursor.

        Raises ``InvalidRequest`` for a cursor that isn't one, or is of another search.
        """

    def file(self, orders: Iterable[Order]) -> None:
        """Note by what each is found for ever, whatever becomes of it: once, twice, late or in any order."""


class Reports(Protocol):
    """Reports by their name, as JSON. Any call may raise ``StoreUnavailable``."""

    def get(self, name: str) -> Mapping[str, Any] | None:
        """The report as last put."""

    def put(self, name: str, report: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Deps:
    """Everything outside that a handler may touch."""

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
    finder: Finder
    credit: Credit
