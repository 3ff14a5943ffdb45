"""The actions on the tags of state machines and activities.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

from asl.server.arns import parse
from asl.server.errors import ApiError, no_resource
from asl.server.resource_registry import Activity, MachineRecord, ResourceRegistry

MAX_TAGS = 50


class TagActions:
    """TagResource, UntagResource, ListTagsForResource."""

    def __init__(self, registry: ResourceRegistry) -> None:
        self.registry = registry

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        record = self._record(request)
        tags = record.tags | {tag["key"]: tag.get("value", "") for tag in request["tags"]}
        if len(tags) > MAX_TAGS:
            raise ApiError("TooManyTags", f"A resource has {MAX_TAGS} tags at most: '{record.arn}'")
        record.tags = tags
        self.registry.put(record)
        return {}

    def untag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        record = self._record(request)
        record.tags = {key: value for key, value in record.tags.items() if key not in request["tagKeys"]}
        self.registry.put(record)
        return {}

    def list_tags_for_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [{"key": key, "value": value} for key, value in self._record(request).tags.items()]}

    def _record(self, request: dict[str, Any]) -> MachineRecord | Activity:
        arn = parse(request["resourceArn"], "stateMachine", "activity")
        record = self.registry.by_arn.get(arn.text)
        if not isinstance(record, (MachineRecord, Activity)):
            raise no_resource(arn.text)
        return record
