"""The contract of every payment provider."""

from __future__ import annotations

import pytest

from oms.domain.errors import (
    AlreadyCaptured,
    EffectRefused,
    PaymentDeclined,
    PaymentsRefused,
)
from oms.domain.payment import PaymentRequest, PaymentStatus, Risk
from oms.ports import Payments
from tests.contract.payments.gateways import Gateway, captured_order, order, rma, usd


def test_an_authorization_holds_the_amount_and_nothing_else(gateway: Gateway) -> None:
    request = order(5000)

    authorization = gateway.payments.authorize(request)

    assert (authorization.amount, authorization.risk) == (usd(5000), Risk.NORMAL)
    record = gateway.payments.find(request)
    assert record is not None
    assert record.payment_id == authorization.payment_id
    assert (record.status, record.currency) == (PaymentStatus.AUTHORIZED, "USD")
    assert (record.authorized, record.captured, record.refunded) == (5000, 0, 0)
    assert gateway.ledger(request) == [("hold", request.key, 5000)]


def test_an_authorization_asked_for_again_is_the_same_one(gateway: Gateway) -> None:
    request = order()

    answers = {gateway.payments.authorize(request) for _ in range(3)}

    assert len(answers) == 1
    assert gateway.ledger(request) == [("hold", request.key, 5000)]


def test_an_authorization_after_the_capture_is_still_the_same(payments: Payments) -> None:
    request = order()
    first = payments.authorize(request)
    payments.capture(request, usd(5000))

    assert payments.authorize(request) == first


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
def test_a_declined_card_holds_nothing_and_stays_declined(gateway: Gateway, method: str, reason: str) -> None:
    request = order(method=method)

    for _ in range(2):
        with pytest.raises(PaymentDeclined, match=f"^{reason}: "):
            gateway.payments.authorize(request)

    record = gateway.payments.find(request)
    assert record is not None
    assert (record.status, record.authorized) == (PaymentStatus.NONE, 0)
    assert gateway.ledger(request) == []


def test_any_card_can_be_declined_on_demand(gateway: Gateway) -> None:
    gateway.decline_next()
    with pytest.raises(PaymentDeclined):
        gateway.payments.authorize(order())

    assert gateway.payments.authorize(order()).amount == usd(5000)


def test_a_method_that_does_not_exist_is_declined_and_void_of_it_is_nothing(gateway: Gateway) -> None:
    request = order(method="pm_made_up")

    with pytest.raises(PaymentDeclined, match="pm_made_up"):
        gateway.payments.authorize(request)

    gateway.payments.void(request)
    assert gateway.payments.find(request) is None
    assert gateway.ledger(request) == []


def test_a_risky_card_is_held_and_said_to_be_risky(payments: Payments) -> None:
    request = order(method="pm_card_riskLevelElevated")

    assert payments.authorize(request).risk is Risk.ELEVATED
    assert payments.authorize(request).risk is Risk.ELEVATED


def test_a_void_lets_the_hold_go_and_may_be_repeated(gateway: Gateway) -> None:
    request = order()
    gateway.payments.authorize(request)

    gateway.payments.void(request)
    gateway.payments.void(request)

    record = gateway.payments.find(request)
    assert record is not None
    assert (record.status, record.captured) == (PaymentStatus.VOIDED, 0)
    assert gateway.ledger(request) == [("hold", request.key, 5000), ("void", None, 5000)]


@pytest.mark.parametrize("authorized_before", [False, True])
def test_an_authorization_that_comes_after_the_void_is_refused(gateway: Gateway, authorized_before: bool) -> None:
    request = order()
    if authorized_before:
        gateway.payments.authorize(request)
    gateway.payments.void(request)

    with pytest.raises(EffectRefused):
        gateway.payments.authorize(request)

    record = gateway.payments.find(request)
    assert record is not None
    assert record.status is PaymentStatus.VOIDED
    assert gateway.ledger(request)[-1][0] == "void"


def test_a_declined_payment_can_be_voided(payments: Payments) -> None:
    request = order(method="pm_card_chargeDeclined")
    with pytest.raises(PaymentDeclined):
        payments.authorize(request)

    payments.void(request)

    with pytest.raises(EffectRefused):
        payments.authorize(request)


def test_a_captured_payment_is_not_voided(gateway: Gateway) -> None:
    request = order()
    gateway.payments.authorize(request)
    gateway.payments.capture(request, usd(5000))

    with pytest.raises(AlreadyCaptured):
        gateway.payments.void(request)

    assert gateway.ledger(request)[-1] == ("capture", None, 5000)


def test_a_capture_may_be_of_a_part_and_happens_once(gateway: Gateway) -> None:
    request = order(5000)
    gateway.payments.authorize(request)

    gateway.payments.capture(request, usd(3100))
    gateway.payments.capture(request, usd(3100))

    record = gateway.payments.find(request)
    assert record is not None
    assert record.status is PaymentStatus.CAPTURED
    assert (record.authorized, record.captured, record.refunded, record.refunds) == (5000, 3100, 0, ())
    assert gateway.ledger(request)[1:] == [("capture", None, 3100)]


