"""The stack of what outlives every deployment: tables, secrets, users and reports."""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.components.functions import LambdaFunctions
from infra.components.grants import Grants
from infra.components.sign_in import SignIn
from infra.settings import DeploymentSettings
from oms.declarations import environment
from oms.declarations.functions import SIGN_UP
from oms.declarations.names import pascal
from oms.declarations.tables import TableDeclaration, tables

REPORTS_KEPT = Duration.days(400)
TRIGGER_TIMEOUT = Duration.seconds(5)
"""Cognito waits no longer."""


class DataStack(Stack):
    def __init__(self, scope: Construct, id: str, settings: DeploymentSettings) -> None:
        super().__init__(
            scope, id, description="Tables, secrets and users of the shop.", termination_protection=settings.retain
        )
        self.retain = settings.retain
        self.stock_shards = settings.stock_shards
        self.tables = {name: self._table(name, declared) for name, declared in tables().items()}
        self.payments_key = self._secret(
            "PaymentsKey", "The payment gateway's API key: put it here before the first order."
        )
        self.payments_secret = self._secret(
            "PaymentsSecret", "Signs what the payment gateway says: put the secret of its webhook here."
        )
        self.carrier_secret = self._secret("CarrierSecret", "Signs what the carrier says: give it to the carrier.")
        self.guest_secret = self._secret("GuestSecret", "Signs guests' tokens: another one, and none is good any more.")
        self.reports = self._bucket()
        self.sign_in = SignIn(self, settings.retain)
        self.sign_in.confirm_by(LambdaFunctions(self, "api", Grants({}, {})).add(SIGN_UP, TRIGGER_TIMEOUT))
        CfnOutput(self, "PaymentsKeyName", value=self.payments_key.secret_name)
        CfnOutput(self, "PaymentsSecretName", value=self.payments_secret.secret_name)
        CfnOutput(self, "CarrierSecretName", value=self.carrier_secret.secret_name)
        CfnOutput(self, "ReportsBucket", value=self.reports.bucket_name)
        CfnOutput(self, "UserPoolId", value=self.sign_in.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=self.sign_in.client.user_pool_client_id)

    @property
    def removal_policy(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self.retain else RemovalPolicy.DESTROY

    def arns(self) -> dict[str, str]:
        """The ARNs of its resources, by their keys in the table of permissions."""
        table_arns = {name: table.table_arn for name, table in self.tables.items()}
        index_arns = {
            f"{name}/{index}": f"{table_arns[name]}/index/{index}"
            for name, declared in tables().items()
            for index in declared.indexes
        }
        return {
            **table_arns,
            **index_arns,
            "payments key": self.payments_key.secret_arn,
            "payments secret": self.payments_secret.secret_arn,
            "carrier secret": self.carrier_secret.secret_arn,
            "guest secret": self.guest_secret.secret_arn,
            "reports": self.reports.bucket_arn,
            "reports/reconciliations": self.reports.arn_for_objects("reconciliations/*"),
        }

    def variables(self) -> dict[str, str]:
        """The values of the environment variables that name its resources."""
        return {
            **{declared.variable: self.tables[name].table_name for name, declared in tables().items()},
            environment.STOCK_SHARDS: self.stock_shards,
            environment.PAYMENTS_API_KEY: self.payments_key.secret_arn,
            environment.PAYMENTS_SECRET: self.payments_secret.secret_arn,
            environment.CARRIER_SECRET: self.carrier_secret.secret_arn,
            environment.GUEST_SECRET: self.guest_secret.secret_arn,
            environment.REPORTS_BUCKET: self.reports.bucket_name,
        }

    def _table(self, name: str, declared: TableDeclaration) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            pascal(name),
            **keys(*declared.key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=dynamodb.StreamViewType[declared.stream] if declared.stream else None,
            time_to_live_attribute=declared.ttl,
            deletion_protection=self.retain,
            removal_policy=self.removal_policy,
        )
        for index_name, index in declared.indexes.items():
            table.add_global_secondary_index(
                index_name=index_name,
                **keys(*index.key),
                projection_type=dynamodb.ProjectionType[index.projection],
            )
        return table

    def _bucket(self) -> s3.Bucket:
        """The reconciliations' reports, for as long as an auditor may ask for them."""
        return s3.Bucket(
            self,
            "Reports",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=REPORTS_KEPT)],
            removal_policy=self.removal_policy,
        )

    def _secret(self, id: str, description: str) -> secretsmanager.Secret:
        """Its first value is random, and no payment gateway accepts it."""
        return secretsmanager.Secret(
            self,
            id,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=48),
            removal_policy=self.removal_policy,
        )


class KeyAttributes(TypedDict):
    partition_key: dynamodb.Attribute
    sort_key: dynamodb.Attribute | None


def keys(partition: str, sort: str | None = None) -> KeyAttributes:
    return KeyAttributes(partition_key=text(partition), sort_key=text(sort) if sort else None)


def text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
