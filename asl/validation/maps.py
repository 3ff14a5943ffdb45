"""The fields that only a Map state has: its processor, its reader, its batcher and its writer.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from asl.validation import fields
from asl.validation.values import check_field

if TYPE_CHECKING:
    from asl.validation.states import Structure

_READERS = re.compile(r"arn:[\w-]+:states:::s3:(getObject|listObjectsV2)|.*\$\{.*")
_WRITERS = re.compile(r"arn:[\w-]+:states:::s3:putObject|.*\$\{.*")
_LABEL_FORBIDS = re.compile(r"""[\s?*<>{}\[\]:;,\\|^~$#%&`"]|[\x00-\x1f\x7f-\x9f]""")
MAX_LABEL = 40


def check_map(structure: Structure, state: dict[str, Any], here: str, language: str) -> None:
    """Check a Map state beyond what it shares with other states."""
    report = structure.report
    distributed = False
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            place = f"{here}/{field}"
            structure.check_branch(state[field], place, fields.PROCESSOR_FIELDS)
            if isinstance(state[field], dict):
                config = state[field].get("ProcessorConfig", {})
                distributed |= _check_config(structure, config, f"{place}/ProcessorConfig")
    if "ItemReader" in state:
        _check_reader(structure, state["ItemReader"], f"{here}/ItemReader", language)
    if "ResultWriter" in state:
        _check_writer(structure, state["ResultWriter"], f"{here}/ResultWriter", language)
    if "ItemBatcher" in state:
        _check_batcher(structure, state["ItemBatcher"], f"{here}/ItemBatcher", language)
    if not distributed:
        for field in ("ItemReader", "ResultWriter", "ItemBatcher", "Label"):
            if field in state:
                report.error(here, f"Field '{field}' is not supported")
    label = state.get("Label")
    if isinstance(label, str) and (len(label) > MAX_LABEL or _LABEL_FORBIDS.search(label)):
        what = f"exceeds the {MAX_LABEL}-character limit" if len(label) > MAX_LABEL else "has a character that isn't"
        report.error(f"{here}/Label", f"Label name '{label}' {what} allowed by the service", "INVALID_LABEL_NAME")


def _check_config(structure: Structure, config: Any, here: str) -> bool:
    """Check a processor's configuration; True if the Map is distributed."""
    if not structure.report.expect(here, config, dict, "Object"):
        return False
    distributed: bool = config.get("Mode") == "DISTRIBUTED"
    structure.only(here, config, {"Mode", "ExecutionType"} if distributed else {"Mode"})
    for name in ("Mode", "ExecutionType"):
        if name in config:
            check_field(structure.report, name, config[name], here, "JSONPath")
    if distributed:
        structure.required(here, config, ("ExecutionType",))
        if structure.machine_type == "EXPRESS":
            message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            structure.report.error(f"{here}/Mode", message)
    return distributed


def _check_reader(structure: Structure, reader: Any, here: str, language: str) -> None:
    if not structure.report.expect(here, reader, dict, "Object"):
        return
    structure.only(here, reader, fields.READER_FIELDS)
    structure.required(here, reader, ("Resource",))
    structure.check_fields(here, reader, language)
    _check_resource(structure, reader, here, _READERS)
    config = reader.get("ReaderConfig", {})
    place = f"{here}/ReaderConfig"
    if not structure.report.expect(place, config, dict, "Object"):
        return
    structure.only(place, config, fields.READER_CONFIG_FIELDS)
    structure.check_fields(place, config, language)
    if config.get("InputType") == "CSV" and "CSVHeaderLocation" not in config:
        structure.report.error(place, "The field 'CSVHeaderLocation' is required")
    if config.get("InputType") in ("JSON", "JSONL") and "CSVHeaderLocation" in config:
        structure.report.error(place, "Field 'CSVHeaderLocation' is not supported")
    if config.get("CSVHeaderLocation") == "GIVEN":
        structure.required(place, config, ("CSVHeaders",))
    headers = config.get("CSVHeaders", [])
    if structure.report.expect(f"{place}/CSVHeaders", headers, list, "Array"):
        for header in headers:
            structure.report.expect(f"{place}/CSVHeaders", header, str, "String")


def _check_writer(structure: Structure, writer: Any, here: str, language: str) -> None:
    if not structure.report.expect(here, writer, dict, "Object"):
        return
    structure.only(here, writer, fields.WRITER_FIELDS)
    structure.check_fields(here, writer, language)
    _check_resource(structure, writer, here, _WRITERS)
    config = writer.get("WriterConfig", {})
    if structure.report.expect(f"{here}/WriterConfig", config, dict, "Object"):
        structure.only(f"{here}/WriterConfig", config, {"OutputType", "Transformation"})
        structure.check_fields(f"{here}/WriterConfig", config, language)


def _check_resource(structure: Structure, holder: dict[str, Any], here: str, allowed: re.Pattern[str]) -> None:
    resource = holder.get("Resource")
    if isinstance(resource, str) and allowed.fullmatch(resource) is None:
        structure.report.error(f"{here}/Resource", "The field 'Resource' does not match any of the allowed values")


def _check_batcher(structure: Structure, batcher: Any, here: str, language: str) -> None:
    if not structure.report.expect(here, batcher, dict, "Object"):
        return
    structure.only(here, batcher, fields.BATCHER_FIELDS)
    structure.check_fields(here, batcher, language)
    limits = [name for name in batcher if name.startswith("Max")]
    if not limits:
        names = "MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath"
        structure.report.error(here, f"At least one of the following fields is required: [{names}]")
