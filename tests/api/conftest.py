"""A shop for each test."""

from __future__ import annotations

import pytest

from tests.api.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
