"""Runs every test on the provider in memory, and on the Stripe adapter over the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.sandboxes.payments.server import RunningSandbox, running
from oms.ports import Payments
from tests.contract.payments.gateways import Gateway, Memory, StripeOverSandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    with running() as started:
        yield started


@pytest.fixture(params=["memory", "stripe"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    if request.param == "memory":
        yield Memory()
        return
    over_sandbox = StripeOverSandbox(request.getfixturevalue("sandbox").url)
    yield over_sandbox
    over_sandbox.payments.close()


@pytest.fixture
def payments(gateway: Gateway) -> Payments:
    return gateway.payments
