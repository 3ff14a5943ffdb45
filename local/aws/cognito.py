"""Cognito on one machine: ministack's, with the one trigger of ours that it doesn't know.

    AUTH=true python -m local.stack.asgi_server local.aws.cognito:app --port 4567

``AUTH`` lets ministack check codes, tokens' signatures and what a client may do; without, it takes whatever it is told.
It makes every call of every service dearer, of DynamoDB's by two fifths, so Cognito has a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ministack.app import app as ministack

from api import sign_up
from oms.adapters.aws.clients import Aws

CONFIRMS = b"AWSCognitoIdentityProviderService.ConfirmSignUp"
REJECTED = {"__type": "UserLambdaValidationException", "message": "PostConfirmation failed."}

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    if scope["type"] != "http" or dict(scope["headers"]).get(b"x-amz-target") != CONFIRMS:
        await ministack(scope, receive, send)
        return
    asked: list[Message] = []
    said: list[Message] = []

    async def heard() -> Message:
        asked.append(await receive())
        return asked[-1]

    async def keep(message: Message) -> None:
        said.append(message)

    await ministack(scope, heard, keep)
    if said[0]["status"] == 200:
        request = json.loads(b"".join(part.get("body", b"") for part in asked))
        said = await asyncio.to_thread(_triggered, request) or said
    for message in said:
        await send(message)


def _triggered(request: Mapping[str, Any]) -> list[Message]:
    """What takes the answer's place where the trigger fails; who signed up stays confirmed, as on AWS."""
    aws = Aws.of(os.environ)
    try:
        sign_up.add_confirmed_shopper(_event(aws.cognito(), request["ClientId"], request["Username"]), aws)
    except Exception:  # whatever a trigger raises is a refusal
        log.exception("the trigger failed")
        headers = [(b"content-type", b"application/x-amz-json-1.1")]
        return [
            {"type": "http.response.start", "status": 400, "headers": headers},
            {"type": "http.response.body", "body": json.dumps(REJECTED).encode()},
        ]
    return []


def _event(cognito: Any, client_id: str, person: str) -> dict[str, Any]:
    """As Cognito gives it to a trigger."""
    pool_id = _pool_of(cognito, client_id)
    user = cognito.admin_get_user(UserPoolId=pool_id, Username=person)
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


def _pool_of(cognito: Any, client_id: str) -> str:
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]
        if client_id in {each["ClientId"] for each in clients}:
            return str(pool["Id"])
    raise LookupError("the client of no pool has confirmed somebody")
