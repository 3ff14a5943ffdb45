"""The TestState action.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.requests import Invoke
from asl.teststate.request import parse_request
from asl.teststate.response import compose_response
from asl.teststate.single_state_execution import run_single_state
from asl.validation.requests import Rejected

__all__ = ["Rejected", "test_state"]


def test_state(
    params: dict[str, Any],
    invoke: Invoke | None = None,  # noqa: PT028
    now: float | None = None,  # noqa: PT028
) -> dict[str, Any]:
    """The response to TestState: ``status``, ``output``, ``error``, ``cause``, ``nextState``, ``inspectionData``.

    `invoke` runs a Task that isn't mocked; `now` is the time of the test, by default the real time.
    Raises Rejected (``ValidationException``, ``InvalidDefinition``).
    """
    test = parse_request(params, invoke, now)
    return compose_response(test, run_single_state(test), params.get("inspectionLevel") or "INFO")


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest collects every function named test_…
