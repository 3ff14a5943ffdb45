"""python -m local.payments_sandbox --port 8084 --store .local/payments.sqlite"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.payments_sandbox.server import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.payments_sandbox", description="A gateway to try on.")
    parser.add_argument("--port", type=int, default=8084, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--store", type=Path, required=True, help="the file that keeps the books")
    asked = parser.parse_args()
    try:
        run(asked.port, asked.store)
    except OSError as error:
        sys.exit(f"payments sandbox: port {asked.port}: {error.strerror or error}")


if __name__ == "__main__":
    main()
