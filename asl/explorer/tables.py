"""The output of a search: a line for each scenario, then a table of the machines and the transitions not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table

from asl.engine.definition import StateMachine
from asl.explorer.coverage import Transition, all_states, all_transitions
from asl.explorer.report import ScheduleCounts, SearchReport


@dataclass(frozen=True)
class SearchSummary:
    """The reports of a search over several scenarios.

    Attributes:
        machines: by name.
        unreachable: the transitions that are declared unreachable, with the reasons.
    """

    machines: Mapping[str, StateMachine]
    reports: Sequence[SearchReport]
    unreachable: Mapping[Transition, str]

    @property
    def transitions(self) -> set[Transition]:
        return set().union(*(report.transitions for report in self.reports))

    def counts(self, machine: str) -> ScheduleCounts:
        total = ScheduleCounts()
        for report in self.reports:
            if machine in report.machines:
                total += report.machines[machine]
        return total


def report_line(report: SearchReport) -> str:
    counts, stopped = report.counts, "; stopped before its end" if report.stopped else ""
    return (
        f"{report.scenario}: {counts.schedules:,} schedules, {counts.violations:,} violations, "
        f"{counts.parked:,} parked, {counts.seconds:,.0f} s{stopped}"
    )


def summary_tables(summary: SearchSummary, seconds: float) -> Iterator[RenderableType]:
    """A table of the machines, a line of totals, and the transitions not taken. `seconds` is the elapsed time."""
    yield machine_table(summary)
    total, stopped = ScheduleCounts(), 0
    for report in summary.reports:
        total += report.counts
        stopped += report.stopped
    yield (
        f"{total.schedules:,} schedules of {len(summary.reports)} scenarios in {seconds:,.0f} s, "
        f"{total.schedules / seconds:,.0f} a second; {total.violations:,} violations, {total.parked:,} parked"
    )
    if stopped:
        yield f"stopped: {stopped} scenarios were not explored to the end"
    idle = [name for name in summary.machines if not summary.counts(name).schedules]
    yield from (f"  not played: {name}" for name in idle)
    played = [machine for name, machine in summary.machines.items() if name not in idle]
    for machine, state, next_state in sorted(all_transitions(played) - summary.transitions):
        reason = summary.unreachable.get((machine, state, next_state))
        yield f"  not taken in {machine}: {state} → {next_state}{f' ({reason})' if reason else ''}"


def machine_table(summary: SearchSummary) -> Table:
    """A row for each machine. A schedule counts for each machine that took part; a second is one process's."""
    table = Table(box=None, header_style="bold")
    table.add_column("machine")
    for column in ("tasks", "schedules", "violations", "parked", "a second", "transitions"):
        table.add_column(column, justify="right")
    for name, machine in summary.machines.items():
        counts = summary.counts(name)
        tasks = sum(state["Type"] == "Task" for _, state in all_states(machine))
        transitions = all_transitions([machine])
        figures = (tasks, counts.schedules, counts.violations, counts.parked, counts.schedules / (counts.seconds or 1))
        taken = f"{len(transitions & summary.transitions)} of {len(transitions)}"
        table.add_row(name, *(f"{each:,.0f}" for each in figures), taken)
    return table
