"""Stream pollers call their functions as Lambda does, on ministack's streams and on simulated ones."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from local.aws.function_variables import variables_of
from local.aws.functions import LocalFunctions, consumers
from local.aws.resources import make_tables
from local.aws.streams import BATCH_SIZE, TRIES, StreamPoller, matches, pollers
from local.stack.settings import StackSettings
from local.stack.state_folder import stack_environment
from oms.adapters.aws.json_protocol import AwsError, AwsUnavailable
from oms.adapters.wiring import deps
from oms.domain import inventory
from oms.domain.change import Change
from oms.domain.events import OrderConfirmed
from oms.domain.inventory import Movement, StockEntry, StockReason
from oms.domain.order_index import OrderQuery
from oms.domain.search import Query
from tests.contract.orders import NOON, place
from tests.contract.stores import ministack
from tests.domain.orders import CATALOGUE

# --- With ministack's streams -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    with ministack(folder) as url:
        environ = {"LOCAL_FOLDER": str(folder), "MINISTACK_PORT": str(urlsplit(url).port)}
        environment = stack_environment(StackSettings.from_environ(environ))
        make_tables(environment)
        yield environment


@pytest.fixture
def shop(environment):
    return deps(environment)


@pytest.fixture
def poll(environment):
    functions = LocalFunctions(lambda name: variables_of(name, environment), deps)
    all_pollers = list(pollers(environment, functions))
    functions.invoke("ProductIndexer", {"rebuild": True})
    return lambda: [poller.poll() for poller in all_pollers]


def hits(shop, text):
    return [(hit.product.name, hit.in_stock) for hit in shop.search.find(Query(text)).hits]


def test_a_product_and_its_stock_reach_the_search(shop, poll):
    lamp = CATALOGUE["RED-LAMP"]
    shop.products.put([lamp])
    poll()
    assert hits(shop, "lamp") == [("Red lamp", False)]
    shop.inventory.apply(inventory.receive("delivery", [(lamp.sku, 2)]))
    assert shop.products.change(lamp, replace(lamp, name="Green lamp"))
    poll()
    assert hits(shop, "lamp") == [("Green lamp", True)]
    shop.inventory.apply(StockEntry("order", StockReason.RESERVED, (Movement(lamp.sku, reserved=2),)))
    poll()
    assert hits(shop, "lamp") == [("Green lamp", False)]


def test_a_product_of_before_is_found_too(shop, poll):
    shop.products.put([replace(CATALOGUE["TEA"], name="Oolong")])
    assert hits(shop, "oolong") == []
    poll()
    assert hits(shop, "oolong") == [("Oolong", False)]


def test_an_order_is_found_once_it_is_placed_and_its_basket_kept_once_it_is_confirmed(shop, poll):
    order = place(shop.orders)
    poll()
    assert shop.order_index.find(OrderQuery(sku=order.lines[0].sku), 10).items == (order,)
    assert list(shop.baskets.with_product(order.lines[0].sku, 10)) == []
    shop.orders.save(order, Change((OrderConfirmed(),)), NOON, "test")
    poll()
    assert [basket.order_id for basket in shop.baskets.with_product(order.lines[0].sku, 10)] == [order.id]


# --- With simulated streams ---------------------------------------------------------------------------


class Streams:
    """A stream of shards that tests write to, close and expire."""

    def __init__(self):
        self.shards = {"first": []}
        self.closed = set()
        self.expired = False
        self.unanswered = set()

    def write(self, shard, *numbers):
        changes = [{"SequenceNumber": str(n)} for n in numbers]
        records = [{"eventID": each["SequenceNumber"], "dynamodb": each} for each in changes]
        self.shards.setdefault(shard, []).extend(records)

    def call(self, operation, **request):
        if operation in self.unanswered:
            raise AwsUnavailable("timed out")
        return getattr(self, operation)(**request)

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


class RecordingFunction:
    """Records the records of each call. Raises for some of them, or names them as failed."""

    def __init__(self):
        self.calls, self.raises_for, self.failures = [], set(), set()

    def __call__(self, event):
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        self.calls.append(" ".join(numbers))
        if self.raises_for & set(numbers):
            raise ValueError("whatever")
        return {"batchItemFailures": [{"itemIdentifier": n} for n in numbers if n in self.failures]}


@pytest.fixture
def streams():
    return Streams()


@pytest.fixture
def function():
    return RecordingFunction()


def test_earlier_records_are_left_out_and_later_ones_come_once(streams, function):
    streams.write("first", 1)
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 2, 3)
    assert [poller.poll(), poller.poll()] == [False, False]
    assert function.calls == ["2 3"]


def test_after_a_full_batch_there_may_be_more(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", *range(BATCH_SIZE))
    assert [poller.poll(), poller.poll()] == [True, False]


def test_a_failed_batch_is_retried_then_called_by_record_then_skipped(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    function.raises_for = {"2"}
    streams.write("first", 1, 2, 3)
    for _ in range(TRIES):
        poller.poll()
    assert function.calls == ["1 2 3"] * TRIES + ["1", "2", "3"]
    streams.write("first", 4)
    poller.poll()
    assert function.calls[-1] == "4"


def test_a_retry_starts_at_the_record_that_the_function_named(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    function.failures = {"2"}
    streams.write("first", 1, 2, 3)
    poller.poll()
    function.failures = set()
    poller.poll()
    assert function.calls == ["1 2 3", "2 3"]


def test_a_shard_that_replaces_an_ended_one_is_read_from_its_beginning(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 1)
    streams.write("second", 2)
    streams.closed = {"first"}
    poller.poll()
    streams.write("second", 3)
    poller.poll()
    poller.poll()
    assert function.calls == ["1", "2 3"]


def test_after_an_expired_iterator_the_shard_is_read_again(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 1)
    poller.poll()
    streams.expired = True
    streams.write("first", 2)
    assert poller.poll()
    poller.poll()
    assert function.calls == ["1", "1 2"]


def test_what_is_unanswered_is_read_later(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 1)
    streams.unanswered = {"GetRecords"}
    assert [poller.poll(), poller.poll()] == [False, False]
    assert function.calls == []
    streams.unanswered = set()
    poller.poll()
    assert function.calls == ["1"]


@pytest.mark.parametrize("operation", ["DescribeStream", "GetShardIterator"])
def test_a_new_shard_is_found_once_the_service_answers(streams, function, operation):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 1)
    streams.write("second", 2)
    streams.closed = {"first"}
    streams.unanswered = {operation}
    assert [poller.poll(), poller.poll()] == [False, False]
    streams.unanswered = set()
    poller.poll()
    poller.poll()
    assert function.calls == ["1", "2"]


def test_an_expired_iterator_is_replaced_once_the_service_answers(streams, function):
    poller = StreamPoller(streams, "arn", [], function)
    streams.write("first", 1)
    streams.expired, streams.unanswered = True, {"GetShardIterator"}
    assert not poller.poll()
    streams.expired, streams.unanswered = True, set()
    assert poller.poll()
    poller.poll()
    assert function.calls == ["1"]


STOCK = consumers()["ProductIndexer"].streams["inventory"]


def stock(sk, before, after, name="MODIFY"):
    images = {"OldImage": before, "NewImage": after}
    available = {image: {"available": {"N": str(count)}} for image, count in images.items() if count is not None}
    return {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": "TEA"}, "sk": {"S": sk}}, **available}}


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
def test_only_stock_that_becomes_or_stops_being_available_passes_the_filter(record, passes):
    assert any(matches(pattern, record) for pattern in STOCK) is passes
