"""No single fault breaks an invariant of the shop, and no schedule that once did breaks one again."""

from pathlib import Path

import pytest

from asl.explorer import explore_singles, run_schedule
from asl.explorer.search import run_exhaustively
from oms.domain.events import OrderRepaired
from tests.explore import reconciliations
from tests.explore.stories import cancel_everywhere, saved, scenarios

REGRESSIONS = Path(__file__).parents[1] / "regressions"


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_no_single_fault_breaks_what_must_hold(scenario):
    assert explore_singles(scenario).findings == []


@pytest.mark.parametrize("scenario", reconciliations.scenarios(), ids=lambda scenario: scenario.name)
def test_a_reconciliation_breaks_nothing_under_any_single_fault(scenario):
    assert explore_singles(scenario).findings == []


@pytest.mark.parametrize("scenario", cancel_everywhere(), ids=lambda scenario: scenario.name)
def test_a_cancellation_at_any_step_breaks_nothing(scenario):
    assert run_schedule(scenario, {}).problems == []


def test_a_return_that_could_not_even_park_is_taken_up_by_the_next_reconciliation():
    scenario = next(each for each in reconciliations.scenarios() if each.name == "returns and is reconciled")
    refunding, parking = (f"ReturnOrder/ord_1_return:{state}#1.0" for state in ("RefundPayment", "ParkOrder"))
    plan = {refunding: "down:PaymentsUnavailable:86400", parking: "lost"}
    shop = scenario.world(scenario.injector(plan, None))
    shop.play()
    shop.engine.run()
    assert [each.event.what for each in shop.orders.events("ord_1") if isinstance(each.event, OrderRepaired)] == [
        f"{shop.execution('ReturnOrder', 'ord_1_return').arn} had FAILED: it is redriven"
    ]
    assert shop.order().returns["ord_1_return"].outcome == "refunded"
    assert [entry.kind for entry in shop.payments.ledger] == ["hold", "capture", "refund"]


@pytest.mark.parametrize("name", ["buys", "meets a cancellation", "returns twice"])
def test_a_restored_shop_goes_on_like_one_from_the_start(name):
    """For every 60th first fault, all second faults: from a restored state, and from the start."""
    (story,) = [each for each in scenarios() if each.name == name]
    for run in run_exhaustively(story, 2, 20, 60):
        anew = run_schedule(story, run.plan)
        assert (run.visited, run.problems, run.parked, run.transitions) == (
            anew.visited,
            anew.problems,
            anew.parked,
            anew.transitions,
        )


@pytest.mark.parametrize("schedule", saved(REGRESSIONS), ids=lambda schedule: schedule.path.stem)
def test_a_saved_schedule_breaks_nothing(schedule):
    scenarios_by_name = {each.name: each for each in [*scenarios(), *reconciliations.scenarios(), *cancel_everywhere()]}
    assert run_schedule(scenarios_by_name[schedule.scenario], schedule.plan).problems == []
