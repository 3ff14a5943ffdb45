"""Discount codes, as operators set them."""

from __future__ import annotations

import re
from datetime import datetime

from aws_lambda_powertools.event_handler import Response

from api import contract, views
from api.audit_log import log_change, log_refusal
from api.etags import PRIVATE, check_precondition, conditional_response, etag, precondition_failed
from api.problems import Complaint, invalid
from api.runtime import ApiRequest, Service, json_response
from oms.domain.discounts import Discount
from oms.domain.errors import CodeNotFound, CodeUsedUp

CODE = re.compile(r"[A-Z0-9-]{1,40}")

service = Service()


@service.route("GET /discounts/{code}")
def get_discount(request: ApiRequest) -> Response[str]:
    code = _code(request)
    discount = request.deps.discounts.get(code)
    if discount is None:
        raise CodeNotFound(f"there is no code {code}")
    return conditional_response(request, views.discount(discount), PRIVATE)


@service.route("PUT /discounts/{code}")
def put_discount(request: ApiRequest) -> Response[str]:
    code, discounts = _code(request), request.deps.discounts
    before, after = discounts.get(code), _discount(request, code)
    current_view = views.discount(before) if before else None
    check_precondition(request, current_view)
    if before and before.used > after.total_limit:
        raise CodeUsedUp(f"{code} was used {before.used} times already: its limit can't be lower")
    effect_id = log_change(request, f"discount:{code}", current_view, views.discount(after))
    if not discounts.change(before, after):
        log_refusal(request, effect_id)
        raise precondition_failed()
    view = views.discount(discounts.get(code) or after)
    return json_response(
        200 if before else 201, view, {"ETag": etag(view), "Location": f"{contract.base_path()}/discounts/{code}"}
    )


def _discount(request: ApiRequest, code: str) -> Discount:
    body = request.body
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


def _code(request: ApiRequest) -> str:
    """The code in a path, in capitals, as it is stored."""
    code = request.path["code"].upper()
    if not CODE.fullmatch(code):
        raise CodeNotFound(f"{code[:60]} is no code: those are up to 40 letters, digits and dashes")
    return code
