"""The stack that moves orders: the task functions, the state machines that call them, the alarms that watch both."""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.data import Data
from infra.declared import definitions, task_functions
from infra.functions import Functions
from infra.grants import Grants
from infra.machines import Machine, any_of, execution_arns, machine_arns
from infra.settings import Settings

METRICS = "OrderManagement"
SERVICE = "order-tasks"
"""The namespace and the service under which the tasks count their errors by name."""


class Orders(Stack):
    def __init__(self, scope: Construct, id: str, settings: Settings, data: Data) -> None:
        super().__init__(scope, id, description="Task functions, state machines and alarms of the shop.")
        arns = machine_arns(self, settings.name)
        made = Functions(self, "tasks", Grants(data, arns, execution_arns(self, settings.name), carrier_url(self)))
        functions = {declared.name: made.add(declared) for declared in task_functions()}
        machines = [Machine(self, each, settings.name, functions, arns) for each in definitions()]
        self.alarms = alarm_topic(self, settings.alarm_email)
        for alarm in [*(alarm for machine in machines for alarm in machine.alarms()), *task_alarms(self)]:
            alarm.add_alarm_action(actions.SnsAction(self.alarms))
        CfnOutput(self, "AlarmTopicArn", value=self.alarms.topic_arn)
        for name, arn in arns.items():
            CfnOutput(self, f"{name}Arn", value=arn)


def carrier_url(stack: Stack) -> str:
    """Who carries the parcels has no default: a deployment must say."""
    parameter = CfnParameter(
        stack, "CarrierUrl", description="The base URL of the carrier's API.", allowed_pattern="https://.+"
    )
    return parameter.value_as_string


def task_alarms(scope: Construct) -> list[cloudwatch.Alarm]:
    """An order that waits for an operator, an error that is nobody's answer, books that don't agree."""
    return [
        any_of(scope, "OrderParked", counted("OrderParked"), "An order is parked: an operator has to decide."),
        any_of(scope, "Discrepancy", counted("Discrepancy"), "A reconciliation found what is wrong: read its report."),
        any_of(scope, "TaskDefect", counted("Defect"), "A task met an error that it has no name for: a bug."),
    ]


def counted(name: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRICS,
        metric_name=name,
        dimensions_map={"service": SERVICE},
        statistic="Sum",
        period=Duration.minutes(1),
    )


def alarm_topic(scope: Construct, email: str | None) -> sns.Topic:
    """Where alarms go. Its policy, once it has one, must admit CloudWatch by name."""
    topic = sns.Topic(scope, "Alarms", enforce_ssl=True)
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    return topic
