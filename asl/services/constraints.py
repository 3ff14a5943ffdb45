"""Constraints on arguments that botocore's model doesn't have.

AWS rejects such arguments, emulators accept them. So the service's response is composed here.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]+|arn:.+")
SECRET_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!-]+")
REGEX_TEXT = "[a-zA-Z0-9_.-]+"


def violation_response(service: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """The service's response to a violated constraint, an error or PutEvents' failed entries; else None."""
    match service:
        case "dynamodb" if not TABLE_NAME.fullmatch(table := arguments.get("TableName", "-")):
            message = f"1 validation error detected: Value '{table}' at 'tableName' failed to satisfy constraint: "
            return _error_response(
                "ValidationException", f"{message}Member must satisfy regular expression pattern: {REGEX_TEXT}"
            )
        case "secretsmanager" if not SECRET_NAME.fullmatch(arguments.get("Name", "-")):
            message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
            return _error_response("ValidationException", message + "-/_+=.@!")
        case "sns" if arguments.get("TopicArn", "").endswith(".fifo") and not arguments.get("MessageGroupId"):
            message = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
            return _error_response("InvalidParameter", message)
        case "events" if any(map(_has_malformed_detail, arguments.get("Entries", ()))):
            return _failed_entries(arguments["Entries"])
    return None


def _error_response(code: str, message: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _has_malformed_detail(entry: dict[str, Any]) -> bool:
    try:
        return not isinstance(json.loads(entry.get("Detail", "{}")), dict)
    except ValueError:
        return True


def _failed_entries(entries: list[dict[str, Any]]) -> dict[str, Any]:
    failed_entry = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    results = [failed_entry if _has_malformed_detail(entry) else {"EventId": str(uuid.uuid4())} for entry in entries]
    return {"FailedEntryCount": results.count(failed_entry), "Entries": results}
