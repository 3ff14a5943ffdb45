"""The golden histories replay the same under the committed definitions, and differ under edited ones."""

from __future__ import annotations

import copy
import json

import pytest

from asl.replay import read_recording, replay
from oms.declarations.names import snake
from tests.replay.histories import GOLDEN, load_definition, load_golden
from tests.replay.record import STORIES

HISTORIES = sorted(GOLDEN.glob("*/*.json"))


@pytest.fixture
def new_order():
    return copy.deepcopy(load_definition("new_order"))


def insert_task(definition, name, after, before):
    """Insert a task between a state and the next one."""
    definition["States"][name] = {
        "Type": "Task",
        "Resource": f"${{{name}Arn}}",
        "Parameters": {"order_id.$": "$.order_id"},
        "ResultPath": None,
        "Next": before,
    }
    if after is None:
        definition["StartAt"] = name
    else:
        definition["States"][after]["Next"] = name
    return definition


def rename_state(definition, old, new):
    text = json.dumps(definition).replace(f'"{old}"', f'"{new}"')
    return json.loads(text)


def repeated_tasks(result):
    return [(repeat.task, repeat.state, repeat.recorded_in) for repeat in result.repeats]


def repeat_kinds(result):
    return [repeat.kind for repeat in result.repeats]


def test_each_story_has_a_golden_history():
    assert {(path.parent.name, path.stem) for path in HISTORIES} == {
        (snake(machine), story) for machine, stories in STORIES.items() for story in stories
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}:{path.stem}")
def test_a_golden_history_replays_the_same(path):
    result = replay(read_recording(path), load_definition(path.parent.name), deployed=load_definition(path.parent.name))
    assert result.differences == []
    assert not result.affected


def test_a_renamed_state_repeats_its_task(new_order):
    result = replay(load_golden("confirmed"), rename_state(new_order, "AuthorizePayment", "HoldPayment"))
    (difference,) = result.differences
    assert (difference.state, difference.kind) == ("ReserveInventory", "flow")
    assert difference.description == "the recording goes to AuthorizePayment, it goes to HoldPayment"
    assert repeated_tasks(result)[0] == ("${AuthorizePaymentArn}", "HoldPayment", "AuthorizePayment")
    assert repeat_kinds(result) == ["renamed", "later", "later"]
    assert "${ReserveInventoryArn}" not in [repeat.task for repeat in result.repeats]
    assert result.ending == "is SUCCEEDED"


def test_an_added_retry_repeats_the_failed_attempt(new_order):
    declined = {"ErrorEquals": ["PaymentDeclined"], "MaxAttempts": 2}
    new_order["States"]["AuthorizePayment"]["Retry"].append(declined)
    result = replay(load_golden("declined"), new_order)
    (difference,) = result.differences
    assert (difference.state, difference.description) == (
        "AuthorizePayment",
        "the recording gives up there; it tries again",
    )
    assert repeated_tasks(result)[0] == ("${AuthorizePaymentArn}", "AuthorizePayment", "AuthorizePayment")
    assert repeat_kinds(result) == ["again", "later", "later"]


def test_an_added_retry_changes_nothing_without_a_failure(new_order):
    new_order["States"]["AuthorizePayment"]["Retry"].append({"ErrorEquals": ["PaymentDeclined"]})
    assert replay(load_golden("confirmed"), new_order).same


def test_a_removed_retry_diverges_at_the_failure(new_order):
    new_order["States"]["AuthorizePayment"]["Retry"] = []
    result = replay(load_golden("slow_gateway"), new_order)
    (difference,) = result.differences
    assert (difference.state, difference.description) == (
        "AuthorizePayment",
        "the recording goes to ReviewNeeded, it goes to AbandonOrder",
    )
    assert "${VoidAuthorizationArn}" in result.new_tasks
    assert result.ending == "can't be followed further: the result of ${RejectOrderArn} isn't recorded"


def test_a_new_first_state_repeats_all_tasks(new_order):
    result = replay(load_golden("confirmed"), insert_task(new_order, "ScreenOrder", None, "ReserveInventory"))
    assert result.differences[0].state == "ScreenOrder"
    assert result.differences[0].event == 0
    assert result.new_tasks == ["${ScreenOrderArn}"]
    assert [repeat.state for repeat in result.repeats] == [
        "ReserveInventory",
        "AuthorizePayment",
        "ConfirmOrder",
        "StartFulfillment",
    ]
    assert set(repeat_kinds(result)) == {"later"}


