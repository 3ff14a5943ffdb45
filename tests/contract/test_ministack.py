"""ministack has one DynamoDB, whichever door one comes in by."""

from __future__ import annotations

import pytest
from botocore.credentials import Credentials

from oms.adapters.aws_json import Api, Refused, pooled, signer
from oms.adapters.clients import DYNAMODB
from oms.adapters.tables import tables
from tests.contract.stores import on_one_machine


def test_who_signs_and_who_does_not_see_the_same_tables(ministack_url: str) -> None:
    sdk = Api(
        DYNAMODB, pooled(ministack_url, signer(ministack_url, "dynamodb", "us-east-1", Credentials("test", "test")))
    )
    shop = Api(DYNAMODB, on_one_machine(ministack_url))
    sdk.call("CreateTable", **tables()["products"].creation("seen-by-both"))
    item = {
        "pk": {"S": "RED-LAMP"},
        "name": {"S": "Rote Lampe 灯"},
        "tags": {"L": [{"SS": ["a", "b"]}, {"NULL": True}]},
    }

    shop.call("PutItem", TableName="seen-by-both", Item=item)

    asked = {"TableName": "seen-by-both", "Key": {"pk": {"S": "RED-LAMP"}}}
    assert sdk.call("GetItem", **asked) == shop.call("GetItem", **asked) == {"Item": item}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetItem", {"TableName": "nobody-made-it", "Key": {"pk": {"S": "a"}}}, "ResourceNotFoundException"),
        ("BuyItem", {}, "UnknownOperationException"),
    ],
)
def test_a_refusal_is_dynamodbs_own(ministack_url: str, operation: str, request_: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        Api(DYNAMODB, on_one_machine(ministack_url)).call(operation, **request_)
    assert refused.value.code == code


def test_what_was_read_is_a_copy(ministack_url: str) -> None:
    shop = Api(DYNAMODB, on_one_machine(ministack_url))
    shop.call("CreateTable", **tables()["products"].creation("copied"))
    shop.call("PutItem", TableName="copied", Item={"pk": {"S": "a"}, "counts": {"M": {"one": {"N": "1"}}}})

    answer = shop.call(
        "UpdateItem",
        TableName="copied",
        Key={"pk": {"S": "a"}},
        UpdateExpression="SET counts.two = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
        ReturnValues="ALL_OLD",
    )

    assert answer["Attributes"]["counts"] == {"M": {"one": {"N": "1"}}}
