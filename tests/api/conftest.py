"""A shop for each test."""

import pytest

from tests.api.shop import Shop


@pytest.fixture
def shop():
    return Shop()
