"""Which environment variables each function gets."""

from __future__ import annotations

from collections.abc import Mapping

from api.contract import operations
from local.aws.functions import consumers, services, tasks
from oms.adapters.tables import tables
from oms.adapters.wiring import MACHINES


def variables_of(function: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a function gets on AWS too: those of the ports it uses, and the standard ones."""
    declared = {**services(), **tasks(), **consumers()}
    named = {name: [table.environment] for name, table in tables().items()}
    by_port = {
        **named,
        "orders": [*named["orders"], *named["inventory"]],  # the adapter of orders writes to both
        "discounts": named["orders"],
        "credit": named["orders"],
        "order_index": [*named["orders"], *named["order_index"]],
        "inventory": [*named["inventory"], "STOCK_SHARDS"],
        "payments": ["PAYMENTS_URL", "PAYMENTS_API_KEY"],
        "carrier": ["CARRIER_URL"],
        "executions": list(MACHINES.values()),
        "carrier_signature": ["CARRIER_SECRET"],
        "payments_signature": ["PAYMENTS_SECRET"],
        "search": ["SEARCH_FOLDER"],
        "reports": ["REPORTS_BUCKET"],
    }
    names = {variable for port in declared[function]["uses"] for variable in by_port[port]}
    if any(each.guest for each in operations().values() if each.handler == function):
        names.add("GUEST_SECRET")
    return {name: value for name, value in environment.items() if name in names or name.startswith("AWS_")}
