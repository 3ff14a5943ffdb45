from collections.abc import Iterator

import pytest

from tests.workflows.events import schema_violations
from tests.workflows.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A stocked shop, whose invariants have to hold at the end of the test."""
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=1000)
    yield shop
    assert shop.violations() == []
    assert [each for events in shop.store.history.values() for each in schema_violations(events)] == []


@pytest.fixture
def unsound() -> Shop:
    """A stocked shop whose records a test falsifies."""
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=1000)
    return shop
