"""What each kind of function may do through each port: the one table of permissions.

A transaction needs no permission of its own beyond those of its parts. But for an audit, a repair
and what hangs off a stream, which may have to be built anew from all that there is, nothing here scans a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from infra.declared import CARRIER_SIGNATURE, GUESTS, PAYMENTS_SIGNATURE, Function, Kind, snake, tables

if TYPE_CHECKING:
    from infra.data import Data
    from infra.search import Search


@dataclass(frozen=True)
class Rule:
    """These actions on these things, by the names that ``Grants`` knows them under."""

    service: str
    actions: Sequence[str]
    things: Sequence[str]

    @property
    def full_actions(self) -> list[str]:
        return [f"{self.service}:{action}" for action in self.actions]


def items(table: str, *actions: str) -> Rule:
    return Rule("dynamodb", actions, [table])


def index(table: str, name: str) -> Rule:
    return Rule("dynamodb", ["Query"], [f"{table}/{name}"])


def start(*machines: str) -> Rule:
    return Rule("states", ["StartExecution"], machines)


def answer(machines: Sequence[str], *actions: str) -> Rule:
    """Answer the task tokens on which these machines wait."""
    return Rule("states", actions, machines)


ABOUT_ORDERS = ("NewOrder", "FulfillOrder", "CancelOrder", "ReturnOrder")
GO_ON = (
    start(*ABOUT_ORDERS),
    Rule("states", ["DescribeExecution", "RedriveExecution"], [f"{name}/executions" for name in ABOUT_ORDERS]),
)
REPORTS = (
    Rule("s3", ["GetObject", "PutObject"], ["reports/reconciliations"]),
    Rule("s3", ["ListBucket"], ["reports"]),  # else S3 says of what isn't there that it may not be read
)

WRITTEN = ("_alias/products-written", "_aliases", "_bulk", "products-*")
"""The paths of the search domain that an index is written and replaced by."""
TELL_GUESTS = Rule("secretsmanager", ["GetSecretValue"], ["guest secret"])

RULES: Mapping[Kind, Mapping[str, Sequence[Rule]]] = {
    Kind.TASK: {
        "orders": [items("orders", "GetItem", "PutItem", "UpdateItem", "ConditionCheckItem")],
        "inventory": [items("inventory", "Query", "PutItem", "UpdateItem")],
        "products": [items("products", "BatchGetItem")],
        "payments": [Rule("secretsmanager", ["GetSecretValue"], ["payments key"])],
        "carrier": [],
        "executions": [answer(["NewOrder", "FulfillOrder"], "SendTaskSuccess", "SendTaskFailure")],
    },
    Kind.AUDIT: {
        "orders": [items("orders", "GetItem", "PutItem")],
        "discounts": [items("orders", "GetItem", "Query")],
        "inventory": [items("inventory", "Scan", "Query", "BatchGetItem")],
        "reports": REPORTS,
    },
    Kind.REPAIR: {
        "orders": [
            items("orders", "GetItem", "Query", "PutItem", "UpdateItem"),
            Rule("dynamodb", ["Scan"], ["orders/by_customer"]),
        ],
        "credit": [items("orders", "Query")],
        "discounts": [items("orders", "Query")],
        "inventory": [items("inventory", "Query", "PutItem", "UpdateItem")],
        "payments": [Rule("secretsmanager", ["GetSecretValue"], ["payments key"])],
        "carrier": [],
        "executions": GO_ON,
        "reports": REPORTS,
    },
    Kind.CLOCK: {
        "orders": [index("orders", "by_queue")],
        "executions": [start("NewOrder")],
    },
    Kind.SERVICE: {
        "orders": [items("orders", "GetItem", "Query", "PutItem", "UpdateItem"), index("orders", "by_customer")],
        "discounts": [items("orders", "GetItem")],
        "credit": [items("orders", "Query"), index("orders", "by_credit")],
        "inventory": [items("inventory", "Query", "BatchGetItem")],
        "products": [items("products", "BatchGetItem")],
        "search": [Rule("es", ["ESHttpPost"], ["search"])],
        "executions": [
            start("NewOrder", "CancelOrder", "ReturnOrder"),
            Rule("states", ["DescribeExecution"], ["CancelOrder/executions", "ReturnOrder/executions"]),
            answer(["NewOrder", "ReturnOrder"], "SendTaskSuccess", "SendTaskFailure"),
        ],
        GUESTS: [TELL_GUESTS],
    },
    Kind.CATALOGUE: {
        "products": [items("products", "BatchGetItem"), index("products", "by_department")],
        "inventory": [items("inventory", "Query", "BatchGetItem")],
        "baskets": [items("baskets", "Query")],
    },
    Kind.CART: {
        "carts": [items("carts", "GetItem", "PutItem")],
        "orders": [items("orders", "GetItem", "PutItem", "UpdateItem")],
        "discounts": [items("orders", "GetItem")],
        "credit": [items("orders", "Query")],
        "inventory": [items("inventory", "Query", "BatchGetItem")],
        "products": [items("products", "BatchGetItem")],
        "executions": [start("NewOrder")],
        GUESTS: [TELL_GUESTS],
    },
    Kind.OPERATING: {
        "orders": [
            items("orders", "GetItem"),
            *(index("orders", name) for name in ("by_number", "by_queue")),
        ],
        "order_index": [items("orders", "BatchGetItem"), index("orders", "by_state"), items("order_index", "Query")],
        "discounts": [items("orders", "GetItem", "UpdateItem")],
        "credit": [items("orders", "GetItem", "Query", "PutItem", "UpdateItem"), index("orders", "by_credit")],
        "inventory": [items("inventory", "GetItem", "Query", "BatchGetItem", "PutItem", "UpdateItem")],
        "products": [items("products", "BatchGetItem", "PutItem")],
    },
    Kind.REDRIVE: {
        "orders": [items("orders", "GetItem", "Query", "PutItem", "UpdateItem"), index("orders", "by_queue")],
        "inventory": [items("inventory", "Query", "PutItem", "UpdateItem")],
        "payments": [Rule("secretsmanager", ["GetSecretValue"], ["payments key"])],
        "executions": GO_ON,
    },
    Kind.PAYMENT_EVENTS: {
        "orders": [items("orders", "GetItem", "PutItem")],
        "payments": [Rule("secretsmanager", ["GetSecretValue"], ["payments key"])],
        "executions": [start("CancelOrder")],
        PAYMENTS_SIGNATURE: [Rule("secretsmanager", ["GetSecretValue"], ["payments secret"])],
    },
    Kind.CALLBACK: {
        "orders": [items("orders", "GetItem", "PutItem")],
        CARRIER_SIGNATURE: [Rule("secretsmanager", ["GetSecretValue"], ["carrier secret"])],
        "executions": [
            answer(["FulfillOrder", "ReturnOrder"], "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat")
        ],
    },
    Kind.STREAM: {
        "orders": [items("orders", "GetItem"), Rule("dynamodb", ["Scan"], ["orders/by_customer"])],
        "order_index": [items("order_index", "BatchWriteItem")],
        "inventory": [items("inventory", "Query", "BatchGetItem")],
        "products": [items("products", "BatchGetItem", "Scan")],
        "baskets": [items("baskets", "BatchWriteItem")],
        "search": [
            Rule("es", ["ESHttpGet", "ESHttpHead"], ["search/_alias/products-written"]),
            Rule("es", ["ESHttpPost"], ["search/_aliases", "search/_bulk"]),
            Rule("es", ["ESHttpGet", "ESHttpPut", "ESHttpPost"], ["search/products-*"]),
        ],
    },
}
"""A task changes an order and answers whom that wakes; an audit reads all that there is of stock, and parks an order; a
repair reads every order, and does for it what its own machines would; the clock starts what was left lying; a service
does what people ask, one with a cart no more than order it, and operators ask more; a callback only passes on what
another company says, while the payment gateway's word may cancel an order, or mark it; and what hangs off a stream
copies what it hears of."""


class Grants:
    """Turns the ports that a function uses into its permissions and its environment."""

    def __init__(
        self,
        data: Data,
        machine_arns: Mapping[str, str],
        execution_arns: Mapping[str, str],
        carrier_url: str = "",
        search: Search | None = None,
    ) -> None:
        self._things = {
            **machine_arns,
            **table_arns(data),
            "payments key": data.payments_key.secret_arn,
            "payments secret": data.payments_secret.secret_arn,
            "carrier secret": data.carrier_secret.secret_arn,
            "guest secret": data.guest_secret.secret_arn,
            **(search_paths(search) if search else {}),
            "reports": data.reports.bucket_arn,
            "reports/reconciliations": data.reports.arn_for_objects("reconciliations/*"),
            **{f"{name}/executions": arn for name, arn in execution_arns.items()},
        }
        names = {name: {table.environment: data.tables[name].table_name} for name, table in tables().items()}
        self._environment: dict[str, dict[str, str]] = {
            **names,
            "orders": {**names["orders"], **names["inventory"]},  # the adapter of orders writes to both
            "discounts": names["orders"],
            "order_index": {**names["orders"], **names["order_index"]},
            "credit": names["orders"],
            "inventory": {**names["inventory"], "STOCK_SHARDS": data.stock_shards},
            "payments": {"PAYMENTS_API_KEY": data.payments_key.secret_arn},
            "carrier": {"CARRIER_URL": carrier_url},
            CARRIER_SIGNATURE: {"CARRIER_SECRET": data.carrier_secret.secret_arn},
            GUESTS: {"GUEST_SECRET": data.guest_secret.secret_arn},
            PAYMENTS_SIGNATURE: {"PAYMENTS_SECRET": data.payments_secret.secret_arn},
            "reports": {"REPORTS_BUCKET": data.reports.bucket_name},
            "search": {"SEARCH_URL": f"https://{search.domain.domain_endpoint}"} if search else {},
            "executions": {f"{snake(name).upper()}_ARN": arn for name, arn in machine_arns.items()},
        }

    def statements(self, function: Function) -> list[iam.PolicyStatement]:
        """Raises ``KeyError`` for a port that its kind of function has no business with."""
        rules = [rule for port in function.uses for rule in RULES[function.kind][port]]
        return [
            iam.PolicyStatement(actions=rule.full_actions, resources=[self._things[thing] for thing in rule.things])
            for rule in rules
        ]

    def environment(self, function: Function) -> dict[str, str]:
        return {name: value for port in function.uses for name, value in self._environment[port].items()}


def search_paths(search: Search) -> dict[str, str]:
    arn = search.domain.domain_arn
    return {"search": f"{arn}/products/_search", **{f"search/{path}": f"{arn}/{path}" for path in WRITTEN}}


def table_arns(data: Data) -> dict[str, str]:
    """The tables by name, and their indexes by ``table/index``."""
    arns = {name: table.table_arn for name, table in data.tables.items()}
    indexes = {
        f"{name}/{index}": f"{arns[name]}/index/{index}" for name, table in tables().items() for index in table.indexes
    }
    return {**arns, **indexes}
