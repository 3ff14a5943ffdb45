"""Old executions of the four machines go the same way under the committed definitions, and edits are told apart."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from asl.replay import read_recording, replay
from oms.declarations.names import snake
from tests.replay.record import GOLDEN, STORIES

DEFINITIONS = Path(__file__).parents[2] / "workflows" / "definitions"
HISTORIES = sorted(GOLDEN.glob("*/*.json"))


def committed(machine):
    return json.loads((DEFINITIONS / f"{machine}.asl.json").read_text())


def golden(story, machine="new_order"):
    return read_recording(GOLDEN / machine / f"{story}.json")


@pytest.fixture
def new_order():
    return copy.deepcopy(committed("new_order"))


def inserted(definition, name, after, then):
    """A new task between a state and the one that follows it."""
    definition["States"][name] = {
        "Type": "Task",
        "Resource": f"${{{name}Arn}}",
        "Parameters": {"order_id.$": "$.order_id"},
        "ResultPath": None,
        "Next": then,
    }
    if after is None:
        definition["StartAt"] = name
    else:
        definition["States"][after]["Next"] = name
    return definition


def renamed(definition, old, new):
    text = json.dumps(definition).replace(f'"{old}"', f'"{new}"')
    return json.loads(text)


def did(verdict):
    return [(repeat.task, repeat.state, repeat.recorded_in) for repeat in verdict.repeats]


def kinds(verdict):
    return [repeat.kind for repeat in verdict.repeats]


def test_there_is_a_history_of_every_story():
    assert {(path.parent.name, path.stem) for path in HISTORIES} == {
        (snake(machine), story) for machine, stories in STORIES.items() for story in stories
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}:{path.stem}")
def test_it_goes_the_same_way_today(path):
    verdict = replay(read_recording(path), committed(path.parent.name), deployed=committed(path.parent.name))
    assert verdict.differences == []
    assert not verdict.affected


def test_a_state_that_was_renamed_does_its_effect_again(new_order):
    verdict = replay(golden("confirmed"), renamed(new_order, "AuthorizePayment", "HoldPayment"))
    (difference,) = verdict.differences
    assert (difference.state, difference.kind) == ("ReserveInventory", "flow")
    assert difference.how == "the recording goes to AuthorizePayment, it goes to HoldPayment"
    assert did(verdict)[0] == ("${AuthorizePaymentArn}", "HoldPayment", "AuthorizePayment")
    assert kinds(verdict) == ["renamed", "later", "later"]
    assert "${ReserveInventoryArn}" not in [repeat.task for repeat in verdict.repeats]
    assert verdict.then == "is SUCCEEDED"


def test_a_retry_that_was_added_tries_the_recorded_attempt_again(new_order):
    declined = {"ErrorEquals": ["PaymentDeclined"], "MaxAttempts": 2}
    new_order["States"]["AuthorizePayment"]["Retry"].append(declined)
    verdict = replay(golden("declined"), new_order)
    (difference,) = verdict.differences
    assert (difference.state, difference.how) == ("AuthorizePayment", "the recording gives up there; it tries again")
    assert did(verdict)[0] == ("${AuthorizePaymentArn}", "AuthorizePayment", "AuthorizePayment")
    assert kinds(verdict) == ["again", "later", "later"]


def test_a_retry_that_was_added_changes_nothing_where_nothing_failed(new_order):
    new_order["States"]["AuthorizePayment"]["Retry"].append({"ErrorEquals": ["PaymentDeclined"]})
    assert replay(golden("confirmed"), new_order).same


def test_a_retry_that_was_removed_gives_up_where_the_recording_went_on(new_order):
    new_order["States"]["AuthorizePayment"]["Retry"] = []
    verdict = replay(golden("slow_gateway"), new_order)
    (difference,) = verdict.differences
    assert (difference.state, difference.how) == (
        "AuthorizePayment",
        "the recording goes to ReviewNeeded, it goes to AbandonOrder",
    )
    assert "${VoidAuthorizationArn}" in verdict.new
    assert verdict.then == "can't be followed further: nobody knows what ${RejectOrderArn} answers"


def test_a_step_before_all_others_makes_all_of_them_happen_again(new_order):
    verdict = replay(golden("confirmed"), inserted(new_order, "ScreenOrder", None, "ReserveInventory"))
    assert verdict.differences[0].state == "ScreenOrder"
    assert verdict.differences[0].event == 0
    assert verdict.new == ["${ScreenOrderArn}"]
    assert [repeat.state for repeat in verdict.repeats] == [
        "ReserveInventory",
        "AuthorizePayment",
        "ConfirmOrder",
        "StartFulfillment",
    ]
    assert set(kinds(verdict)) == {"later"}


def test_a_step_after_all_effects_repeats_none(new_order):
    verdict = replay(golden("confirmed"), inserted(new_order, "ThankShopper", "StartFulfillment", "Confirmed"))
    assert verdict.differences[0].state == "StartFulfillment"
    assert verdict.new == ["${ThankShopperArn}"]
    assert verdict.repeats == []
    assert verdict.way == ["ThankShopper", "Confirmed"]


def test_two_steps_that_changed_places_are_both_done_again(new_order):
    states = new_order["States"]
    new_order["StartAt"] = "AuthorizePayment"
    states["AuthorizePayment"]["Next"] = "ReserveInventory"
    states["ReserveInventory"]["Next"] = "ReviewNeeded"
    verdict = replay(golden("confirmed"), new_order)
    assert verdict.differences[0].how == "the recording goes to ReserveInventory, it goes to AuthorizePayment"
    assert [repeat.state for repeat in verdict.repeats][:2] == ["AuthorizePayment", "ReserveInventory"]
    assert kinds(verdict)[:2] == ["moved", "moved"]
    assert set(kinds(verdict)[2:]) == {"later"}


def test_a_choice_that_goes_another_way_is_where_they_part(new_order):
    new_order["States"]["ReviewNeeded"]["Default"] = "RequestReview"
    verdict = replay(golden("confirmed"), new_order)
    (difference,) = verdict.differences
    assert (difference.state, difference.kind) == ("ReviewNeeded", "flow")
    assert difference.how == "the recording goes to ConfirmOrder, it goes to RequestReview"
    assert verdict.new == ["${RequestReviewArn}"]
    assert replay(golden("reviewed"), new_order).same


def test_a_step_that_was_left_out_is_no_longer_done(new_order):
    new_order["States"]["ReviewNeeded"]["Default"] = "StartFulfillment"
    verdict = replay(golden("confirmed"), new_order)
    assert verdict.dropped == ["${ConfirmOrderArn}"]


def test_a_task_that_is_asked_something_else_keeps_its_answer_and_goes_on(new_order):
    new_order["States"]["ConfirmOrder"]["Parameters"]["channel"] = "web"
    verdict = replay(golden("confirmed"), new_order)
    (difference,) = verdict.differences
    assert (difference.state, difference.kind) == ("ConfirmOrder", "asks")
    assert difference.how == 'the task is asked something else: $.channel is new: "web"'
    assert verdict.repeats == []


def test_what_a_state_hands_on_is_said_once(new_order):
    new_order["States"]["AuthorizePayment"]["ResultPath"] = "$.payment"
    new_order["States"]["ReviewNeeded"]["Choices"][0]["Variable"] = "$.payment.review"
    verdict = replay(golden("confirmed"), new_order)
    assert [(each.state, each.kind) for each in verdict.differences] == [("AuthorizePayment", "hands on")]


def test_a_deadline_that_has_passed_before_the_answer_came_parts_them(new_order):
    new_order["States"]["RequestReview"]["TimeoutSeconds"] = 300
    reviewed = golden("reviewed")
    assert [each.kind for each in replay(reviewed, new_order).differences] == ["asks", "flow"]
    new_order["States"]["RequestReview"]["TimeoutSeconds"] = 1000
    assert [each.kind for each in replay(reviewed, new_order).differences] == ["asks"]


def test_a_running_execution_is_affected_by_what_changed_ahead_of_it(new_order):
    old, waiting = committed("new_order"), golden("waits_for_a_review")
    new_order["States"]["ConfirmOrder"]["TimeoutSeconds"] = 20
    verdict = replay(waiting, new_order, deployed=old)
    assert verdict.same
    assert verdict.affected
    assert (verdict.waits_in, verdict.ahead) == (["RequestReview"], ["ConfirmOrder"])


def test_a_running_execution_is_not_affected_by_what_lies_behind_it(new_order):
    old, waiting = committed("new_order"), golden("waits_for_a_review")
    new_order["States"]["AuthorizePayment"]["Comment"] = "Hold the money."
    new_order["States"]["Rejected"]["Comment"] = "No."
    assert not replay(waiting, new_order, deployed=old).affected
    new_order["States"]["Rejected"]["OutputPath"] = "$.order_id"
    assert replay(waiting, new_order, deployed=old).ahead == ["Rejected"]
    del new_order["States"]["Rejected"]["OutputPath"]
    assert not replay(waiting, new_order, deployed=old).affected


def test_a_redriven_execution_parts_where_the_redrive_went_on(new_order):
    new_order["States"]["Resume"]["Choices"][1]["Next"] = "Superseded"
    verdict = replay(golden("parked_and_redriven"), new_order)
    (difference,) = verdict.differences
    assert difference.state == "Resume"
    assert replay(golden("parked"), new_order).same
