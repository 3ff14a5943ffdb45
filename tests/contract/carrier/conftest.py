"""Runs every test on the carrier in memory, and on the HTTP adapter over the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oms.ports import Carrier
from tests.contract.carrier.carriers import Memory, Parcels, over_sandbox


@pytest.fixture(params=["memory", "sandbox"])
def parcels(request: pytest.FixtureRequest) -> Iterator[Parcels]:
    if request.param == "memory":
        yield Memory()
        return
    with over_sandbox() as parcels:
        yield parcels


@pytest.fixture
def carrier(parcels: Parcels) -> Carrier:
    return parcels.carrier