@pytest.mark.parametrize("amount", [4000, 5001])
def test_a_second_capture_of_another_amount_is_refused(gateway: Gateway, amount: int) -> None:
    request = order(5000)
    gateway.payments.authorize(request)
    gateway.payments.capture(request, usd(5000))

    with pytest.raises(PaymentsRefused):
        gateway.payments.capture(request, usd(amount))

    assert gateway.ledger(request)[1:] == [("capture", None, 5000)]


def test_more_than_was_authorized_is_not_captured(gateway: Gateway) -> None:
    request = order(5000)
    gateway.payments.authorize(request)

    with pytest.raises(PaymentsRefused):
        gateway.payments.capture(request, usd(5001))

    assert gateway.ledger(request) == [("hold", request.key, 5000)]


def test_a_voided_payment_is_not_captured(payments: Payments) -> None:
    request = order()
    payments.authorize(request)
    payments.void(request)

    with pytest.raises(EffectRefused):
        payments.capture(request, usd(5000))


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_chargeDeclined"])
def test_what_was_never_authorized_is_neither_captured_nor_refunded(gateway: Gateway, method: str) -> None:
    request = order(method=method)
    if method != "pm_card_visa":
        with pytest.raises(PaymentDeclined):
            gateway.payments.authorize(request)

    with pytest.raises(PaymentsRefused):
        gateway.payments.capture(request, usd(5000))
    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(100), f"{request.order_id}:refund")

    assert gateway.ledger(request) == []


def test_refunds_are_once_an_effect_id(gateway: Gateway) -> None:
    request = captured_order(gateway, 5000)

    for number, minor in ((1, 1200), (2, 800), (1, 1200), (2, 800)):
        gateway.payments.refund(request, usd(minor), rma(request, number))

    record = gateway.payments.find(request)
    assert record is not None
    assert record.refunded == 2000
    assert sorted(record.refunds) == [rma(request, 1), rma(request, 2)]
    assert gateway.ledger(request)[2:] == [("refund", rma(request, 1), 1200), ("refund", rma(request, 2), 800)]


@pytest.mark.parametrize("captured", [5000, 3000])
def test_what_was_refunded_by_hand_is_seen_beside_our_own(gateway: Gateway, captured: int) -> None:
    """The uncaptured rest doesn't count as a refund."""
    request = order(5000)
    gateway.payments.authorize(request)
    gateway.payments.capture(request, usd(captured))
    gateway.payments.refund(request, usd(1200), rma(request, 1))
    before = gateway.payments.find(request)
    gateway.refund_by_hand(request, 100)
    record = gateway.payments.find(request)

    assert before is not None
    assert record is not None
    assert (before.refunded, record.refunded, record.refunds) == (1200, 1300, (rma(request, 1),))
    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(captured - 1299), rma(request, 2))


def test_no_more_is_refunded_than_was_captured(gateway: Gateway) -> None:
    request = captured_order(gateway, 3000)
    gateway.payments.refund(request, usd(2999), rma(request, 1))

    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(2), rma(request, 2))
    gateway.payments.refund(request, usd(1), rma(request, 3))
    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(1), rma(request, 4))

    assert gateway.ledger(request)[2:] == [("refund", rma(request, 1), 2999), ("refund", rma(request, 3), 1)]


def test_an_effect_id_is_of_one_amount(gateway: Gateway) -> None:
    request = captured_order(gateway, 3000)
    gateway.payments.refund(request, usd(1000), rma(request, 1))

    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(900), rma(request, 1))

    assert gateway.ledger(request)[2:] == [("refund", rma(request, 1), 1000)]


def test_an_effect_id_is_of_one_amount_even_when_it_was_refused(gateway: Gateway) -> None:
    request = order(5000)
    gateway.payments.authorize(request)
    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(1000), rma(request, 1))
    gateway.payments.capture(request, usd(5000))

    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(900), rma(request, 1))
    gateway.payments.refund(request, usd(1000), rma(request, 1))

    assert gateway.ledger(request)[2:] == [("refund", rma(request, 1), 1000)]


def test_an_uncaptured_payment_is_not_refunded(gateway: Gateway) -> None:
    request = order()
    gateway.payments.authorize(request)

    with pytest.raises(PaymentsRefused):
        gateway.payments.refund(request, usd(100), rma(request, 1))

    assert gateway.ledger(request) == [("hold", request.key, 5000)]


def test_a_payment_nobody_heard_of_is_not_found_and_looking_changes_nothing(gateway: Gateway) -> None:
    request = order()

    assert gateway.payments.find(request) is None
    assert gateway.payments.find(request) is None

    assert gateway.payments.authorize(request).amount == usd(5000)


def test_an_order_has_one_payment_of_one_amount(gateway: Gateway) -> None:
    request = order(5000)
    gateway.payments.authorize(request)
    dearer = PaymentRequest(request.order_id, usd(6000), request.method)

    for call in (
        gateway.payments.authorize,
        gateway.payments.void,
        lambda same: gateway.payments.capture(same, usd(1)),
    ):
        with pytest.raises(PaymentsRefused):
            call(dearer)

    assert gateway.ledger(request) == [("hold", request.key, 5000)]


def test_a_payment_knows_its_order(payments: Payments) -> None:
    request = order()
    payment_id = payments.authorize(request).payment_id

    assert payments.order_of(payment_id) == request.order_id
    assert payments.order_of("pi_never_was") is None
