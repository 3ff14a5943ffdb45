"""A shopper whose data can be recognized in every log, and everything that they do at a running shop."""

from __future__ import annotations

import urllib.error
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.aws.resources import UserPool, client
from tests.local.cognito import SIGN_UP_CODE
from tests.local.shop_process import ORDER, ShopProcess

RECIPIENT = {
    "name": "Zebedee Quux",
    "address": "17 Perch Lane",
    "city": "Xanadu-on-Sea",
    "country": "US",
    "phone": "555-0199",
    "email": "zebedee.quux@example.org",
}
PASSWORD, REASON = "Sesame-of-Zebedee-1", "because of my gout"
WORDS = ("Zebedee", "zebedee.quux", "Quux", "Perch Lane", "Xanadu", "555-0199", PASSWORD, "gout")


def visit(shop: ShopProcess) -> list[str]:
    """Sign up, order, fill carts, send invalid requests. Returns the words and tokens that no log may have."""
    token = _signed_up(shop)
    order = {**ORDER, "recipient": RECIPIENT}
    _, placed = shop.ask("POST", "/orders", order, token, key="marked")
    _, guest = shop.ask("POST", "/guest/carts")
    cart = guest["token"]
    checkout = {name: order[name] for name in ("currency", "payment_method", "recipient")}
    statuses = [
        _status(shop, "POST", "/orders", {**order, "payment_method": "pm_card_chargeDeclined"}, token, key="declined"),
        _status(shop, "POST", "/orders", {**order, "currency": REASON}, token, key="mistyped"),
        _status(shop, "GET", "/orders/Zebedee%20Quux", None, token),
        _status(shop, "POST", f"/orders/{placed['order_id']}/cancellation", {"reason": REASON}, token, key="cancelled"),
        _status(shop, "PUT", "/cart/lines/1082185", {"quantity": 2}, token),
        _status(shop, "PUT", "/guest/cart/lines/1082185", {"quantity": 1}, cart),
        _status(shop, "GET", "/search?q=Zebedee"),
    ]
    assert statuses == [202, 400, 404, 202, 200, 200, 200]
    _, bought = shop.ask("POST", "/guest/cart/checkout", checkout, cart, key="guest")
    return [*WORDS, token, cart, bought["token"]]


def find_in_logs(words: list[str], folder: Path) -> set[str]:
    """The words that logs contain, and in which log."""
    return {f"{word} in {log.name}" for log in folder.glob("*.log") for word in words if word in log.read_text()}


def _signed_up(shop: ShopProcess) -> str:
    cognito, pool = client("cognito-idp", shop.settings.aws_variables()), UserPool(**shop.running["pool"])
    someone = {"ClientId": pool.client_id, "Username": RECIPIENT["email"]}
    attributes = [{"Name": "name", "Value": RECIPIENT["name"]}]
    cognito.sign_up(**someone, Password=PASSWORD, UserAttributes=attributes)
    with suppress(ClientError):
        cognito.confirm_sign_up(**someone, ConfirmationCode="000000")
    cognito.confirm_sign_up(**someone, ConfirmationCode=SIGN_UP_CODE)
    cognito.forgot_password(**someone)
    who = {"USERNAME": RECIPIENT["email"], "PASSWORD": PASSWORD}
    answer = cognito.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=pool.client_id, AuthParameters=who)
    return str(answer["AuthenticationResult"]["AccessToken"])


def _status(shop: ShopProcess, *arguments: Any, **options: Any) -> int:
    try:
        return shop.ask(*arguments, **options)[0]
    except urllib.error.HTTPError as refused:
        return refused.code
