"""Play a state machine under every fault that a task can meet, and hold what must always hold after each.

An author gives a `Scenario`: how to build a fresh world, an Engine with tasks and machines, and what must hold in it.
The explorer plays it without a fault, sees every attempt of every task, and plays it again with each fault at each
attempt; then with each pair; then by long seeded walks. All in virtual time, so a deadline of a month costs nothing.
"""

from asl.explorer.faults import Injector, Plan
from asl.explorer.search import Finding, Report, Scenario, World, check, pairs, singles, walks

__all__ = ["Finding", "Injector", "Plan", "Report", "Scenario", "World", "check", "pairs", "singles", "walks"]
