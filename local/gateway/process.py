"""The gateway process: API Gateway on one machine, with the API's functions.

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

from local.aws.function_variables import variables_of
from local.aws.functions import LocalFunctions, services
from local.gateway.app import access_log, create_app
from local.gateway.index_page import index_page
from local.http_server.asgi_server import server_config
from local.http_server.origin_guard import EveryPath, OriginGuard, OriginPolicy
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
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has shut down
    write_access_log()
    environment = dict(os.environ)
    functions = LocalFunctions(lambda name: variables_of(name, environment), deps)
    app = create_app(
        functions.invoke,
        issuer=options.issuer,
        audience=[options.audience],
        jwks_url=options.jwks,
        site=options.site,
        page=index_page(environment),
    )
    threading.Thread(target=functions.load, args=(services(),), name="loading", daemon=True).start()
    with suppress(KeyboardInterrupt):
        guard = OriginGuard(app, OriginPolicy.from_environ(environment, linked_paths=EveryPath()))
        uvicorn.Server(server_config(guard, options.port)).run()


def write_access_log() -> None:
    """Write a line per request to standard output, as the HTTP API does to its log group."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    access_log.addHandler(handler)
    access_log.setLevel(logging.INFO)
    access_log.propagate = False


if __name__ == "__main__":
    main()
