"""python -m local.sandboxes.payments --port 8084 --store .local/payments.sqlite"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from local.sandboxes.callbacks import webhook, webhook_secret
from local.sandboxes.payments.server import listen, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.sandboxes.payments", description="Run the payments sandbox.")
    parser.add_argument("--port", type=int, default=8084, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--callback", help="the shop's webhook for events, signed with PAYMENTS_SECRET")
    options = parser.parse_args()
    post = None
    if options.callback:
        post = webhook(options.callback, "Stripe-Signature", webhook_secret("PAYMENTS_SECRET"))
    try:
        with listen(options.port) as listener:
            run(listener, options.store, post)
    except OSError as error:
        sys.exit(f"payments sandbox: {error.filename or f'port {options.port}'}: {os.strerror(error.errno or 0)}")
    except sqlite3.Error as error:
        sys.exit(f"payments sandbox: {options.store}: {error}")


if __name__ == "__main__":
    main()
