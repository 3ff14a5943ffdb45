"""The stack of what hangs off the tables' streams: its functions, what they missed, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from infra.data import Data
from infra.declared import stream_functions
from infra.functions import Functions
from infra.grants import Grants
from infra.machines import any_of
from infra.orders import Orders
from infra.search import Search

TIMEOUT = Duration.minutes(5)
"""Nobody waits for them, and a whole index may have to be built anew."""
BATCH = 100
WINDOW = Duration.seconds(1)
PATIENCE = Duration.hours(1)
"""So long a record is told again: an outage may take a while. A defect holds its shard back until then."""
BEHIND = Duration.minutes(10)


class Streams(Stack):
    def __init__(self, scope: Construct, id: str, data: Data, search: Search, orders: Orders) -> None:
        super().__init__(scope, id, description="What hangs off the streams of the shop's tables.")
        made = Functions(self, "analytics", Grants(data, {}, {}, search=search))
        for declared in stream_functions():
            function, missed = made.add(declared, TIMEOUT), missed_by(self, declared.name)
            for table, patterns in declared.streams.items():
                follow(f"{declared.name}Follows{table.capitalize()}", function, data.tables[table], patterns, missed)
            for alarm in alarms(self, declared.name, function, missed):
                alarm.add_alarm_action(actions.SnsAction(orders.alarms))
            CfnOutput(self, f"{declared.name}Name", value=function.function_name)


def missed_by(scope: Construct, name: str) -> sqs.Queue:
    """Where the places in the stream go of what was told in vain for too long; the stream itself keeps it for a day."""
    return sqs.Queue(
        scope,
        f"{name}Missed",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )


def follow(
    id: str,
    function: lambda_.Function,
    table: dynamodb.Table,
    patterns: Sequence[Mapping[str, Any]],
    missed: sqs.Queue,
) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            resources=[str(table.table_stream_arn)],
        )
    )
    function.add_to_role_policy(iam.PolicyStatement(actions=["dynamodb:ListStreams"], resources=["*"]))
    lambda_.EventSourceMapping(
        function,
        id,
        target=function,
        event_source_arn=table.table_stream_arn,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=BATCH,
        max_batching_window=WINDOW,
        filters=[lambda_.FilterCriteria.filter(pattern) for pattern in patterns] or None,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        max_record_age=PATIENCE,
        on_failure=SqsDlq(missed),
    )


def alarms(scope: Construct, name: str, function: lambda_.Function, missed: sqs.Queue) -> Iterator[cloudwatch.Alarm]:
    waiting = missed.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum")
    yield any_of(scope, f"{name}MissedSome", waiting, f"{name} was told of changes in vain for an hour: see its queue.")
    age = function.metric("IteratorAge", period=Duration.minutes(1), statistic="Maximum")
    yield cloudwatch.Alarm(
        scope,
        f"{name}Behind",
        metric=age,
        threshold=BEHIND.to_milliseconds(),
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=f"{name} is more than ten minutes behind its streams.",
    )
