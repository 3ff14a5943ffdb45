"""What a distributed Map reads from S3 and writes to it: ``s3:getObject``, ``s3:listObjectsV2``, ``s3:putObject``.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

from typing import Any

from asl.services.boto import Clients, call_optimized

ACTIONS = {"getObject", "listObjectsV2", "putObject"}


def call_s3(clients: Clients, action: str, parameters: dict[str, Any]) -> Any:
    """An object with its Body as text; every page of a listing as one ``Contents``."""
    if action == "listObjectsV2":
        return {"Contents": [_listed(each) for each in _pages(clients, parameters)]}
    return call_optimized(clients, "s3", action, parameters)


def _pages(clients: Clients, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"NextContinuationToken": None}
    while "NextContinuationToken" in page:
        asked = parameters | {"ContinuationToken": page["NextContinuationToken"]}
        page = call_optimized(clients, "s3", "listObjectsV2", asked)
        found += page.get("Contents", [])
    return found


def _listed(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry in the spelling of an item: Etag, and the time in seconds."""
    return {
        "Etag": entry["ETag"],
        "LastModified": entry["LastModified"] / 1000,
        "Key": entry["Key"],
        "Size": entry["Size"],
        "StorageClass": entry["StorageClass"],
    }
