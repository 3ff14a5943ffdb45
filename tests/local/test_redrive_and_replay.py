"""The operators' commands: redrive all, settle by hand, replay an order under the deployed definitions."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from local.commands import redrive, settle
from local.commands.replay import find_order, replay_executions
from oms.application.commit import commit
from oms.application.recovery.redrive import redrive_order
from oms.declarations.environment import MACHINE_VARIABLES
from oms.domain import parking
from oms.domain.order import Cancellation
from tests.asl.serving import ROLE, serving
from tests.domain.orders import confirmed_order
from tests.workflows.shop import Shop
from tests.workflows.test_redrive import capture_is_unheard, parked_orders


@pytest.fixture
def shop():
    shop = Shop()
    shop.stock(RED_LAMP=10, BLUE_RUG=5, TEA=100)
    return shop


def test_a_preview_names_each_parked_order_and_writes_nothing(shop):
    capture_is_unheard(shop)
    before = shop.store.copy()
    (text,) = map(redrive.plan_text, redrive.redrive_plans(shop.deps))
    assert text.startswith("ord_1: forward, it is FAILED\n  arn:aws:states:")
    assert "    CapturePayment: runs, will write PaymentCaptured; the gateway has done it" in text
    assert shop.store.copy() == before


def test_a_redrive_of_all_orders_reads_every_page(shop, monkeypatch):
    monkeypatch.setattr(redrive, "PAGE", 2)
    ids = parked_orders(shop, 5)
    done = list(redrive.redrive_all(shop.deps, "operator:olga", "mended", 4))
    assert [(each.order_id, each.goes_on) for each in done] == [(order_id, True) for order_id in ids]
    assert shop.deps.clock.slept == [0.25] * 5


@pytest.mark.parametrize("pace", ["0", "-1", "0.5", "nan", "soon"])
def test_an_invalid_pace_is_refused_before_anything_is_redriven(shop, monkeypatch, pace):
    parked_orders(shop, 1)
    before = shop.store.copy()
    monkeypatch.setattr(redrive, "shop_environment", lambda command: {})
    monkeypatch.setattr(redrive, "deps", lambda environment: shop.deps)
    monkeypatch.setenv("REASON", "mended")
    monkeypatch.setenv("PER_SECOND", pace)
    with pytest.raises(SystemExit, match="PER_SECOND is a whole number from 1 to 20"):
        redrive.main()
    assert shop.store.copy() == before


def test_an_order_that_stays_parked_is_printed_and_fails_the_command(shop):
    parked_orders(shop, 1)
    order = shop.order("ord_1")
    done = [each for by in ("olga", "otto") for each in redrive_order(shop.deps, order, by, "mended")]
    output = io.StringIO()
    assert redrive.print_redriven(Console(file=output), iter(done)) == 1
    assert output.getvalue() == "ord_1 continues  \nord_1 stays parked  it goes on already\n"


def test_findings_are_listed_and_settled_by_hand(shop):
    parked_orders(shop, 1)
    shop.new_order(("TEA", 1), order_id="ord_2")
    for check, what in (("CheckOrders", "money: odd"), ("CheckStock", "stock: odd")):
        commit(
            shop.deps,
            "ord_2",
            check,
            lambda order, check=check, what=what: parking.park_discrepancy(order, check, what),
        )
    findings = ["ord_2 CheckOrders found: money: odd", "ord_2 CheckStock found: stock: odd"]
    assert list(settle.open_findings(shop.deps)) == findings
    done = settle.settle_findings(shop.deps, shop.order("ord_2"), "operator:olga", "ticket 4711")
    assert list(done) == [each.replace("ord_2", "ord_2 settled:") for each in findings]
    assert list(settle.open_findings(shop.deps)) == []
    assert shop.order("ord_1").parked
    assert not shop.order("ord_2").parked


def definition(result):
    return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": result, "End": True}}})


def test_an_order_is_replayed_under_the_deployed_definitions(shop):
    cancellation = Cancellation("ord_1_cancel", (), True)
    order = replace(confirmed_order(), id="ord_1", cancellations={cancellation.cancellation_id: cancellation})
    with serving() as sfn:
        arns = {}
        for name, variable in MACHINE_VARIABLES.items():
            made = sfn.create_state_machine(name=name, definition=definition("a"), roleArn=ROLE)
            arns[variable] = made["stateMachineArn"]
        for variable, name in (("NEW_ORDER_ARN", "ord_1"), ("CANCEL_ORDER_ARN", "ord_1_cancel")):
            sfn.start_execution(stateMachineArn=arns[variable], name=name, input="{}")
        sfn.update_state_machine(stateMachineArn=arns["CANCEL_ORDER_ARN"], definition=definition("b"))
        verdicts = {verdict.name: verdict.same for verdict in replay_executions(sfn, arns, order)}
    assert verdicts == {"NewOrder ord_1": True, "CancelOrder ord_1_cancel": False}


def test_an_order_is_found_by_its_id_or_its_number(shop):
    shop.new_order(order_id="ord_7k3m9q2w5x8z1v4b6n0p7k3m9q")
    for id_or_number in ("ord_7k3m9q2w5x8z1v4b6n0p7k3m9q", "7k3m9-q2w5x"):
        assert find_order(shop.orders, id_or_number).id == "ord_7k3m9q2w5x8z1v4b6n0p7k3m9q"
