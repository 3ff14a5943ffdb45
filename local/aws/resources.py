"""The shop's AWS resources beside its functions: tables, a bucket, a user pool, state machines.

Each is created unless it exists. On one machine they live in ministack, the state machines in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from local.aws.functions import tasks
from local.aws.names import ACCOUNT, ENDPOINT_PREFIX, function_arn, machine_arn
from oms.adapters.dynamodb.table_requests import create_table_request, time_to_live_request
from oms.declarations import sign_in as declared_sign_in
from oms.declarations.machines import MachineDefinition, definitions
from oms.declarations.tables import tables

POOL, CLIENT = "shop", "shop-on-one-machine"
PASSWORD = "Open-sesame-1"
SHOPPERS = ("anna@example.com", "ben@example.com", "chloe@example.com")
OPERATOR = "olga@example.com"
SUFFIXES = {"stepfunctions": "SFN", "cognito-idp": "COGNITO_IDENTITY_PROVIDER"}
"""Suffixes of the services' endpoint variables, if they aren't the boto3 service name in capitals."""


@dataclass(frozen=True)
class UserPool:
    id: str
    client_id: str
    region: str

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"


def client(service: str, aws: Mapping[str, str]) -> Any:
    """A boto3 client whose endpoint and credentials come from the standard variables."""
    suffix = SUFFIXES.get(service, service.upper())
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=aws["AWS_DEFAULT_REGION"],
        endpoint_url=aws.get(f"{ENDPOINT_PREFIX}{suffix}", aws["AWS_ENDPOINT_URL"]),
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=aws.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"total_max_attempts": 2}, connect_timeout=2, read_timeout=30),
    )


def make_tables(aws: Mapping[str, str]) -> None:
    dynamodb = client("dynamodb", aws)
    existing = {name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    for name, table in tables().items():
        if name in existing:
            _add_indexes(dynamodb, create_table_request(name, table))
        else:
            dynamodb.create_table(**create_table_request(name, table))
            dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
            if expiry := time_to_live_request(name, table):
                dynamodb.update_time_to_live(**expiry)


def _add_indexes(dynamodb: Any, creation: Mapping[str, Any]) -> None:
    """Add the indexes that a table of an earlier version lacks."""
    table = dynamodb.describe_table(TableName=creation["TableName"])["Table"]
    existing = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())}
    definitions = creation["AttributeDefinitions"]
    for index in creation.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] not in existing:
            keys = {key["AttributeName"] for key in index["KeySchema"]}
            dynamodb.update_table(
                TableName=creation["TableName"],
                AttributeDefinitions=[each for each in definitions if each["AttributeName"] in keys],
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )


def make_bucket(aws: Mapping[str, str]) -> None:
    s3, bucket = client("s3", aws), aws["REPORTS_BUCKET"]
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)


def make_pool(aws: Mapping[str, str]) -> UserPool:
    """The user pool as on AWS, with its groups, a client, and people to sign in as."""
    cognito, declared = client("cognito-idp", aws), declared_sign_in.sign_in()
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    pool_id = next((pool["Id"] for pool in pools if pool["Name"] == POOL), None)
    if pool_id is None:
        pool_id = cognito.create_user_pool(PoolName=POOL, **declared.pool)["UserPool"]["Id"]
        for name, description in declared.groups.items():
            cognito.create_group(UserPoolId=pool_id, GroupName=name, Description=description)
        _make_people(cognito, pool_id)
    clients = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    client_id = next((each["ClientId"] for each in clients if each["ClientName"] == CLIENT), None)
    if client_id is None:
        # Only here: a password flow, so that curl can sign in.
        flows = [*declared.client["ExplicitAuthFlows"], "ALLOW_USER_PASSWORD_AUTH"]
        properties = {**declared.client, "ExplicitAuthFlows": flows}
        response = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName=CLIENT, **properties)
        client_id = response["UserPoolClient"]["ClientId"]
    return UserPool(pool_id, client_id, aws["AWS_DEFAULT_REGION"])


def _make_people(cognito: Any, pool_id: str) -> None:
    shoppers = ((shopper, declared_sign_in.SHOPPERS) for shopper in SHOPPERS)
    for person, group in (*shoppers, (OPERATOR, declared_sign_in.OPERATORS)):
        attributes = [{"Name": "email", "Value": person}, {"Name": "email_verified", "Value": "true"}]
        cognito.admin_create_user(
            UserPoolId=pool_id, Username=person, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
        cognito.admin_set_user_password(UserPoolId=pool_id, Username=person, Password=PASSWORD, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=person, GroupName=group)


def sign_in(aws: Mapping[str, str], client_id: str, person: str) -> str:
    """Sign a person in. Returns the access token."""
    response = client("cognito-idp", aws).initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client_id,
        AuthParameters={"USERNAME": person, "PASSWORD": PASSWORD},
    )
    return str(response["AuthenticationResult"]["AccessToken"])


def make_machines(aws: Mapping[str, str]) -> None:
    """Create the state machines, or update them to the committed definitions."""
    states = client("stepfunctions", aws)
    existing = {machine["name"] for machine in states.list_state_machines()["stateMachines"]}
    for machine in definitions():
        definition = substituted(machine)
        if machine.name in existing:
            states.update_state_machine(stateMachineArn=machine_arn(machine.name), definition=definition)
        else:
            role = f"arn:aws:iam::{ACCOUNT}:role/{machine.name}"
            states.create_state_machine(name=machine.name, definition=definition, roleArn=role)


def substituted(machine: MachineDefinition) -> str:
    """The definition with an ARN for each ``${…Arn}``. Raises ``KeyError`` for an unknown name."""
    arns = {f"{name}Arn": function_arn(name) for name in tasks()}
    return machine.substituted(arns | {f"{each.name}Arn": machine_arn(each.name) for each in definitions()})
