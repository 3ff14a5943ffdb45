"""``python -m asl explore MODULE …``: play modules' scenarios under every fault, and say what broke.

A module has ``scenarios()``, which gives `asl.explorer.Scenario` objects; asl/explorer says what they are. It may have
``UNREACHABLE``, which says why a transition is never taken: by its machine, the state, and the state that follows.
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
from asl.explorer import Finding, Report, Scenario
from asl.explorer.parallel import Share, explore, load, shares, unreachable, walking
from asl.explorer.story import tell
from asl.explorer.tables import Seen, line, tables

Known = Mapping[str, Mapping[str, Scenario]]
"""By module and name."""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    console = Console(stderr=args.json, width=None if sys.stdout.isatty() else 120)
    try:
        known = {module: chosen(module, args.only) for module in args.modules}
    except (ImportError, AttributeError) as error:
        print(f"asl explore: {', '.join(args.modules)}: {error}", file=sys.stderr)
        return 2
    if not any(known.values()):
        print(f"asl explore: no scenario of {', '.join(args.modules)} has {args.only!r} in its name", file=sys.stderr)
        return 2
    began = time.monotonic()
    reports, is_whole = gather(plan(args, known), args, console)
    console.print(*tables(seen(known, reports), time.monotonic() - began), sep="\n", highlight=False, soft_wrap=True)
    findings = sorted((each for report in reports for each in report.findings), key=lambda each: len(each.plan))
    scenarios = {name: scenario for module in known.values() for name, scenario in module.items()}
    for finding in findings[: args.show]:
        console.print("\n".join(tell(scenarios[finding.scenario], finding)), highlight=False, markup=False)
    if args.save:
        save(Path(args.save), findings[: args.show])
    if args.json:
        schedules = sum(report.tally.schedules for report in reports)
        print(json.dumps({"schedules": schedules, "findings": [asdict(each) for each in findings]}))
    return 1 if findings else 0 if is_whole else 2


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(prog="python -m asl explore", description=__doc__.splitlines()[0])
    parsed.add_argument("modules", nargs="+", metavar="module", help="a module with scenarios()")
    parsed.add_argument("--only", default="", metavar="TEXT", help="the scenarios whose name holds this text")
    parsed.add_argument("--pairs", action="store_true", help="every pair of faults too")
    parsed.add_argument("--walks", type=int, default=0, metavar="N", help="so many seeded walks too, shared out")
    parsed.add_argument("--seed", type=int, default=0)
    parsed.add_argument("--minutes", type=float, default=0, help="stop after so many, whatever is left; as does Ctrl-C")
    parsed.add_argument("--processes", type=int, default=2)
    parsed.add_argument("--show", type=int, default=3, metavar="N", help="tell the stories of the N shortest findings")
    parsed.add_argument("--save", metavar="FOLDER", help="keep those schedules as JSON files")
    parsed.add_argument("--json", action="store_true")
    return parsed


def chosen(module: str, text: str) -> dict[str, Scenario]:
    return {name: scenario for name, scenario in load(module).items() if text in name}


def plan(args: argparse.Namespace, known: Known) -> list[Share]:
    """What is to be done: story by story, or from all of them alike where time is short."""
    depth = 2 if args.pairs else 1
    work = [share for module, each in known.items() for share in shares(module, list(each.values()), depth)]
    work += walking([(module, name) for module, each in known.items() for name in each], args.walks, args.seed)
    if args.minutes:
        Random(args.seed).shuffle(work)
    return work


def gather(work: Sequence[Share], args: argparse.Namespace, console: Console) -> tuple[list[Report], bool]:
    """One report a scenario, each told as the last share of it ends; and whether no process was lost on the way."""
    reports: dict[str, Report] = {}
    left = Counter(share.scenario for share in work)
    ended = explore(work, args.processes, 60 * args.minutes)
    try:
        for share, report in watched(ended, len(work), console):
            whole = reports.setdefault(share.scenario, Report(share.scenario))
            whole.add(report)
            left[share.scenario] -= 1
            if not left[share.scenario] and whole.tally.schedules:
                console.print(line(whole), highlight=False)
    except BrokenProcessPool:
        console.print(
            "A process was killed, as systems do where memory is short: this was found until then.", style="red"
        )
        return list(reports.values()), False
    return list(reports.values()), True


def watched(ended: Iterator[tuple[Share, Report]], total: int, console: Console) -> Iterator[tuple[Share, Report]]:
    """The same, with a bar where somebody watches it."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(ended, total=total, description="exploring")


def seen(known: Known, reports: Sequence[Report]) -> Seen:
    machines: dict[str, StateMachine] = {}
    for scenarios in known.values():
        names = {name for report in reports if report.scenario in scenarios for name in report.machines}
        for scenario in scenarios.values():
            machines |= {each.name: each for each in machines_of(scenario)}
            if names <= machines.keys():
                break
    excused = {move: why for module in known for move, why in unreachable(module).items()}
    return Seen(machines, reports, excused)


def machines_of(scenario: Scenario) -> list[StateMachine]:
    """The machines of a scenario, once it has begun."""
    world = scenario.world(scenario.injector({}, None))
    world.play()
    return list(world.engine.machines.values())


def save(folder: Path, findings: Sequence[Finding]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        text = json.dumps({"scenario": finding.scenario, "plan": dict(finding.plan)}, indent=2) + "\n"
        (folder / f"{sha256(text.encode()).hexdigest()[:12]}.json").write_text(text)
