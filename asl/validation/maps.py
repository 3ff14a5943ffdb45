"""Checks of the fields that only a Map state has: its processor's configuration, reader, batcher and writer.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from asl.language.resources import is_placeholder, parse_resource
from asl.validation import fields
from asl.validation.objects import ObjectValidator
from asl.validation.values import check_field

_READER_ACTIONS = ("getObject", "listObjectsV2")
_WRITER_ACTIONS = ("putObject",)
_FORBIDDEN_IN_LABEL = re.compile(r"""[\s?*<>{}\[\]:;,\\|^~$#%&`"]|[\x00-\x1f\x7f-\x9f]""")
MAX_LABEL = 40


def check_map(validator: ObjectValidator, state: dict[str, Any], location: str, language: str) -> None:
    """Check the fields that only a Map state has, except the states of its processor."""
    collector = validator.collector
    distributed = False
    for field in fields.ITEM_PROCESSORS:
        if isinstance(state.get(field), dict):
            config = state[field].get("ProcessorConfig", {})
            distributed |= _check_processor_config(validator, config, f"{location}/{field}/ProcessorConfig")
    if "ItemReader" in state:
        _check_reader(validator, state["ItemReader"], f"{location}/ItemReader", language)
    if "ResultWriter" in state:
        _check_writer(validator, state["ResultWriter"], f"{location}/ResultWriter", language)
    if "ItemBatcher" in state:
        _check_batcher(validator, state["ItemBatcher"], f"{location}/ItemBatcher", language)
    if not distributed:
        for field in ("ItemReader", "ResultWriter", "ItemBatcher", "Label"):
            if field in state:
                collector.error(location, f"Field '{field}' is not supported")
    label = state.get("Label")
    if isinstance(label, str) and (len(label) > MAX_LABEL or _FORBIDDEN_IN_LABEL.search(label)):
        reason = f"exceeds the {MAX_LABEL}-character limit" if len(label) > MAX_LABEL else "has a character that isn't"
        collector.error(
            f"{location}/Label", f"Label name '{label}' {reason} allowed by the service", "INVALID_LABEL_NAME"
        )


def _check_processor_config(validator: ObjectValidator, config: Any, location: str) -> bool:
    """Check a processor's configuration; True if the Map is distributed."""
    if not validator.collector.expect(location, config, dict, "Object"):
        return False
    distributed: bool = config.get("Mode") == "DISTRIBUTED"
    validator.check_allowed(location, config, {"Mode", "ExecutionType"} if distributed else {"Mode"})
    for name in ("Mode", "ExecutionType"):
        if name in config:
            check_field(validator.collector, name, config[name], location, "JSONPath")
    if distributed:
        validator.check_required(location, config, ("ExecutionType",))
        if validator.machine_type == "EXPRESS":
            message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            validator.collector.error(f"{location}/Mode", message)
    return distributed


def _check_reader(validator: ObjectValidator, reader: Any, location: str, language: str) -> None:
    if not validator.collector.expect(location, reader, dict, "Object"):
        return
    validator.check_allowed(location, reader, fields.READER_FIELDS)
    validator.check_required(location, reader, ("Resource",))
    validator.check_fields(location, reader, language)
    _check_resource(validator, reader, location, _READER_ACTIONS)
    config = reader.get("ReaderConfig", {})
    inner_location = f"{location}/ReaderConfig"
    if not validator.collector.expect(inner_location, config, dict, "Object"):
        return
    validator.check_allowed(inner_location, config, fields.READER_CONFIG_FIELDS)
    validator.check_fields(inner_location, config, language)
    if config.get("InputType") == "CSV" and "CSVHeaderLocation" not in config:
        validator.collector.error(inner_location, "The field 'CSVHeaderLocation' is required")
    if config.get("InputType") in ("JSON", "JSONL") and "CSVHeaderLocation" in config:
        validator.collector.error(inner_location, "Field 'CSVHeaderLocation' is not supported")
    if config.get("CSVHeaderLocation") == "GIVEN":
        validator.check_required(inner_location, config, ("CSVHeaders",))
    headers = config.get("CSVHeaders", [])
    if validator.collector.expect(f"{inner_location}/CSVHeaders", headers, list, "Array"):
        for header in headers:
            validator.collector.expect(f"{inner_location}/CSVHeaders", header, str, "String")


def _check_writer(validator: ObjectValidator, writer: Any, location: str, language: str) -> None:
    if not validator.collector.expect(location, writer, dict, "Object"):
        return
    validator.check_allowed(location, writer, fields.WRITER_FIELDS)
    validator.check_fields(location, writer, language)
    _check_resource(validator, writer, location, _WRITER_ACTIONS)
    config = writer.get("WriterConfig", {})
    if validator.collector.expect(f"{location}/WriterConfig", config, dict, "Object"):
        validator.check_allowed(f"{location}/WriterConfig", config, {"OutputType", "Transformation"})
        validator.check_fields(f"{location}/WriterConfig", config, language)


def _check_resource(validator: ObjectValidator, holder: dict[str, Any], location: str, actions: Container[str]) -> None:
    resource = holder.get("Resource")
    if not isinstance(resource, str) or is_placeholder(resource):
        return
    integration = parse_resource(resource)
    if integration.pattern or integration.service != "s3" or integration.action not in actions:
        validator.collector.error(
            f"{location}/Resource", "The field 'Resource' does not match any of the allowed values"
        )


def _check_batcher(validator: ObjectValidator, batcher: Any, location: str, language: str) -> None:
    if not validator.collector.expect(location, batcher, dict, "Object"):
        return
    validator.check_allowed(location, batcher, fields.BATCHER_FIELDS)
    validator.check_fields(location, batcher, language)
    limits = [name for name in batcher if name.startswith("Max")]
    if not limits:
        names = "MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath"
        validator.collector.error(location, f"At least one of the following fields is required: [{names}]")
