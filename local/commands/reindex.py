"""make reindex: rebuild the running shop's search index and its index of orders, while both stay in use."""

from __future__ import annotations

import sys
import time

from rich.console import Console

from local.aws.function_variables import variables_of
from local.aws.functions import LocalFunctions
from local.commands.running_shop import running_environment
from oms.adapters.wiring import deps
from oms.domain.search import Query


def main() -> int:
    console = Console(highlight=False)
    environment = running_environment("reindex")
    functions = LocalFunctions(lambda name: variables_of(name, environment), deps)
    start = time.monotonic()
    functions.invoke("ProductIndexer", {"rebuild": True})
    products = deps(environment).search.find(Query(limit=1)).total
    console.print(f"{products:,} products indexed in {time.monotonic() - start:.1f} s")
    start = time.monotonic()
    orders = functions.invoke("OrderIndexer", {"rebuild": True})["indexed"]
    console.print(f"{orders:,} orders indexed in {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
