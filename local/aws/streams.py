"""python -m local.aws.streams: calls the functions that hang off the tables' streams, as Lambda's pollers do.

What was written before its start is in the search index, which it builds anew; from there on each change is told
within half a second. What a function fails at is told again, then logged and passed over: on AWS it goes to a queue.
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

from local.aws.functions import Functions, consumers
from local.stack.settings import variables_of
from oms.adapters.aws.clients import Aws
from oms.adapters.aws.json_protocol import AwsClient, AwsError
from oms.adapters.wiring import deps
from oms.declarations.tables import tables

FOLLOWING = "following the streams"
LOOK_EVERY_SECONDS = 0.5
TRIES = 3
SLEPT = {"ExpiredIteratorException", "TrimmedDataAccessException"}
"""We asked too late."""
AT_ONCE = 100
"""A page of records: a longer one would hold up an order's own calls."""
PATIENT = 10
SHARE = 0.1
"""Of the time, at the most, while there is much to tell. Orders come first: what follows them may be behind as long as
both cores are busy."""

Record = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass
class Shard:
    """How far a function has come in a shard: ``left`` is what it was told ``tries`` times, in vain."""

    iterator: str | None
    left: Sequence[Record] = ()
    tries: int = 0


class Follower:
    """Tells one function what happens to one table, from now on."""

    def __init__(
        self,
        streams: AwsClient,
        arn: str,
        patterns: Sequence[Mapping[str, Any]],
        tell: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self._streams, self._arn, self._patterns, self._tell = streams, arn, patterns, tell
        self._shards = {shard: Shard(self._iterator(shard, "LATEST")) for shard in self._ids()}

    def look(self) -> bool:
        """Read and tell once; whether there may be more."""
        open_before = self._open()
        much = [self._look(name, shard) for name, shard in self._shards.items()]
        if self._open() < open_before:
            self._go_on()
        return any(much)

    def _look(self, name: str, shard: Shard) -> bool:
        if shard.left:
            self._told(shard, shard.left)
            return False
        if shard.iterator is None:
            return False
        try:
            page = self._streams.call("GetRecords", ShardIterator=shard.iterator, Limit=AT_ONCE)
        except AwsError as refused:
            if refused.code not in SLEPT:
                raise
            shard.iterator = self._iterator(name, "TRIM_HORIZON")  # asleep for too long; what comes again does no harm
            return True
        shard.iterator = page.get("NextShardIterator")
        records = page["Records"]
        self._told(shard, [each for each in records if not self._patterns or _any_matches(self._patterns, each)])
        return len(records) == AT_ONCE

    def _told(self, shard: Shard, records: Sequence[Record]) -> None:
        failed = self._failed(records) if records else None
        if failed is None:
            shard.left, shard.tries = (), 0
            return
        shard.left, shard.tries = records[failed:], 1 if failed else shard.tries + 1
        if shard.tries == TRIES:
            for record in shard.left:
                if self._failed([record]) is not None:
                    log.error("passed over %s", record["eventID"])
            shard.left, shard.tries = (), 0

    def _failed(self, records: Sequence[Record]) -> int | None:
        """The place of the first record that the function failed at."""
        try:
            answer = self._tell({"Records": records}) or {}
        except Exception:  # whatever it raises is its failure
            log.exception("told in vain")
            return 0
        failures = {each["itemIdentifier"] for each in answer.get("batchItemFailures", ())}
        places = (n for n, each in enumerate(records) if each["dynamodb"]["SequenceNumber"] in failures)
        return next(places, None)

    def _go_on(self) -> None:
        """A shard that ended has others in its place, which are read from their beginning."""
        self._shards = {
            name: self._shards.get(name) or Shard(self._iterator(name, "TRIM_HORIZON")) for name in self._ids()
        }

    def _open(self) -> int:
        return sum(shard.iterator is not None for shard in self._shards.values())

    def _ids(self) -> list[str]:
        described = self._streams.call("DescribeStream", StreamArn=self._arn)["StreamDescription"]
        return [shard["ShardId"] for shard in described["Shards"]]

    def _iterator(self, shard: str, kind: str) -> str | None:
        asked = {"StreamArn": self._arn, "ShardId": shard, "ShardIteratorType": kind}
        found: str | None = self._streams.call("GetShardIterator", **asked).get("ShardIterator")
        return found


def followers(environment: Mapping[str, str], functions: Functions) -> Iterator[Follower]:
    """One for each stream that ``analytics/functions.json`` hangs a function off."""
    aws = Aws.of(environment)
    dynamodb, streams = aws.dynamodb(), aws.dynamodb_streams()
    for name, declared in consumers().items():
        for table, patterns in declared.streams.items():
            asked = dynamodb.call("DescribeTable", TableName=environment[tables()[table].variable])
            yield Follower(streams, asked["Table"]["LatestStreamArn"], patterns, partial(functions.invoke, name))


def _any_matches(patterns: Sequence[Mapping[str, Any]], record: Record) -> bool:
    return any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Any, value: Any) -> bool:
    """As Lambda filters events: all that the pattern names is there, with one of the values that it lists.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html: plain values and ``prefix``.
    """
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(matches(each, value.get(name)) for name, each in pattern.items())
    rules = [each["prefix"] for each in pattern if isinstance(each, Mapping)]
    return value in pattern or (isinstance(value, str) and value.startswith(tuple(rules)))


def main() -> None:
    environment, stopping = dict(os.environ), list[int]()  # an Event, set in the middle of its own wait, would lock up
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    functions = Functions(lambda name: variables_of(name, environment), deps)
    following = list(followers(environment, functions))
    functions.invoke("ProductIndexer", {"rebuild": True})
    print(FOLLOWING, flush=True)
    os.nice(PATIENT)
    last = False
    while not last:
        last, began = bool(stopping), time.monotonic()
        more = [each.look() for each in following]
        took = time.monotonic() - began
        time.sleep(min(LOOK_EVERY_SECONDS, took / SHARE) if any(more) else LOOK_EVERY_SECONDS)


if __name__ == "__main__":
    main()
