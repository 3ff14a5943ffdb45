"""Splits of money are fair, and sum exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.domain.money import Money, prorate, slice_of


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any))
def test_the_parts_of_a_proration_sum_to_the_whole(total, weights):
    parts = prorate(total, weights)
    assert sum(parts) == total
    assert all(abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**8), st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_slices_that_follow_each_other_sum_to_the_whole(total, cuts):
    units, gone, paid = sum(cuts), 0, 0
    for count in cuts:
        paid += slice_of(total, units, gone, count)
        gone += count
    assert paid == total


def test_money_of_two_currencies_does_not_mix():
    with pytest.raises(ValueError, match="can't mix"):
        Money(1, "USD") + Money(1, "EUR")


def test_money_is_whole_minor_units():
    with pytest.raises(TypeError, match="whole minor units"):
        Money(1.5, "USD")  # type: ignore[arg-type]


def test_nothing_can_be_split_by_no_weights():
    with pytest.raises(ValueError, match="weights"):
        prorate(100, [0, 0])
