"""What hangs off the tables' streams is told of what happens, as Lambda would tell it; on ministack's own streams."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from local.aws.functions import Functions, consumers
from local.aws.resources import make_tables
from local.aws.streams import AT_ONCE, TRIES, Follower, followers, matches
from local.stack.settings import Places, variables_of
from local.stack.stack import environment_of
from oms.adapters.aws.json_protocol import AwsError
from oms.adapters.wiring import deps
from oms.domain import inventory
from oms.domain.change import Change
from oms.domain.events import OrderConfirmed
from oms.domain.inventory import Movement, StockEntry, StockReason
from oms.domain.order_index import Wanted
from oms.domain.search import Query
from tests.contract.orders import NOON, place
from tests.contract.stores import ministack
from tests.domain.orders import CATALOGUE

# --- With the tables' own streams ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    with ministack(folder) as url:
        given = {"LOCAL_FOLDER": str(folder), "MINISTACK_PORT": str(urlsplit(url).port)}
        environment = environment_of(Places.of(given))
        make_tables(environment)
        yield environment


@pytest.fixture
def shop(environment):
    return deps(environment)


@pytest.fixture
def look(environment):
    functions = Functions(lambda name: variables_of(name, environment), deps)
    following = list(followers(environment, functions))
    functions.invoke("ProductIndexer", {"rebuild": True})
    return lambda: [each.look() for each in following]


def found(shop, text):
    return [(hit.product.name, hit.in_stock) for hit in shop.search.find(Query(text)).hits]


def test_a_product_and_its_stock_reach_the_search(shop, look):
    lamp = CATALOGUE["RED-LAMP"]
    shop.products.put([lamp])
    look()
    assert found(shop, "lamp") == [("Red lamp", False)]
    shop.inventory.apply(inventory.receive("delivery", [(lamp.sku, 2)]))
    assert shop.products.change(lamp, replace(lamp, name="Green lamp"))
    look()
    assert found(shop, "lamp") == [("Green lamp", True)]
    shop.inventory.apply(StockEntry("order", StockReason.RESERVED, (Movement(lamp.sku, reserved=2),)))
    look()
    assert found(shop, "lamp") == [("Green lamp", False)]


def test_what_was_there_before_is_found_too(shop, look):
    shop.products.put([replace(CATALOGUE["TEA"], name="Oolong")])
    assert found(shop, "oolong") == []
    look()
    assert found(shop, "oolong") == [("Oolong", False)]


def test_an_order_is_found_once_it_is_placed_and_its_basket_kept_once_it_is_confirmed(shop, look):
    order = place(shop.orders)
    look()
    assert shop.finder.find(Wanted(sku=order.lines[0].sku), 10).items == (order,)
    assert list(shop.baskets.with_product(order.lines[0].sku, 10)) == []
    shop.orders.save(order, Change((OrderConfirmed(),)), NOON, "test")
    look()
    assert [basket.order_id for basket in shop.baskets.with_product(order.lines[0].sku, 10)] == [order.id]


# --- As Lambda tells ----------------------------------------------------------------------------------


class Streams:
    """A stream of two shards, the second in the first one's place."""

    def __init__(self):
        self.shards = {"first": []}
        self.closed = set()
        self.expired = False

    def write(self, shard, *numbers):
        told = [{"SequenceNumber": str(n)} for n in numbers]
        self.shards.setdefault(shard, []).extend({"eventID": each["SequenceNumber"], "dynamodb": each} for each in told)

    def call(self, operation, **asked):
        return getattr(self, operation)(**asked)

    def DescribeStream(self, **_):  # noqa: N802
        return {"StreamDescription": {"Shards": [{"ShardId": shard} for shard in self.shards]}}

    def GetShardIterator(self, *, ShardId, ShardIteratorType, **_):  # noqa: N802, N803
        start = len(self.shards[ShardId]) if ShardIteratorType == "LATEST" else 0
        return {"ShardIterator": f"{ShardId} {start}"}

    def GetRecords(self, *, ShardIterator, Limit):  # noqa: N802, N803
        if self.expired:
            self.expired = False
            raise AwsError("ExpiredIteratorException", {})
        shard, start = ShardIterator.split()
        end = int(start) + Limit
        has_ended = shard in self.closed and end >= len(self.shards[shard])
        records = self.shards[shard][int(start) : end]
        after = {} if has_ended else {"NextShardIterator": f"{shard} {int(start) + len(records)}"}
        return {"Records": records, **after}


