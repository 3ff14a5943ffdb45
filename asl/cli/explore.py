"""``python -m asl explore MODULE …``: run scenarios under every fault, and report violated invariants.

A module has ``scenarios()``, which returns `asl.explorer.Scenario` objects. It may have ``UNREACHABLE``, a mapping from
a machine, a state and the next state to the reason why that transition is never taken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import Progress

from asl.engine.definition import StateMachine
from asl.explorer import Finding, Scenario, SearchReport
from asl.explorer.parallel import (
    SearchShare,
    exhaustive_shares,
    load_scenarios,
    run_shares,
    unreachable_transitions,
    walk_shares,
)
from asl.explorer.story import describe_finding
from asl.explorer.tables import SearchSummary, report_line, summary_tables

ScenariosByModule = Mapping[str, Mapping[str, Scenario]]
"""By module and by name."""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    console = Console(stderr=args.json, width=None if sys.stdout.isatty() else 120)
    try:
        modules = {module: select_scenarios(module, args.only) for module in args.modules}
    except (ImportError, AttributeError) as error:
        print(f"asl explore: {', '.join(args.modules)}: {error}", file=sys.stderr)
        return 2
    if not any(modules.values()):
        print(f"asl explore: no scenario of {', '.join(args.modules)} has {args.only!r} in its name", file=sys.stderr)
        return 2
    started_at = time.monotonic()
    reports, is_complete = run_search(plan_shares(args, modules), args, console)
    tables = summary_tables(summarize(modules, reports), time.monotonic() - started_at)
    console.print(*tables, sep="\n", highlight=False, soft_wrap=True)
    findings = sorted((each for report in reports for each in report.findings), key=lambda each: len(each.plan))
    scenarios = {name: scenario for module in modules.values() for name, scenario in module.items()}
    for finding in findings[: args.show]:
        console.print("\n".join(describe_finding(scenarios[finding.scenario], finding)), highlight=False, markup=False)
    if args.save:
        save_schedules(Path(args.save), findings[: args.show])
    if args.json:
        schedules = sum(report.counts.schedules for report in reports)
        print(json.dumps({"schedules": schedules, "findings": [asdict(each) for each in findings]}))
    return 1 if findings else 0 if is_complete else 2


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl explore", description=__doc__.splitlines()[0])
    parsed.add_argument("modules", nargs="+", metavar="module", help="a module with scenarios()")
    parsed.add_argument("--only", default="", metavar="TEXT", help="only scenarios whose name contains this text")
    parsed.add_argument("--pairs", action="store_true", help="also every pair of faults")
    parsed.add_argument("--walks", type=int, default=0, metavar="N", help="also N seeded random walks")
    parsed.add_argument("--seed", type=int, default=0)
    parsed.add_argument("--minutes", type=float, default=0, help="stop after this time; Ctrl-C stops too")
    parsed.add_argument("--processes", type=int, default=2)
    parsed.add_argument("--show", type=int, default=3, metavar="N", help="describe the N shortest findings")
    parsed.add_argument("--save", metavar="FOLDER", help="save the schedules of these findings as JSON")
    parsed.add_argument("--json", action="store_true")
    return parsed


def select_scenarios(module: str, text: str) -> dict[str, Scenario]:
    return {name: scenario for name, scenario in load_scenarios(module).items() if text in name}


def plan_shares(args: argparse.Namespace, modules: ScenariosByModule) -> list[SearchShare]:
    """The shares of the search, scenario by scenario; in random order if the time is limited."""
    depth = 2 if args.pairs else 1
    shares: list[SearchShare] = []
    for module, scenarios in modules.items():
        shares += exhaustive_shares(module, list(scenarios.values()), depth)
    shares += walk_shares([(module, name) for module, each in modules.items() for name in each], args.walks, args.seed)
    if args.minutes:
        Random(args.seed).shuffle(shares)
    return shares


def run_search(
    shares: Sequence[SearchShare], args: argparse.Namespace, console: Console
) -> tuple[list[SearchReport], bool]:
    """One report for each scenario, printed when its last share ends; and False if a process was killed."""
    reports: dict[str, SearchReport] = {}
    remaining = Counter(share.scenario for share in shares)
    results = run_shares(shares, args.processes, 60 * args.minutes)
    try:
        for share, share_report in show_progress(results, len(shares), console):
            report = reports.setdefault(share.scenario, SearchReport(share.scenario))
            report.add_report(share_report)
            remaining[share.scenario] -= 1
            if not remaining[share.scenario] and report.counts.schedules:
                console.print(report_line(report), highlight=False)
    except BrokenProcessPool:
        message = "A process was killed, maybe because memory was short. These are the results until then."
        console.print(message, style="red")
        return list(reports.values()), False
    return list(reports.values()), True


def show_progress(
    results: Iterator[tuple[SearchShare, SearchReport]], total: int, console: Console
) -> Iterator[tuple[SearchShare, SearchReport]]:
    """The same results, with a progress bar on a terminal."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(results, total=total, description="exploring")


def summarize(modules: ScenariosByModule, reports: Sequence[SearchReport]) -> SearchSummary:
    machines: dict[str, StateMachine] = {}
    for scenarios in modules.values():
        names = {name for report in reports if report.scenario in scenarios for name in report.machines}
        for scenario in scenarios.values():
            machines |= {each.name: each for each in machines_of(scenario)}
            if names <= machines.keys():
                break
    unreachable = {key: reason for module in modules for key, reason in unreachable_transitions(module).items()}
    return SearchSummary(machines, reports, unreachable)


def machines_of(scenario: Scenario) -> list[StateMachine]:
    """The machines of a scenario's engine after its start."""
    world = scenario.world(scenario.injector({}, None))
    world.play()
    return list(world.engine.machines.values())


def save_schedules(folder: Path, findings: Sequence[Finding]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        text = json.dumps({"scenario": finding.scenario, "plan": dict(finding.plan)}, indent=2) + "\n"
        (folder / f"{sha256(text.encode()).hexdigest()[:12]}.json").write_text(text)
