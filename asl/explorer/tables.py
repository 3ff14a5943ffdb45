"""What a search came to, for people: a line as each story ends, then a table of machines and what was never taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table

from asl.engine.definition import StateMachine
from asl.explorer.coverage import Move, every_move, every_state
from asl.explorer.search import Report, Tally


@dataclass(frozen=True)
class Seen:
    """All that a search saw.

    Attributes:
        machines: by name.
        excused: the transitions that nothing can take, and why.
    """

    machines: Mapping[str, StateMachine]
    reports: Sequence[Report]
    excused: Mapping[Move, str]

    @property
    def taken(self) -> set[Move]:
        return set().union(*(report.moves for report in self.reports))

    def tally(self, machine: str) -> Tally:
        total = Tally()
        for report in self.reports:
            if machine in report.machines:
                total += report.machines[machine]
        return total


def line(report: Report) -> str:
    """One story in one line."""
    tally, cut = report.tally, "; stopped before its end" if report.stopped else ""
    return (
        f"{report.scenario}: {tally.schedules:,} schedules, {tally.violations:,} violations, {tally.parked:,} parked, "
        f"{tally.seconds:,.0f} s{cut}"
    )


def tables(seen: Seen, seconds: float) -> Iterator[RenderableType]:
    """The machines in a table, the sum of it in a line, and the transitions that nothing took. Took so many seconds."""
    yield by_machine(seen)
    total, stopped = Tally(), 0
    for report in seen.reports:
        total += report.tally
        stopped += report.stopped
    yield (
        f"{total.schedules:,} schedules of {len(seen.reports)} stories in {seconds:,.0f} s, "
        f"{total.schedules / seconds:,.0f} a second; {total.violations:,} violations, {total.parked:,} parked"
    )
    if stopped:
        yield f"stopped: {stopped} stories are not played to their end"
    idle = [name for name in seen.machines if not seen.tally(name).schedules]
    yield from (f"  not played: {name}" for name in idle)
    played = [machine for name, machine in seen.machines.items() if name not in idle]
    for machine, state, following in sorted(every_move(played) - seen.taken):
        why = seen.excused.get((machine, state, following))
        yield f"  not taken in {machine}: {state} → {following}{f' ({why})' if why else ''}"


def by_machine(seen: Seen) -> Table:
    """A schedule counts for each machine that had a part in it; a second is one process's."""
    table = Table(box=None, header_style="bold")
    table.add_column("machine")
    for column in ("tasks", "schedules", "violations", "parked", "a second", "transitions"):
        table.add_column(column, justify="right")
    for name, machine in seen.machines.items():
        tally = seen.tally(name)
        tasks = sum(state["Type"] == "Task" for _, state in every_state(machine))
        every = every_move([machine])
        figures = (tasks, tally.schedules, tally.violations, tally.parked, tally.schedules / (tally.seconds or 1))
        table.add_row(name, *(f"{each:,.0f}" for each in figures), f"{len(every & seen.taken)} of {len(every)}")
    return table
