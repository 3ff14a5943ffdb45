"""make run: the shop on one machine, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
import sys

BEST_SELLING = 5000


def main() -> int:
    # What the shop is made of takes a second to load, and a Ctrl-C ends that without a traceback of some import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.stack.startup import open_shop

    return open_shop(catalogue_size(os.environ.get("CATALOGUE")))


def catalogue_size(asked: str | None) -> int | None:
    """How many products to sell, None for all."""
    from local.stack.settings import whole

    return None if asked == "all" else whole("CATALOGUE", BEST_SELLING, 1, 100_000, {"CATALOGUE": asked or ""})


if __name__ == "__main__":
    sys.exit(main())
