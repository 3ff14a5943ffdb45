"""The state machines: as committed, with every placeholder filled, alarms, and timeouts in order."""

import inspect
import json
import re

import pytest

from infra.components.machines import substitutions
from oms.adapters import http_carrier, metrics
from oms.adapters.aws import clients
from oms.adapters.stripe import payments
from oms.declarations.files import ROOT
from oms.declarations.machines import MachineDefinition, definitions
from oms.declarations.metrics import NAMESPACE, SERVICE

LONGEST_CALLS = (
    clients.LONGEST_CALL_SECONDS,
    http_carrier.CONNECT_SECONDS + http_carrier.READ_SECONDS,
    payments.TIMEOUT_SECONDS * 2,  # an authorization is two calls
)
NAMES = ("CancelOrder", "FulfillOrder", "NewOrder", "Reconcile", "ReturnOrder")


def made(cloud, name):
    return cloud.of_type("AWS::StepFunctions::StateMachine")[f"{name}StateMachine"]


def test_the_machines_are_the_committed_definitions(cloud):
    assert tuple(definition.name for definition in definitions()) == NAMES
    for definition in definitions():
        assert made(cloud, definition.name)["DefinitionString"] == definition.text


@pytest.mark.parametrize("name", NAMES)
def test_every_placeholder_is_filled_with_what_it_names(cloud, name):
    machine = made(cloud, name)
    filled = cloud.read(machine["DefinitionSubstitutions"])
    assert set(filled) == set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
    for placeholder, arn in filled.items():
        owner = placeholder.removesuffix("Arn")
        assert arn in (
            f"Functions{owner}",
            f"arn:AWS::Partition:states:AWS::Region:AWS::AccountId:stateMachine:Shop-{owner}",
        )


def test_a_placeholder_that_nobody_owns_stops_synthesis():
    definition = MachineDefinition("NewOrder", '{"States": {"A": {"Resource": "${ReserveInventroyArn}"}}}')
    with pytest.raises(LookupError, match="ReserveInventroyArn"):
        substitutions(definition, {}, {"FulfillOrder": "arn:aws:states:::stateMachine:FulfillOrder"})


def task_states():
    for definition in definitions():
        for name, state in json.loads(definition.text)["States"].items():
            called = re.findall(r"\$\{(\w+)Arn\}", json.dumps(state))
            if state["Type"] == "Task" and called[0] not in NAMES:
                yield pytest.param(called[0], state, id=f"{definition.name}:{name}")


@pytest.mark.parametrize(("function", "state"), [*task_states()])
def test_a_function_gives_up_after_its_clients_and_before_its_state(cloud, function, state):
    timeout = cloud.of_type("AWS::Lambda::Function")[f"Functions{function}"]["Timeout"]
    assert timeout > max(LONGEST_CALLS)
    assert timeout < state["TimeoutSeconds"]
    assert timeout < state.get("HeartbeatSeconds", state["TimeoutSeconds"]) <= state["TimeoutSeconds"]


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_is_traced_and_logs_its_errors_without_their_data(cloud, name):
    machine = made(cloud, name)
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert not machine["LoggingConfiguration"].get("IncludeExecutionData")
    assert machine["StateMachineName"] == f"Shop-{name}"
    assert machine.get("StateMachineType", "STANDARD") == "STANDARD"


def alarms(cloud):
    """All alarms but those of stream consumers."""
    return {
        (alarm["Namespace"], alarm["MetricName"], cloud.read(alarm["Dimensions"])[0]["Value"]): alarm
        for alarm in cloud.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] not in ("AWS/Lambda", "AWS/SQS")
    }


def test_every_machine_s_failures_and_what_is_parked_raise_an_alarm(cloud):
    watched = {
        ("AWS/States", metric, f"{name}StateMachine")
        for name in NAMES
        for metric in ("ExecutionsFailed", "ExecutionsTimedOut")
    }
    watched |= {("OrderManagement", metric, "order-tasks") for metric in ("OrderParked", "Defect", "Discrepancy")}
    watched |= {("AWS/ApiGateway", "5xx", "Api")}
    assert set(alarms(cloud)) == watched


def test_one_is_enough_and_somebody_hears_of_it(cloud):
    for alarm in alarms(cloud).values():
        assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Statistic"]) == (1, 1, "Sum")
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert cloud.read(alarm["AlarmActions"]) == ["Alarms"]


def test_cloudwatch_may_publish_to_the_topic(cloud):
    (policy,) = cloud.of_type("AWS::SNS::TopicPolicy").values()
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    (statement,) = allowed
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_tasks_and_callbacks_count_under_the_names_that_the_alarms_watch():
    assert (metrics.NAMESPACE, metrics.SERVICE) == (NAMESPACE, SERVICE) == ("OrderManagement", "order-tasks")
    assert 'namespace=NAMESPACE, default_dimensions={"service": SERVICE}' in inspect.getsource(metrics.count)
    assert 'count("OrderParked")' in (ROOT / "api/carrier_events.py").read_text()
    runtime = (ROOT / "tasks/runtime.py").read_text()
    assert "Metrics(namespace=NAMESPACE, service=SERVICE)" in runtime
    assert 'else "Defect"' in runtime
    assert "add_metric(name=metric, " in runtime
    assert '"metrics": {"Discrepancy":' in (ROOT / "tasks/close_report.py").read_text()
    assert "class OrderParked(Defect)" in (ROOT / "oms/domain/errors.py").read_text()