class Told:
    """What a function was told, call by call; it raises at what it is to fail at, or names it."""

    def __init__(self):
        self.calls, self.raises_at, self.names = [], set(), set()

    def __call__(self, event):
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        self.calls.append(" ".join(numbers))
        if self.raises_at & set(numbers):
            raise ValueError("whatever")
        return {"batchItemFailures": [{"itemIdentifier": n} for n in numbers if n in self.names]}


@pytest.fixture
def streams():
    return Streams()


@pytest.fixture
def told():
    return Told()


def test_what_was_before_is_not_told_and_what_comes_is_told_once(streams, told):
    streams.write("first", 1)
    follower = Follower(streams, "arn", [], told)
    streams.write("first", 2, 3)
    assert [follower.look(), follower.look()] == [False, False]
    assert told.calls == ["2 3"]


def test_where_much_came_there_may_be_more(streams, told):
    follower = Follower(streams, "arn", [], told)
    streams.write("first", *range(AT_ONCE))
    assert [follower.look(), follower.look()] == [True, False]


def test_a_batch_that_failed_is_told_again_then_record_by_record_and_passed_over(streams, told):
    follower = Follower(streams, "arn", [], told)
    told.raises_at = {"2"}
    streams.write("first", 1, 2, 3)
    for _ in range(TRIES):
        follower.look()
    assert told.calls == ["1 2 3"] * TRIES + ["1", "2", "3"]
    streams.write("first", 4)
    follower.look()
    assert told.calls[-1] == "4"


def test_a_function_that_names_what_failed_begins_again_there(streams, told):
    follower = Follower(streams, "arn", [], told)
    told.names = {"2"}
    streams.write("first", 1, 2, 3)
    follower.look()
    told.names = set()
    follower.look()
    assert told.calls == ["1 2 3", "2 3"]


def test_a_shard_in_an_ended_one_s_place_is_read_from_its_beginning(streams, told):
    follower = Follower(streams, "arn", [], told)
    streams.write("first", 1)
    streams.write("second", 2)
    streams.closed = {"first"}
    follower.look()
    streams.write("second", 3)
    follower.look()
    follower.look()
    assert told.calls == ["1", "2 3"]


def test_after_a_long_sleep_all_is_told_again(streams, told):
    follower = Follower(streams, "arn", [], told)
    streams.write("first", 1)
    follower.look()
    streams.expired = True
    streams.write("first", 2)
    assert follower.look()
    follower.look()
    assert told.calls == ["1", "1 2"]


STOCK = consumers()["ProductIndexer"].streams["inventory"]


def stock(sk, before, after, name="MODIFY"):
    images = {"OldImage": before, "NewImage": after}
    shown = {image: {"available": {"N": str(count)}} for image, count in images.items() if count is not None}
    return {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": "TEA"}, "sk": {"S": sk}}, **shown}}


@pytest.mark.parametrize(
    ("record", "passes"),
    [
        (stock("stock", 3, 0), True),
        (stock("stock#7", 0, 3), True),
        (stock("stock", None, 3, "INSERT"), True),
        (stock("stock", 30, 3), False),
        (stock("entry", None, None, "INSERT"), False),
    ],
)
def test_only_stock_that_came_or_went_passes_the_filter(record, passes):
    assert any(matches(pattern, record) for pattern in STOCK) is passes
