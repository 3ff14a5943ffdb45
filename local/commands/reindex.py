"""make reindex: builds the running shop's search index anew, and files its orders, while all goes on."""

from __future__ import annotations

import sys
import time

from rich.console import Console

from local.aws.functions import Functions
from local.stack.settings import Places, variables_of
from local.stack.stack import environment_of, pool_of_running
from oms.adapters.wiring import deps
from oms.domain.search import Query


def main() -> int:
    console = Console(highlight=False)
    places = Places.of()
    if pool_of_running(places) is None:
        console.print("make reindex: no shop runs here: make run first", style="red")
        return 1
    environment = environment_of(places)
    start = time.monotonic()
    functions = Functions(lambda name: variables_of(name, environment), deps)
    functions.invoke("ProductIndexer", {"rebuild": True})
    total = deps(environment).search.find(Query(limit=1)).total
    console.print(f"{total:,} products indexed in {time.monotonic() - start:.1f} s")
    start = time.monotonic()
    filed = functions.invoke("OrderIndexer", {"rebuild": True})["filed"]
    console.print(f"{filed:,} orders filed in {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
