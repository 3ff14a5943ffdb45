"""What runs by the clock: a function or a state machine, under a role that may do just that."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct


def run_at(scope: Construct, name: str, schedule: str, action: str, arn: str) -> None:
    """Run it by the clock. A run that failed isn't made up for: the next one does its work."""
    clock = iam.ServicePrincipal(
        "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    )
    role = iam.Role(scope, f"{name}ScheduleRole", assumed_by=clock)
    role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[arn]))
    scheduler.CfnSchedule(
        scope,
        f"{name}Schedule",
        schedule_expression=schedule,
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=arn,
            role_arn=role.role_arn,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=0, maximum_event_age_in_seconds=60
            ),
        ),
    )
