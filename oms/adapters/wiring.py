"""Puts the adapters behind the ports, from environment variables. The one place that knows them all.

An adapter is imported, and reads its variables, when it is first called: a function needs those of the ports that it
uses, and pays for no other. So ``KeyError`` names what a function lacks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from oms.adapters.clients import Aws
from oms.adapters.clock import SystemClock
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
    from oms.adapters.stock_shards import Shards

T = TypeVar("T")

MACHINES = {
    "NewOrder": "NEW_ORDER_ARN",
    "FulfillOrder": "FULFILL_ORDER_ARN",
    "CancelOrder": "CANCEL_ORDER_ARN",
    "ReturnOrder": "RETURN_ORDER_ARN",
    "Reconcile": "RECONCILE_ARN",
}
TABLES = ("ORDERS_TABLE", "INVENTORY_TABLE", "PRODUCTS_TABLE", "CARTS_TABLE", "BASKETS_TABLE", "ORDER_INDEX_TABLE")
EDGES = ("PAYMENTS_URL", "PAYMENTS_API_KEY", "CARRIER_URL", "SEARCH_URL", "SEARCH_FOLDER", "REPORTS_BUCKET")
AWS = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SFN",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_S3",
    "AWS_NO_SIGN_REQUEST",
)
NAMES = (*TABLES, "STOCK_SHARDS", *EDGES, *MACHINES.values(), *AWS)

LEAST_SECRET_LENGTH = 16
STRIPE = "https://api.stripe.com"
PAYMENTS_SECONDS = 4.0
"""An authorization is two calls, in a function that may take ten seconds."""


def deps(environ: Mapping[str, str] = os.environ) -> Deps:
    """Everything outside, as these variables say; the same for the same ones."""
    return _deps(tuple((name, environ[name]) for name in NAMES if name in environ))


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret that a variable holds, or, on AWS, names by its ARN in Secrets Manager."""
    value = environ[name]
    return _kept_secret(value, Aws.of(environ)) if value.startswith("arn:") else value


_kept_secret = cache(lambda arn, aws: aws.secret(arn))


def signing_key(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A secret that signs. Raises ``ValueError`` if it is too short for that: with an empty one anybody could sign."""
    key = secret(name, environ)
    if len(key) < LEAST_SECRET_LENGTH:
        raise ValueError(f"{name} holds no secret of {LEAST_SECRET_LENGTH} characters or more")
    return key


@cache
def _deps(settings: tuple[tuple[str, str], ...]) -> Deps:
    environ = dict(settings)
    aws = Aws.of(environ)
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


def _orders(aws: Aws, environ: Mapping[str, str]) -> Orders:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_orders import DynamoOrders

    names = environ["ORDERS_TABLE"], environ["INVENTORY_TABLE"], environ.get("CARTS_TABLE", "")
    return DynamoOrders(DynamoDB(aws.dynamodb()), *names, _shards(environ))


def _inventory(aws: Aws, environ: Mapping[str, str]) -> Inventory:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_inventory import DynamoInventory

    return DynamoInventory(DynamoDB(aws.dynamodb()), environ["INVENTORY_TABLE"], _shards(environ))


def _shards(environ: Mapping[str, str]) -> Shards:
    from oms.adapters.stock_shards import Shards

    return Shards.of(environ.get("STOCK_SHARDS", ""))


def _products(aws: Aws, environ: Mapping[str, str]) -> Products:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_products import DynamoProducts

    return DynamoProducts(DynamoDB(aws.dynamodb()), environ["PRODUCTS_TABLE"])


def _carts(aws: Aws, environ: Mapping[str, str]) -> Carts:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_carts import DynamoCarts

    return DynamoCarts(DynamoDB(aws.dynamodb()), environ["CARTS_TABLE"])


def _baskets(aws: Aws, environ: Mapping[str, str]) -> Baskets:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_baskets import DynamoBaskets

    return DynamoBaskets(DynamoDB(aws.dynamodb()), environ["BASKETS_TABLE"])


def _discounts(aws: Aws, environ: Mapping[str, str]) -> Discounts:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_discounts import DynamoDiscounts

    return DynamoDiscounts(DynamoDB(aws.dynamodb()), environ["ORDERS_TABLE"])


def _credit(aws: Aws, environ: Mapping[str, str]) -> Credit:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_credit import DynamoCredit

    return DynamoCredit(DynamoDB(aws.dynamodb()), environ["ORDERS_TABLE"])


def _order_index(aws: Aws, environ: Mapping[str, str]) -> OrderIndex:
    from oms.adapters.dynamodb import DynamoDB
    from oms.adapters.dynamodb_order_index import DynamoOrderIndex

    return DynamoOrderIndex(DynamoDB(aws.dynamodb()), environ["ORDERS_TABLE"], environ["ORDER_INDEX_TABLE"])


def _payments(environ: Mapping[str, str]) -> Payments:
    from oms.adapters.stripe_payments import StripePayments

    url = environ.get("PAYMENTS_URL") or STRIPE
    return StripePayments(secret("PAYMENTS_API_KEY", environ), url, PAYMENTS_SECONDS)


def _carrier(environ: Mapping[str, str]) -> Carrier:
    from oms.adapters.http_carrier import HttpCarrier

    return HttpCarrier(environ["CARRIER_URL"])


def _executions(aws: Aws, environ: Mapping[str, str]) -> Executions:
    from oms.adapters.executions import StepFunctions

    return StepFunctions(aws, {machine: environ[name] for machine, name in MACHINES.items() if name in environ})


def _search(aws: Aws, environ: Mapping[str, str]) -> Search:
    """OpenSearch where there is a URL of it, or else an index in a folder of this machine."""
    if environ.get("SEARCH_URL"):
        from oms.adapters.opensearch_search import OpenSearchSearch, signed_client

        return OpenSearchSearch(signed_client(environ["SEARCH_URL"], aws))
    from oms.adapters.tantivy_search import TantivySearch

    return TantivySearch(Path(environ["SEARCH_FOLDER"]))


def _reports(aws: Aws, environ: Mapping[str, str]) -> Reports:
    from oms.adapters.s3_reports import S3Reports

    return S3Reports(aws, environ["REPORTS_BUCKET"])


class _Lazy:
    """Stands for an adapter until its first call."""

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
        setattr(self, name, method)  # found at once from now on
        return method


def load(port: object) -> None:
    """Make the adapter behind a port now, for who would not wait for it at its first call."""
    if isinstance(port, _Lazy):
        port.made()


def _lazily(make: Callable[[], T]) -> T:
    return cast(T, _Lazy(make))
