"""The contract of the executions port: one execution for each name, and a token that is completed once."""

from __future__ import annotations

import pytest

from oms.adapters.aws.clients import Aws
from oms.adapters.aws.step_functions import StepFunctions
from oms.domain.errors import ExecutionsUnavailable
from tests.contract.executions.conftest import Waiting
from tests.contract.stores import free_port


def test_a_name_is_started_once(waiting: Waiting) -> None:
    for payload, started in (({"order_id": "ord_0"}, True), ({"order_id": "another"}, False)):
        assert waiting.executions.start("NewOrder", "ord_0", payload) is started
    assert waiting.started() == 1

    assert waiting.executions.start("NewOrder", "ord_1", {"order_id": "ord_1"}) is True
    assert waiting.started() == 2

    waiting.fail()
    assert waiting.executions.start("NewOrder", "ord_0", {"order_id": "ord_0"}) is False


def test_a_token_is_answered_once(waiting: Waiting) -> None:
    executions = waiting.executions
    assert executions.heartbeat(waiting.token) is True

    assert executions.succeed(waiting.token, {"tracking": "T-1"}) is True

    assert executions.succeed(waiting.token, {"tracking": "T-1"}) is False
    assert executions.fail(waiting.token, "ShipmentRecalled", "") is False
    assert executions.heartbeat(waiting.token) is False


def test_a_failure_is_an_answer_too(waiting: Waiting) -> None:
    assert waiting.executions.fail(waiting.token, "ParcelLost", "the carrier lost it: " + "x" * 40_000) is True
    assert waiting.executions.succeed(waiting.token, {}) is False


def test_nothing_waits_under_a_token_whose_time_is_up(waiting: Waiting) -> None:
    waiting.expire()

    assert waiting.executions.heartbeat(waiting.token) is False
    assert waiting.executions.fail(waiting.token, "ParcelLost", "") is False


def test_an_execution_is_found_by_its_name(waiting: Waiting) -> None:
    run = waiting.executions.find("NewOrder", "ord_0")

    assert run is not None
    assert (run.is_running, run.redrivable) == (True, False)
    assert run.arn.endswith(":execution:NewOrder:ord_0")
    assert run.payload == {"order_id": "ord_0"}
    assert waiting.executions.find("NewOrder", "ord_9") is None


def test_what_has_failed_is_redriven_and_nothing_else_is(waiting: Waiting) -> None:
    run = waiting.executions.find("NewOrder", "ord_0")
    assert run is not None
    assert waiting.executions.redrive(run.arn) is False
    assert waiting.executions.redrive(run.arn.replace("ord_0", "ord_9")) is False

    waiting.fail()
    failed = waiting.executions.find("NewOrder", "ord_0")
    assert failed is not None
    assert (failed.status, failed.redrivable) == ("FAILED", True)

    assert waiting.executions.redrive(run.arn) is True
    assert waiting.executions.redrive(run.arn) is False
    assert waiting.executions.find("NewOrder", "ord_0") == run


def test_what_failed_too_long_ago_can_t_be_redriven(waiting: Waiting) -> None:
    waiting.fail()
    waiting.grow_old()
    run = waiting.executions.find("NewOrder", "ord_0")

    assert run is not None
    assert (run.status, run.redrivable) == ("FAILED", False)
    assert waiting.executions.redrive(run.arn) is False


def test_step_functions_that_isnt_there_is_unavailable() -> None:
    executions = StepFunctions(
        Aws("us-east-1", stepfunctions_endpoint=f"http://127.0.0.1:{free_port()}", signs=False), {}
    )

    with pytest.raises(ExecutionsUnavailable):
        executions.heartbeat("token")
