"""Every name in a committed definition has an owner, and every definition follows the project's rules."""

import importlib
import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from oms.application.recovery.parked_execution import PATHS, ParkedExecution
from oms.application.steps.registry import STEPS
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


def pascal(name):
    return "".join(word.capitalize() for word in name.split("_"))


def task_function(name):
    return getattr(importlib.import_module(f"tasks.{snake(name)}"), snake(name))


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
    assert task_function(arn).__name__ == snake(arn)


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


def test_a_state_machine_about_no_order_fails_without_parking():
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
    sent = {key.removesuffix(".$") for key in command_of(state)}
    command = task_function(name).command
    taken = {field.name for field in fields(command)} | {"execution", "input"}
    needed = {field.name for field in fields(command) if field.default is MISSING}
    assert needed <= sent <= taken


@pytest.mark.parametrize("name", [name for name, declared in FUNCTIONS.items() if "schedule" not in declared])
def test_every_command_has_a_schema_of_its_fields(name):
    command = task_function(name).command
    assert command.__name__ == name
    schema = SCHEMAS[name]
    own = {field.name for field in fields(command)} - {"request_id", "by"}  # those are in the input
    assert set(schema["properties"]) == own | {"execution", "input"}
    assert set(schema["required"]) == {field.name for field in fields(command) if field.default is MISSING}


RESUMED = {
    ("NewOrder", "forward"): ["StartFulfillment"],
    ("NewOrder", "backward"): ["AbandonOrder", "VoidAuthorization", "ReleaseInventory", "RejectOrder"],
    ("NewOrder", "superseded"): [],
    ("FulfillOrder", "forward"): [
        "RequestShipment",
        "CapturePayment",
        "MarkShipped",
        "TrackDelivery",
        "MarkDelivered",
    ],
    ("FulfillOrder", "backward"): [
        "TakeOrder",
        "RecallShipment",
        "VoidAuthorization",
        "ReleaseInventory",
        "CompleteCancellation",
    ],
    ("FulfillOrder", "refund"): ["RefundPayment"],
    ("FulfillOrder", "superseded"): [],
    ("CancelOrder", "void"): [
        "TakeOrder",
        "RecallShipment",
        "VoidAuthorization",
        "ReleaseInventory",
        "CompleteCancellation",
    ],
    ("CancelOrder", "refund"): [
        "TakeOrder",
        "RecallShipment",
        "RefundPayment",
        "ReleaseInventory",
        "CompleteCancellation",
    ],
    ("CancelOrder", "none"): ["TakeOrder", "RecallShipment", "ReleaseInventory", "CompleteCancellation"],
    ("ReturnOrder", "forward"): [
        "AuthorizeReturn",
        "ExpectParcel",
        "InspectItems",
        "RefundPayment",
        "RestockItems",
        "CloseReturn",
    ],
}
"""By state machine and the value on which its Choice decides: the task states of a resumed execution."""


@pytest.mark.parametrize(("machine", "value"), [pytest.param(*each, id="-".join(each)) for each in RESUMED])
def test_a_preview_follows_the_state_machine(machine, value):
    parked = ParkedExecution("arn", machine, {"order_id": "ord_1"})
    tasks_on_path, state = [], "ParkOrder"
    while state := parked.next_task(state, lambda _: value):
        tasks_on_path.append(state)
    assert tasks_on_path == RESUMED[machine, value]


def test_the_resume_paths_are_those_of_the_committed_definitions():
    definitions = {pascal(path.name.partition(".")[0]): json.loads(path.read_text())["States"] for path in DEFINITIONS}
    paths = json.loads(PATHS.read_text())
    assert set(paths) == set(definitions) - {"Reconcile"}
    for machine, states in paths.items():
        for name, state in states.items():
            committed = definitions[machine][name]
            assert state["Type"] == committed["Type"]
            assert state["Type"] == "Pass" or state.get("Next") == committed.get("Next")
            assert state.get("Choices") == committed.get("Choices")
            assert [rule["Next"] for rule in state.get("Catch", ())] == [
                rule["Next"] for rule in committed.get("Catch", ())
            ]


def test_every_task_that_a_preview_reaches_has_a_step():
    for states in json.loads(PATHS.read_text()).values():
        names = {name for name, state in states.items() if state["Type"] == "Task"}
        assert names - STARTS - {"ParkOrder", "FindParcel"} <= set(STEPS)


def test_every_step_has_the_name_of_a_task():
    assert set(STEPS) <= set(FUNCTIONS)
