"""python -m local.aws.streams: reads the tables' streams and calls their functions, as Lambda's pollers do.

At its start it rebuilds the search index, which covers everything written before; from then on each change reaches its
function within half a second. A batch that fails is retried; records that still fail are logged and skipped, where AWS
moves them to a dead-letter queue.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from local.aws.function_variables import variables_of
from local.aws.functions import LocalFunctions, consumers
from oms.adapters.aws.clients import Aws
from oms.adapters.aws.json_protocol import AwsClient, AwsError, AwsUnavailable
from oms.adapters.wiring import deps
from oms.declarations.tables import tables

READY = "following the streams"
POLL_SECONDS = 0.5
TRIES = 3
EXPIRED = {"ExpiredIteratorException", "TrimmedDataAccessException"}
"""Errors of an iterator that wasn't used for too long."""
BATCH_SIZE = 100
"""Records per page: a longer page would delay the calls of orders."""
NICENESS = 10
BUSY_SHARE = 0.1
"""The maximum share of time spent polling while a backlog remains. Orders have priority: the consumers may lag while
both cores are busy."""

Record = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass
class ShardPosition:
    """How far a shard has been read. ``failed`` are the records whose call has failed ``tries`` times."""

    iterator: str | None
    failed: Sequence[Record] = ()
    tries: int = 0


class StreamPoller:
    """Calls one function with the changes of one table, from now on.

    Args:
        patterns: the filters of the event source mapping; a record passes if one matches, or if there are none.
        invoke: calls the function with an event. It can name failed records, as on AWS (``batchItemFailures``).
    """

    def __init__(
        self,
        streams: AwsClient,
        arn: str,
        patterns: Sequence[Mapping[str, Any]],
        invoke: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self._streams, self._arn, self._patterns, self._invoke = streams, arn, patterns, invoke
        self._shards = {shard: ShardPosition(self._iterator(shard, "LATEST")) for shard in self._shard_ids()}
        self._has_ended_shard = False

    def poll(self) -> bool:
        """Read each shard once and call the function. True if more records may be waiting.

        Without an answer from the streams' service, the next poll continues where this one began.
        """
        try:
            backlogs = [self._poll_shard(shard_id, shard) for shard_id, shard in self._shards.items()]
            if self._has_ended_shard:
                self._find_new_shards()
                self._has_ended_shard = False
        except AwsUnavailable as error:
            log.warning("%s is read later: %s", self._arn, error)
            return False
        return any(backlogs)

    def _poll_shard(self, shard_id: str, shard: ShardPosition) -> bool:
        if shard.failed:
            self._deliver(shard, shard.failed)
            return False
        if shard.iterator is None:
            return False
        try:
            page = self._streams.call("GetRecords", ShardIterator=shard.iterator, Limit=BATCH_SIZE)
        except AwsError as error:
            if error.code not in EXPIRED:
                raise
            shard.iterator = self._iterator(shard_id, "TRIM_HORIZON")  # records that come twice do no harm
            return True
        shard.iterator = page.get("NextShardIterator")
        self._has_ended_shard |= shard.iterator is None
        records = page["Records"]
        self._deliver(shard, [each for each in records if not self._patterns or _any_matches(self._patterns, each)])
        return len(records) == BATCH_SIZE

    def _deliver(self, shard: ShardPosition, records: Sequence[Record]) -> None:
        """Call the function. At the last try, call it with one record at a time, and skip what still fails."""
        failed = self._first_failure(records) if records else None
        if failed is None:
            shard.failed, shard.tries = (), 0
            return
        shard.failed, shard.tries = records[failed:], 1 if failed else shard.tries + 1
        if shard.tries == TRIES:
            for record in shard.failed:
                if self._first_failure([record]) is not None:
                    log.error("skipped %s", record["eventID"])
            shard.failed, shard.tries = (), 0

    def _first_failure(self, records: Sequence[Record]) -> int | None:
        """Call the function. Returns the index of the first record that failed."""
        try:
            response = self._invoke({"Records": records}) or {}
        except Exception:  # whatever the function raises fails the batch
            log.exception("a batch failed")
            return 0
        failures = {each["itemIdentifier"] for each in response.get("batchItemFailures", ())}
        indexes = (n for n, each in enumerate(records) if each["dynamodb"]["SequenceNumber"] in failures)
        return next(indexes, None)

    def _find_new_shards(self) -> None:
        """Add the shards that replace one that ended. They are read from their beginning."""
        self._shards = {
            shard_id: self._shards.get(shard_id) or ShardPosition(self._iterator(shard_id, "TRIM_HORIZON"))
            for shard_id in self._shard_ids()
        }

    def _shard_ids(self) -> list[str]:
        description = self._streams.call("DescribeStream", StreamArn=self._arn)["StreamDescription"]
        return [shard["ShardId"] for shard in description["Shards"]]

    def _iterator(self, shard_id: str, kind: str) -> str | None:
        request = {"StreamArn": self._arn, "ShardId": shard_id, "ShardIteratorType": kind}
        iterator: str | None = self._streams.call("GetShardIterator", **request).get("ShardIterator")
        return iterator


def pollers(environment: Mapping[str, str], functions: LocalFunctions) -> Iterator[StreamPoller]:
    """One for each stream of each function in ``analytics/functions.json``."""
    aws = Aws.of(environment)
    dynamodb, streams = aws.dynamodb(), aws.dynamodb_streams()
    for name, declaration in consumers().items():
        for table, patterns in declaration.streams.items():
            response = dynamodb.call("DescribeTable", TableName=environment[tables()[table].variable])
            yield StreamPoller(streams, response["Table"]["LatestStreamArn"], patterns, partial(functions.invoke, name))


def _any_matches(patterns: Sequence[Mapping[str, Any]], record: Record) -> bool:
    return any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's event filter: every key of the pattern is present, with one of the values that it lists.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html: plain values and ``prefix``.
    """
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(matches(each, value.get(name)) for name, each in pattern.items())
    prefixes = [each["prefix"] for each in pattern if isinstance(each, Mapping)]
    return value in pattern or (isinstance(value, str) and value.startswith(tuple(prefixes)))


def main() -> None:
    environment, signals = dict(os.environ), list[int]()  # an Event that is set during its own wait would deadlock
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    functions = LocalFunctions(lambda name: variables_of(name, environment), deps)
    all_pollers = list(pollers(environment, functions))
    functions.invoke("ProductIndexer", {"rebuild": True})
    print(READY, flush=True)
    os.nice(NICENESS)
    is_last = False
    while not is_last:
        is_last, start = bool(signals), time.monotonic()
        backlogs = [poller.poll() for poller in all_pollers]
        seconds = time.monotonic() - start
        time.sleep(min(POLL_SECONDS, seconds / BUSY_SHARE) if any(backlogs) else POLL_SECONDS)


if __name__ == "__main__":
    main()
