"""Parallel: branches side by side, one result, one failure for all.

Page: state-parallel.html; states-language.net, section "Parallel State".
"""

from __future__ import annotations

from typing import Any

from asl import after
from tests.asl.build import Busy, answering, graph, load, passing, previous, seconds, task, types


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **({} if "Next" in fields else {"End": True}), **fields}


def test_results_stand_in_the_order_of_the_branches() -> None:
    machine = load(Both=parallel(graph(Slow=task("Slow")), graph(Quick=task("Quick"))))
    execution = machine.run(tasks={"Slow": answering(after(60, "slow")), "Quick": answering(after(1, "quick"))})
    assert execution.output == ["slow", "quick"]
    assert seconds(execution, "ParallelStateExited") == [60]


def test_all_branches_are_entered_first_and_the_exit_follows_the_last_event() -> None:
    machine = load(Both=parallel(graph(A=passing()), graph(B=passing())))
    execution = machine.run({})
    kinds = ["Entered", "Started", *["Entered"] * 2, *["Exited"] * 2, "Succeeded", "Exited"]
    assert [kind.partition("State")[2] for kind in types(execution)[1:-1]] == kinds
    assert previous(execution)[-4:] == [5, 7, 7, 9]


def test_every_branch_gets_the_parameters() -> None:
    machine = load(Both=parallel(graph(A=passing()), graph(B=passing()), Parameters={"n.$": "$.a"}, ResultPath="$.r"))
    assert machine.run({"a": 5}).output == {"a": 5, "r": [{"n": 5}, {"n": 5}]}


def test_one_failure_stops_the_others() -> None:
    machine = load(Both=parallel(graph(Waits={"Type": "Wait", "Seconds": 100, "End": True}), graph(Fails=task())))
    execution = machine.run(tasks={"Work": answering(after(10, Busy()))})
    assert (execution.status, execution.error) == ("FAILED", "Busy")
    assert types(execution)[-3:] == ["WaitStateAborted", "ParallelStateFailed", "ExecutionFailed"]
    assert seconds(execution, "ExecutionFailed") == [10]
    assert not execution.pending


def test_a_failed_parallel_is_retried_whole() -> None:
    runs: list[str] = []
    first = graph(First=task("First"))
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]
    machine = load(Both=parallel(first, graph(Second=task("Second")), Retry=retry))
    tasks = {"First": lambda payload: runs.append("first"), "Second": answering(after(1, Busy()), after(1, 2))}
    execution = machine.run(tasks=tasks)
    assert execution.output == [None, 2]
    assert runs == ["first", "first"]
    assert types(execution).count("ParallelStateStarted") == 2


def test_a_branch_reads_outer_variables_and_keeps_its_own() -> None:
    use = passing(Parameters={"sum.$": "States.MathAdd($outer, $inner)"})
    machine = load(
        Begin=passing(Assign={"outer": 40}, Next="Both"),
        Both=parallel(
            graph(Set1=passing(Assign={"inner": 2}, Next="Use1"), Use1=use),
            graph(Set2=passing(Assign={"inner": 3}, Next="Use2"), Use2=use),
        ),
    )
    assert machine.run({}).output == [{"sum": 42}, {"sum": 43}]


def test_forks_nest() -> None:
    inner = parallel(graph(A=task()), graph(B=task()))
    machine = load(Outer=parallel(graph(Inner1=inner), graph(Inner2=parallel(graph(C=task())))))
    assert machine.run(tasks={"Work": answering(after(1, 1))}).output == [[1, 1], [1]]
