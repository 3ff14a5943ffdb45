"""Whatever is asked, in whatever order: the gateway in memory is the model that the other must agree with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from local.sandboxes.payments.server import RunningSandbox
from oms.domain.errors import (
    OmsError,
)
from oms.ports import Payments
from tests.contract.payments.gateways import Gateway, Memory, StripeOverSandbox, order, usd


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


def test_stripe_over_the_sandbox_answers_as_the_gateway_in_memory(sandbox: RunningSandbox) -> None:
    over_sandbox = StripeOverSandbox(sandbox.url)

    class Machine(BothAnswerTheSame):
        gateways = (Memory(), over_sandbox)

    Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None, derandomize=True)
    Machine.TestCase().runTest()
    over_sandbox.payments.close()
