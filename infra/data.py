"""The stack of what must outlive every deployment: the tables, the secrets, the users, the reports."""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.declared import SIGN_UP, Table, pascal, tables
from infra.functions import Functions
from infra.grants import Grants
from infra.settings import Settings
from infra.sign_in import SignIn

REPORTS_KEPT = Duration.days(400)
TRIGGER_TIMEOUT = Duration.seconds(5)
"""Cognito waits no longer."""


class Data(Stack):
    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
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
        self.sign_in.confirm_by(Functions(self, "api", Grants(self, {}, {})).add(SIGN_UP, TRIGGER_TIMEOUT))
        CfnOutput(self, "PaymentsKeyName", value=self.payments_key.secret_name)
        CfnOutput(self, "PaymentsSecretName", value=self.payments_secret.secret_name)
        CfnOutput(self, "CarrierSecretName", value=self.carrier_secret.secret_name)
        CfnOutput(self, "ReportsBucket", value=self.reports.bucket_name)
        CfnOutput(self, "UserPoolId", value=self.sign_in.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=self.sign_in.client.user_pool_client_id)

    @property
    def removal_policy(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self.retain else RemovalPolicy.DESTROY

    def _table(self, name: str, declared: Table) -> dynamodb.Table:
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
        for index, shape in declared.indexes.items():
            table.add_global_secondary_index(
                index_name=index,
                **keys(*shape["key"]),
                projection_type=dynamodb.ProjectionType[shape["projection"]],
            )
        return table

    def _bucket(self) -> s3.Bucket:
        """What reconciliations found, for as long as an auditor may ask."""
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
        """It begins with a random value, which opens nothing at a payment gateway."""
        return secretsmanager.Secret(
            self,
            id,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=48),
            removal_policy=self.removal_policy,
        )


class Keys(TypedDict):
    partition_key: dynamodb.Attribute
    sort_key: dynamodb.Attribute | None


def keys(partition: str, sort: str | None = None) -> Keys:
    return Keys(partition_key=text(partition), sort_key=text(sort) if sort else None)


def text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
