"""Calls that time out before or after their effect and are repeated, and concurrent calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from oms.domain.errors import (
    EffectRefused,
    PaymentDeclined,
    PaymentsRefused,
    PaymentsUnavailable,
)
from oms.domain.payment import PaymentRequest
from oms.ports import Payments
from tests.contract.payments.gateways import Gateway, order, rma, usd


def steps(request: PaymentRequest, payments: Payments) -> dict[str, Callable[[], object]]:
    return {
        "authorize": lambda: payments.authorize(request),
        "capture": lambda: payments.capture(request, usd(5000)),
        "refund": lambda: payments.refund(request, usd(700), f"{request.order_id}:refund"),
    }


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("unheard", ["authorize", "capture", "refund"])
def test_what_was_not_heard_is_asked_again_and_happens_once(gateway: Gateway, unheard: str, after_effect: bool) -> None:
    request = order(5000)
    for name, step in steps(request, gateway.payments).items():
        if name == unheard:
            gateway.fail_next(name, after_effect=after_effect)
            with pytest.raises(PaymentsUnavailable):
                step()
        step()

    expected = [("hold", request.key, 5000), ("capture", None, 5000), ("refund", f"{request.order_id}:refund", 700)]
    assert gateway.ledger(request) == expected


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_void_needs_no_answer_of_the_authorization(gateway: Gateway, after_effect: bool) -> None:
    request = order(5000)
    gateway.fail_next("authorize", after_effect=after_effect)
    with pytest.raises(PaymentsUnavailable):
        gateway.payments.authorize(request)

    gateway.payments.void(request)

    with pytest.raises(EffectRefused):
        gateway.payments.authorize(request)
    held = 5000 if after_effect else 0
    assert gateway.ledger(request)[-1] == ("void", None, held)


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_void_that_was_not_heard_is_asked_again(gateway: Gateway, after_effect: bool) -> None:
    request = order(5000)
    gateway.payments.authorize(request)
    gateway.fail_next("void", after_effect=after_effect)
    with pytest.raises(PaymentsUnavailable):
        gateway.payments.void(request)

    gateway.payments.void(request)

    assert gateway.ledger(request) == [("hold", request.key, 5000), ("void", None, 5000)]


def test_a_decline_that_was_not_heard_is_a_decline(gateway: Gateway) -> None:
    request = order(method="pm_card_chargeDeclined")
    gateway.fail_next("authorize", after_effect=True)
    with pytest.raises(PaymentsUnavailable):
        gateway.payments.authorize(request)

    with pytest.raises(PaymentDeclined):
        gateway.payments.authorize(request)


def test_a_refusal_that_was_not_heard_is_a_refusal(gateway: Gateway) -> None:
    request = order(5000)
    gateway.payments.authorize(request)
    gateway.fail_next("capture", after_effect=True)
    with pytest.raises(PaymentsUnavailable):
        gateway.payments.capture(request, usd(5001))

    with pytest.raises(PaymentsRefused):
        gateway.payments.capture(request, usd(5001))


def test_a_look_up_can_fail_too(gateway: Gateway) -> None:
    request = order()
    gateway.payments.authorize(request)
    gateway.fail_next("find", after_effect=False)

    with pytest.raises(PaymentsUnavailable):
        gateway.payments.find(request)


def test_eight_callers_at_once_hold_and_refund_once(gateway: Gateway) -> None:
    request = order(5000)
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: gateway.payments.authorize(request), range(16)))
        gateway.payments.capture(request, usd(5000))
        list(pool.map(lambda _: gateway.payments.refund(request, usd(300), rma(request, 1)), range(16)))

    assert len(answers) == 1
    expected = [("hold", request.key, 5000), ("capture", None, 5000), ("refund", rma(request, 1), 300)]
    assert gateway.ledger(request) == expected


def test_whoever_is_first_an_authorization_and_a_void_end_with_nothing_held(gateway: Gateway) -> None:
    requests = [order(5000) for _ in range(20)]

    def authorize(request: PaymentRequest) -> None:
        with suppress(EffectRefused):
            gateway.payments.authorize(request)

    with ThreadPoolExecutor(8) as pool:
        for request in requests:
            pool.submit(authorize, request)
            pool.submit(gateway.payments.void, request)

    for request in requests:
        assert gateway.ledger(request)[-1][0] == "void"
        with pytest.raises(EffectRefused):
            gateway.payments.capture(request, usd(5000))
