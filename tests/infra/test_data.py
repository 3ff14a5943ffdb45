"""The tables are as declared, and protected; the user pool is as declared."""

import pytest
import yaml

from oms.declarations.files import ROOT
from oms.declarations.names import pascal
from oms.declarations.sign_in import sign_in
from oms.declarations.tables import IndexDeclaration, tables


def keys(schema):
    return [each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"])]


@pytest.mark.parametrize("name", tables())
def test_a_table_is_as_declared(cloud, name):
    declared, made = tables()[name], cloud.of_type("AWS::DynamoDB::Table")[pascal(name)]
    assert keys(made["KeySchema"]) == list(declared.key)
    assert {
        index["IndexName"]: IndexDeclaration(keys(index["KeySchema"]), index["Projection"]["ProjectionType"])
        for index in made.get("GlobalSecondaryIndexes", [])
    } == declared.indexes
    assert made.get("StreamSpecification", {}).get("StreamViewType") == declared.stream
    assert made.get("TimeToLiveSpecification", {}).get("AttributeName") == declared.ttl
    assert {each["AttributeType"] for each in made["AttributeDefinitions"]} == {"S"}
    assert made["BillingMode"] == "PAY_PER_REQUEST"


def test_what_must_outlive_a_deployment_does(cloud):
    durable_types = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::S3::Bucket"}
    for _, logical_id, resource in cloud.resources():
        if resource["Type"] in durable_types:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", logical_id
    for table in cloud.of_type("AWS::DynamoDB::Table").values():
        assert table["DeletionProtectionEnabled"]
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_reports_are_nobody_else_s_to_read(cloud):
    (bucket,) = cloud.of_type("AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    (policy,) = cloud.of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_shoppers_sign_in_by_srp_and_nobody_learns_who_is_one(cloud):
    (pool,) = cloud.of_type("AWS::Cognito::UserPool").values()
    (client,) = cloud.of_type("AWS::Cognito::UserPoolClient").values()
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert not client.get("AllowedOAuthFlowsUserPoolClient")
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert not client["GenerateSecret"]
    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["DeletionProtection"] == "ACTIVE"


def test_the_pool_is_the_one_that_is_declared(cloud):
    declared = sign_in()
    (pool,) = cloud.of_type("AWS::Cognito::UserPool").values()
    (client,) = cloud.of_type("AWS::Cognito::UserPoolClient").values()
    assert declared.pool.items() <= pool.items()
    assert declared.client.items() <= client.items()


def test_a_sign_out_ends_within_half_an_hour(cloud):
    """The gateway accepts an access token until it expires, also after a sign-out, so its validity is short."""
    (client,) = cloud.of_type("AWS::Cognito::UserPoolClient").values()
    assert client["EnableTokenRevocation"]
    assert client["TokenValidityUnits"] == {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"}
    assert client["AccessTokenValidity"] <= 30
    assert client["IdTokenValidity"] <= 30
    assert client["RefreshTokenValidity"] <= 30


def test_who_confirms_an_address_is_made_a_shopper(cloud):
    (pool,) = cloud.of_type("AWS::Cognito::UserPool").values()
    assert cloud.read(pool["LambdaConfig"]) == {"PostConfirmation": "FunctionsSignUp"}
    permissions = cloud.of_type("AWS::Lambda::Permission").values()
    (cognitos,) = [each for each in permissions if each["Principal"] == "cognito-idp.amazonaws.com"]
    assert (cloud.read(cognitos["FunctionName"]), cloud.read(cognitos["SourceArn"])) == (
        "FunctionsSignUp",
        "SignInUsers",
    )


def test_the_groups_are_those_that_the_contract_asks_for(cloud):
    groups = {group["GroupName"] for group in cloud.of_type("AWS::Cognito::UserPoolGroup").values()}
    required_groups = {group for _, operation in operations() for group in operation.get("x-groups", [])}
    assert groups == {"shoppers", "operators"}
    assert required_groups <= groups


def operations():
    contract = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
    return [each for item in contract["paths"].values() for each in item.items() if isinstance(each[1], dict)]
