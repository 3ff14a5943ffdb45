"""The patched requests to ministack's DynamoDB behave like its own."""

from __future__ import annotations

import pytest
from botocore.credentials import Credentials

from oms.adapters.aws.clients import DYNAMODB
from oms.adapters.aws.json_protocol import AwsError, AwsJsonClient, pooled, signer
from oms.adapters.dynamodb.table_requests import create_table_request
from oms.declarations.tables import tables
from tests.contract.stores import on_one_machine


def test_who_signs_and_who_does_not_see_the_same_tables(ministack_url: str) -> None:
    sdk = AwsJsonClient(
        DYNAMODB, pooled(ministack_url, signer(ministack_url, "dynamodb", "us-east-1", Credentials("test", "test")))
    )
    shop = AwsJsonClient(DYNAMODB, on_one_machine(ministack_url))
    sdk.call("CreateTable", **create_table_request("seen-by-both", tables()["products"]))
    item = {
        "pk": {"S": "RED-LAMP"},
        "name": {"S": "Rote Lampe 灯"},
        "tags": {"L": [{"SS": ["a", "b"]}, {"NULL": True}]},
    }

    shop.call("PutItem", TableName="seen-by-both", Item=item)

    request = {"TableName": "seen-by-both", "Key": {"pk": {"S": "RED-LAMP"}}}
    assert sdk.call("GetItem", **request) == shop.call("GetItem", **request) == {"Item": item}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetItem", {"TableName": "nobody-made-it", "Key": {"pk": {"S": "a"}}}, "ResourceNotFoundException"),
        ("BuyItem", {}, "UnknownOperationException"),
    ],
)
def test_a_refusal_is_dynamodbs_own(ministack_url: str, operation: str, request_: dict[str, object], code: str) -> None:
    with pytest.raises(AwsError) as refused:
        AwsJsonClient(DYNAMODB, on_one_machine(ministack_url)).call(operation, **request_)
    assert refused.value.code == code


def test_what_was_read_is_a_copy(ministack_url: str) -> None:
    shop = AwsJsonClient(DYNAMODB, on_one_machine(ministack_url))
    shop.call("CreateTable", **create_table_request("copied", tables()["products"]))
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


PK = {"pk": {"S": "a"}}


def moved(by: str, **more: object) -> dict[str, object]:
    move = {
        "Key": PK,
        "UpdateExpression": "ADD moved :by SET #last = :by, seen.latest = :by",
        "ExpressionAttributeNames": {"#last": "last"},
        "ExpressionAttributeValues": {":by": {"N": by}},
    }
    return {"TransactItems": [{"Update": {"TableName": "moved", **move}}], **more}


@pytest.fixture(scope="module")
def moving(ministack_url: str) -> AwsJsonClient:
    shop = AwsJsonClient(DYNAMODB, on_one_machine(ministack_url))
    shop.call("CreateTable", **create_table_request("weighed", tables()["orders"]))
    shop.call("CreateTable", **create_table_request("moved", tables()["products"]))
    return shop


def test_a_transaction_works_an_update_out_once_for_each_item_as_it_is(moving: AwsJsonClient) -> None:
    moving.call("PutItem", TableName="moved", Item={**PK, "seen": {"M": {}}})

    for _ in range(3):
        moving.call("TransactWriteItems", **moved("2"))

    item = moving.call("GetItem", TableName="moved", Key=PK)["Item"]
    assert item == {**PK, "moved": {"N": "6"}, "last": {"N": "2"}, "seen": {"M": {"latest": {"N": "2"}}}}


@pytest.mark.parametrize("value", [{"S": "no number"}, {"N": "1e200"}])
def test_an_update_that_cannot_be_is_refused_and_changes_nothing(moving: AwsJsonClient, value: dict[str, str]) -> None:
    item = {**PK, "moved": value if "S" in value else {"N": "1"}, "seen": {"M": {}}}
    moving.call("PutItem", TableName="moved", Item=item)

    with pytest.raises(AwsError) as refused:
        moving.call("TransactWriteItems", **moved(value.get("N", "2")))

    assert refused.value.code in {"TransactionCanceledException", "ValidationException"}
    assert moving.call("GetItem", TableName="moved", Key=PK)["Item"] == item


def put_if(condition: str, **values: dict[str, object]) -> list[dict[str, object]]:
    parameters = {f":{name}": value for name, value in values.items()}
    more = {"ConditionExpression": condition, "ExpressionAttributeValues": parameters}
    return [{"Put": {"TableName": "moved", "Item": {"pk": {"S": "judged"}, "told": {"S": "abc"}}, **more}}]


@pytest.mark.parametrize(
    ("condition", "good", "bad", "message"),
    [
        ("begins_with(told, :one)", {"one": {"S": "a"}}, {"one": {"N": "1"}}, "Incorrect operand type"),
        ("told = :one", {"one": {"S": "abc"}}, {"one": {"N": "one"}}, "cannot be converted to a numeric value"),
        ("told = :one", {"one": {"S": "abc"}}, {"one": {"S": "abc"}, "two": {"S": "b"}}, "unused in expressions"),
        (
            "told BETWEEN :one AND :two",
            {"one": {"S": "a"}, "two": {"S": "b"}},
            {"one": {"S": "b"}, "two": {"S": "a"}},
            "upper bound to be greater",
        ),
    ],
)
def test_what_was_right_once_is_judged_anew_by_what_it_is_given(
    moving: AwsJsonClient, condition, good, bad, message
) -> None:
    moving.call("PutItem", TableName="moved", Item={"pk": {"S": "judged"}, "told": {"S": "abc"}})
    for _ in range(2):
        moving.call("TransactWriteItems", TransactItems=put_if(condition, **good))
        with pytest.raises(AwsError, match=message) as refused:
            moving.call("TransactWriteItems", TransactItems=put_if(condition, **bad))
        assert refused.value.code == "ValidationException"
    moving.call("PutItem", TableName="moved", Item={"pk": {"S": "judged"}, "told": {"S": "xyz"}})
    with pytest.raises(AwsError) as refused:
        moving.call("TransactWriteItems", TransactItems=put_if(condition, **good))
    assert refused.value.code == "TransactionCanceledException"


def test_a_transaction_is_weighed_for_whoever_asks(moving: AwsJsonClient) -> None:
    key = {"pk": {"S": "o-1"}, "sk": {"S": "order"}}
    listed = {"customer_id": {"S": "anna"}, "placed_at": {"S": "2026-01-01"}, "told": {"S": "x" * 1990}}
    put = {"TransactItems": [{"Put": {"TableName": "weighed", "Item": {**key, **listed}}}]}

    unasked = moving.call("TransactWriteItems", **put)
    response = moving.call("TransactWriteItems", **put, ReturnConsumedCapacity="TOTAL")

    assert unasked == {}
    assert response["ConsumedCapacity"][0]["WriteCapacityUnits"] == 4


def test_an_item_of_over_400_kb_is_refused(moving: AwsJsonClient) -> None:
    """For texts that are longer in JSON than in DynamoDB, and for texts that aren't."""
    for text, is_taken in (("x" * 400_000, True), ('"' * 400_000, True), ("x" * 410_000, False)):
        put = {"Put": {"TableName": "moved", "Item": {**PK, "told": {"S": text}}}}
        if is_taken:
            moving.call("TransactWriteItems", TransactItems=[put])
        else:
            with pytest.raises(AwsError, match="exceeded the maximum allowed size"):
                moving.call("TransactWriteItems", TransactItems=[put])
