"""ministack as the stack runs it: patched, guarded, and with a short path for the shop's own requests to DynamoDB.

The functions' requests to DynamoDB are unsigned. They go directly to ministack's DynamoDB handler, past the search for
one of a hundred services, which is most of the cost of a small request. Signed requests, which every SDK sends, take
ministack's usual path.
"""

from __future__ import annotations

import os

from ministack.app import app as ministack
from ministack.services import dynamodb

from local.aws.ministack_patches import apply_patches
from local.http_server.asgi import ClientDisconnected, Receive, Scope, Send, read_body, send_response
from local.http_server.origin_guard import OriginGuard, OriginPolicy

TARGET, SIGNATURE = b"x-amz-target", b"authorization"

apply_patches()


async def unguarded_app(scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(scope.get("headers", ()))
    target = headers.get(TARGET, b"")
    if not target.startswith(b"DynamoDB_") or SIGNATURE in headers:
        await ministack(scope, receive, send)
        return
    request = {"x-amz-target": target.decode("latin-1")}
    try:
        body = await read_body(receive)
    except ClientDisconnected:
        return
    status, response_headers, response = await dynamodb.handle_request("POST", "/", request, body, {})
    content = response if isinstance(response, bytes) else response.encode()
    await send_response(send, status, response_headers.items(), content)


app = OriginGuard(unguarded_app, OriginPolicy.from_environ(os.environ))
