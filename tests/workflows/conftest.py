from collections.abc import Iterator

import pytest

from tests.workflows.events import strange
from tests.workflows.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A stocked shop; whatever a test does to it, the invariants hold at the end."""
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=1000)
    yield shop
    assert shop.violations() == []
    assert [found for events in shop.store.history.values() for found in strange(events)] == []


@pytest.fixture
def unsound() -> Shop:
    """A shop in which things will be wrong."""
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=1000)
    return shop
