"""python -m local.sandboxes.payments --port 8084 --store .local/payments.sqlite"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from local.sandboxes.callbacks import webhook
from local.sandboxes.payments.server import listen, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.sandboxes.payments", description="A gateway to try on.")
    parser.add_argument("--port", type=int, default=8084, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--store", type=Path, required=True, help="the file that keeps the books")
    parser.add_argument("--callback", help="where the shop is told of events; without it, nobody is")
    parser.add_argument("--secret", default="", help="what events are signed with")
    asked = parser.parse_args()
    post = webhook(asked.callback, "Stripe-Signature", asked.secret) if asked.callback else None
    try:
        with listen(asked.port) as listener:
            run(listener, asked.store, post)
    except OSError as error:
        sys.exit(f"payments sandbox: {error.filename or f'port {asked.port}'}: {os.strerror(error.errno or 0)}")
    except sqlite3.Error as error:
        sys.exit(f"payments sandbox: {asked.store}: {error}")


if __name__ == "__main__":
    main()
