"""The sandboxes' clock: setting the machine's clock moves no timer, and time never runs backwards."""

from __future__ import annotations

from asl.engine.clock import RealClock


def continue_clock(clock: RealClock, newest_entry: float) -> None:
    """Continue from a database's newest entry, and print so if the machine's clock is behind it."""
    if (ahead := clock.continue_from(newest_entry)) >= 1:
        print(f"the newest entry is {ahead:.0f} s ahead of the machine's clock: time goes on from there", flush=True)
