"""The actions of those who do the work: task tokens and activities.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from asl.server import pages
from asl.server.arns import Account, parse
from asl.server.errors import ApiError, invalid_token, no_activity
from asl.server.registry import Activity, Registry
from asl.server.runner import Runner
from asl.validation.requests import check_name

Request = dict[str, Any]
Reply = dict[str, Any]
TOKEN = re.compile(r"[0-9a-f]{64}")


class Callbacks:
    """SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def send_task_success(self, request: Request) -> Reply:
        try:
            output = json.loads(request["output"])
        except (ValueError, RecursionError) as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
        return self._answer(request, "succeeded", output)

    def send_task_failure(self, request: Request) -> Reply:
        return self._answer(request, "failed", {"error": request.get("error"), "cause": request.get("cause")})

    def send_task_heartbeat(self, request: Request) -> Reply:
        return self._answer(request, "heartbeat", None)

    def _answer(self, request: Request, kind: str, data: Any) -> Reply:
        token = request["taskToken"]
        if not TOKEN.fullmatch(token):
            raise invalid_token()
        if not self.runner.answer(token, kind, data):
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return {}


class Activities:
    """Activities and the workers that poll for their tasks."""

    def __init__(self, registry: Registry, account: Account, runner: Runner, now: Callable[[], float]) -> None:
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
        return _shown(activity) | {"encryptionConfiguration": activity.encryption}

    def list_activities(self, request: Request) -> Reply:
        found = sorted(self.registry.activities(), key=lambda activity: activity.name)
        items, more = pages.page(request, "activities", pages.of(found))
        return {"activities": [_shown(each) for each in items]} | more

    def delete_activity(self, request: Request) -> Reply:
        arn = parse(request["activityArn"], "activity")
        if isinstance(found := self.registry.by_arn.get(arn.text), Activity):
            self.registry.remove([found])
        return {}

    async def get_activity_task(self, request: Request) -> Reply:
        """Hand out a task, or none after a minute."""
        arn = self._activity(request).arn
        activities = self.runner.engine.activities
        task: asyncio.Future[Reply | None] = self.runner.loop.create_future()
        tell = task.set_result
        activities.poll(arn, request.get("workerName"), tell)
        self.runner.touch()
        try:
            return await task or {}
        finally:  # a worker that hung up gets no task
            activities.cancel_poll(arn, tell)

    def _activity(self, request: Request) -> Activity:
        arn = parse(request["activityArn"], "activity")
        found = self.registry.by_arn.get(arn.text)
        if not isinstance(found, Activity):
            raise no_activity(arn.text)
        return found


def _shown(activity: Activity) -> Reply:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created}
