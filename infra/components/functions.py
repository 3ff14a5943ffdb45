"""Lambda functions: one runtime, one layer, and for each a role with the permissions that its ports need."""

from __future__ import annotations

from aws_cdk import Annotations, Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.components.endpoints import endpoint_variables
from infra.components.grants import Grants
from infra.components.schedules import run_on_schedule
from oms.declarations.files import ROOT
from oms.declarations.functions import FunctionDeclaration
from oms.declarations.limits import FUNCTION_TIMEOUT_SECONDS

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
TIMEOUT = Duration.seconds(FUNCTION_TIMEOUT_SECONDS)
MEMORY_MB = 1024
LAYER = ROOT / ".venv-lambda/layer"


class LambdaFunctions(Construct):
    """The functions of a stack, over one asset of code and one layer of dependencies."""

    def __init__(self, scope: Stack, folder: str, grants: Grants) -> None:
        super().__init__(scope, "Functions")
        self.grants = grants
        self.endpoints = endpoint_variables(self)
        self.code = code_of("oms", folder)
        self.layer = lambda_.LayerVersion(
            self,
            "Dependencies",
            code=lambda_.Code.from_asset(layer_folder(self)),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            description="requirements/lambda.txt",
        )

    def add(self, declared: FunctionDeclaration, timeout: Duration = TIMEOUT) -> lambda_.Function:
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
            timeout=timeout,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment={**self.endpoints, **self.grants.environment(declared)},
        )
        if declared.schedule:
            run_on_schedule(self, declared.name, declared.schedule, "lambda:InvokeFunction", function.function_arn)
        return function


def code_of(*folders: str) -> lambda_.Code:
    """The asset of these folders of the repository, under their own names."""
    included = [f"!/{folder}" for folder in folders]
    return lambda_.Code.from_asset(str(ROOT), exclude=["/*", *included, "__pycache__"], ignore_mode=IgnoreMode.GIT)


def layer_folder(scope: Construct) -> str:
    """The folder that ``make deploy`` fills. Synthesis works with an empty one; Lambda refuses an empty layer."""
    if not any(LAYER.glob("python/*")):
        LAYER.mkdir(parents=True, exist_ok=True)
        Annotations.of(scope).add_warning_v2("shop:layer", "No dependencies are installed yet: run make deploy.")
    return str(LAYER)
