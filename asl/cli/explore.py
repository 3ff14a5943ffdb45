"""``python -m asl explore MODULE``: play a module's scenarios under every fault, and say what broke.

The module has ``scenarios()``, which gives `asl.explorer.Scenario` objects; asl/explorer says what they are.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from asl.explorer import Finding, Report, Scenario, pairs, singles, walks
from asl.explorer.coverage import Move, every_move
from asl.explorer.story import tell

BATCH = 250
"""How many walks a process takes at once."""
Job = tuple[str, str, str, int, int]
"""A module, the search, a scenario's name, and which part of how many; of walks, which seed and how many."""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    console = Console(stderr=args.json)
    try:
        known = load(args.module)
    except (ImportError, AttributeError) as error:
        print(f"asl explore: {args.module}: {error}", file=sys.stderr)
        return 2
    chosen = [name for name in known if args.only in name]
    began = time.monotonic()
    reports = gather(search(args, chosen, console))
    show(console, reports, known, time.monotonic() - began)
    findings = [finding for report in reports for finding in report.findings]
    for finding in sorted(findings, key=lambda each: len(each.plan))[: args.show]:
        console.print("\n".join(tell(known[finding.scenario], finding)), highlight=False, markup=False)
    if args.save:
        save(Path(args.save), findings[: args.show])
    if args.json:
        print(json.dumps({"schedules": sum(r.schedules for r in reports), "findings": [asdict(f) for f in findings]}))
    return 1 if findings else 0


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl explore", description=__doc__.splitlines()[0])
    parsed.add_argument("module", help="a module with scenarios()")
    parsed.add_argument("--only", default="", metavar="TEXT", help="the scenarios whose name holds this text")
    parsed.add_argument("--pairs", action="store_true", help="every pair of faults too")
    parsed.add_argument("--walks", type=int, default=0, metavar="N", help="so many seeded walks too, shared out")
    parsed.add_argument("--seed", type=int, default=0)
    parsed.add_argument("--minutes", type=float, default=0, help="stop after so many, whatever is left")
    parsed.add_argument("--processes", type=int, default=2)
    parsed.add_argument("--show", type=int, default=3, metavar="N", help="tell the stories of the N shortest findings")
    parsed.add_argument("--save", metavar="FOLDER", help="keep those schedules as JSON files")
    parsed.add_argument("--json", action="store_true")
    return parsed


def load(module: str) -> dict[str, Scenario]:
    if "" not in sys.path:
        sys.path.insert(0, "")
    return {each.name: each for each in import_module(module).scenarios()}


def search(args: argparse.Namespace, names: list[str], console: Console) -> Iterator[Report]:
    parts = 8 if args.pairs else 1
    kind = "pairs" if args.pairs else "singles"
    jobs: list[Job] = [(args.module, kind, name, part, parts) for name in names for part in range(parts)]
    jobs += [
        (args.module, "walks", names[n // BATCH % len(names)], args.seed + n, min(BATCH, args.walks - n))
        for n in range(0, args.walks, BATCH)
    ]
    Random(args.seed).shuffle(jobs)
    until = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
    with ProcessPoolExecutor(args.processes) as pool, Progress(console=console, transient=True) as progress:
        task = progress.add_task("exploring", total=len(jobs))
        for done, future in enumerate(as_completed([pool.submit(run, job) for job in jobs]), start=1):
            progress.advance(task)
            yield future.result()
            if time.monotonic() > until:
                pool.shutdown(cancel_futures=True)
                console.print(f"stopped after {args.minutes} minutes, at {done} of {len(jobs)} parts")
                return


def run(job: Job) -> Report:
    module, kind, name, first, second = job
    scenario = load(module)[name]
    if kind == "walks":
        return walks(scenario, second, first)
    return singles(scenario) if kind == "singles" else pairs(scenario, first, second)


def gather(reports: Iterable[Report]) -> list[Report]:
    """One report a scenario."""
    merged: dict[str, Report] = {}
    for report in reports:
        whole = merged.setdefault(report.scenario, Report(report.scenario))
        whole.schedules += report.schedules
        whole.parked += report.parked
        whole.findings += report.findings
        whole.moves |= report.moves
    return list(merged.values())


def show(console: Console, reports: list[Report], known: dict[str, Scenario], seconds: float) -> None:
    table = Table("scenario", "schedules", "violations", "parked", box=None)
    for report in reports:
        table.add_row(report.scenario, f"{report.schedules:,}", f"{len(report.findings):,}", f"{report.parked:,}")
    console.print(table)
    total = sum(report.schedules for report in reports)
    broken = sum(len(report.findings) for report in reports)
    rate = f"{total / seconds:,.0f} a second"
    console.print(f"{total:,} schedules in {seconds:.1f} s, {rate}; {broken:,} violations")
    coverage(console, reports, known)


def coverage(console: Console, reports: list[Report], known: dict[str, Scenario]) -> None:
    taken: set[Move] = set().union(*(report.moves for report in reports))
    first = next(iter(known.values()))
    machines = first.world(first.injector({}, None)).engine.machines.values()
    every = every_move(machines)
    missing: dict[str, list[str]] = defaultdict(list)
    for machine, state, following in sorted(every - taken):
        missing[machine].append(f"{state} → {following}")
    console.print(f"{len(every & taken)} of {len(every)} transitions taken")
    for machine, moves in missing.items():
        console.print(f"  not in {machine}: {', '.join(moves)}", highlight=False)


def save(folder: Path, findings: list[Finding]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        text = json.dumps({"scenario": finding.scenario, "plan": dict(finding.plan)}, indent=2) + "\n"
        (folder / f"{sha256(text.encode()).hexdigest()[:12]}.json").write_text(text)
