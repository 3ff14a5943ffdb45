"""python -m local: the shop on one machine, until Ctrl-C or SIGTERM (``make run``)."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    # The imports take a second. Ctrl-C ends them without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.stack.settings import catalogue_size
    from local.stack.startup import run_shop

    return run_shop(catalogue_size())


if __name__ == "__main__":
    sys.exit(main())
