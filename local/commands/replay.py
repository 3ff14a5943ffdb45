"""make replay ORDER=…: replay an order's recorded executions under the definitions that are deployed now.

It calls nothing. It prints whether the deployed definitions would take, or will take, the same path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from api.identifiers import order_number
from asl.replay import ReplayResult, parse_history, replay
from asl.validation import parse_definition
from local.aws.resources import client
from local.commands.redrive import shop_environment
from oms.adapters.wiring import deps
from oms.declarations.environment import MACHINE_VARIABLES
from oms.domain.order import Order
from oms.ports import Orders


def main() -> int:
    console = Console(highlight=False)
    id_or_number = os.environ.get("ORDER")
    if not id_or_number:
        console.print("make replay: it needs ORDER=…, an id or a number", style="red")
        return 1
    environment = shop_environment("replay")
    order = find_order(deps(environment).orders, id_or_number)
    results = list(replay_executions(client("stepfunctions", environment), environment, order))
    for result in results:
        style = "green" if result.same and not result.affected else "red"
        console.print(str(result), style=style, markup=False, soft_wrap=True)
    return 0 if all(result.same and not result.affected for result in results) else 1


def find_order(orders: Orders, id_or_number: str) -> Order:
    number = order_number(id_or_number)
    return orders.numbered(number) if number else orders.get(id_or_number)


def replay_executions(states: Any, arns: Mapping[str, str], order: Order) -> Iterator[ReplayResult]:
    """The result for each execution of the order that Step Functions still keeps."""
    for machine, name in executions_of(order):
        arn = arns[MACHINE_VARIABLES[machine]]
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            pages = list(states.get_paginator("get_execution_history").paginate(executionArn=execution))
        except states.exceptions.ExecutionDoesNotExist:
            continue
        definition = parse_definition(states.describe_state_machine(stateMachineArn=arn)["definition"], any_task=True)
        events = [event for page in pages for event in page["events"]]
        yield replay(parse_history(events, name=f"{machine} {name}"), definition)


def executions_of(order: Order) -> Iterator[tuple[str, str]]:
    """State machine and name of each execution that can have worked on the order."""
    yield from (("NewOrder", order.id), ("FulfillOrder", order.id))
    yield from (("CancelOrder", name) for name in order.cancellations)
    yield from (("ReturnOrder", name) for name in order.returns)
    for successor in filter(None, order.replaced.values()):
        machine, _, name = successor.partition(":")
        yield machine, name


if __name__ == "__main__":
    sys.exit(main())
