"""The environment variables of each port, for the one-machine stack, the CDK app and ``oms.adapters.wiring``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from oms.declarations.functions import CARRIER_SIGNATURE, GUESTS, PAYMENTS_SIGNATURE
from oms.declarations.machines import MACHINES
from oms.declarations.names import snake
from oms.declarations.tables import tables

MACHINE_VARIABLES = {machine: f"{snake(machine).upper()}_ARN" for machine in MACHINES}
"""The variable that holds the ARN of each state machine."""
STOCK_SHARDS = "STOCK_SHARDS"
PAYMENTS_URL, PAYMENTS_API_KEY, PAYMENTS_SECRET = "PAYMENTS_URL", "PAYMENTS_API_KEY", "PAYMENTS_SECRET"
CARRIER_URL, CARRIER_SECRET = "CARRIER_URL", "CARRIER_SECRET"
GUEST_SECRET = "GUEST_SECRET"
REPORTS_BUCKET = "REPORTS_BUCKET"
SEARCH_URL, SEARCH_FOLDER = "SEARCH_URL", "SEARCH_FOLDER"
"""The search domain on AWS, and the folder of the index on one machine."""
AWS_ONLY, ONE_MACHINE_ONLY = frozenset({SEARCH_URL}), frozenset({PAYMENTS_URL, SEARCH_FOLDER})


@cache
def port_variables() -> Mapping[str, tuple[str, ...]]:
    """The variables of each port."""
    table = {name: declared.variable for name, declared in tables().items()}
    return {
        **{name: (variable,) for name, variable in table.items()},
        "orders": (table["orders"], table["inventory"]),  # an order and its stock move in one transaction
        "discounts": (table["orders"],),
        "credit": (table["orders"],),
        "order_index": (table["orders"], table["order_index"]),
        "inventory": (table["inventory"], STOCK_SHARDS),
        "payments": (PAYMENTS_URL, PAYMENTS_API_KEY),
        "carrier": (CARRIER_URL,),
        "executions": tuple(MACHINE_VARIABLES.values()),
        "search": (SEARCH_URL, SEARCH_FOLDER),
        "reports": (REPORTS_BUCKET,),
        CARRIER_SIGNATURE: (CARRIER_SECRET,),
        PAYMENTS_SIGNATURE: (PAYMENTS_SECRET,),
        GUESTS: (GUEST_SECRET,),
    }


def variables_of_ports(ports: Iterable[str]) -> list[str]:
    """The variables of all these ports, each once. Raises ``KeyError`` for a port that isn't declared."""
    return list(dict.fromkeys(variable for port in ports for variable in port_variables()[port]))
