"""Map in its inline mode.

Page: state-map-inline.html; states-language.net, section "Map State".
"""

from __future__ import annotations

from typing import Any

import pytest

from asl import after
from tests.asl.build import Busy, answering, graph, load, passing, previous, seconds, task, types


def mapping(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, **({} if "Next" in fields else {"End": True}), **fields}


def test_results_stand_in_the_order_of_the_items() -> None:
    machine = load(Each=mapping(graph(Work=task())))
    execution = machine.run([3, 1, 2], tasks={"Work": lambda n: after(n, n * 10)})
    assert execution.output == [30, 10, 20]
    assert seconds(execution, "MapStateExited") == [3]


def test_max_concurrency_holds_items_back() -> None:
    machine = load(Each=mapping(graph(Work=task()), MaxConcurrency=2))
    execution = machine.run([1, 2, 3, 4], tasks={"Work": lambda n: after(10, n)})
    assert seconds(execution, "MapIterationStarted") == [0, 0, 10, 10]


def test_no_more_than_forty_run_at_once() -> None:
    machine = load(Each=mapping(graph(Work=task())))
    execution = machine.run(list(range(41)), tasks={"Work": lambda n: after(1, n)})
    assert seconds(execution, "MapIterationStarted") == [0.0] * 40 + [1.0]


def test_an_iteration_follows_the_last_event_of_the_one_before() -> None:
    machine = load(Each=mapping(graph(A=passing()), MaxConcurrency=1))
    execution = machine.run(["x", "y"])
    assert previous(execution) == [0, 0, 2, 3, 4, 5, 6, 6, 8, 9, 10, 11, 11, 13]


def test_the_item_selector_sees_item_index_and_input() -> None:
    selector = {"at.$": "$$.Map.Item.Index", "item.$": "$$.Map.Item.Value", "rate.$": "$.rate"}
    machine = load(Each=mapping(graph(A=passing()), ItemsPath="$.items", ItemSelector=selector))
    output = machine.run({"rate": 2, "items": ["a", "b"]}).output
    assert output == [{"at": 0, "item": "a", "rate": 2}, {"at": 1, "item": "b", "rate": 2}]


def test_no_items_give_an_empty_array() -> None:
    execution = load(Each=mapping(graph(A=passing()))).run([])
    assert execution.output == []
    assert types(execution)[1:-1] == ["MapStateEntered", "MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_a_failed_iteration_stops_the_others_first_in_the_history() -> None:
    states = graph(
        Pick={
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Boom"}],
            "Default": "Long",
        },
        Long={"Type": "Wait", "Seconds": 9, "End": True},
        Boom={"Type": "Fail", "Error": "Boom"},
    )
    execution = load(Each=mapping(states)).run([0, 1])
    failure = types(execution).index("FailStateEntered")
    assert types(execution)[failure + 1 :] == [
        "MapIterationAborted", "WaitStateAborted", "MapIterationFailed", "MapStateFailed", "ExecutionFailed",
    ]  # fmt: skip
    assert previous(execution)[failure + 1 : failure + 5] == [failure + 1] * 4


def test_a_retried_map_starts_all_its_items_again() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 5}]
    machine = load(Each=mapping(graph(Work=task()), Retry=retry, MaxConcurrency=1))
    execution = machine.run([1, 2], tasks={"Work": answering("a", Busy(), "b", "c")})
    assert execution.output == ["b", "c"]
    assert types(execution).count("MapStateFailed") == 0


def test_items_must_be_an_array() -> None:
    execution = load(Each=mapping(graph(A=passing()))).run({"not": "one"})
    assert execution.error == "States.Runtime"


@pytest.mark.parametrize("limit", [-1, "two", 1.5, True])
def test_max_concurrency_is_a_whole_number_from_0(limit: Any) -> None:
    machine = load(Each=mapping(graph(A=passing()), ItemsPath="$.items", MaxConcurrencyPath="$.limit"))
    assert machine.run({"items": [1], "limit": limit}).error == "States.Runtime"
    assert machine.run({"items": [1], "limit": 0}).output == [1]


def test_a_broken_item_selector_fails_the_state() -> None:
    machine = load(Each=mapping(graph(A=passing()), ItemsPath="$.items", ItemSelector={"x.$": "$.missing"}))
    assert machine.run({"items": [1]}).error == "States.Runtime"


def test_many_items_need_no_stack() -> None:
    machine = load(Each=mapping(graph(A=passing()), ResultSelector={"n.$": "States.ArrayLength($)"}))
    assert machine.run(list(range(6_000))).output == {"n": 6_000}
