"""Map in its distributed mode: child executions, their items, their failures, their results.

Pages: state-map-distributed.html, input-output-itemreader.html, input-output-itembatcher.html,
input-output-resultwriter.html, maprun-fail-threshold.html.
"""

from __future__ import annotations

import json
from typing import Any

from asl import Engine, Execution
from tests.asl.build import Declined, load, passing, types

S3_GET = "arn:aws:states:::aws-sdk:s3:getObject"
S3_PUT = "arn:aws:states:::s3:putObject"


def distributed(*, processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    inner = {"StartAt": "Item", "States": {"Item": processor or passing()}}
    inner["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {"Type": "Map", "ItemProcessor": inner, "End": True, **fields}


def reading(kind: str, text: str, **config: Any) -> Execution:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind, **config},
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    }
    payloads: list[Any] = []

    def get(payload: Any) -> Any:
        payloads.append(payload)
        return {"Body": text}

    execution = load(Each=distributed(ItemReader=reader)).run({"key": "k"}, tasks={S3_GET: get})
    assert payloads == [{"Bucket": "b", "Key": "k"}]
    return execution


def work(n: int) -> int:
    if n < 0:
        raise Declined
    return n * 10


WORK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work", "End": True}


def test_every_item_is_an_execution_of_its_own() -> None:
    execution = load(Each=distributed()).run(["a", "b"])
    assert execution.output == ["a", "b"]
    assert types(execution) == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    (run,) = execution.map_runs
    assert [child.status for child in run.children] == ["SUCCEEDED", "SUCCEEDED"]
    assert [kind for kind, *_ in run.children[0].history_builder.records] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_a_child_sees_its_own_execution_and_no_outer_variable() -> None:
    processor = passing(
        Parameters={"machine.$": "$$.StateMachine.Name", "id.$": "$$.Execution.Id", "in.$": "$$.Execution.Input"}
    )
    execution = load(Each=distributed(processor=processor, Label="Orders")).run([5])
    (output,) = execution.output
    assert output["machine"] == "StateMachine/Orders"
    assert ":execution:StateMachine/Orders:" in output["id"]
    assert output["in"] == 5


def test_outer_variables_stay_outside() -> None:
    use = distributed(processor=passing(Parameters={"v.$": "$outer"}))
    execution = load(Set=passing(Assign={"outer": 1}, Next="Each"), Each=use).run([1])
    assert execution.map_runs[0].children[0].error == "States.Runtime"


def test_json_lines_and_objects_are_items() -> None:
    assert reading("JSON", '[1, {"a": 2}]').output == [1, {"a": 2}]
    assert reading("JSON", '{"x": 1, "y": 2}').output == [{"Key": "x", "Value": 1}, {"Key": "y", "Value": 2}]
    assert reading("JSONL", '{"a": 1}\n\n{"a": 2}\n').output == [{"a": 1}, {"a": 2}]


def test_csv_rows_are_objects() -> None:
    rows = reading("CSV", "sku,count\nA,1\nB\nC,3,extra\n", CSVHeaderLocation="FIRST_ROW").output
    assert rows == [{"sku": "A", "count": "1"}, {"sku": "B", "count": ""}, {"sku": "C", "count": "3"}]
    table = reading("CSV", "A|1\n", CSVHeaderLocation="GIVEN", CSVHeaders=["x", "y"], CSVDelimiter="PIPE")
    assert table.output == [{"x": "A", "y": "1"}]


def test_max_items_cuts_the_rest_off() -> None:
    assert reading("JSON", "[1, 2, 3]", MaxItems=2).output == [1, 2]


def test_what_cannot_be_read_fails_the_map() -> None:
    execution = reading("JSON", "{not json")
    assert execution.error == "States.ItemReaderFailed"
    assert types(execution)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_listing_is_read_page_by_page() -> None:
    pages = {None: {"Contents": [{"Key": "a", "Size": 1}], "IsTruncated": True, "NextContinuationToken": "t"},
             "t": {"Contents": [{"Key": "b", "Size": 2}], "IsTruncated": False}}  # fmt: skip
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    tasks = {"arn:aws:states:::aws-sdk:s3:listObjectsV2": lambda p: pages[p.get("ContinuationToken")]}
    execution = load(Each=distributed(ItemReader=reader)).run(tasks=tasks)
    assert execution.output == [{"Key": "a", "Size": 1}, {"Key": "b", "Size": 2}]


def test_batches_carry_their_input() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"day.$": "$.day"}}
    execution = load(Each=distributed(ItemsPath="$.items", ItemBatcher=batcher)).run({"day": 1, "items": [1, 2, 3]})
    assert execution.output == [
        {"BatchInput": {"day": 1}, "Items": [1, 2]},
        {"BatchInput": {"day": 1}, "Items": [3]},
    ]


def test_batches_are_bounded_in_bytes() -> None:
    execution = load(Each=distributed(ItemBatcher={"MaxInputBytesPerBatch": 30})).run(["x" * 12] * 3)
    assert [len(batch["Items"]) for batch in execution.output] == [1, 1, 1]


def test_one_failure_fails_the_run_unless_it_is_tolerated() -> None:
    items = [1, -1, 2, 3]
    strict = load(Each=distributed(processor=WORK, MaxConcurrency=1)).run(items, tasks={"Work": work})
    assert strict.error == "States.ExceedToleratedFailureThreshold"
    assert strict.map_runs[0].status == "FAILED"
    one = load(Each=distributed(processor=WORK, ToleratedFailureCount=1)).run(items, tasks={"Work": work})
    quarter = load(Each=distributed(processor=WORK, ToleratedFailurePercentage=25)).run(items, tasks={"Work": work})
    assert one.output == quarter.output == [10, 20, 30]
    below = load(Each=distributed(processor=WORK, ToleratedFailurePercentage=24)).run(items, tasks={"Work": work})
    assert below.status == "FAILED"


def test_results_are_written_with_a_manifest() -> None:
    written: dict[str, Any] = {}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
    machine = load(Each=distributed(processor=WORK, ToleratedFailureCount=1, ResultWriter=writer))
    tasks = {"Work": work, S3_PUT: lambda p: written.update({p["Key"].rpartition("/")[2]: json.loads(p["Body"])})}
    execution = machine.run([1, -1], tasks=tasks)
    assert execution.output["ResultWriterDetails"]["Key"].startswith("runs/")
    assert sorted(written) == ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert [row["Output"] for row in written["SUCCEEDED_0.json"]] == ["10"]
    assert [row["Error"] for row in written["FAILED_0.json"]] == ["Declined"]
    assert written["manifest.json"]["MapRunArn"] == execution.output["MapRunArn"]


def test_a_redrive_runs_only_what_failed() -> None:
    broken, ran = [True], []

    def task(n: int) -> int:
        ran.append(n)
        if n == 2 and broken[0]:
            raise Declined
        return n

    engine = Engine(tasks={"Work": task})
    execution = engine.start(load(Each=distributed(processor=WORK, MaxConcurrency=1)), [1, 2, 3])
    engine.run()
    broken[0] = False
    ran.clear()
    engine.redrive(execution)
    engine.run()
    assert ran == [2, 3]
    assert execution.output == [1, 2, 3]
    assert "MapRunRedriven" in types(execution)
    assert execution.map_runs[0].children[1].redrive_count == 1
