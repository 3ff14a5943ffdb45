"""The state machines, from their committed definitions, with their alarms."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.components.alarms import alarm_on_any
from infra.components.schedules import run_on_schedule
from oms.declarations.environment import MACHINE_VARIABLES
from oms.declarations.machines import MachineDefinition, definitions, machine_schedules


class MachineArns:
    """The ARNs of the machines and of their executions.

    They are made of names alone, since functions that a machine calls may start the machine.
    """

    def __init__(self, stack: Stack, shop: str) -> None:
        names = [definition.name for definition in definitions()]
        self.machines = {name: _arn(stack, "stateMachine", f"{shop}-{name}") for name in names}
        self.executions = {name: _arn(stack, "execution", f"{shop}-{name}:*") for name in names}

    def arns(self) -> dict[str, str]:
        """The ARNs by their keys in the table of permissions."""
        return {**self.machines, **{f"{name}/executions": arn for name, arn in self.executions.items()}}

    def variables(self) -> dict[str, str]:
        """The values of the environment variables that name the machines."""
        return {MACHINE_VARIABLES[name]: arn for name, arn in self.machines.items()}


def _arn(stack: Stack, resource: str, name: str) -> str:
    parts = ArnComponents(
        service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return Arn.format(parts, stack)


def substitutions(
    definition: MachineDefinition, functions: Mapping[str, lambda_.IFunction], arns: Mapping[str, str]
) -> dict[str, str]:
    """The value of each placeholder. Raises ``LookupError`` for one that names no function and no machine."""
    values = {f"{name}Arn": function.function_arn for name, function in functions.items()}
    values |= {f"{name}Arn": arn for name, arn in arns.items()}
    unknown = definition.placeholders - values.keys()
    if unknown:
        raise LookupError(f"{definition.name}: no function and no state machine owns {sorted(unknown)}")
    return {placeholder: values[placeholder] for placeholder in sorted(definition.placeholders)}


class OrderMachine(Construct):
    """One state machine, which may call what its definition names and nothing else."""

    def __init__(
        self,
        scope: Stack,
        definition: MachineDefinition,
        shop: str,
        functions: Mapping[str, lambda_.IFunction],
        arns: Mapping[str, str],
    ) -> None:
        super().__init__(scope, definition.name)
        values = substitutions(definition, functions, arns)
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=f"{shop}-{definition.name}",
            definition_body=sfn.DefinitionBody.from_string(definition.text),
            definition_substitutions=values,
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._log_group(shop, definition.name), level=sfn.LogLevel.ERROR),
        )
        calls = [arn for name, arn in values.items() if name.removesuffix("Arn") in functions]
        starts = [arn for name, arn in values.items() if name.removesuffix("Arn") in arns]
        self._allow("lambda:InvokeFunction", calls)
        self._allow("states:StartExecution", starts)
        if schedule := machine_schedules().get(definition.name):
            run_on_schedule(self, "Clock", schedule, "states:StartExecution", arns[definition.name])

    def _allow(self, action: str, resources: list[str]) -> None:
        if resources:
            self.machine.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def _log_group(self, shop: str, name: str) -> logs.LogGroup:
        """The log of errors. It holds no execution data, and so nobody's name or address."""
        return logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{shop}-{name}",  # the prefix keeps the log's policy short
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def alarms(self) -> list[cloudwatch.Alarm]:
        """Alarms on the first failure. A rejected order ends its execution well: only defects and outages fail one."""
        name = self.node.id
        failed = self.machine.metric_failed(period=Duration.minutes(1))
        timed_out = self.machine.metric_timed_out(period=Duration.minutes(1))
        return [
            alarm_on_any(self, "Failed", failed, f"{name} failed: inspect it, fix the cause, redrive it."),
            alarm_on_any(self, "TimedOut", timed_out, f"{name} ran into its own deadline: no order should."),
        ]
