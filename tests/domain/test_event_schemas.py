"""Every event has a schema in oms/events.schema.json with the fields of its class, for readers of the stream."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from oms.domain.events import TYPES, event_from

SCHEMAS = json.loads((Path(__file__).parents[2] / "oms" / "events.schema.json").read_text())["$defs"]
LINES = {"Units", "QuotedUnits", "PricedUnits", "InspectedUnits"}


def test_every_event_has_a_schema_and_every_schema_an_event():
    assert set(SCHEMAS) == set(TYPES) | LINES


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_has_the_fields_of_its_event(name):
    """A field that was added to an event later has a default, and older events lack it."""
    event_fields = fields(TYPES[name])
    assert set(SCHEMAS[name]["properties"]) == {field.name for field in event_fields}
    assert set(SCHEMAS[name]["required"]) == {field.name for field in event_fields if field.default is MISSING}
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_an_event_of_a_newer_version_is_read_without_what_is_new():
    data = {"payment_id": "pi_1", "amount_minor": 100, "risk": "normal", "network": "visa"}
    event = event_from("PaymentAuthorized", data)
    assert event.data() == {"payment_id": "pi_1", "amount_minor": 100, "risk": "normal"}
