"""What every payment gateway must do, run against the one in memory and against Stripe's client over the sandbox."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from local.payments_sandbox.server import Running, running
from oms.adapters.memory_payments import MemoryPayments
from oms.adapters.stripe_payments import StripePayments
from oms.domain.errors import (
    AlreadyCaptured,
    EffectRefused,
    OmsError,
    PaymentDeclined,
    PaymentsRefused,
    PaymentsUnavailable,
)
from oms.domain.money import Money
from oms.domain.payment import PaymentRequest, PaymentStatus, Risk
from oms.ports import Payments

Row = tuple[str, str | None, int]
_orders = count(1)


class Gateway(Protocol):
    """A gateway under test: the port, and the hands that a test needs on it."""

    @property
    def payments(self) -> Payments: ...
    def decline_next(self) -> None: ...
    def fail_next(self, operation: str, *, after_effect: bool) -> None: ...
    def ledger(self, request: PaymentRequest) -> list[Row]: ...


class Memory:
    def __init__(self) -> None:
        self.payments = MemoryPayments()

    def decline_next(self) -> None:
        self.payments.decline_next()

    def fail_next(self, operation: str, *, after_effect: bool) -> None:
        self.payments.fail_next(operation, after_effect=after_effect)

    def ledger(self, request: PaymentRequest) -> list[Row]:
        entries = [entry for entry in self.payments.ledger if entry.order_id == request.order_id]
        return [(entry.kind, entry.effect_id, entry.amount.minor) for entry in entries]


class StripeOverSandbox:
    def __init__(self, url: str) -> None:
        self._url = url
        self.payments = StripePayments("sk_test_contract", url, timeout_seconds=5)
        self._operations = {"authorize": "confirm", "void": "cancel", "find": "retrieve"}

    def decline_next(self) -> None:
        self._control("/_sandbox/next", {"fault": "decline"})

    def fail_next(self, operation: str, *, after_effect: bool) -> None:
        fault = "timeout_after" if after_effect else "timeout_before"
        self._control("/_sandbox/next", {"fault": fault, "operation": self._operations.get(operation, operation)})

    def ledger(self, request: PaymentRequest) -> list[Row]:
        entries = self._control("/_sandbox/ledger?limit=10000")["entries"]
        ours = [entry for entry in entries if entry["order_id"] == request.order_id]
        return [(entry["kind"], entry["effect_id"], entry["amount"]) for entry in ours]

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self._url + path, data)) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture(params=["memory", "stripe"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    if request.param == "memory":
        yield Memory()
        return
    over_sandbox = StripeOverSandbox(request.getfixturevalue("sandbox").url)
    yield over_sandbox
    over_sandbox.payments.close()


@pytest.fixture
def payments(gateway: Gateway) -> Payments:
    return gateway.payments


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def order(minor: int = 5000, method: str = "pm_card_visa") -> PaymentRequest:
    return PaymentRequest(f"ord_{next(_orders):06}", usd(minor), method)


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


# --- Unheard: a call that times out before or after its effect, and is asked again ----------------


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


# --- At once --------------------------------------------------------------------------------------


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


# --- Whatever is asked, in whatever order ---------------------------------------------------------


class BothAnswerTheSame(RuleBasedStateMachine):
    """The gateway in memory is the model that Stripe's client over the sandbox must agree with."""

    gateways: Sequence[Gateway]

    @initialize(
        method=st.sampled_from(["pm_card_visa", "pm_card_chargeDeclined", "pm_card_riskLevelElevated", "pm_none"])
    )
    def begin(self, method: str) -> None:
        self.request = order(1000, method)

    @rule(gone_wrong=st.sampled_from([None, False, True]))
    def authorize(self, gone_wrong: bool | None) -> None:
        self._both("authorize", gone_wrong, lambda payments: payments.authorize(self.request))

    @rule(gone_wrong=st.sampled_from([None, False, True]))
    def void(self, gone_wrong: bool | None) -> None:
        self._both("void", gone_wrong, lambda payments: payments.void(self.request))

    @rule(minor=st.sampled_from([400, 1000, 1001]), gone_wrong=st.sampled_from([None, False, True]))
    def capture(self, minor: int, gone_wrong: bool | None) -> None:
        self._both("capture", gone_wrong, lambda payments: payments.capture(self.request, usd(minor)))

    @rule(minor=st.sampled_from([1, 399, 1000]), effect_id=st.sampled_from(["a", "b"]))
    def refund(self, minor: int, effect_id: str) -> None:
        effect_id = f"{self.request.order_id}:{effect_id}"
        self._both("refund", None, lambda payments: payments.refund(self.request, usd(minor), effect_id))

    @invariant()
    def the_books_agree(self) -> None:
        ledgers = [gateway.ledger(self.request) for gateway in self.gateways]
        assert ledgers[0] == ledgers[1]
        total = dict.fromkeys(("hold", "capture", "refund", "void"), 0)
        for kind, _, minor in ledgers[0]:
            total[kind] += minor
        assert total["refund"] <= total["capture"] <= total["hold"]
        assert not (total["void"] and total["capture"])
        records = [gateway.payments.find(self.request) for gateway in self.gateways]
        assert facts(records[0]) == facts(records[1])

    def _both(self, operation: str, gone_wrong: bool | None, call: Callable[[Payments], object]) -> None:
        unpayable = self.request.method == "pm_none"  # its calls end before the one that would go wrong
        if gone_wrong is not None and not unpayable:
            for gateway in self.gateways:
                gateway.fail_next(operation, after_effect=gone_wrong)
        memory, stripe = (outcome(call, gateway.payments) for gateway in self.gateways)
        assert memory == stripe


def outcome(call: Callable[[Payments], object], payments: Payments) -> object:
    try:
        answer = call(payments)
    except OmsError as error:
        return type(error)
    return getattr(answer, "risk", answer)


def facts(record: Any) -> object:
    return record and (record.status, record.authorized, record.captured, record.refunded, sorted(record.refunds))


def test_stripe_over_the_sandbox_answers_as_the_gateway_in_memory(sandbox: Running) -> None:
    over_sandbox = StripeOverSandbox(sandbox.url)

    class Machine(BothAnswerTheSame):
        gateways = (Memory(), over_sandbox)

    Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None, derandomize=True)
    Machine.TestCase().runTest()
    over_sandbox.payments.close()


def rma(request: PaymentRequest, number: int) -> str:
    return f"{request.order_id}:rma_{number}"


def captured_order(gateway: Gateway, minor: int) -> PaymentRequest:
    request = order(minor)
    gateway.payments.authorize(request)
    gateway.payments.capture(request, usd(minor))
    return request
