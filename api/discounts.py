"""Discount codes, as operators set them."""

from __future__ import annotations

import re
from datetime import datetime

from aws_lambda_powertools.event_handler import Response

from api import contract, views
from api.audit_log import note_change, note_refusal
from api.etags import PRIVATE, changed, check_unchanged, etag, shown
from api.problems import Complaint, invalid
from api.runtime import Call, Service, json_answer
from oms.domain.discounts import Discount
from oms.domain.errors import CodeNotFound, CodeUsedUp

CODE = re.compile(r"[A-Z0-9-]{1,40}")

handler = Service()


@handler.route("GET /discounts/{code}")
def get_discount(call: Call) -> Response[str]:
    code = _code(call)
    discount = call.deps.discounts.get(code)
    if discount is None:
        raise CodeNotFound(f"there is no code {code}")
    return shown(call, views.discount(discount), PRIVATE)


@handler.route("PUT /discounts/{code}")
def put_discount(call: Call) -> Response[str]:
    code, discounts = _code(call), call.deps.discounts
    before, after = discounts.get(code), _discount(call, code)
    seen = views.discount(before) if before else None
    check_unchanged(call, seen)
    if before and before.used > after.total_limit:
        raise CodeUsedUp(f"{code} was used {before.used} times already: its limit can't be lower")
    line = note_change(call, f"discount:{code}", seen, views.discount(after))
    if not discounts.change(before, after):
        note_refusal(call, line)
        raise changed()
    view = views.discount(discounts.get(code) or after)
    return json_answer(
        200 if before else 201, view, {"ETag": etag(view), "Location": f"{contract.base_path()}/discounts/{code}"}
    )


def _discount(call: Call, code: str) -> Discount:
    body = call.body
    valid_from, valid_until = (_time(body[name], f"body/{name}") for name in ("valid_from", "valid_until"))
    if not (body.get("percent") or body.get("amount_minor")):
        raise invalid(Complaint("body", "takes nothing off: say percent, or amount_minor"))
    if valid_from >= valid_until:
        raise invalid(Complaint("body/valid_until", "must be later than valid_from: it would never be valid"))
    terms = {name: body.get(name, 0) for name in ("percent", "amount_minor", "minimum_minor")}
    return Discount(
        code, body["currency"], valid_from, valid_until, body["total_limit"], body["customer_limit"], **terms
    )


def _time(text: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise invalid(Complaint(where, "must be a time, such as 2026-01-01T00:00:00Z")) from None


def _code(call: Call) -> str:
    """As it is kept: in capitals."""
    code = call.path["code"].upper()
    if not CODE.fullmatch(code):
        raise CodeNotFound(f"{code[:60]} is no code: those are up to 40 letters, digits and dashes")
    return code