def test_a_new_last_state_repeats_no_task(new_order):
    result = replay(load_golden("confirmed"), insert_task(new_order, "ThankShopper", "StartFulfillment", "Confirmed"))
    assert result.differences[0].state == "StartFulfillment"
    assert result.new_tasks == ["${ThankShopperArn}"]
    assert result.repeats == []
    assert result.path == ["ThankShopper", "Confirmed"]


def test_two_swapped_states_repeat_both_tasks(new_order):
    states = new_order["States"]
    new_order["StartAt"] = "AuthorizePayment"
    states["AuthorizePayment"]["Next"] = "ReserveInventory"
    states["ReserveInventory"]["Next"] = "ReviewNeeded"
    result = replay(load_golden("confirmed"), new_order)
    assert result.differences[0].description == "the recording goes to ReserveInventory, it goes to AuthorizePayment"
    assert [repeat.state for repeat in result.repeats][:2] == ["AuthorizePayment", "ReserveInventory"]
    assert repeat_kinds(result)[:2] == ["moved", "moved"]
    assert set(repeat_kinds(result)[2:]) == {"later"}


def test_a_changed_choice_diverges(new_order):
    new_order["States"]["ReviewNeeded"]["Default"] = "RequestReview"
    result = replay(load_golden("confirmed"), new_order)
    (difference,) = result.differences
    assert (difference.state, difference.kind) == ("ReviewNeeded", "flow")
    assert difference.description == "the recording goes to ConfirmOrder, it goes to RequestReview"
    assert result.new_tasks == ["${RequestReviewArn}"]
    assert replay(load_golden("reviewed"), new_order).same


def test_a_skipped_task_is_dropped(new_order):
    new_order["States"]["ReviewNeeded"]["Default"] = "StartFulfillment"
    result = replay(load_golden("confirmed"), new_order)
    assert result.dropped_tasks == ["${ConfirmOrderArn}"]


def test_a_task_with_another_input_keeps_its_result(new_order):
    new_order["States"]["ConfirmOrder"]["Parameters"]["channel"] = "web"
    result = replay(load_golden("confirmed"), new_order)
    (difference,) = result.differences
    assert (difference.state, difference.kind) == ("ConfirmOrder", "asks")
    assert difference.description == 'the task is called differently: $.channel is new: "web"'
    assert result.repeats == []


def test_a_changed_output_is_reported_once(new_order):
    new_order["States"]["AuthorizePayment"]["ResultPath"] = "$.payment"
    new_order["States"]["ReviewNeeded"]["Choices"][0]["Variable"] = "$.payment.review"
    result = replay(load_golden("confirmed"), new_order)
    assert [(each.state, each.kind) for each in result.differences] == [("AuthorizePayment", "hands on")]


def test_a_timeout_before_the_recorded_result_diverges(new_order):
    new_order["States"]["RequestReview"]["TimeoutSeconds"] = 300
    reviewed = load_golden("reviewed")
    assert [each.kind for each in replay(reviewed, new_order).differences] == ["asks", "flow"]
    new_order["States"]["RequestReview"]["TimeoutSeconds"] = 1000
    assert [each.kind for each in replay(reviewed, new_order).differences] == ["asks"]


def test_a_changed_state_ahead_affects_a_running_execution(new_order):
    old, waiting = load_definition("new_order"), load_golden("waits_for_a_review")
    new_order["States"]["ConfirmOrder"]["TimeoutSeconds"] = 20
    result = replay(waiting, new_order, deployed=old)
    assert result.same
    assert result.affected
    assert (result.waits_in, result.ahead) == (["RequestReview"], ["ConfirmOrder"])


def test_a_changed_state_behind_affects_no_running_execution(new_order):
    old, waiting = load_definition("new_order"), load_golden("waits_for_a_review")
    new_order["States"]["AuthorizePayment"]["Comment"] = "Hold the money."
    new_order["States"]["Rejected"]["Comment"] = "No."
    assert not replay(waiting, new_order, deployed=old).affected
    new_order["States"]["Rejected"]["OutputPath"] = "$.order_id"
    assert replay(waiting, new_order, deployed=old).ahead == ["Rejected"]
    del new_order["States"]["Rejected"]["OutputPath"]
    assert not replay(waiting, new_order, deployed=old).affected


def test_a_redriven_execution_diverges_after_the_redrive(new_order):
    new_order["States"]["Resume"]["Choices"][1]["Next"] = "Superseded"
    result = replay(load_golden("parked_and_redriven"), new_order)
    (difference,) = result.differences
    assert difference.state == "Resume"
    assert replay(load_golden("parked"), new_order).same
