"""The stack that moves orders: the task functions, the state machines that call them, and the alarms of both."""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.components.alarms import alarm_on_any, alarm_topic
from infra.components.functions import LambdaFunctions
from infra.components.grants import Grants
from infra.components.machines import MachineArns, OrderMachine
from infra.settings import DeploymentSettings
from infra.stacks.data import DataStack
from oms.declarations.environment import CARRIER_URL
from oms.declarations.functions import task_functions
from oms.declarations.machines import definitions
from oms.declarations.metrics import NAMESPACE, SERVICE


class OrdersStack(Stack):
    def __init__(self, scope: Construct, id: str, settings: DeploymentSettings, data: DataStack) -> None:
        super().__init__(scope, id, description="Task functions, state machines and alarms of the shop.")
        machine_arns = MachineArns(self, settings.name)
        variables = {**data.variables(), **machine_arns.variables(), CARRIER_URL: carrier_url(self)}
        functions = LambdaFunctions(self, "tasks", Grants({**data.arns(), **machine_arns.arns()}, variables))
        tasks = {name: functions.add(declared) for name, declared in task_functions().items()}
        machines = [
            OrderMachine(self, definition, settings.name, tasks, machine_arns.machines) for definition in definitions()
        ]
        self.alarms = alarm_topic(self, settings.alarm_email)
        for alarm in [*(alarm for machine in machines for alarm in machine.alarms()), *task_alarms(self)]:
            alarm.add_alarm_action(actions.SnsAction(self.alarms))
        CfnOutput(self, "AlarmTopicArn", value=self.alarms.topic_arn)
        for name, arn in machine_arns.machines.items():
            CfnOutput(self, f"{name}Arn", value=arn)


def carrier_url(stack: Stack) -> str:
    """The carrier has no default: a deployment must name it."""
    parameter = CfnParameter(
        stack, "CarrierUrl", description="The base URL of the carrier's API.", allowed_pattern="https://.+"
    )
    return parameter.value_as_string


def task_alarms(scope: Construct) -> list[cloudwatch.Alarm]:
    """Alarms for a parked order, for ledgers that disagree, and for an error that no task expects."""
    return [
        alarm_on_any(scope, "OrderParked", counted("OrderParked"), "An order is parked: an operator has to decide."),
        alarm_on_any(
            scope, "Discrepancy", counted("Discrepancy"), "A reconciliation found what is wrong: read its report."
        ),
        alarm_on_any(scope, "TaskDefect", counted("Defect"), "A task met an error that it has no name for: a bug."),
    ]


def counted(name: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": SERVICE},
        statistic="Sum",
        period=Duration.minutes(1),
    )
