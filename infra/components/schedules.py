"""EventBridge schedules of functions and state machines, each under a role that may do nothing else."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct


def run_on_schedule(scope: Construct, name: str, schedule: str, action: str, arn: str) -> None:
    """Schedule an action. A failed run isn't repeated: the next one does its work."""
    principal = iam.ServicePrincipal(
        "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    )
    role = iam.Role(scope, f"{name}ScheduleRole", assumed_by=principal)
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
