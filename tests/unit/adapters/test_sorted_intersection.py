"""The intersection of long lists has exactly the positions that all of them have."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.adapters.dynamodb.sorted_intersection import FIRST_SIZE, MAX_SIZE, ListShard, ShardedList, intersection

PARTS = 3
places = st.sets(st.integers(0, 3000), max_size=400)


def place(number):
    return f"{number:06}"


class Lists:
    """Lists over sets of numbers, which record the sizes of reads."""

    def __init__(self):
        self.read = []

    def part(self, numbers):
        ordered = sorted(map(place, numbers), reverse=True)

        def read(until, count):
            self.read.append(count)
            return list(islice((each for each in ordered if each <= until), count))

        return ListShard(read)

    def whole(self, numbers):
        return ShardedList([self.part(numbers)])

    def split(self, numbers):
        parts = [self.part({each for each in numbers if each % PARTS == n}) for n in range(PARTS)]
        return ShardedList(parts, lambda place: int(place) % PARTS)


def met(trails, before="~"):
    return [int(place) for place, in_all in intersection(trails, before) if in_all]


@given(places, places, st.integers(0, 3001))
def test_two_lists_meet_where_both_have_a_place(one, other, before):
    lists = Lists()
    expected = sorted((each for each in one & other if each < before), reverse=True)
    assert met([lists.split(one), lists.whole(other)], place(before)) == expected


@given(st.lists(places, min_size=1, max_size=3))
def test_so_do_three_and_one_is_walked_whole(sets):
    lists = Lists()
    made = [lists.split(sets[0]), *map(lists.whole, sets[1:])]
    assert met(made) == sorted(set.intersection(*sets), reverse=True)


@given(places, places, st.data())
def test_a_walk_goes_on_from_wherever_it_stopped(one, other, data):
    lists = Lists()
    steps = list(intersection([lists.split(one), lists.whole(other)], "~"))
    if steps:
        stopped = data.draw(st.sampled_from(steps))
        rest = met([lists.split(one), lists.whole(other)], stopped[0])
        assert rest == [int(each) for each, in_all in steps[steps.index(stopped) + 1 :] if in_all]


@pytest.mark.parametrize("rare_first", [True, False])
def test_what_is_rare_leads_whichever_list_it_is_in(rare_first):
    lists, rare, common = Lists(), range(0, 100_000, 10_000), range(100_000)
    sets = (rare, common) if rare_first else (common, rare)
    assert met([*map(lists.whole, sets)]) == sorted(rare, reverse=True)
    assert len(lists.read) <= 2 + len(rare)
    assert set(lists.read) == {FIRST_SIZE}


def test_two_long_lists_are_read_in_large_parts():
    lists = Lists()
    assert len(met([lists.whole(range(0, 20_000, 2)), lists.whole(range(20_000))])) == 10_000
    assert len(lists.read) < 60
    assert max(lists.read) == MAX_SIZE
