"""Functions: code, layer and environment, and the ports that they declare are those that their code uses."""

import re
import sys

import pytest

from infra.contract import service_functions
from oms.declarations.files import ROOT
from oms.declarations.functions import (
    CARRIER_SIGNATURE,
    GUESTS,
    PAYMENTS_SIGNATURE,
    consumer_functions,
    task_functions,
)
from oms.declarations.machines import definitions, machine_schedules
from oms.declarations.names import pascal, snake
from oms.declarations.tables import tables
from tests.infra.cloud import machine_arn
from tests.infra.reachable import reachable_source

DECLARED = (*task_functions().values(), *service_functions().values(), *consumer_functions().values())
PORTS = (
    "orders",
    "inventory",
    "products",
    "carts",
    "payments",
    "carrier",
    "executions",
    "search",
    "reports",
    "baskets",
    "discounts",
    "credit",
    "order_index",
)
BEHIND = {
    "CARRIER_SECRET": CARRIER_SIGNATURE,
    "wiring.verify_payment_webhook(": PAYMENTS_SIGNATURE,
    "commit(": "orders",
    " /guest/": GUESTS,
}
"""What stands for a port in code that doesn't name it."""
PACKAGES = {
    "yaml": "pyyaml",
    "jwt": "pyjwt",
    "aws_lambda_powertools": "aws-lambda-powertools",
    "aws_xray_sdk": "aws-xray-sdk",
    "opensearchpy": "opensearch-py",
}
ENDPOINTS = {
    "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.AWS::Region.AWS::URLSuffix",
    "AWS_ENDPOINT_URL_SFN": "https://states.AWS::Region.AWS::URLSuffix",
}
SECONDS = {"SignUp": 5, **{function.name: 300 for function in consumer_functions().values()}}
ELSEWHERE = {"tantivy"}
"""What only the one-machine stack's adapters import."""


@pytest.mark.parametrize("function", DECLARED, ids=lambda function: function.name)
def test_a_function_declares_the_ports_that_its_code_names(function):
    text = reachable_source(function.module)
    named = {port for port in PORTS if f"deps.{port}." in text} | {
        port for sign, port in BEHIND.items() if sign in text
    }
    assert named <= set(function.uses)
    assert set(function.uses) - named <= {"inventory"}, "only the adapter of orders moves stock unnamed"


def test_every_function_has_a_runtime_a_limit_and_a_trace(cloud):
    for name, function in cloud.of_type("AWS::Lambda::Function").items():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert function["Timeout"] == SECONDS.get(name.removeprefix("Functions"), 10)
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert cloud.read(function["Layers"]) == ["FunctionsDependencies"]


def test_every_handler_is_in_the_code_and_nothing_but_the_shop_is(cloud, assembly):
    for function in cloud.of_type("AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        code = assembly / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
        assert (code / module.replace(".", "/")).with_suffix(".py").is_file()
        assert name == entry_point(module)
        assert {path.name for path in code.iterdir()} == {"oms", module.partition(".")[0]}
        assert not [*code.rglob("__pycache__"), *code.rglob("*.pyc")]


def entry_point(module):
    folder, _, name = module.partition(".")
    return {"tasks": name, "analytics": "handler", "api": "handler" if name == "sign_up" else "service"}[folder]


def test_the_layer_holds_what_the_code_imports():
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements/lambda.txt").read_text(), re.MULTILINE))
    ours = {"oms", "tasks", "api", "analytics"}
    for folder in ("oms", "tasks", "api", "analytics"):
        for path in (ROOT / folder).rglob("*.py"):
            for module in imported(path.read_text()) - ours - ELSEWHERE:
                assert PACKAGES.get(module, module) in locked, f"{path} imports {module}"


def imported(text):
    modules = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
    return set(modules) - sys.stdlib_module_names


@pytest.mark.parametrize("function", DECLARED, ids=lambda function: function.name)
def test_a_function_s_environment_names_what_it_uses(cloud, function):
    made = cloud.of_type("AWS::Lambda::Function")[f"Functions{function.name}"]
    variables_of_function = cloud.read(made.get("Environment", {}).get("Variables", {}))
    expected = dict(ENDPOINTS)
    for port in function.uses:
        expected |= variables(port)
    assert variables_of_function == expected


def variables(port):
    names = {name: {table.variable: pascal(name)} for name, table in tables().items()}
    machines = {f"{snake(each.name).upper()}_ARN": machine_arn(each.name) for each in definitions()}
    return {
        **names,
        "orders": names["orders"] | names["inventory"],
        "discounts": names["orders"],
        "credit": names["orders"],
        "order_index": names["orders"] | names["order_index"],
        "inventory": names["inventory"] | {"STOCK_SHARDS": "*=1"},
        "payments": {"PAYMENTS_API_KEY": "PaymentsKey"},
        "carrier": {"CARRIER_URL": "CarrierUrl"},
        "search": {"SEARCH_URL": "https://Search"},
        CARRIER_SIGNATURE: {"CARRIER_SECRET": "CarrierSecret"},
        GUESTS: {"GUEST_SECRET": "GuestSecret"},
        PAYMENTS_SIGNATURE: {"PAYMENTS_SECRET": "PaymentsSecret"},
        "executions": machines,
        "reports": {"REPORTS_BUCKET": "Reports"},
    }[port]


def test_what_has_a_schedule_runs_by_it_and_nothing_else_does(cloud):
    scheduled = {function.name: function.schedule for function in task_functions().values() if function.schedule}
    made = cloud.of_type("AWS::Scheduler::Schedule").values()
    assert {cloud.read(each["Target"]["Arn"]): each["ScheduleExpression"] for each in made} == {
        **{f"Functions{name}": schedule for name, schedule in scheduled.items()},
        **{machine_arn(name): schedule for name, schedule in machine_schedules().items()},
    }
    assert set(machine_schedules()) <= {definition.name for definition in definitions()}
    assert all(each.get("State", "ENABLED") == "ENABLED" for each in made)
