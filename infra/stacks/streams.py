"""The stack of the consumers of the tables' streams, with a dead-letter queue and alarms for each."""

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

from infra.components.alarms import alarm_on_any
from infra.components.functions import LambdaFunctions
from infra.components.grants import Grants
from infra.stacks.data import DataStack
from infra.stacks.orders import OrdersStack
from infra.stacks.search import SearchStack
from oms.declarations.functions import consumer_functions

TIMEOUT = Duration.minutes(5)
"""No caller waits for them, and one may have to rebuild a whole index."""
BATCH_SIZE = 100
BATCHING_WINDOW = Duration.seconds(1)
MAX_RECORD_AGE = Duration.hours(1)
"""How long a record is retried, since an outage may last. A defect holds its shard back for this time."""
MAX_LAG = Duration.minutes(10)


class StreamsStack(Stack):
    def __init__(self, scope: Construct, id: str, data: DataStack, search: SearchStack, orders: OrdersStack) -> None:
        super().__init__(scope, id, description="What hangs off the streams of the shop's tables.")
        grants = Grants({**data.arns(), **search.arns()}, {**data.variables(), **search.variables()})
        functions = LambdaFunctions(self, "analytics", grants)
        for name, declared in consumer_functions().items():
            function, dead_letters = functions.add(declared, TIMEOUT), dead_letter_queue(self, name)
            for table, patterns in declared.streams.items():
                follow(f"{name}Follows{table.capitalize()}", function, data.tables[table], patterns, dead_letters)
            for alarm in alarms(self, name, function, dead_letters):
                alarm.add_alarm_action(actions.SnsAction(orders.alarms))
            CfnOutput(self, f"{name}Name", value=function.function_name)


def dead_letter_queue(scope: Construct, name: str) -> sqs.Queue:
    """Gets the stream positions of records that failed for too long; the stream keeps the records for a day."""
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
    dead_letters: sqs.Queue,
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
        batch_size=BATCH_SIZE,
        max_batching_window=BATCHING_WINDOW,
        filters=[lambda_.FilterCriteria.filter(pattern) for pattern in patterns] or None,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        max_record_age=MAX_RECORD_AGE,
        on_failure=SqsDlq(dead_letters),
    )


def alarms(
    scope: Construct, name: str, function: lambda_.Function, dead_letters: sqs.Queue
) -> Iterator[cloudwatch.Alarm]:
    waiting = dead_letters.metric_approximate_number_of_messages_visible(
        period=Duration.minutes(1), statistic="Maximum"
    )
    yield alarm_on_any(
        scope, f"{name}MissedSome", waiting, f"{name} failed to process changes for an hour: see its dead-letter queue."
    )
    age = function.metric("IteratorAge", period=Duration.minutes(1), statistic="Maximum")
    yield cloudwatch.Alarm(
        scope,
        f"{name}Behind",
        metric=age,
        threshold=MAX_LAG.to_milliseconds(),
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=f"{name} is more than ten minutes behind its streams.",
    )
