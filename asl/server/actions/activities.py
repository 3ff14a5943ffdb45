"""The actions on activities, and the long poll of activity workers.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from asl.server.actions import pagination
from asl.server.arns import Account, parse
from asl.server.errors import ApiError, no_activity
from asl.server.execution_runner import ExecutionRunner
from asl.server.resource_registry import Activity, ResourceRegistry
from asl.validation.requests import check_name

Request = dict[str, Any]
Reply = dict[str, Any]


class ActivityActions:
    """CreateActivity, DescribeActivity, ListActivities, DeleteActivity, GetActivityTask."""

    def __init__(
        self, registry: ResourceRegistry, account: Account, runner: ExecutionRunner, now: Callable[[], float]
    ) -> None:
        self.registry = registry
        self.account = account
        self.runner = runner
        self.now = now

    def create_activity(self, request: Request) -> Reply:
        check_name(request["name"])
        arn = self.account.arn("activity", request["name"])
        activity = self.registry.by_arn.get(arn)
        if not isinstance(activity, Activity):
            tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags", ())}
            activity = Activity(arn, request["name"], self.now(), tags)
            activity.encryption = request.get("encryptionConfiguration", activity.encryption)
            self.registry.put(activity)
        elif request.get("encryptionConfiguration", activity.encryption) != activity.encryption:
            raise ApiError("ActivityAlreadyExists", f"Activity already exists: '{arn}'")
        return {"activityArn": arn, "creationDate": activity.created}

    def describe_activity(self, request: Request) -> Reply:
        activity = self._activity(request)
        return _summary(activity) | {"encryptionConfiguration": activity.encryption}

    def list_activities(self, request: Request) -> Reply:
        activities = sorted(self.registry.activities(), key=lambda activity: activity.name)
        items, next_page = pagination.page(request, "activities", pagination.slices(activities))
        return {"activities": [_summary(each) for each in items]} | next_page

    def delete_activity(self, request: Request) -> Reply:
        arn = parse(request["activityArn"], "activity")
        if isinstance(activity := self.registry.by_arn.get(arn.text), Activity):
            self.registry.remove([activity])
        return {}

    async def get_activity_task(self, request: Request) -> Reply:
        """Return a task as soon as there is one, or an empty reply after a minute."""
        arn = self._activity(request).arn
        activities = self.runner.engine.activities
        task: asyncio.Future[Reply | None] = self.runner.loop.create_future()
        hand_out = task.set_result
        activities.poll(arn, request.get("workerName"), hand_out)
        self.runner.schedule_commit()
        try:
            return await task or {}
        finally:  # a worker that has disconnected gets no task
            activities.cancel_poll(arn, hand_out)

    def _activity(self, request: Request) -> Activity:
        arn = parse(request["activityArn"], "activity")
        activity = self.registry.by_arn.get(arn.text)
        if not isinstance(activity, Activity):
            raise no_activity(arn.text)
        return activity


def _summary(activity: Activity) -> Reply:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created}
