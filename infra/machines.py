"""The state machines, from their committed definitions, and the alarms that watch them."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.declared import Definition, definitions, schedules
from infra.schedules import run_at


def machine_arns(stack: Stack, shop: str) -> dict[str, str]:
    """Each machine's ARN, from its name: a function may start the very machine that calls it."""
    return {each.name: _arn(stack, "stateMachine", f"{shop}-{each.name}") for each in definitions()}


def execution_arns(stack: Stack, shop: str) -> dict[str, str]:
    """What the ARNs of each machine's executions match."""
    return {each.name: _arn(stack, "execution", f"{shop}-{each.name}:*") for each in definitions()}


def _arn(stack: Stack, resource: str, name: str) -> str:
    parts = ArnComponents(
        service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return Arn.format(parts, stack)


def substitutions(
    definition: Definition, functions: Mapping[str, lambda_.IFunction], arns: Mapping[str, str]
) -> dict[str, str]:
    """What stands for each placeholder. Raises ``LookupError`` for one that nobody owns."""
    owners = {f"{name}Arn": function.function_arn for name, function in functions.items()}
    owners |= {f"{name}Arn": arn for name, arn in arns.items()}
    orphans = definition.placeholders - owners.keys()
    if orphans:
        raise LookupError(f"{definition.name}: no function and no state machine owns {sorted(orphans)}")
    return {placeholder: owners[placeholder] for placeholder in sorted(definition.placeholders)}


class Machine(Construct):
    """One state machine, allowed to call what its definition names and nothing more."""

    def __init__(
        self,
        scope: Stack,
        definition: Definition,
        shop: str,
        functions: Mapping[str, lambda_.IFunction],
        arns: Mapping[str, str],
    ) -> None:
        super().__init__(scope, definition.name)
        filled = substitutions(definition, functions, arns)
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=f"{shop}-{definition.name}",
            definition_body=sfn.DefinitionBody.from_string(definition.text),
            definition_substitutions=filled,
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._log_group(shop, definition.name), level=sfn.LogLevel.ERROR),
        )
        calls = [arn for name, arn in filled.items() if name.removesuffix("Arn") in functions]
        starts = [arn for name, arn in filled.items() if name.removesuffix("Arn") in arns]
        self._allow("lambda:InvokeFunction", calls)
        self._allow("states:StartExecution", starts)
        if schedule := schedules().get(definition.name):
            run_at(self, "Clock", schedule, "states:StartExecution", arns[definition.name])

    def _allow(self, action: str, resources: list[str]) -> None:
        if resources:
            self.machine.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def _log_group(self, shop: str, name: str) -> logs.LogGroup:
        """Errors without their data: who ordered what stays out of the logs."""
        return logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{shop}-{name}",  # the prefix keeps the log's policy short
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def alarms(self) -> list[cloudwatch.Alarm]:
        """One defect is enough: a business "no" ends an execution well, only trouble fails it."""
        name = self.node.id
        failed = self.machine.metric_failed(period=Duration.minutes(1))
        timed_out = self.machine.metric_timed_out(period=Duration.minutes(1))
        return [
            any_of(self, "Failed", failed, f"{name} failed: look at it, mend the cause, redrive."),
            any_of(self, "TimedOut", timed_out, f"{name} ran into its own deadline: no order should."),
        ]


def any_of(scope: Construct, id: str, metric: cloudwatch.IMetric, description: str) -> cloudwatch.Alarm:
    """An alarm at the first one in a minute, and never for want of data."""
    return cloudwatch.Alarm(
        scope,
        id,
        metric=metric,
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )
