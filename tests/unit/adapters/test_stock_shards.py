"""Split counters: the movements between shards, and the text that sets their number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.adapters.dynamodb.stock.shards import Shards, drawn
from oms.domain.inventory import Movement, Stock

counts = st.integers(0, 20)
stocks = st.builds(lambda reserved, available: Stock("LAMP", reserved + available, reserved), counts, counts)
splits = st.dictionaries(st.integers(0, 15), stocks)
movements = st.builds(Movement, st.just("LAMP"), st.integers(-40, 40), st.integers(-40, 40))


@given(movement=movements, home=st.integers(0, 15), split=splits)
def test_a_movement_is_made_if_all_together_have_enough_and_leaves_each_with_no_less_than_nothing(
    movement: Movement, home: int, split: dict[int, Stock]
) -> None:
    moves = drawn(movement, home, split)

    available = sum(stock.available for stock in split.values()) + movement.available
    reserved = sum(stock.reserved for stock in split.values()) + movement.reserved
    assert (moves is not None) == (available >= 0 and reserved >= 0)
    if moves is not None:
        assert sum(move.on_hand for move in moves.values()) == sum(move.reserved for move in moves.values()) == 0
        moves[home] = moves[home].plus(movement)
        after = {shard: split.get(shard, Stock("LAMP")).moved(move) for shard, move in moves.items()}
        assert all(stock.is_sound for stock in after.values())


def test_a_home_takes_half_of_what_the_richest_has_and_touches_no_other() -> None:
    split = {0: Stock("LAMP", 100), 1: Stock("LAMP", 400, 100), 2: Stock("LAMP", 5, 5)}

    moves = drawn(Movement("LAMP", reserved=1), 2, split)

    assert moves == {1: Movement("LAMP", -150), 2: Movement("LAMP", 150)}


def test_every_last_unit_is_found() -> None:
    split = {shard: Stock("LAMP", 1) for shard in range(4)}

    assert drawn(Movement("LAMP", reserved=4), 3, split) == {
        0: Movement("LAMP", -1),
        1: Movement("LAMP", -1),
        2: Movement("LAMP", -1),
        3: Movement("LAMP", 3),
    }
    assert drawn(Movement("LAMP", reserved=5), 3, split) is None


def test_a_home_that_has_enough_draws_on_nobody() -> None:
    assert drawn(Movement("LAMP", reserved=2), 1, {0: Stock("LAMP", 9), 1: Stock("LAMP", 2)}) == {1: Movement("LAMP")}


def test_each_sku_has_as_many_shards_as_is_said() -> None:
    shards = Shards.of("RED-LAMP=16, TEA=4")
    assert [shards.count(sku) for sku in ("RED-LAMP", "TEA", "RUG")] == [16, 4, 1]
    assert Shards.of("*=8,TEA=1").count("RUG") == 8
    assert Shards.of("") == Shards()


@pytest.mark.parametrize("text", ["16", "LAMP=", "LAMP=0", "LAMP=65", "LAMP=-1", "LAMP=many"])
def test_what_says_no_number_of_shards_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no SKU=shards"):
        Shards.of(text)


def test_what_takes_spreads_by_its_order_and_what_comes_in_goes_to_the_first() -> None:
    shards = Shards(16)
    taking, coming = Movement("LAMP", reserved=1), Movement("LAMP", on_hand=1)
    assert {shards.home(taking, f"ord_{n}") for n in range(400)} == set(range(16))
    assert {shards.home(coming, f"ord_{n}") for n in range(400)} == {0}
    assert shards.home(Movement("LAMP", -1, -1), "ord_7") == shards.home(taking, "ord_7")
