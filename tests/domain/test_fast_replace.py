"""The fast `replace` does what `dataclasses.replace` does."""

import dataclasses

import pytest

from oms.domain import order
from oms.domain.fast_replace import replace


def test_a_replaced_field_is_as_dataclasses_replace_it():
    line = order.Line("RED-LAMP", 2)
    changed = replace(line, held=1)
    assert changed == dataclasses.replace(line, held=1) != line
    assert hash(changed) == hash(order.Line("RED-LAMP", 2, held=1))
    assert line.held == 0


def test_a_field_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="Line has no colour, size"):
        replace(order.Line("RED-LAMP", 2), size=1, colour="red")


@pytest.mark.parametrize("name", ["Line", "Payment", "Review", "Cancellation", "Return", "Dispute", "Order"])
def test_an_orders_parts_have_no_slots_and_check_nothing(name):
    """The fast `replace` doesn't call `__post_init__`, and can't copy slots."""
    record = getattr(order, name)
    assert not hasattr(record, "__post_init__")
    assert not any("__slots__" in vars(base) for base in record.__mro__[:-1])
