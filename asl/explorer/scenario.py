"""What an author writes for the explorer: a scenario, and the world in which it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from asl.engine.engine import Engine
from asl.explorer.faults import FaultPlan
from asl.explorer.injector import FaultInjector


class World(Protocol):
    """A fresh world, whose engine calls its tasks through the injector."""

    @property
    def engine(self) -> Engine: ...

    def play(self) -> None:
        """Start what the scenario is about. The explorer then runs the engine until nothing is left to happen."""

    def violations(self) -> list[str]:
        """The violated invariants, each as a sentence. Called when nothing is left to happen."""

    def effects(self) -> list[str]:
        """The ids of all effects, outside and in the ledger. No id may occur twice."""


@runtime_checkable
class RewindableWorld(Protocol):
    """A world that can be restored from a snapshot, so that the runs of many plans share their common beginning."""

    def changing(self) -> Iterable[object]:
        """The objects that change during a run, beside the engine. A snapshot includes all that they refer to."""


@dataclass(frozen=True)
class Scenario:
    """A scenario to explore.

    Attributes:
        name: identifies it in reports and saved schedules.
        world: builds a world around an injector.
        injector: builds an injector for a plan, or for the dice of a random walk.
        depth: the maximum number of faults in exhaustive searches.
    """

    name: str
    world: Callable[[FaultInjector], World]
    injector: Callable[[FaultPlan, Random | None], FaultInjector]
    depth: int = 2
