"""The gateway's process: API Gateway on one machine, and the API's functions.

python -m local.gateway.process --port 8000 --issuer URL --audience ID --jwks URL
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from contextlib import suppress

import uvicorn

from local.aws.functions import Functions, services
from local.gateway.app import access_log, create_app
from local.gateway.index_page import index_page
from local.stack.asgi_server import config
from local.stack.settings import variables_of
from oms.adapters.wiring import deps


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.gateway.process", description="Answer the shop's HTTP requests."
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--audience", required=True)
    parser.add_argument("--jwks", required=True)
    parser.add_argument("--site", help="the origin whose pages may call from a browser")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has closed
    log_access()
    environment = dict(os.environ)
    functions = Functions(lambda name: variables_of(name, environment), deps)
    app = create_app(
        functions.invoke,
        issuer=asked.issuer,
        audience=[asked.audience],
        jwks_url=asked.jwks,
        site=asked.site,
        page=index_page(environment),
    )
    threading.Thread(target=functions.load, args=(services(),), name="loading", daemon=True).start()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config(app, asked.port)).run()


def log_access() -> None:
    """A line a request on standard output, as the HTTP API writes it to its log group."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(logging.Formatter("%(message)s"))
    access_log.addHandler(lines)
    access_log.setLevel(logging.INFO)
    access_log.propagate = False


if __name__ == "__main__":
    main()
