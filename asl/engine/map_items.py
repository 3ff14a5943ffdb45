"""Items for a distributed Map: what an ItemReader's file holds, and how an ItemBatcher groups it.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from __future__ import annotations

import csv
import io
from typing import Any

from asl.language.documents import MAX_BYTES, encode, parsed
from asl.language.errors import StatesError

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
LISTED = {"ETag": "Etag", "Key": "Key", "LastModified": "LastModified", "Size": "Size", "StorageClass": "StorageClass"}


def reader_failed(cause: str) -> StatesError:
    return StatesError("States.ItemReaderFailed", cause)


def read_items(text: str, config: dict[str, Any]) -> list[Any]:
    """The items of a file's text. Raises ``States.ItemReaderFailed``."""
    kind = config.get("InputType", "JSON")
    try:
        if kind == "CSV":
            return _csv(text, config)
        if kind == "JSONL":
            return [parsed(line) for line in text.splitlines() if line.strip()]
        if kind == "JSON":
            return items_of(parsed(text))
    except ValueError as error:
        raise reader_failed(f"Attempting to parse the {kind} file failed: {error}") from None
    raise reader_failed(f"The InputType {kind} is not supported.")


def items_of(value: Any) -> list[Any]:
    """An array's elements, or an object's pairs as ``{"Key": …, "Value": …}``."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"Key": key, "Value": each} for key, each in value.items()]
    raise reader_failed("Attempting to map over non-iterable node.")


def _csv(text: str, config: dict[str, Any]) -> list[Any]:
    """Rows as objects: fields without a header are dropped, headers without a field are empty."""
    rows = csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    filled = (row for row in rows if row)
    headers = config.get("CSVHeaders") if config.get("CSVHeaderLocation") == "GIVEN" else next(filled, [])
    if len(set(headers or ())) != len(headers or ()):
        raise reader_failed("CSV headers cannot contain duplicates.")
    return [dict(zip(headers or (), row + [""] * len(headers or ()), strict=False)) for row in filled]


def listed(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items of ``s3:listObjectsV2``."""
    return [{shown: each[name] for name, shown in LISTED.items() if name in each} for each in objects]


def batches(
    items: list[Any], size: int | None, size_in_bytes: int | None, given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Items in groups of at most `size` items and so many bytes; `given` is each batch's ``BatchInput`` or nothing."""
    limit = min(size_in_bytes or MAX_BYTES, MAX_BYTES) - len(encode(given))
    groups: list[list[Any]] = []
    room = 0
    for item in items:
        length = len(encode(item).encode()) + 1
        if not groups or (size and len(groups[-1]) >= size) or length > room:
            groups.append([])
            room = limit
        groups[-1].append(item)
        room -= length
    return [{**given, "Items": group} for group in groups]
