"""Stream consumers: the records that reach them, and what happens to a record that fails."""

import json

import pytest

from oms.declarations.functions import consumer_functions
from oms.declarations.tables import tables

FOLLOWED = [
    (function, table, patterns)
    for function in consumer_functions().values()
    for table, patterns in function.streams.items()
]
IMAGES = {"NEW_IMAGE": {"NewImage"}, "NEW_AND_OLD_IMAGES": {"NewImage", "OldImage"}}


def ids(case):
    return f"{case[0].name}-{case[1]}"


@pytest.mark.parametrize("case", FOLLOWED, ids=ids)
def test_a_function_is_told_of_the_records_that_it_declares(cloud, case):
    function, table, patterns = case
    images = IMAGES[tables()[table].stream]
    assert all({"NewImage", "OldImage"} & pattern.get("dynamodb", {}).keys() <= images for pattern in patterns)
    mapping = mapping_of(cloud, function, table)
    assert cloud.read(mapping["EventSourceArn"]) == table.capitalize()
    filters = mapping.get("FilterCriteria", {"Filters": []})["Filters"]
    assert [json.loads(each["Pattern"]) for each in filters] == list(patterns)


@pytest.mark.parametrize("case", FOLLOWED, ids=ids)
def test_what_it_fails_at_is_halved_told_again_and_kept(cloud, case):
    mapping = mapping_of(cloud, *case[:2])
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRecordAgeInSeconds"] == 3600
    assert cloud.read(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == f"{case[0].name}Missed"


def test_every_table_that_has_a_stream_has_a_follower(cloud):
    assert {table for _, table, _ in FOLLOWED} == {name for name, table in tables().items() if table.stream}
    assert len(cloud.of_type("AWS::Lambda::EventSourceMapping")) == len(FOLLOWED)


def test_what_was_missed_is_kept_for_two_weeks_and_out_of_sight(cloud):
    queues = cloud.of_type("AWS::SQS::Queue")
    assert queues.keys() == {f"{function.name}Missed" for function in consumer_functions().values()}
    for queue in queues.values():
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert queue["SqsManagedSseEnabled"]
    for policy in cloud.of_type("AWS::SQS::QueuePolicy").values():
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize("function", consumer_functions().values(), ids=lambda function: function.name)
def test_somebody_hears_of_what_was_missed_and_of_falling_behind(cloud, function):
    alarms = cloud.of_type("AWS::CloudWatch::Alarm")
    missed, behind = alarms[f"{function.name}MissedSome"], alarms[f"{function.name}Behind"]
    assert (missed["MetricName"], missed["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)
    assert cloud.read(missed["Dimensions"]) == [{"Name": "QueueName", "Value": f"{function.name}Missed"}]
    assert (behind["MetricName"], behind["Threshold"]) == ("IteratorAge", 10 * 60 * 1000)
    assert all(cloud.read(alarm["AlarmActions"]) == ["Alarms"] for alarm in (missed, behind))


def mapping_of(cloud, function, table):
    name = f"Functions{function.name}{function.name}Follows{table.capitalize()}"
    mapping = cloud.of_type("AWS::Lambda::EventSourceMapping")[name]
    assert cloud.read(mapping["FunctionName"]) == f"Functions{function.name}"
    return mapping
