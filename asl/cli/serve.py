"""``python -m asl serve``: serve the Step Functions API on 127.0.0.1 until interrupted."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from asl.server import Server
from asl.services.boto import boto_clients
from asl.services.functions import Invoker, boto_invoker, handler_invoker
from asl.services.integrations import Services


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        server = _server(args)
    except (OSError, ValueError, ImportError, AttributeError) as error:
        print(f"asl serve: {error}", file=sys.stderr)
        return 1
    import uvicorn

    class AnnouncedServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                print(f"Step Functions on http://127.0.0.1:{args.port}, kept in {args.store}", flush=True)

    options: dict[str, Any] = {"host": "127.0.0.1", "port": args.port, "lifespan": "on"}
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after its shutdown
        AnnouncedServer(uvicorn.Config(server, log_level="warning", access_log=False, **options)).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m asl serve", description="Serve the Step Functions API on 127.0.0.1."
    )
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument(
        "--store", default=":memory:", metavar="FILE", help="the SQLite file for all state (default: in memory)"
    )
    functions = parser.add_mutually_exclusive_group()
    functions.add_argument("--lambda-endpoint", metavar="URL", help="the URL of Lambda's Invoke API")
    functions.add_argument("--handlers", metavar="MODULE:MAPPING", help="Python handlers by function name")
    parser.add_argument("--mock-config", metavar="FILE", help="a mock configuration in Step Functions Local's format")
    parser.add_argument("--workers", type=int, default=32, help="the maximum number of concurrent tasks (default: 32)")
    parser.add_argument("--account", default="000000000000")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    return parser


def _server(args: argparse.Namespace) -> Server:
    mocks = json.loads(Path(args.mock_config).read_text()) if args.mock_config else None
    clients = boto_clients(region_name=args.region)
    services = Services(clients, _functions(args))
    return Server(
        args.store, services.call, mocks=mocks, workers=args.workers, account=args.account, region=args.region
    )


def _functions(args: argparse.Namespace) -> Invoker | None:
    if args.handlers:
        module, _, name = args.handlers.partition(":")
        sys.path.insert(0, "")
        return handler_invoker(getattr(import_module(module), name or "handlers"))
    if args.lambda_endpoint:
        return boto_invoker(boto_clients(endpoint_url=args.lambda_endpoint, region_name=args.region))
    return None
