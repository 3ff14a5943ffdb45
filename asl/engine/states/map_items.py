"""Items for a distributed Map: what an ItemReader's file holds, and how an ItemBatcher groups it.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from __future__ import annotations

import csv
import io
from typing import Any

from asl.language.documents import MAX_BYTES, decode, encode
from asl.language.errors import StatesError

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
OBJECT_FIELDS = {
    "ETag": "Etag",
    "Key": "Key",
    "LastModified": "LastModified",
    "Size": "Size",
    "StorageClass": "StorageClass",
}
"""The fields of a listed object, and what Step Functions calls them."""


def reader_failed(cause: str) -> StatesError:
    return StatesError("States.ItemReaderFailed", cause)


def parse_items(text: str, config: dict[str, Any]) -> list[Any]:
    """The items of a file's text. Raises ``States.ItemReaderFailed``."""
    kind = config.get("InputType", "JSON")
    try:
        if kind == "CSV":
            return _parse_csv(text, config)
        if kind == "JSONL":
            return [decode(line) for line in text.splitlines() if line.strip()]
        if kind == "JSON":
            return entries_of(decode(text))
    except ValueError as error:
        raise reader_failed(f"Attempting to parse the {kind} file failed: {error}") from None
    raise reader_failed(f"The InputType {kind} is not supported.")


def entries_of(value: Any) -> list[Any]:
    """An array's elements, or an object's pairs as ``{"Key": …, "Value": …}``."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"Key": key, "Value": each} for key, each in value.items()]
    raise reader_failed("Attempting to map over non-iterable node.")


def _parse_csv(text: str, config: dict[str, Any]) -> list[Any]:
    """Rows as objects: fields without a header are dropped, headers without a field are empty."""
    lines = csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    rows = (row for row in lines if row)
    headers = config.get("CSVHeaders") if config.get("CSVHeaderLocation") == "GIVEN" else next(rows, [])
    if len(set(headers or ())) != len(headers or ()):
        raise reader_failed("CSV headers cannot contain duplicates.")
    return [dict(zip(headers or (), row + [""] * len(headers or ()), strict=False)) for row in rows]


def object_items(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of ``s3:listObjectsV2``."""
    return [{name: each[field] for field, name in OBJECT_FIELDS.items() if field in each} for each in objects]


def batch_items(
    items: list[Any], size: int | None, size_in_bytes: int | None, batch_input: dict[str, Any]
) -> list[dict[str, Any]]:
    """Items in batches, limited by their number and their bytes; each holds the `batch_input`, which may be empty."""
    limit = min(size_in_bytes or MAX_BYTES, MAX_BYTES) - len(encode(batch_input))
    batches: list[list[Any]] = []
    room = 0
    for item in items:
        length = len(encode(item).encode()) + 1
        if not batches or (size and len(batches[-1]) >= size) or length > room:
            batches.append([])
            room = limit
        batches[-1].append(item)
        room -= length
    return [{**batch_input, "Items": batch} for batch in batches]
