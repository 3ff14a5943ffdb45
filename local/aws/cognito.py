"""Cognito on one machine: ministack's, guarded, plus the PostConfirmation trigger, which ministack doesn't call.

    AUTH=true python -m local.http_server.asgi_server local.aws.cognito:app --port 4567

With ``AUTH``, ministack checks codes, token signatures and what a client may do; without it, it accepts everything.
The checks run for every call of every service, and make DynamoDB's two fifths slower, so Cognito has a process of its
own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from ministack.app import app as ministack

from api import sign_up
from local.http_server.asgi import ClientDisconnected, Message, Receive, Scope, Send, read_body, send_response
from local.http_server.origin_guard import OriginGuard, OriginPolicy
from oms.adapters.aws.clients import Aws

CONFIRM_SIGN_UP = b"AWSCognitoIdentityProviderService.ConfirmSignUp"
MAILS_PATH = "/_ministack/ses/messages"
TRIGGER_FAILED = {"__type": "UserLambdaValidationException", "message": "PostConfirmation failed."}

log = logging.getLogger(__name__)


async def unguarded_app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or dict(scope["headers"]).get(b"x-amz-target") != CONFIRM_SIGN_UP:
        await ministack(scope, receive, send)
        return
    try:
        body = await read_body(receive)
    except ClientDisconnected:
        return
    unread: list[Message] = [{"type": "http.request", "body": body}]
    response: list[Message] = []

    async def replay_body() -> Message:
        return unread.pop() if unread else await receive()

    async def record_response(message: Message) -> None:
        response.append(message)

    await ministack(scope, replay_body, record_response)
    if response[0]["status"] == 200 and not await asyncio.to_thread(run_trigger, json.loads(body)):
        headers = [("content-type", "application/x-amz-json-1.1")]
        await send_response(send, 400, headers, json.dumps(TRIGGER_FAILED).encode())
        return
    for message in response:
        await send(message)


app = OriginGuard(unguarded_app, OriginPolicy.from_environ(os.environ, {MAILS_PATH}))


def run_trigger(request: Mapping[str, Any]) -> bool:
    """Call the PostConfirmation trigger. Returns False if it fails; the user stays confirmed, as on AWS."""
    aws = Aws.of(os.environ)
    try:
        sign_up.add_confirmed_shopper(_event(aws.cognito(), request["ClientId"], request["Username"]), aws)
    except Exception:  # whatever a trigger raises fails the call
        log.exception("the trigger failed")
        return False
    return True


def _event(cognito: Any, client_id: str, username: str) -> dict[str, Any]:
    """The event that Cognito passes to a trigger."""
    pool_id = _pool_id(cognito, client_id)
    user = cognito.admin_get_user(UserPoolId=pool_id, Username=username)
    return {
        "version": "1",
        "triggerSource": sign_up.SIGNED_UP,
        "region": cognito.meta.region_name,
        "userPoolId": pool_id,
        "userName": user["Username"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "request": {"userAttributes": {each["Name"]: each["Value"] for each in user["UserAttributes"]}},
        "response": {},
    }


def _pool_id(cognito: Any, client_id: str) -> str:
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]
        if client_id in {each["ClientId"] for each in clients}:
            return str(pool["Id"])
    raise LookupError(f"no user pool has the client {client_id}")
