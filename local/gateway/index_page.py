"""The page at ``/``, until the storefront is served there: the addresses of everything that runs on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from api import contract
from api.security import page_policy

STYLE = """
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;
  max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem}
h1{margin:0 0 .25rem;font-size:1.75rem}
h2{margin:2rem 0 .5rem;font-size:1.1rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.5rem .75rem .5rem 0;border-bottom:1px solid #d8dde3;text-align:left;vertical-align:top}
th{width:11rem;font-weight:600}
a{color:#0b6e4f}
code{font:.9rem ui-monospace,monospace;overflow-wrap:anywhere}
small{display:block;color:#57606a}
@media(prefers-color-scheme:dark){
body{color:#e6e6e6;background:#16191d}
th,td{border-color:#343a41}
a{color:#6fd3ae}
small{color:#a2abb5}
}
@media(max-width:36rem){th,td{display:block;width:auto;border:0;padding:.25rem 0}td{border-bottom:1px solid #d8dde3}}
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": page_policy(STYLE),
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Address:
    """``is_page`` is true if a browser that opens the URL shows something."""

    name: str
    url: str
    about: str
    is_page: bool = True


def api_addresses() -> tuple[Address, ...]:
    """Where the API is, on whichever host serves it."""
    base_path = contract.base_path()
    return (
        Address("API documentation", f"{base_path}/docs", "Every operation of the API, with examples."),
        Address("OpenAPI contract", f"{base_path}/openapi.json", "The same for programs."),
    )


def service_addresses(environment: Mapping[str, str]) -> tuple[Address, ...]:
    """Where the stack's services are, by the variables that the functions get."""
    aws, cognito = environment["AWS_ENDPOINT_URL"], environment["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]
    dynamodb, step_functions = environment["AWS_ENDPOINT_URL_DYNAMODB"], environment["AWS_ENDPOINT_URL_SFN"]
    payments, carrier = environment["PAYMENTS_URL"], environment["CARRIER_URL"]
    return (
        Address("Step Functions", step_functions, "Endpoint for the AWS CLI and SDKs.", is_page=False),
        Address("DynamoDB", dynamodb, "Endpoint for the AWS CLI and SDKs.", is_page=False),
        Address("Cognito", cognito, "Endpoint for the AWS CLI and SDKs.", is_page=False),
        Address("E-mails", f"{cognito}/_ministack/ses/messages", "The codes that Cognito would mail."),
        Address("Other AWS services", aws, "Endpoint for the AWS CLI and SDKs.", is_page=False),
        Address("Payments sandbox", f"{payments}/_sandbox/ledger", "Every hold, capture, void and refund."),
        Address("Carrier sandbox", f"{carrier}/_sandbox/ledger", "Every shipment, recall and return."),
    )


def index_page(environment: Mapping[str, str]) -> str:
    tables = (("API", api_addresses()), ("On this machine", service_addresses(environment)))
    sections = "".join(_section(title, addresses) for title, addresses in tables)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Order management</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        "<h1>Order management</h1>"
        f"<p>The shop is running. It has no storefront yet: use the API below <code>{contract.base_path()}</code>.</p>"
        f"{sections}</main></body></html>"
    )


def _section(title: str, addresses: tuple[Address, ...]) -> str:
    rows = "".join(_row(address) for address in addresses)
    return f"<h2>{escape(title)}</h2><table>{rows}</table>"


def _row(address: Address) -> str:
    url = f"<code>{escape(address.url)}</code>"
    link = f'<a href="{escape(address.url)}">{url}</a>' if address.is_page else url
    return f'<tr><th scope="row">{escape(address.name)}</th><td>{link}<small>{escape(address.about)}</small></td></tr>'
