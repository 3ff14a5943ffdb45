"""The actions on state machines, versions, aliases and tags over boto3, by the API reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asl.serving import ROLE, outcome, serving

ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:"


def passing(result: Any) -> str:
    return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": result, "End": True}}})


@pytest.fixture(scope="module")
def sfn() -> Iterator[Any]:
    with serving() as client:
        yield client


@pytest.fixture
def machine(sfn: Any, request: pytest.FixtureRequest) -> str:
    """The ARN of a new state machine, named after the test."""
    name = request.node.name[:60].replace("[", "-").replace("]", "")
    arn: str = sfn.create_state_machine(name=name, definition=passing(1), roleArn=ROLE)["stateMachineArn"]
    return arn


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_machine_is_described_as_it_was_created(sfn: Any, machine: str) -> None:
    """API_DescribeStateMachine.html"""
    description = sfn.describe_state_machine(stateMachineArn=machine)

    assert description["definition"] == passing(1)
    assert (description["status"], description["type"], description["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    assert description["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert "revisionId" not in description


def test_create_is_idempotent_and_refuses_another_definition(sfn: Any, machine: str) -> None:
    """API_CreateStateMachine.html: idempotent by name, definition, type and configurations."""
    name = machine.rpartition(":")[2]

    again = sfn.create_state_machine(name=name, definition=passing(1), roleArn="arn:aws:iam::000000000000:role/other")

    assert again["stateMachineArn"] == machine
    code, message = refusal(sfn.create_state_machine, name=name, definition=passing(2), roleArn=ROLE)
    assert (code, message) == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{machine}'")


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        (
            {"name": "x" * 81},
            "ValidationException",
            f"1 validation error detected: Value '{'x' * 81}' at 'name' failed to satisfy constraint: "
            "Member must have length less than or equal to 80",
        ),
        (
            {"type": "FAST"},
            "ValidationException",
            "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: "
            "Member must satisfy enum value set: [STANDARD, EXPRESS]",
        ),
        (
            {"definition": '{"StartAt": "A"}'},
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (
            {"loggingConfiguration": {"level": "ALL"}},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            {"versionDescription": "first"},
            "ValidationException",
            "Version description can only be set when publish is true",
        ),
    ],
)
def test_an_invalid_create_is_refused(sfn: Any, parameters: dict[str, Any], code: str, message: str) -> None:
    request = {"name": "new", "definition": passing(1), "roleArn": ROLE} | parameters
    assert refusal(sfn.create_state_machine, **request) == (code, message)


def test_an_update_makes_a_revision_that_new_executions_run(sfn: Any, machine: str) -> None:
    """API_UpdateStateMachine.html"""
    revision = sfn.update_state_machine(stateMachineArn=machine, definition=passing("new"))["revisionId"]

    assert sfn.describe_state_machine(stateMachineArn=machine)["revisionId"] == revision
    started = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    assert outcome(sfn, started)["output"] == '"new"'
    assert refusal(sfn.update_state_machine, stateMachineArn=machine)[0] == "MissingRequiredParameter"


def test_an_execution_keeps_its_revision(sfn: Any, machine: str) -> None:
    """API_DescribeStateMachineForExecution.html"""
    started = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    sfn.update_state_machine(stateMachineArn=machine, definition=passing(2))

    description = sfn.describe_state_machine_for_execution(executionArn=started)

    assert (description["definition"], description["stateMachineArn"]) == (passing(1), machine)


def test_executions_survive_the_deletion_of_their_machine(sfn: Any, machine: str) -> None:
    started = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=machine)
    sfn.delete_state_machine(stateMachineArn=machine)

    missing = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'")
    assert refusal(sfn.describe_state_machine, stateMachineArn=machine) == missing
    assert refusal(sfn.start_execution, stateMachineArn=machine) == missing
    assert outcome(sfn, started)["output"] == "1"


def test_each_revision_is_published_as_one_numbered_version(sfn: Any, machine: str) -> None:
    """API_PublishStateMachineVersion.html"""
    first = sfn.publish_state_machine_version(stateMachineArn=machine, description="one")["stateMachineVersionArn"]
    again = sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    second = sfn.update_state_machine(stateMachineArn=machine, definition=passing(2), publish=True)

    assert (first, again, second["stateMachineVersionArn"]) == (f"{machine}:1", f"{machine}:1", f"{machine}:2")
    listed = sfn.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [each["stateMachineVersionArn"] for each in listed] == [f"{machine}:2", f"{machine}:1"]
    old = sfn.describe_state_machine(stateMachineArn=first)
    assert (old["definition"], old["description"]) == (passing(1), "one")
    assert refusal(sfn.publish_state_machine_version, stateMachineArn=machine, revisionId="x")[0] == "ConflictException"
    assert refusal(sfn.update_state_machine, stateMachineArn=first, roleArn=ROLE)[0] == "StateMachineDoesNotExist"


def test_an_alias_routes_by_weight(sfn: Any, machine: str) -> None:
    """concepts-cd-aliasing-versioning.html"""
    sfn.publish_state_machine_version(stateMachineArn=machine)
    sfn.update_state_machine(stateMachineArn=machine, definition=passing(2), publish=True)
    routes = [
        {"stateMachineVersionArn": f"{machine}:1", "weight": 40},
        {"stateMachineVersionArn": f"{machine}:2", "weight": 60},
    ]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]

    ended = [outcome(sfn, sfn.start_execution(stateMachineArn=alias)["executionArn"]) for _ in range(30)]

    assert {each["output"] for each in ended} == {"1", "2"}
    assert {each["stateMachineAliasArn"] for each in ended} == {alias}
    assert {each["stateMachineVersionArn"][-1] for each in ended if each["output"] == "1"} == {"1"}
    listed = sfn.list_executions(stateMachineArn=f"{machine}:2")["executions"]
    assert len(listed) == sum(each["output"] == "2" for each in ended)


def test_a_version_with_an_alias_cannot_be_deleted(sfn: Any, machine: str) -> None:
    version = sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    whole = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=whole)["stateMachineAliasArn"]
    assert sfn.create_state_machine_alias(name="live", routingConfiguration=whole)["stateMachineAliasArn"] == alias

    code, message = refusal(sfn.delete_state_machine_version, stateMachineVersionArn=version)
    assert (code, message[-6:]) == ("ConflictException", "[live]")
    half = [{"stateMachineVersionArn": version, "weight": 50}]
    assert refusal(sfn.update_state_machine_alias, stateMachineAliasArn=alias, routingConfiguration=half) == (
        "ValidationException",
        "Sum of routing configuration weights must equal 100. Received: [50]",
    )

    sfn.update_state_machine_alias(stateMachineAliasArn=alias, description="kept")
    assert sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["description"] == "kept"
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert sfn.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"] == []
    sfn.delete_state_machine_version(stateMachineVersionArn=version)
    assert refusal(sfn.describe_state_machine_alias, stateMachineAliasArn=alias)[0] == "ResourceNotFound"


def test_tags_are_added_and_removed(sfn: Any, machine: str) -> None:
    """API_TagResource.html"""
    sfn.tag_resource(resourceArn=machine, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    sfn.untag_resource(resourceArn=machine, tagKeys=["a"])

    assert sfn.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "b", "value": "2"}]
    many = [{"key": str(n), "value": ""} for n in range(50)]
    assert refusal(sfn.tag_resource, resourceArn=machine, tags=many)[0] == "TooManyTags"
    assert refusal(sfn.list_tags_for_resource, resourceArn=f"{ARN}none")[0] == "ResourceNotFound"


def test_machines_are_listed_by_page(sfn: Any, machine: str) -> None:
    for n in range(5):
        sfn.create_state_machine(name=f"listed-{n}", definition=passing(n), roleArn=ROLE)
    pages = [
        page["stateMachines"]
        for page in sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
    ]

    names = [each["name"] for page in pages for each in page]
    assert [name for name in names if name.startswith("listed-")] == [f"listed-{n}" for n in range(5)]
    assert names == sorted(names)
    assert {len(page) for page in pages[:-1]} == {2}
    assert refusal(sfn.list_state_machines, nextToken="gibberish") == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_a_definition_is_diagnosed(sfn: Any) -> None:
    """API_ValidateStateMachineDefinition.html"""
    fine = sfn.validate_state_machine_definition(definition=passing(1))
    wrong = sfn.validate_state_machine_definition(definition='{"StartAt": "A", "States": {}}')

    assert (fine["result"], fine["diagnostics"]) == ("OK", [])
    assert wrong["result"] == "FAIL"
    assert wrong["diagnostics"][0]["severity"] == "ERROR"


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("machine", "Invalid Arn: 'Invalid ARN prefix: machine'"),
        (
            "arn:aws:states:us-east-1:1:stateMachine",
            "Invalid Arn: 'Invalid ARN: arn:aws:states:us-east-1:1:stateMachine'",
        ),
        ("arn:aws:states:us-east-1:1:activity:a", "Invalid Arn: 'Resource type not valid in this context: activity'"),
    ],
)
def test_an_invalid_arn_is_refused(sfn: Any, arn: str, message: str) -> None:
    assert refusal(sfn.describe_state_machine, stateMachineArn=arn) == ("InvalidArn", message)
