"""A sandbox in a thread, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.sandboxes.payments.server import running
from tests.unit.payments_sandbox.caller import Api


@pytest.fixture
def api() -> Iterator[Api]:
    caller = Api("")
    with running(clock=lambda: caller.now) as sandbox:
        caller.url = sandbox.url
        yield caller
        caller.pool.clear()
