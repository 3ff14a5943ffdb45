"""What only the Stripe adapter handles: expired and failed keys, kinds of errors, late imports."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from local.sandboxes.payments.database import SandboxRefund
from local.sandboxes.payments.server import RunningSandbox, running
from oms.adapters.stripe.payments import MIN_KEY_LIFETIME, StripePayments
from oms.domain.errors import EffectRefused, PaymentDeclined, PaymentsRefused, PaymentsUnavailable
from oms.domain.money import Money
from oms.domain.payment import PaymentRequest, PaymentStatus

AGREED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRICE = Money(5000, "USD")
ORDER = PaymentRequest("ord_1", PRICE, "pm_card_visa", AGREED_AT)
TIMEOUT_SECONDS = 10.0


@dataclass
class Shop:
    """A shop and a Stripe sandbox with one clock."""

    sandbox: RunningSandbox
    payments: StripePayments
    clock: list[datetime]

    def later(self, by: timedelta) -> None:
        self.clock[0] += by

    def ledger(self) -> list[str]:
        return [entry["kind"] for entry in self.sandbox.database.ledger(0, 100)]

    def fail(self, operation: str, fault: str, count: int = 1) -> None:
        self.sandbox.faults.arm({"operation": operation, "fault": fault, "count": count})


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = [AGREED_AT]
    with running(clock=lambda: clock[0].timestamp(), hang_seconds=0) as sandbox:
        payments = StripePayments("sk_test_1", sandbox.url, TIMEOUT_SECONDS, now=lambda: clock[0])
        yield Shop(sandbox, payments, clock)
        payments.close()


# --- Older than Stripe's memory for keys ----------------------------------------------------------


@pytest.mark.parametrize("age", [timedelta(hours=19), timedelta(hours=23), timedelta(hours=25), timedelta(days=20)])
def test_a_payment_is_found_however_old_it_is(shop: Shop, age: timedelta) -> None:
    shop.payments.authorize(ORDER)
    shop.later(age)

    shop.payments.capture(ORDER, PRICE)
    shop.payments.capture(ORDER, PRICE)
    shop.payments.refund(ORDER, Money(100, "USD"), "rma_1:refund")
    shop.later(timedelta(days=3))
    shop.payments.refund(ORDER, Money(100, "USD"), "rma_1:refund")

    record = shop.payments.find(ORDER)
    assert record is not None
    assert (record.captured, record.refunds) == (5000, ("rma_1:refund",))
    assert shop.ledger() == ["hold", "capture", "refund"]


def test_an_authorization_that_was_not_heard_a_month_ago_is_voided(shop: Shop) -> None:
    shop.fail("confirm", "timeout_after")
    with pytest.raises(PaymentsUnavailable):
        shop.payments.authorize(ORDER)
    shop.later(timedelta(days=30))

    shop.payments.void(ORDER)

    with pytest.raises(EffectRefused):
        shop.payments.authorize(ORDER)
    assert shop.ledger() == ["hold", "void"]


def test_an_old_order_s_first_payment_is_made_by_its_key(shop: Shop) -> None:
    shop.later(MIN_KEY_LIFETIME + timedelta(hours=1))

    first = shop.payments.authorize(ORDER)
    shop.later(timedelta(seconds=5))  # the search doesn't know it yet

    assert shop.payments.authorize(ORDER) == first
    assert shop.ledger() == ["hold"]


def test_a_refund_is_found_among_more_than_a_page_of_them(shop: Shop) -> None:
    payment = shop.payments.authorize(ORDER).payment_id
    shop.payments.capture(ORDER, PRICE)
    shop.payments.refund(ORDER, Money(100, "USD"), "rma_1:refund")
    for number in range(150):
        shop.sandbox.database.write(SandboxRefund(f"re_{number}", payment, "ch_1", 0, 1, "usd", {}, None))
    shop.later(timedelta(days=2))

    shop.payments.refund(ORDER, Money(100, "USD"), "rma_1:refund")

    assert shop.ledger() == ["hold", "capture", "refund"]


# --- Keys that failed -----------------------------------------------------------------------------


def test_a_key_with_a_recorded_server_error_is_passed_over_by_all(shop: Shop) -> None:
    shop.fail("create", "error_500", count=2)
    for _ in range(2):
        with pytest.raises(PaymentsUnavailable):
            shop.payments.authorize(ORDER)

    payment_id = shop.payments.authorize(ORDER).payment_id
    shop.payments.void(ORDER)

    record = shop.payments.find(ORDER)
    assert record is not None
    assert (record.payment_id, record.status) == (payment_id, PaymentStatus.VOIDED)
    assert shop.ledger() == ["hold", "void"]


def test_a_refund_that_was_refused_is_made_once_it_can_be(shop: Shop) -> None:
    shop.payments.authorize(ORDER)
    with pytest.raises(PaymentsRefused):
        shop.payments.refund(ORDER, Money(100, "USD"), "ord_1:refund")
    shop.payments.capture(ORDER, PRICE)

    for _ in range(2):
        shop.payments.refund(ORDER, Money(100, "USD"), "ord_1:refund")

    assert shop.ledger() == ["hold", "capture", "refund"]


def test_a_gateway_that_fails_for_good_is_unavailable(shop: Shop) -> None:
    shop.fail("create", "error_500", count=100)

    for _ in range(12):
        with pytest.raises(PaymentsUnavailable):
            shop.payments.authorize(ORDER)

    assert shop.sandbox.faults.armed[0].count == 90  # the last two walked over ten spent keys


# --- Errors by their kind -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["pm_sandbox_error", "pm_sandbox_hang"])
def test_a_confirm_that_fails_or_hangs_is_unavailable_and_can_be_voided(shop: Shop, method: str) -> None:
    order = PaymentRequest("ord_2", PRICE, method, AGREED_AT)
    for _ in range(2):
        with pytest.raises(PaymentsUnavailable):
            shop.payments.authorize(order)

    shop.payments.void(order)

    with pytest.raises(EffectRefused):
        shop.payments.authorize(order)
    assert shop.ledger() == ["void"]


def test_a_payment_that_another_request_is_working_on_is_unavailable() -> None:
    order = PaymentRequest("ord_4", PRICE, "pm_sandbox_hang")
    with running(hang_seconds=60) as sandbox:
        payments = StripePayments("sk_test_1", sandbox.url, TIMEOUT_SECONDS)
        payments.find(order)  # makes the payment
        payments.close()  # what comes next comes on a new connection, so after the one that hangs
        name = sandbox.database.intents(1, None)[0].id
        headers = "Authorization: Bearer sk_test_1\r\nContent-Length: 0"
        call = f"POST /v1/payment_intents/{name}/confirm HTTP/1.1\r\n{headers}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as hanging:
            hanging.sendall(call.encode())
            with pytest.raises(PaymentsUnavailable, match="working on"):
                payments.void(order)
        payments.close()


@pytest.mark.parametrize(("minor", "code"), [(49, "amount_too_small"), (100_000_000, "amount_too_large")])
def test_an_amount_that_stripe_does_not_take_is_declined(shop: Shop, minor: int, code: str) -> None:
    order = PaymentRequest("ord_3", Money(minor, "USD"), "pm_card_visa")

    with pytest.raises(PaymentDeclined, match=code):
        shop.payments.authorize(order)

    shop.payments.void(order)
    assert shop.payments.find(order) is None


def test_a_key_of_another_account_is_our_defect(shop: Shop) -> None:
    with_live_key = StripePayments("sk_live_1", shop.sandbox.url, TIMEOUT_SECONDS)

    with pytest.raises(PaymentsRefused, match="Invalid API Key"):
        with_live_key.authorize(ORDER)
    with_live_key.close()


def test_a_gateway_that_is_down_is_unavailable() -> None:
    with running() as sandbox:
        pass
    payments = StripePayments("sk_test_1", sandbox.url, TIMEOUT_SECONDS)

    with pytest.raises(PaymentsUnavailable):
        payments.authorize(ORDER)


def test_the_client_is_imported_when_one_is_built() -> None:
    check = "import sys, oms.adapters.stripe.payments; sys.exit('stripe' in sys.modules or 'urllib3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
