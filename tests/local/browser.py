"""make test-browser: foreign web pages attack every port of a running shop, in Chromium, and the shop's own pages work.

The attacks come from a page of another port, from a page under a host name that resolves to 127.0.0.1 (DNS rebinding),
and from a sandboxed frame, whose origin is ``null``. They may read nothing and change nothing. Pages of the shop and of
the configured site sign in at Cognito and call the API. Without Chromium the test is skipped.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from local.aws.resources import PASSWORD, SHOPPERS, UserPool, client
from local.stack.settings import local_url
from tests.local.chromium import Chromium, ChromiumFailed, chromium, find_chromium
from tests.local.shop_process import ORDER, ShopProcess, environ_for, shop

REBOUND_HOST = "evil.example"
SECRET = "Zebedee Quux"
CLOCK_SECONDS = 7200
CREDENTIALS = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request"
DELIVERED_SECONDS = 120
POLL_SECONDS = 1
ATTACK = Path(__file__).with_name("foreign_page.js").read_text()
IN_SANDBOXED_FRAME = """
async (attack, targets) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-forms allow-popups";
  frame.srcdoc = `<body><script>
    (${attack})(${JSON.stringify(targets)}).then((read) => parent.postMessage({ origin: self.origin, read }, "*"));
  </script>`;
  const answer = new Promise((resolve) => addEventListener("message", (event) => resolve(event.data)));
  document.body.append(frame);
  return await answer;
}
"""
SIGN_IN_AND_CALL = """
async (cognito, client, username, password, api) => {
  const signedIn = await fetch(cognito, {
    method: "POST",
    cache: "no-store",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
      "X-Amz-User-Agent": "aws-amplify/6",
      "Cache-Control": "no-store",
    },
    body: JSON.stringify({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: client,
      AuthParameters: { USERNAME: username, PASSWORD: password },
    }),
  });
  const token = (await signedIn.json()).AuthenticationResult.AccessToken;
  const orders = await fetch(`${api}/orders`, { headers: { Authorization: `Bearer ${token}` } });
  return [orders.status, (await orders.json()).items.length];
}
"""


def main() -> int:
    console = Console(highlight=False)
    program = find_chromium()
    if program is None:
        console.print("test-browser: skipped, Chromium is missing")
        return 0
    with tempfile.TemporaryDirectory() as folder, page_server() as foreign, page_server() as site:
        environ = environ_for(Path(folder) / "shop", SITE_ORIGIN=site)
        hosts = {REBOUND_HOST: "127.0.0.1"}
        with shop(environ) as running, chromium(program, Path(folder) / "profile", hosts) as browser:
            failures = run_attacks(running, browser, foreign, site)
    for failure in failures:
        console.print(failure, markup=False, soft_wrap=True)
    console.print(f"test-browser: {len(failures)} failures" if failures else "test-browser: passed")
    return 1 if failures else 0


def run_attacks(running: ShopProcess, browser: Chromium, foreign: str, site: str) -> list[str]:
    """What failed."""
    place_order(running)
    try:
        failures = [*attack_ports(running, browser, foreign), *use_shop(running, browser, site)]
        return failures or [*control(running, browser, site)]
    except (ChromiumFailed, OSError, ClientError) as error:
        return [f"an attack broke the shop: {error}"]


@contextmanager
def page_server() -> Iterator[str]:
    """Serve an empty page at every path. Yields its origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield local_url(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Page</title><body></body>")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def place_order(running: ShopProcess) -> None:
    """Place an order of somebody and wait until it is delivered: from then on the shop changes nothing by itself."""
    recipient = {"name": SECRET, "address": "1 Main Street", "city": "Springfield", "country": "US"}
    token, order = running.token(), {**ORDER, "recipient": recipient}
    _, placed = running.ask("POST", "/orders", order, token, key="browser")
    deadline = time.monotonic() + DELIVERED_SECONDS
    while running.ask("GET", f"/orders/{placed['order_id']}", token=token)[1]["status"] != "delivered":
        if time.monotonic() > deadline:
            raise SystemExit(f"test-browser: the order is not delivered after {DELIVERED_SECONDS} s")
        time.sleep(POLL_SECONDS)


def targets(running: ShopProcess) -> list[dict[str, Any]]:
    """Requests that read or change something, on every port."""
    settings = running.settings
    scan = {
        "X-Amz-Target": "DynamoDB_20120810.Scan",
        "Authorization": f"{CREDENTIALS}, SignedHeaders=host, Signature=0",
    }
    users = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUsers"}
    pool = json.dumps({"UserPoolId": running.running["pool"]["id"]})
    fault = json.dumps({"fault": "error_500", "count": 1000})
    requests = (
        (settings.port, "GET", "/api/products/1082185", None, None),
        (settings.port, "GET", "/", None, None),
        (settings.port, "POST", "/api/guest/carts", "", None),
        (settings.engine_port, "GET", "/health", None, None),
        (settings.engine_port, "POST", "/_asl/clock/advance", json.dumps({"seconds": CLOCK_SECONDS}), None),
        (settings.aws_port, "GET", "/_ministack/health", None, None),
        (settings.aws_port, "GET", "/reports", None, None),
        (settings.aws_port, "GET", "/?Action=CreateQueue&QueueName=foreign&Version=2012-11-05", None, None),
        (settings.aws_port, "PUT", "/foreign", "", None),
        (settings.aws_port, "POST", "/", json.dumps({"TableName": "orders"}), scan),
        (settings.aws_port, "POST", "/_ministack/reset", "", None),
        (settings.cognito_port, "GET", "/_ministack/ses/messages", None, None),
        (settings.cognito_port, "POST", "/", pool, users),
        (settings.cognito_port, "POST", "/_ministack/reset", "", None),
        (settings.payments_port, "GET", "/_sandbox/ledger", None, None),
        (settings.payments_port, "POST", "/_sandbox/next", fault, None),
        (settings.carrier_port, "GET", "/_sandbox/ledger", None, None),
        (settings.carrier_port, "POST", "/_sandbox/next", fault, None),
        (settings.carrier_port, "PUT", "/_sandbox/settings", json.dumps({"dispatch_seconds": 3000}), None),
    )
    return [
        {"method": method, "url": local_url(port) + path, "body": body, "headers": headers}
        for port, method, path, body, headers in requests
    ]


def attack_ports(running: ShopProcess, browser: Chromium, foreign: str) -> Iterator[str]:
    """Attack from every kind of foreign page. Yields what was read or changed."""
    before = state(running)
    aims = targets(running)
    yield from reads("another port", browser.open(foreign).run(ATTACK, aims))
    framed = browser.open(foreign).run(IN_SANDBOXED_FRAME, ATTACK, aims)
    yield from reads("a sandboxed frame", framed["read"])
    if framed["origin"] != "null":
        yield f"the sandboxed frame has the origin {framed['origin']}"
    named = f"http://{REBOUND_HOST}:{foreign.rpartition(':')[2]}"
    yield from reads("another site", browser.open(named).run(ATTACK, aims))
    for port, _ in running.settings.ports.values():
        # For the browser, the port's own responses are of the page's origin.
        own = [
            {**aim, "url": aim["url"].replace("127.0.0.1", REBOUND_HOST)} for aim in aims if f":{port}/" in aim["url"]
        ]
        answers = browser.open(f"http://{REBOUND_HOST}:{port}/").run(ATTACK, own)
        yield from reads("DNS rebinding", [answer for answer in answers if "/problems/foreign-" not in answer])
    after = state(running)
    changed = [name for name in before if before[name] != after[name]]
    yield from (f"{name} changed from {before[name]} to {after[name]}" for name in changed)


def reads(attacker: str, answers: Sequence[str]) -> Iterator[str]:
    yield from (f"{attacker} read {answer}" for answer in answers)


def use_shop(running: ShopProcess, browser: Chromium, site: str) -> Iterator[str]:
    """Sign in and call the API from the shop's own pages, by two of its hosts, and from the site's."""
    settings, pool = running.settings, UserPool(**running.running["pool"])
    cognito = local_url(settings.cognito_port)
    by_name = f"http://localhost:{settings.port}"
    for origin, api in ((settings.gateway_url, "/api"), (by_name, "/api"), (site, settings.api_url)):
        page = browser.open(f"{origin}/")
        try:
            result = page.run(SIGN_IN_AND_CALL, cognito, pool.client_id, SHOPPERS[0], PASSWORD, api)
        except ChromiumFailed as error:
            result = error
        if result != [200, 1]:
            yield f"a page of {origin} should sign in and see its order: {result}"


def control(running: ShopProcess, browser: Chromium, site: str) -> Iterator[str]:
    """The same requests from the site's page succeed: so the attacks are real."""
    clock = state(running)["clock"]
    aims = [aim for aim in targets(running) if aim["headers"] or aim["url"].endswith("/_asl/clock/advance")]
    answers = browser.open(site).run(ATTACK, aims)
    if not any(SECRET in answer for answer in answers):
        yield "the site's page read no order: the attacks prove nothing"
    if state(running)["clock"] == clock:
        yield "the site's page moved no clock: the attacks prove nothing"


def state(running: ShopProcess) -> dict[str, Any]:
    """Everything that the attacks try to change."""
    aws, settings = running.settings.aws_variables(), running.settings
    dynamodb, pool = client("dynamodb", aws), running.running["pool"]["id"]
    tables = dynamodb.list_tables()["TableNames"]
    scans = [dynamodb.get_paginator("scan").paginate(TableName=table) for table in tables]
    items = [json.dumps(item, sort_keys=True) for scan in scans for page in scan for item in page["Items"]]
    users = client("cognito-idp", aws).list_users(UserPoolId=pool)["Users"]
    now = datetime.fromisoformat(ask(settings.engine_port, "POST", "/_asl/clock/advance", {"seconds": 0})["now"])
    return {
        "tables": sorted(items),
        "users": sorted(user["Username"] for user in users),
        "buckets": [bucket["Name"] for bucket in client("s3", aws).list_buckets()["Buckets"]],
        "queues": client("sqs", aws).list_queues().get("QueueUrls", []),
        "clock": round((now.timestamp() - time.time()) / CLOCK_SECONDS),
        "payments": ask(settings.payments_port, "GET", "/_sandbox/next"),
        "carrier": ask(settings.carrier_port, "GET", "/_sandbox/settings"),
        "carrier faults": ask(settings.carrier_port, "POST", "/_sandbox/next", {"lose": 0}),
    }


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(local_url(port) + path, data, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


if __name__ == "__main__":
    sys.exit(main())
