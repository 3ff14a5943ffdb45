"""The tables as declared, guarded; the users' pool; what a deployment may choose."""

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.data import Data
from infra.declared import tables
from infra.settings import Settings


def keys(schema):
    return [each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"])]


@pytest.mark.parametrize("name", tables())
def test_a_table_is_as_declared(cloud, name):
    declared, made = tables()[name], cloud.of_type("AWS::DynamoDB::Table")[name.capitalize()]
    assert keys(made["KeySchema"]) == list(declared.key)
    assert {
        index["IndexName"]: {"key": keys(index["KeySchema"]), "projection": index["Projection"]["ProjectionType"]}
        for index in made.get("GlobalSecondaryIndexes", [])
    } == declared.indexes
    assert made.get("StreamSpecification", {}).get("StreamViewType") == declared.stream
    assert made.get("TimeToLiveSpecification", {}).get("AttributeName") == declared.ttl
    assert {each["AttributeType"] for each in made["AttributeDefinitions"]} == {"S"}
    assert made["BillingMode"] == "PAY_PER_REQUEST"


def test_what_must_outlive_a_deployment_does(cloud):
    kept = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool"}
    for _, logical_id, resource in cloud.resources():
        if resource["Type"] in kept:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", logical_id
    for table in cloud.of_type("AWS::DynamoDB::Table").values():
        assert table["DeletionProtectionEnabled"]
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_a_throw_away_shop_leaves_nothing():
    app = App()
    data = Data(app, "Data", Settings(name="Trial", retain=False, site_origin=None, alarm_email=None))
    template = Template.from_stack(data)
    template.all_resources("AWS::DynamoDB::Table", {"DeletionPolicy": "Delete"})
    template.all_resources_properties("AWS::DynamoDB::Table", {"DeletionProtectionEnabled": False})
    template.all_resources("AWS::SecretsManager::Secret", {"DeletionPolicy": "Delete"})
    assert not data.termination_protection
