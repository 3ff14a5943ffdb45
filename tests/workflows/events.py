"""Checks events with their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from oms.domain.events import Recorded

SCHEMAS = json.loads((Path(__file__).parents[2] / "oms" / "events.schema.json").read_text())["$defs"]


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMAS[name], "$defs": SCHEMAS})


def schema_violations(events: Iterable[Recorded]) -> Iterator[str]:
    for recorded in events:
        data = json.loads(json.dumps(recorded.event.data()))
        for error in validator(recorded.event.name).iter_errors(data):
            yield f"{recorded.event.name} at {error.json_path}: {error.message}"
