"""Every name in a committed definition has an owner, and every rule of the house holds in each."""

import importlib
import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from oms.application.recovery.resume_plan import WAYS
from oms.declarations.names import snake
from oms.domain.errors import leaves

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "workflows" / "definitions").glob("*.asl.json"))
FUNCTIONS = json.loads((ROOT / "tasks" / "functions.json").read_text())
SCHEMAS = json.loads((ROOT / "tasks" / "commands.schema.json").read_text())["$defs"]
MACHINES = {"FulfillOrder", "Reconcile"}
STARTS = {"StartFulfillment", "GoOnElsewhere"}
ERRORS = {leaf.__name__ for leaf in leaves()}
AWS_ERRORS = re.compile(r"(States|Lambda|StepFunctions|Sandbox)\.\w+")


def states():
    for path in DEFINITIONS:
        for name, state in json.loads(path.read_text())["States"].items():
            yield pytest.param(name, state, id=f"{path.name.partition('.')[0]}:{name}")


def tasks():
    return [param for param in states() if param.values[1]["Type"] == "Task"]


def command_of(state):
    parameters = state["Parameters"]
    return parameters.get("Payload", parameters)


def test_there_are_four_machines_about_an_order_and_one_about_all():
    assert [path.name for path in DEFINITIONS] == [
        "cancel_order.asl.json",
        "fulfill_order.asl.json",
        "new_order.asl.json",
        "reconcile.asl.json",
        "return_order.asl.json",
    ]


@pytest.mark.parametrize(("name", "state"), tasks())
def test_every_placeholder_names_a_task_or_a_machine_and_a_task_has_its_state_s_name(name, state):
    (arn,) = re.findall(r"\$\{(\w+)Arn\}", json.dumps(state))
    if arn in MACHINES:
        return
    assert arn == name
    assert arn in FUNCTIONS
    assert hasattr(importlib.import_module(f"tasks.{snake(arn)}"), "handler")


def test_every_task_function_is_some_state_s_or_has_a_schedule():
    used = {param.values[0] for param in tasks()}
    assert {name for name, declared in FUNCTIONS.items() if "schedule" not in declared} == used - STARTS


@pytest.mark.parametrize(("name", "state"), tasks())
def test_every_error_that_is_named_is_a_leaf_of_the_tree_or_aws_s(name, state):
    for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
        for error in rule["ErrorEquals"]:
            assert error in ERRORS or AWS_ERRORS.fullmatch(error), f"{name} names {error}"


def about_an_order():
    return [param for param in tasks() if not param.id.startswith("reconcile:")]


@pytest.mark.parametrize(("name", "state"), about_an_order())
def test_every_task_catches_everything_but_the_one_that_parks(name, state):
    caught = [error for catch in state.get("Catch", []) for error in catch["ErrorEquals"]]
    assert ("States.ALL" in caught) == (name != "ParkOrder")
    assert "States.ALL" not in caught[:-1]


def test_what_is_about_no_order_fails_where_it_stands():
    states = json.loads((ROOT / "workflows" / "definitions" / "reconcile.asl.json").read_text())["States"]
    caught = {error for state in states.values() for catch in state.get("Catch", []) for error in catch["ErrorEquals"]}
    assert caught == {"StepFunctions.ExecutionAlreadyExistsException"}


@pytest.mark.parametrize(("name", "state"), tasks())
def test_every_retry_backs_off_with_full_jitter(name, state):
    for retrier in state["Retry"]:
        assert retrier["JitterStrategy"] == "FULL" or retrier["MaxAttempts"] == 0
        assert retrier["BackoffRate"] > 1


@pytest.mark.parametrize(("name", "state"), tasks())
def test_every_task_has_a_deadline(name, state):
    assert state["TimeoutSeconds"] > 0


@pytest.mark.parametrize(("name", "state"), [param for param in tasks() if param.values[0] in FUNCTIONS])
def test_every_command_is_what_its_task_takes(name, state):
    asked = {key.removesuffix(".$") for key in command_of(state)}
    handler = importlib.import_module(f"tasks.{snake(name)}").handler
    taken = {field.name for field in fields(handler.command)} | {"execution", "input"}
    needed = {field.name for field in fields(handler.command) if field.default is MISSING}
    assert needed <= asked <= taken


@pytest.mark.parametrize("name", [name for name, declared in FUNCTIONS.items() if "schedule" not in declared])
def test_every_command_has_a_schema_of_its_fields(name):
    command = importlib.import_module(f"tasks.{snake(name)}").handler.command
    assert command.__name__ == name
    schema = SCHEMAS[name]
    own = {field.name for field in fields(command)} - {"request_id", "by"}  # those are in the input
    assert set(schema["properties"]) == own | {"execution", "input"}
    assert set(schema["required"]) == {field.name for field in fields(command) if field.default is MISSING}


def led_to(states, name):
    """Where a state that succeeds leads to; a Choice to all that it can."""
    state = states[name]
    if state["Type"] == "Choice":
        return {rule["Next"] for rule in state["Choices"]} | {state["Default"]}
    return {state["Next"]}


@pytest.mark.parametrize(
    ("machine", "way"), [pytest.param(*each, id="-".join(each)) for each in ((m, w) for m in WAYS for w in WAYS[m])]
)
def test_the_way_that_a_dry_run_takes_is_the_machine_s(machine, way):
    states = json.loads((ROOT / "workflows" / "definitions" / f"{snake(machine)}.asl.json").read_text())["States"]
    first, *rest = WAYS[machine][way]
    (after_parking,) = led_to(states, "ParkOrder")
    if after_parking == "Resume":
        (after_parking,) = [each["Next"] for each in states["Resume"]["Choices"] if each["StringEquals"] == way]
    assert after_parking == first
    at = {first}
    for following in rest:
        assert all(each == following or following in led_to(states, each) for each in at)
        at = led_to(states, following) if states[following]["Type"] == "Choice" else {following}
    ends = led_to(states, rest[-1] if rest else first)
    assert all(states[end]["Type"] == "Pass" and states[end].get("End") for end in ends)
