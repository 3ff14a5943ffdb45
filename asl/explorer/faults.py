"""The faults that an attempt of a task can meet.

| fault | the task's effect | what the state machine receives |
|---|---|---|
| ``error:E`` | doesn't happen | the error E, at once |
| ``timeout-before`` | doesn't happen | nothing, so the state times out |
| ``timeout-after`` | happens | nothing, so the state times out |
| ``late:S`` | happens S seconds later | nothing, so the state times out |
| ``crash`` | happens | a crash of the function |
| ``dies:K`` | happens up to the K-th external call, which isn't made | a crash of the function |
| ``fails:K`` | happens, but the K-th external call raises an error | the task's own response |
| ``twice`` | happens twice, one after the other | the second response |
| ``between:K`` | happens twice: the second run is inside the first, before its K-th call | the first response |
| ``meet:K`` | happens; the concurrent action runs before the K-th external call | the response |
| ``lost`` | doesn't happen in this and every later attempt of this visit | nothing, so each attempt times out |
| ``unheard`` | happens in this and every later attempt of this visit | nothing, so each attempt times out |
| ``down:E:S`` | doesn't happen here, nor in any task that can raise E, for S seconds | the error E, at once |

A state that waits for a task token receives the function's own timeout instead of the state's.
An external message, such as a callback, meets ``drop``, ``repeat`` or ``late:S``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

FaultPlan = Mapping[str, str]
"""The fault at each site. A site is ``Machine/execution:State#visit.attempt``, or ``message:<name>``."""

CRASH, FUNCTION_TIMEOUT = "Lambda.Unknown", "Sandbox.Timedout"
FUNCTION_SECONDS = 900.0
"""Lambda's maximum. It ends an attempt without a response where the state itself waits for days."""
MESSAGE_FAULTS = ("drop", "repeat", "late:3600", "late:2678400")
"""The longest delay is a month, after which most receivers have given up."""


class Died(BaseException):
    """The function's process is gone. It isn't an Exception, so that no task catches it."""


class CallFailed(Exception):
    """An external call can't be made. The adapter may translate it to its own error."""


@cache
def faults_of(
    errors: tuple[str, ...], late_seconds: tuple[int, ...], call_count: int, has_concurrent_action: bool
) -> tuple[str, ...]:
    """All faults of an attempt that can raise these errors and makes this number of external calls."""
    return (
        *(f"error:{error}" for error in errors),
        "timeout-before",
        "timeout-after",
        *(f"late:{seconds}" for seconds in late_seconds),
        "crash",
        "twice",
        *(f"{kind}:{call}" for kind in ("between", "dies", "fails") for call in range(2, call_count + 1)),
        *(f"meet:{call}" for call in range(1, call_count + 2) if has_concurrent_action),
        "lost",
        "unheard",
        *(f"down:{error}:86400" for error in errors if error.endswith("Unavailable")),
    )
