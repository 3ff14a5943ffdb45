"""The fields of every object in a definition: which are allowed, what they hold, which exclude each other.

States Language, section "State type" and those of each state type;
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

_COMMON = {"Type", "Comment", "QueryLanguage"}
_PATHS = {"InputPath", "OutputPath"}
_TRANSITIONS = {"Next", "End"}
_OUTPUTS = {"Output", "Assign"}
_RESULTS = {"ResultPath", "ResultSelector"}
_ERROR_HANDLERS = {"Retry", "Catch"}

STATE_FIELDS: dict[str, frozenset[str]] = {
    name: frozenset(fields | _COMMON)
    for name, fields in {
        "Task": _PATHS
        | _TRANSITIONS
        | _OUTPUTS
        | _RESULTS
        | _ERROR_HANDLERS
        | {"Parameters", "Arguments", "Resource", "Credentials"}
        | {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
        "Wait": _PATHS | _TRANSITIONS | _OUTPUTS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
        "Pass": _PATHS | _TRANSITIONS | _OUTPUTS | {"Parameters", "Result", "ResultPath"},
        "Succeed": _PATHS | {"Output"},
        "Fail": {"Error", "ErrorPath", "Cause", "CausePath"},
        "Choice": _PATHS | _OUTPUTS | {"Choices", "Default"},
        "Parallel": _PATHS
        | _TRANSITIONS
        | _OUTPUTS
        | _RESULTS
        | _ERROR_HANDLERS
        | {"Parameters", "Arguments", "Branches"},
        "Map": _PATHS
        | _TRANSITIONS
        | _OUTPUTS
        | _RESULTS
        | _ERROR_HANDLERS
        | {"Parameters", "ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemSelector"}
        | {"ItemReader", "ItemBatcher", "ResultWriter", "MaxConcurrency", "MaxConcurrencyPath", "Label"}
        | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}
        | {"ToleratedFailureCount", "ToleratedFailureCountPath"},
    }.items()
}

MACHINE_FIELDS = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
BRANCH_FIELDS = frozenset({"Comment", "StartAt", "States"})
ITEM_PROCESSORS = ("ItemProcessor", "Iterator")
"""The field of a Map state with its item processor; Iterator is its older name."""
PROCESSOR_FIELDS = BRANCH_FIELDS | {"ProcessorConfig"}
RETRY_FIELDS = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
CATCH_FIELDS = frozenset({"ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"})
READER_FIELDS = frozenset({"Resource", "ReaderConfig", "Parameters", "Arguments", "Comment"})
READER_CONFIG_FIELDS = frozenset(
    {"InputType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter", "MaxItems", "MaxItemsPath", "ManifestType"}
    | {"Transformation", "ItemsPointer", "ExpectedBucketOwner"}
)
WRITER_FIELDS = frozenset({"Resource", "Parameters", "Arguments", "WriterConfig", "Comment"})
BATCHER_FIELDS = frozenset(
    {"MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", "BatchInput"}
    | {"Comment"}
)

JSONPATH_ONLY = frozenset(
    {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "ItemsPath", "SecondsPath"}
    | {"TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath", "ErrorPath", "CausePath"}
    | {"ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "MaxItemsPath", "MaxItemsPerBatchPath"}
    | {"MaxInputBytesPerBatchPath", "Variable", "And", "Or", "Not"}
)
JSONATA_ONLY = frozenset({"Arguments", "Output", "Items", "Condition"})

ONE_AT_MOST: tuple[tuple[str, ...], ...] = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("MaxItems", "MaxItemsPath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
)
EXACTLY_ONE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Task": (_NEXT_OR_END := ("Next", "End"),),
    "Pass": (_NEXT_OR_END,),
    "Wait": (_NEXT_OR_END, ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")),
    "Parallel": (_NEXT_OR_END,),
    "Map": (_NEXT_OR_END, ITEM_PROCESSORS),
}
REQUIRED: dict[str, tuple[str, ...]] = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}

PATH_FIELDS = frozenset({"InputPath", "OutputPath"})
REFERENCE_FIELDS = frozenset(name for name in JSONPATH_ONLY if name.endswith("Path")) - PATH_FIELDS
QUERY_FIELDS = frozenset({"ErrorPath", "CausePath"})
TEMPLATE_FIELDS = frozenset({"Parameters", "ResultSelector", "ItemSelector", "Assign", "BatchInput"})
JSONATA_TEMPLATE_FIELDS = frozenset({"Arguments", "Output", "Items", "ItemSelector", "Assign", "BatchInput"})

INTEGERS: dict[str, tuple[int, int | None]] = {
    "TimeoutSeconds": (1, 99_999_999),
    "HeartbeatSeconds": (1, 99_999_999),
    "Seconds": (0, 99_999_999),
    "MaxConcurrency": (0, None),
    "ToleratedFailureCount": (0, None),
    "MaxItems": (0, 100_000_000),
    "MaxItemsPerBatch": (0, None),
    "MaxInputBytesPerBatch": (0, 262_144),
    "IntervalSeconds": (1, 99_999_999),
    "MaxAttempts": (0, 99_999_999),
    "MaxDelaySeconds": (1, 31_622_400),
}
"""Integer fields, with their minimum and maximum."""
NUMBERS: dict[str, tuple[float, float | None]] = {
    "ToleratedFailurePercentage": (0.0, 100.0),
    "BackoffRate": (1.0, None),
}
CONSTANTS: dict[str, tuple[str, ...]] = {
    "QueryLanguage": ("JSONPath", "JSONata"),
    "Version": ("1.0",),
    "JitterStrategy": ("NONE", "FULL"),
    "Mode": ("INLINE", "DISTRIBUTED"),
    "ExecutionType": ("STANDARD", "EXPRESS"),
    "InputType": ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "ManifestType": ("ATHENA_DATA", "S3_INVENTORY"),
    "Transformation": ("NONE", "LOAD_AND_FLATTEN", "FLATTEN", "COMPACT"),
    "OutputType": ("JSON", "JSONL"),
}
STRINGS = frozenset({"Comment", "Next", "Default", "StartAt", "Resource", "Label", "Error", "Cause", "ItemsPointer"})
NEVER_EMPTY = frozenset({"Choices", "Branches", "ErrorEquals", "And", "Or"})
