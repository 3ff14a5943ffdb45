"""The one table of permissions: what each kind of function may do through each port that it uses.

A transaction needs no permission beyond those of its actions. Only audits, repairs and stream consumers, which may have
to read everything, scan a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.contract import api_routes
from oms.declarations.functions import CARRIER_SIGNATURE, GUESTS, PAYMENTS_SIGNATURE, FunctionDeclaration
from oms.declarations.machines import ABOUT_ORDERS
from oms.declarations.sign_in import OPERATORS


class FunctionKind(StrEnum):
    """A row of the table."""

    TASK = "task"
    """Changes one order, and completes the task tokens that wait for the change."""
    AUDIT = "audit"
    """Reads all stock, and parks an order whose ledgers disagree."""
    REPAIR = "repair"
    """Reads every order, and does for it what its own machines would."""
    SCHEDULED = "scheduled"
    """Starts the executions that should have been started."""
    SERVICE = "service"
    CART = "cart"
    """A service with a cart, which can do no more than order it."""
    CATALOGUE = "catalogue"
    """A service that shows the catalogue."""
    OPERATORS = "operators"
    """A service for operators alone."""
    REDRIVE = "redrive"
    """A service for operators, which redrives executions too."""
    PAYMENT_EVENTS = "payment events"
    """The payment provider's webhook, which may cancel an order, or record a dispute."""
    CARRIER_EVENTS = "carrier events"
    """The carrier's webhook, which completes task tokens."""
    CONSUMER = "consumer"
    """Copies what a stream reports into an index."""


def function_kind(function: FunctionDeclaration) -> FunctionKind:
    if function.module.startswith("tasks."):
        return _task_kind(function)
    return FunctionKind.CONSUMER if function.streams else _service_kind(function)


def _task_kind(function: FunctionDeclaration) -> FunctionKind:
    if function.audits:
        return FunctionKind.AUDIT
    if function.repairs:
        return FunctionKind.REPAIR
    return FunctionKind.SCHEDULED if function.schedule else FunctionKind.TASK


def _service_kind(function: FunctionDeclaration) -> FunctionKind:
    if function.redrives:
        return FunctionKind.REDRIVE
    if all(route.groups == {OPERATORS} for route in api_routes() if route.function == function.name):
        return FunctionKind.OPERATORS
    by_port = {
        CARRIER_SIGNATURE: FunctionKind.CARRIER_EVENTS,
        PAYMENTS_SIGNATURE: FunctionKind.PAYMENT_EVENTS,
        "carts": FunctionKind.CART,
        "baskets": FunctionKind.CATALOGUE,
    }
    return next((kind for port, kind in by_port.items() if port in function.uses), FunctionKind.SERVICE)


@dataclass(frozen=True)
class Permission:
    """Actions of a service on resources. ``resources`` are keys of the ARNs that ``Grants`` is given."""

    service: str
    actions: Sequence[str]
    resources: Sequence[str]

    @property
    def full_actions(self) -> list[str]:
        return [f"{self.service}:{action}" for action in self.actions]


def on_table(table: str, *actions: str) -> Permission:
    return Permission("dynamodb", actions, [table])


def query_index(table: str, index: str) -> Permission:
    return Permission("dynamodb", ["Query"], [f"{table}/{index}"])


def read_secret(name: str) -> Permission:
    return Permission("secretsmanager", ["GetSecretValue"], [name])


def start_executions(*machines: str) -> Permission:
    return Permission("states", ["StartExecution"], machines)


def complete_tokens(machines: Sequence[str], *actions: str) -> Permission:
    """Complete the task tokens on which executions of these machines wait."""
    return Permission("states", actions, machines)


RESUME_EXECUTIONS = (
    start_executions(*ABOUT_ORDERS),
    Permission("states", ["DescribeExecution", "RedriveExecution"], [f"{name}/executions" for name in ABOUT_ORDERS]),
)
REPORTS = (
    Permission("s3", ["GetObject", "PutObject"], ["reports/reconciliations"]),
    Permission("s3", ["ListBucket"], ["reports"]),  # without it S3 answers 403 for an object that doesn't exist
)
SEARCH_WRITE_PATHS = ("_alias/products-written", "_aliases", "_bulk", "products-*")
"""The paths of the search domain by which an index is written and replaced."""

