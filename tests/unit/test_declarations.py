"""The declared files, as their one reader understands them."""

from __future__ import annotations

import ast
import sys

import pytest

from api import contract
from oms.declarations.environment import MACHINE_VARIABLES, port_variables, variables_of_ports
from oms.declarations.files import ROOT
from oms.declarations.functions import GUESTS, consumer_functions, task_functions
from oms.declarations.limits import GATEWAY_BODY_BYTES, GATEWAY_HEADER_BYTES, REQUEST_BODY_BYTES
from oms.declarations.machines import ABOUT_ORDERS, MACHINES, MachineDefinition, definitions, machine_schedules
from oms.declarations.names import pascal, snake
from oms.declarations.routes import routes
from oms.declarations.tables import tables

PACKAGE = ROOT / "oms" / "declarations"
FUNCTIONS = {**task_functions(), **contract.service_functions(), **consumer_functions()}


@pytest.mark.parametrize("name", [*FUNCTIONS, *MACHINES])
def test_a_name_survives_both_ways_of_writing_it(name: str) -> None:
    assert pascal(snake(name)) == name


def test_the_machines_are_those_that_have_a_definition() -> None:
    assert {definition.name for definition in definitions()} == set(MACHINES) == MACHINE_VARIABLES.keys()
    assert machine_schedules().keys() <= set(MACHINES)
    assert set(MACHINES) - set(ABOUT_ORDERS) == {"Reconcile"}


def test_a_placeholder_without_a_value_is_an_error() -> None:
    definition = MachineDefinition("NewOrder", '{"Resource": "${ReserveArn}", "Other": "${ChargeArn}"}')

    assert definition.placeholders == {"ReserveArn", "ChargeArn"}
    assert definition.substituted({"ReserveArn": "a", "ChargeArn": "b"}) == '{"Resource": "a", "Other": "b"}'
    with pytest.raises(KeyError, match="ChargeArn"):
        definition.substituted({"ReserveArn": "a"})


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_port_that_a_function_uses_has_variables(function) -> None:
    assert set(function.uses) <= port_variables().keys()


def test_an_order_s_variables_name_the_tables_of_its_transaction() -> None:
    assert variables_of_ports(["orders", "inventory"]) == ["ORDERS_TABLE", "INVENTORY_TABLE", "STOCK_SHARDS"]
    with pytest.raises(KeyError, match="warehouse"):
        variables_of_ports(["warehouse"])


def test_every_table_is_some_port_s() -> None:
    variables = {variable for variables in port_variables().values() for variable in variables}

    assert {table.variable for table in tables().values()} <= variables


def test_a_service_with_a_route_for_guests_can_verify_their_tokens() -> None:
    for name, function in contract.service_functions().items():
        takes_guests = any(route.guest for route in routes(contract.document()) if route.function == name)
        assert (GUESTS in function.uses) == (takes_guests or name == "Carts"), name


def test_the_contract_s_prose_states_the_limits_that_hold() -> None:
    document = contract.document()
    examples, responses = document["components"]["examples"], document["components"]["responses"]
    limit = REQUEST_BODY_BYTES

    assert f"larger than {limit} bytes" in examples["body-too-large"]["value"]["detail"]
    assert f"larger than {GATEWAY_HEADER_BYTES} bytes" in examples["headers-too-large"]["value"]["detail"]
    quota = f"{GATEWAY_BODY_BYTES // 1024**2} MB"
    assert f"over {limit // 1024} KB. Beyond {quota}" in responses["BodyTooLarge"]["description"]
    assert f"a body over {quota}" in document["info"]["description"]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_the_reader_imports_only_the_standard_library(path) -> None:
    """The CDK app, which has an environment of its own, imports it too."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            assert module.startswith("oms.declarations") or module.split(".")[0] in sys.stdlib_module_names
