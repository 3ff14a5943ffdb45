"""What a service answers to arguments that break a constraint which botocore's model doesn't know.

AWS turns these away itself; emulators let them through. So the answer is composed here, as the service would.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]+|arn:.+")
SECRET_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!-]+")
REGEX_TEXT = "[a-zA-Z0-9_.-]+"


def refusal(service: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """The service's response, an error's or PutEvents' with failed entries; None where nothing is wrong."""
    match service:
        case "dynamodb" if not TABLE_NAME.fullmatch(table := arguments.get("TableName", "-")):
            said = f"1 validation error detected: Value '{table}' at 'tableName' failed to satisfy constraint: "
            return _error("ValidationException", f"{said}Member must satisfy regular expression pattern: {REGEX_TEXT}")
        case "secretsmanager" if not SECRET_NAME.fullmatch(arguments.get("Name", "-")):
            said = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
            return _error("ValidationException", said + "-/_+=.@!")
        case "sns" if arguments.get("TopicArn", "").endswith(".fifo") and not arguments.get("MessageGroupId"):
            said = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
            return _error("InvalidParameter", said)
        case "events" if any(map(_malformed, arguments.get("Entries", ()))):
            return _failed_entries(arguments["Entries"])
    return None


def _error(code: str, message: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _malformed(entry: dict[str, Any]) -> bool:
    try:
        return not isinstance(json.loads(entry.get("Detail", "{}")), dict)
    except ValueError:
        return True


def _failed_entries(entries: list[dict[str, Any]]) -> dict[str, Any]:
    fault = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    results = [fault if _malformed(entry) else {"EventId": str(uuid.uuid4())} for entry in entries]
    return {"FailedEntryCount": results.count(fault), "Entries": results}
