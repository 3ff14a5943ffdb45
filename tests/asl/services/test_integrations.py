"""The integrations against moto, each by the AWS page that it follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asl.conformance.environment import scenario_environment
from asl.language.errors import StatesError
from asl.services.integrations import Services

TABLE = {
    "TableName": "orders",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
SCENARIO = {
    "needs": ["dynamodb"],
    "lambdas": [
        {"name": "echo", "behaviour": "echo"},
        {"name": "broken", "behaviour": "raise", "errorType": "Broken", "errorMessage": "no luck"},
    ],
    "setup": [
        {"service": "dynamodb", "op": "CreateTable", "params": TABLE},
        {"service": "sqs", "op": "CreateQueue", "params": {"QueueName": "jobs"}},
        {"service": "sns", "op": "CreateTopic", "params": {"Name": "news"}},
        {"service": "s3", "op": "CreateBucket", "params": {"Bucket": "shelf"}},
    ],
}


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with scenario_environment(SCENARIO) as scenario_services:
        yield scenario_services


def failure(services: Services, resource: str, parameters: object) -> StatesError:
    with pytest.raises(StatesError) as caught:
        services.invoke(resource, parameters)
    return caught.value


def test_dynamodb_answers_with_the_item_and_the_http_metadata(services: Services) -> None:
    """connect-ddb.html"""
    item = {"id": {"S": "1"}, "total": {"N": "5"}}
    services.invoke("arn:aws:states:::dynamodb:putItem", {"TableName": "orders", "Item": item})

    result = services.invoke("arn:aws:states:::dynamodb:getItem", {"TableName": "orders", "Key": {"id": {"S": "1"}}})

    assert result["Item"] == item
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert result["SdkResponseMetadata"]["RequestId"]


def test_an_sdk_call_answers_without_metadata(services: Services) -> None:
    """supported-services-awssdk.html"""
    result = services.invoke("arn:aws:states:::aws-sdk:dynamodb:describeTable", {"TableName": "orders"})

    assert set(result) == {"Table"}
    assert result["Table"]["CreationDateTime"].endswith("Z")


def test_an_error_of_an_optimized_integration_has_the_format_of_the_java_sdk_1(services: Services) -> None:
    """concepts-error-handling.html"""
    error = failure(services, "arn:aws:states:::dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}})

    assert error.error == "DynamoDB.ResourceNotFoundException"
    assert error.cause is not None
    assert error.cause.startswith(
        "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: R"
    )


def test_an_error_of_an_sdk_integration_has_the_format_of_the_java_sdk_2(services: Services) -> None:
    """supported-services-awssdk.html"""
    error = failure(
        services, "arn:aws:states:::aws-sdk:dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}}
    )

    assert error.error == "DynamoDb.ResourceNotFoundException"
    assert error.cause is not None
    assert error.cause.startswith("Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: ")


def test_an_error_outside_the_model_has_the_base_exception_of_the_service(services: Services) -> None:
    error = failure(services, "arn:aws:states:::aws-sdk:dynamodb:putItem", {"TableName": "orders"})

    assert error.error == "DynamoDb.DynamoDbException"
    assert error.cause is not None
    assert error.cause.startswith("1 validation error detected: Value null at 'item' failed to satisfy constraint: ")


def test_an_unsupported_field_is_rejected_before_the_service_is_called(services: Services) -> None:
    error = failure(services, "arn:aws:states:::dynamodb:putItem", {"TableName": "orders", "Items": {}})

    assert error.error == "States.Runtime"
    assert error.cause is not None
    assert error.cause.endswith(
        "could not be used to start the Task: [The field 'Items' is not supported by Step Functions]"
    )


def test_a_message_body_that_is_no_string_is_sent_as_json(services: Services) -> None:
    """connect-sqs.html"""
    url = services.clients("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]

    services.invoke("arn:aws:states:::sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1, "ä": [None]}})

    (message,) = services.clients("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == '{"n":1,"ä":[null]}'


def test_an_event_without_a_source_fails_the_task(services: Services) -> None:
    """connect-eventbridge.html"""
    error = failure(services, "arn:aws:states:::events:putEvents", {"Entries": [{"Detail": {}, "DetailType": "x"}]})

    assert error.error == "EventBridge.FailedEntry"
    assert error.cause is not None
    assert '"FailedEntryCount":1' in error.cause


def test_an_sdk_integration_writes_json_and_a_result_writer_plain_text(services: Services) -> None:
    """input-output-resultwriter.html"""
    put = {"Bucket": "shelf", "Key": "k", "Body": "é"}

    def stored() -> str:
        body: str = services.invoke("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": "shelf", "Key": "k"})["Body"]
        return body

    services.invoke("arn:aws:states:::aws-sdk:s3:putObject", put)
    assert stored() == '"é"'
    services.invoke("arn:aws:states:::s3:putObject", put)
    assert stored() == "é"


def test_a_missing_object_fails_the_task(services: Services) -> None:
    error = failure(services, "arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": "shelf", "Key": "none"})
    assert error.error == "S3.NoSuchKeyException"


def test_an_unsupported_integration_fails_the_task(services: Services) -> None:
    error = failure(services, "arn:aws:states:::glue:startJobRun", {})

    assert error.error == "States.Runtime"
    assert error.cause == "The resource 'arn:aws:states:::glue:startJobRun' is not supported."
