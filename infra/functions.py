"""How a Lambda function is made: one runtime, one layer, a role of its own that may do what its ports need."""

from __future__ import annotations

from aws_cdk import Annotations, Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.declared import ROOT, Function
from infra.grants import Grants

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
TIMEOUT = Duration.seconds(10)
"""Longer than the functions' clients wait, shorter than a state waits for its function."""
MEMORY_MB = 1024
LAYER = ROOT / ".venv-lambda/layer"


class Functions(Construct):
    """A stack's functions, over one copy of the code and one layer of what the code needs."""

    def __init__(self, scope: Stack, folder: str, grants: Grants) -> None:
        super().__init__(scope, "Functions")
        self.grants = grants
        self.code = code_of("oms", folder)
        self.layer = lambda_.LayerVersion(
            self,
            "Dependencies",
            code=lambda_.Code.from_asset(layer_folder(self)),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            description="requirements/lambda.txt",
        )

    def add(self, declared: Function) -> lambda_.Function:
        log_group = logs.LogGroup(
            self,
            f"{declared.name}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, f"{declared.name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        for statement in self.grants.statements(declared):
            role.add_to_policy(statement)
        function = lambda_.Function(
            self,
            declared.name,
            code=self.code,
            handler=declared.handler,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            layers=[self.layer],
            memory_size=MEMORY_MB,
            timeout=TIMEOUT,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment=self.grants.environment(declared),
        )
        if declared.schedule:
            self._run_at(declared.schedule, function)
        return function

    def _run_at(self, schedule: str, function: lambda_.Function) -> None:
        """Run it by the clock. A run that failed isn't made up for: the next one does its work."""
        name = function.node.id
        clock = iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        )
        role = iam.Role(self, f"{name}ScheduleRole", assumed_by=clock)
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
        )  # grant_invoke would add every version of it
        scheduler.CfnSchedule(
            self,
            f"{name}Schedule",
            schedule_expression=schedule,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=0, maximum_event_age_in_seconds=60
                ),
            ),
        )


def code_of(*folders: str) -> lambda_.Code:
    """Those folders of the repository, under their own names, as a function's code."""
    kept = [f"!/{folder}" for folder in folders]
    return lambda_.Code.from_asset(str(ROOT), exclude=["/*", *kept, "__pycache__"], ignore_mode=IgnoreMode.GIT)


def layer_folder(scope: Construct) -> str:
    """What ``make deploy`` installs first. Synthesis can do without; Lambda refuses a layer that is empty."""
    if not any(LAYER.glob("python/*")):
        LAYER.mkdir(parents=True, exist_ok=True)
        Annotations.of(scope).add_warning_v2("shop:layer", "No dependencies are installed yet: run make deploy.")
    return str(LAYER)
