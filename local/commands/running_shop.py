"""The running shop, for the commands that work on it."""

from __future__ import annotations

from local.stack.process_setup import set_up_process
from local.stack.processes import StackFailed
from local.stack.settings import StackSettings
from local.stack.state_folder import running_pool, stack_environment


def running_environment(command: str) -> dict[str, str]:
    """The variables of the shop that runs here. Ends the program with one line if none does."""
    set_up_process()
    settings = StackSettings.from_environ()
    if running_pool(settings) is None:
        raise SystemExit(f"make {command}: no shop runs here: make run first")
    try:
        return stack_environment(settings)
    except StackFailed as error:
        raise SystemExit(f"make {command}: {error}") from None