PERMISSIONS: Mapping[FunctionKind, Mapping[str, Sequence[Permission]]] = {
    FunctionKind.TASK: {
        "orders": [on_table("orders", "GetItem", "PutItem", "UpdateItem", "ConditionCheckItem")],
        "inventory": [on_table("inventory", "Query", "PutItem", "UpdateItem")],
        "products": [on_table("products", "BatchGetItem")],
        "payments": [read_secret("payments key")],
        "carrier": [],
        "executions": [complete_tokens(["NewOrder", "FulfillOrder"], "SendTaskSuccess", "SendTaskFailure")],
    },
    FunctionKind.AUDIT: {
        "orders": [on_table("orders", "GetItem", "PutItem")],
        "discounts": [on_table("orders", "GetItem", "Query")],
        "inventory": [on_table("inventory", "Scan", "Query", "BatchGetItem")],
        "reports": REPORTS,
    },
    FunctionKind.REPAIR: {
        "orders": [
            on_table("orders", "GetItem", "Query", "PutItem", "UpdateItem"),
            Permission("dynamodb", ["Scan"], ["orders/by_customer"]),
        ],
        "credit": [on_table("orders", "Query")],
        "discounts": [on_table("orders", "Query")],
        "inventory": [on_table("inventory", "Query", "PutItem", "UpdateItem")],
        "payments": [read_secret("payments key")],
        "carrier": [],
        "executions": RESUME_EXECUTIONS,
        "reports": REPORTS,
    },
    FunctionKind.SCHEDULED: {
        "orders": [query_index("orders", "by_queue")],
        "executions": [start_executions("NewOrder")],
    },
    FunctionKind.SERVICE: {
        "orders": [
            on_table("orders", "GetItem", "Query", "PutItem", "UpdateItem"),
            query_index("orders", "by_customer"),
        ],
        "discounts": [on_table("orders", "GetItem")],
        "credit": [on_table("orders", "Query"), query_index("orders", "by_credit")],
        "inventory": [on_table("inventory", "Query", "BatchGetItem")],
        "products": [on_table("products", "BatchGetItem")],
        "search": [Permission("es", ["ESHttpPost"], ["search"])],
        "executions": [
            start_executions("NewOrder", "CancelOrder", "ReturnOrder"),
            Permission("states", ["DescribeExecution"], ["CancelOrder/executions", "ReturnOrder/executions"]),
            complete_tokens(["NewOrder", "ReturnOrder"], "SendTaskSuccess", "SendTaskFailure"),
        ],
        GUESTS: [read_secret("guest secret")],
    },
    FunctionKind.CATALOGUE: {
        "products": [on_table("products", "BatchGetItem"), query_index("products", "by_department")],
        "inventory": [on_table("inventory", "Query", "BatchGetItem")],
        "baskets": [on_table("baskets", "Query")],
    },
    FunctionKind.CART: {
        "carts": [on_table("carts", "GetItem", "PutItem")],
        "orders": [on_table("orders", "GetItem", "PutItem", "UpdateItem")],
        "discounts": [on_table("orders", "GetItem")],
        "credit": [on_table("orders", "Query")],
        "inventory": [on_table("inventory", "Query", "BatchGetItem")],
        "products": [on_table("products", "BatchGetItem")],
        "executions": [start_executions("NewOrder")],
        GUESTS: [read_secret("guest secret")],
    },
    FunctionKind.OPERATORS: {
        "orders": [
            on_table("orders", "GetItem"),
            *(query_index("orders", name) for name in ("by_number", "by_queue")),
        ],
        "order_index": [
            on_table("orders", "BatchGetItem"),
            query_index("orders", "by_state"),
            on_table("order_index", "Query"),
        ],
        "discounts": [on_table("orders", "GetItem", "UpdateItem")],
        "credit": [on_table("orders", "GetItem", "Query", "PutItem", "UpdateItem"), query_index("orders", "by_credit")],
        "inventory": [on_table("inventory", "GetItem", "Query", "BatchGetItem", "PutItem", "UpdateItem")],
        "products": [on_table("products", "BatchGetItem", "PutItem")],
    },
    FunctionKind.REDRIVE: {
        "orders": [on_table("orders", "GetItem", "Query", "PutItem", "UpdateItem"), query_index("orders", "by_queue")],
        "inventory": [on_table("inventory", "Query", "PutItem", "UpdateItem")],
        "payments": [read_secret("payments key")],
        "executions": RESUME_EXECUTIONS,
    },
    FunctionKind.PAYMENT_EVENTS: {
        "orders": [on_table("orders", "GetItem", "PutItem")],
        "payments": [read_secret("payments key")],
        "executions": [start_executions("CancelOrder")],
        PAYMENTS_SIGNATURE: [read_secret("payments secret")],
    },
    FunctionKind.CARRIER_EVENTS: {
        "orders": [on_table("orders", "GetItem", "PutItem")],
        CARRIER_SIGNATURE: [read_secret("carrier secret")],
        "executions": [
            complete_tokens(["FulfillOrder", "ReturnOrder"], "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat")
        ],
    },
    FunctionKind.CONSUMER: {
        "orders": [on_table("orders", "GetItem"), Permission("dynamodb", ["Scan"], ["orders/by_customer"])],
        "order_index": [on_table("order_index", "BatchWriteItem")],
        "inventory": [on_table("inventory", "Query", "BatchGetItem")],
        "products": [on_table("products", "BatchGetItem", "Scan")],
        "baskets": [on_table("baskets", "BatchWriteItem")],
        "search": [
            Permission("es", ["ESHttpGet", "ESHttpHead"], ["search/_alias/products-written"]),
            Permission("es", ["ESHttpPost"], ["search/_aliases", "search/_bulk"]),
            Permission("es", ["ESHttpGet", "ESHttpPut", "ESHttpPost"], ["search/products-*"]),
        ],
    },
}
