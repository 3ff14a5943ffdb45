"""The explorer runs a state machine under every fault that its tasks can meet, and checks invariants after each run.

An author writes a `Scenario`: how to build a fresh world, which is an engine with tasks and machines, and what must
hold in it. The explorer runs it without a fault and sees every attempt of every task. Then it runs it with each fault
at each attempt, with each pair of faults, and in long seeded random walks. Time is virtual, so a deadline of a month
costs nothing.
"""

from asl.explorer.faults import FaultPlan
from asl.explorer.injector import FaultInjector
from asl.explorer.report import Finding, SearchReport
from asl.explorer.scenario import Scenario, World
from asl.explorer.schedule_run import run_schedule
from asl.explorer.search import explore_pairs, explore_singles, explore_walks

__all__ = [
    "FaultInjector",
    "FaultPlan",
    "Finding",
    "Scenario",
    "SearchReport",
    "World",
    "explore_pairs",
    "explore_singles",
    "explore_walks",
    "run_schedule",
]
