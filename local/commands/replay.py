"""make replay ORDER=…: an order's executions once more, as they were recorded, under the definitions that are deployed.

A dry run: nothing is called. It says whether what is deployed now would have gone, or will go, the same way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from api.identifiers import order_number
from asl.replay import Verdict, recording, replay
from asl.validation import check
from local.aws import resources as cloud
from local.commands.redrive import environment_of_shop
from oms.adapters.wiring import deps
from oms.declarations.environment import MACHINE_VARIABLES
from oms.domain.order import Order
from oms.ports import Orders


def main() -> int:
    console = Console(highlight=False)
    environment, wanted = environment_of_shop(), os.environ.get("ORDER")
    if environment is None or not wanted:
        console.print("make replay: it needs ORDER=…, an id or a number, and a shop: make run first", style="red")
        return 1
    states = cloud.client("stepfunctions", environment)
    verdicts = list(replayed(states, environment, found(deps(environment).orders, wanted)))
    for verdict in verdicts:
        style = "green" if verdict.same and not verdict.affected else "red"
        console.print(str(verdict), style=style, markup=False, soft_wrap=True)
    return 0 if all(verdict.same and not verdict.affected for verdict in verdicts) else 1


def found(orders: Orders, wanted: str) -> Order:
    number = order_number(wanted)
    return orders.numbered(number) if number else orders.get(wanted)


def replayed(states: Any, arns: Mapping[str, str], order: Order) -> Iterator[Verdict]:
    """Of each execution that worked on the order, so far as Step Functions still knows it."""
    for machine, name in worked_on(order):
        arn = arns[MACHINE_VARIABLES[machine]]
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            pages = list(states.get_paginator("get_execution_history").paginate(executionArn=execution))
        except states.exceptions.ExecutionDoesNotExist:
            continue
        definition = check(states.describe_state_machine(stateMachineArn=arn)["definition"], any_task=True)
        events = [event for page in pages for event in page["events"]]
        yield replay(recording(events, name=f"{machine} {name}"), definition)


def worked_on(order: Order) -> Iterator[tuple[str, str]]:
    yield from (("NewOrder", order.id), ("FulfillOrder", order.id))
    yield from (("CancelOrder", name) for name in order.cancellations)
    yield from (("ReturnOrder", name) for name in order.returns)
    for successor in filter(None, order.replaced.values()):
        machine, _, name = successor.partition(":")
        yield machine, name


if __name__ == "__main__":
    sys.exit(main())
