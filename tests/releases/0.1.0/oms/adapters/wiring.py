"""The composition root: puts an adapter behind each port, from environment variables.

An adapter is imported, and reads its variables, when it is first called. So a function needs the variables of the ports
that it uses and of no other; ``KeyError`` names one that is missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from oms.adapters.aws.clients import Aws
from oms.adapters.clock import SystemClock
from oms.declarations import environment
from oms.declarations.tables import tables
from oms.domain.payment_events import PaymentEvent
from oms.ports import (
    Baskets,
    Carrier,
    Carts,
    Credit,
    Deps,
    Discounts,
    Executions,
    Inventory,
    OrderIndex,
    Orders,
    Payments,
    Products,
    Reports,
    Search,
)

if TYPE_CHECKING:
    from oms.adapters.dynamodb.client import DynamoDB
    from oms.adapters.dynamodb.stock.shards import Shards

T = TypeVar("T")

LEAST_SECRET_LENGTH = 16


def deps(environ: Mapping[str, str] = os.environ) -> Deps:
    """The ports' adapters for these variables; the same ones for the same values. Raises ``AwsConfigurationError``."""
    values = ((name, environ[name]) for name in _port_variables() if name in environ)
    return _deps(Aws.of(environ), tuple(values))


def signing_key(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A secret that signs. Raises ``ValueError`` if it is too short for that: with an empty one anybody could sign."""
    key = secret(name, environ)
    if len(key) < LEAST_SECRET_LENGTH:
        raise ValueError(f"{name} holds no secret of {LEAST_SECRET_LENGTH} characters or more")
    return key


@cache
def _port_variables() -> Sequence[str]:
    ports = {field.name for field in fields(Deps)}
    return environment.variables_of_ports(port for port in environment.port_variables() if port in ports)


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret in a variable: its text, or on AWS its ARN in Secrets Manager."""
    value = environ[name]
    return _stored_secret(value, Aws.of(environ)) if value.startswith("arn:") else value


_stored_secret = cache(lambda arn, aws: aws.secret(arn))


def verify_payment_webhook(
    headers: Mapping[str, str], body: bytes, now: datetime, environ: Mapping[str, str] = os.environ
) -> None:
    """Raises ``InvalidSignature`` unless the payment provider signed a request to its webhook."""
    from oms.adapters.stripe.webhook import verify_webhook

    verify_webhook(headers, body, signing_key(environment.PAYMENTS_SECRET, environ), now)


def payment_event(body: Mapping[str, Any]) -> PaymentEvent | None:
    """The event in the body of a verified request; None for one that means nothing to the shop."""
    from oms.adapters.stripe.webhook import payment_event_of

    return payment_event_of(body)


@cache
def _deps(aws: Aws, values: tuple[tuple[str, str], ...]) -> Deps:
    aws.check_endpoints()
    environ = dict(values)
    return Deps(
        clock=SystemClock(),
        orders=_lazily(lambda: _orders(aws, environ)),
        inventory=_lazily(lambda: _inventory(aws, environ)),
        products=_lazily(lambda: _products(aws, environ)),
        payments=_lazily(lambda: _payments(environ)),
        carrier=_lazily(lambda: _carrier(environ)),
        executions=_lazily(lambda: _executions(aws, environ)),
        search=_lazily(lambda: _search(aws, environ)),
        reports=_lazily(lambda: _reports(aws, environ)),
        carts=_lazily(lambda: _carts(aws, environ)),
        baskets=_lazily(lambda: _baskets(aws, environ)),
        discounts=_lazily(lambda: _discounts(aws, environ)),
        order_index=_lazily(lambda: _order_index(aws, environ)),
        credit=_lazily(lambda: _credit(aws, environ)),
    )


def _table(name: str) -> str:
    """The variable that holds a table's name."""
    return tables()[name].variable


def _dynamodb(aws: Aws) -> DynamoDB:
    from oms.adapters.dynamodb.client import DynamoDB

    return DynamoDB(aws.dynamodb())


def _orders(aws: Aws, environ: Mapping[str, str]) -> Orders:
    from oms.adapters.dynamodb.orders import DynamoOrders

    names = environ[_table("orders")], environ[_table("inventory")], environ.get(_table("carts"), "")
    return DynamoOrders(_dynamodb(aws), *names, _shards(environ))


def _inventory(aws: Aws, environ: Mapping[str, str]) -> Inventory:
    from oms.adapters.dynamodb.stock.inventory import DynamoInventory

    return DynamoInventory(_dynamodb(aws), environ[_table("inventory")], _shards(environ))


def _shards(environ: Mapping[str, str]) -> Shards:
    from oms.adapters.dynamodb.stock.shards import Shards

    return Shards.of(environ.get(environment.STOCK_SHARDS, ""))


def _products(aws: Aws, environ: Mapping[str, str]) -> Products:
    from oms.adapters.dynamodb.products import DynamoProducts

    return DynamoProducts(_dynamodb(aws), environ[_table("products")])


def _carts(aws: Aws, environ: Mapping[str, str]) -> Carts:
    from oms.adapters.dynamodb.carts import DynamoCarts

    return DynamoCarts(_dynamodb(aws), environ[_table("carts")])


def _baskets(aws: Aws, environ: Mapping[str, str]) -> Baskets:
    from oms.adapters.dynamodb.baskets import DynamoBaskets

    return DynamoBaskets(_dynamodb(aws), environ[_table("baskets")])


def _discounts(aws: Aws, environ: Mapping[str, str]) -> Discounts:
    from oms.adapters.dynamodb.discounts import DynamoDiscounts

    return DynamoDiscounts(_dynamodb(aws), environ[_table("orders")])


def _credit(aws: Aws, environ: Mapping[str, str]) -> Credit:
    from oms.adapters.dynamodb.credit import DynamoCredit

    return DynamoCredit(_dynamodb(aws), environ[_table("orders")])


def _order_index(aws: Aws, environ: Mapping[str, str]) -> OrderIndex:
    from oms.adapters.dynamodb.order_index import DynamoOrderIndex

    return DynamoOrderIndex(_dynamodb(aws), environ[_table("orders")], environ[_table("order_index")])


def _payments(environ: Mapping[str, str]) -> Payments:
    from oms.adapters.stripe.payments import API_URL, TIMEOUT_SECONDS, StripePayments

    url = environ.get(environment.PAYMENTS_URL) or API_URL
    return StripePayments(secret(environment.PAYMENTS_API_KEY, environ), url, TIMEOUT_SECONDS)


def _carrier(environ: Mapping[str, str]) -> Carrier:
    from oms.adapters.http_carrier import HttpCarrier

    return HttpCarrier(environ[environment.CARRIER_URL])


def _executions(aws: Aws, environ: Mapping[str, str]) -> Executions:
    from oms.adapters.aws.step_functions import StepFunctions

    return StepFunctions(
        aws, {machine: environ[name] for machine, name in environment.MACHINE_VARIABLES.items() if name in environ}
    )


def _search(aws: Aws, environ: Mapping[str, str]) -> Search:
    """OpenSearch if there is a URL of it, otherwise an index in a folder of this machine."""
    if environ.get(environment.SEARCH_URL):
        from oms.adapters.search.opensearch_search import OpenSearchSearch, signed_client

        return OpenSearchSearch(signed_client(environ[environment.SEARCH_URL], aws))
    from oms.adapters.search.tantivy_search import TantivySearch

    return TantivySearch(Path(environ[environment.SEARCH_FOLDER]))


def _reports(aws: Aws, environ: Mapping[str, str]) -> Reports:
    from oms.adapters.aws.s3_reports import S3Reports

    return S3Reports(aws, environ[environment.REPORTS_BUCKET])


class _Lazy:
    """A proxy that makes its adapter at the first call."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = RLock()

    def made(self) -> Any:
        with self._lock:
            if "_made" not in self.__dict__:
                self._made = self._make()
        return self._made

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.made(), name)
        setattr(self, name, method)  # the next call skips __getattr__
        return method


def load(port: object) -> None:
    """Make the adapter behind a port now, so that its first call needn't."""
    if isinstance(port, _Lazy):
        port.made()


def _lazily(make: Callable[[], T]) -> T:
    return cast(T, _Lazy(make))
