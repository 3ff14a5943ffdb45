"""The pytest plugin in sessions of its own: harness, golden histories, transition coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.testing.coverage import TransitionCoverage
from asl.testing.harness import Harness
from asl.testing.stubs import TaskStub, fails

pytest_plugins = ["pytester"]

PAY = {
    "StartAt": "IsBig",
    "States": {
        "IsBig": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.total", "NumericGreaterThan": 1000, "Next": "Pay"},
                {"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Pay"},
            ],
            "Default": "Done",
        },
        "Pay": {
            "Type": "Task",
            "Resource": "${PayArn}",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 3}],
            "Catch": [{"ErrorEquals": ["Broke"], "Next": "Done"}, {"ErrorEquals": ["States.ALL"], "Next": "Park"}],
            "Next": "Done",
        },
        "Park": {"Type": "Wait", "Seconds": 864_000, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
ASK = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 86_400,
            "End": True,
        }
    },
}
BIG = {"total": 5000}


@pytest.fixture
def machine() -> asl.Machine:
    return asl.load(PAY, name="pay")


def test_a_stub_fails_twice_and_then_succeeds(machine: asl.Machine) -> None:
    pay = TaskStub(fails("Busy"), fails("Busy"), {"paid": True})

    harness = Harness(machine, BIG, tasks={"Pay": pay}).assert_running("Pay")
    harness.advance(minutes=3)

    harness.assert_succeeded({"paid": True}).assert_path(["IsBig", "Pay", "Done"])
    assert pay.calls == [BIG] * 3


def test_time_advances_by_the_given_duration(machine: asl.Machine) -> None:
    harness = Harness(machine, BIG, tasks={"Pay": TaskStub(fails("Odd"))})
    harness.advance(days=9, hours=23).assert_running("Park")
    harness.advance(hours=1).assert_succeeded()


def test_a_token_is_answered_or_times_out() -> None:
    machine = asl.load(ASK)
    tasks = {"ask": TaskStub({})}
    Harness(machine, tasks=tasks).succeed("yes").assert_succeeded("yes")
    Harness(machine, tasks=tasks).fail("No").assert_failed("No")
    Harness(machine, tasks=tasks).advance(hours=24).assert_failed("States.Timeout")
    with pytest.raises(AssertionError, match="exactly one token should be waiting, not those of"):
        Harness(machine, tasks=tasks).succeed(state="Other")


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (lambda harness: harness.assert_failed(), "the execution is SUCCEEDED, and should have failed"),
        (lambda harness: harness.assert_succeeded(3), "the output is {'paid': True}, and should be 3"),
        (lambda harness: harness.assert_path(["Pay"]), r"the path is \['IsBig', 'Pay', 'Done'\]"),
        (lambda harness: harness.assert_running(), "the execution is SUCCEEDED, and should be running"),
    ],
)
def test_a_failed_assertion_shows_the_history(machine: asl.Machine, expect: Any, message: str) -> None:
    harness = Harness(machine, BIG, tasks={"Pay": TaskStub({"paid": True})})
    with pytest.raises(AssertionError, match=message) as caught:
        expect(harness)
    assert "LambdaFunctionSucceeded" in str(caught.value)


def test_transitions_with_the_same_target_are_distinct() -> None:
    coverage = TransitionCoverage()
    machine = coverage.watch(asl.load(PAY, name="pay"))
    assert coverage.missed == [
        ("pay", "IsBig", "Choices[0] -> Pay"),
        ("pay", "IsBig", "Choices[1] -> Pay"),
        ("pay", "IsBig", "Default -> Done"),
        ("pay", "Pay", "Next -> Done"),
        ("pay", "Pay", "Catch[0] -> Done"),
        ("pay", "Pay", "Catch[1] -> Park"),
        ("pay", "Park", "Next -> Done"),
    ]

    def took(total: int, pay: Any) -> set[str]:
        coverage.taken.clear()
        Harness(machine, {"total": total}, tasks={"Pay": TaskStub(pay)}).finish()
        return {transition for _, _, transition in coverage.taken}

    assert took(1, None) == {"Default -> Done"}
    assert took(5000, {}) == {"Choices[0] -> Pay", "Next -> Done"}
    assert took(500, fails("Broke")) == {"Choices[1] -> Pay", "Catch[0] -> Done"}
    assert took(500, fails("Other")) == {"Choices[1] -> Pay", "Catch[1] -> Park", "Next -> Done"}


def test_transitions_of_nested_states_are_included() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": inner, "End": True}
    other = json.loads(json.dumps(inner).replace('"A"', '"C"').replace('"B"', '"D"'))
    both = {"Type": "Parallel", "Branches": [{"StartAt": "Each", "States": {"Each": each}}, other], "End": True}
    coverage = TransitionCoverage()
    machine = coverage.watch(asl.load({"StartAt": "Both", "States": {"Both": both}}))

    machine.run([])
    assert coverage.missed == [("StateMachine", "A", "Next -> B")]
    machine.run([1])
    assert coverage.percent == 100


SESSION = """
    from asl.testing.stubs import TaskStub

    def test_big(load_machine, harness, golden_history):
        pay = harness(load_machine("pay.asl.json"), {"total": 5000}, tasks={"Pay": TaskStub({})}).finish()
        pay.assert_succeeded()
        golden_history(pay)

    def test_small(load_machine, harness):
        harness(load_machine("pay.asl.json"), {"total": 1}).assert_succeeded()
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(Path(asl.__file__).parent.parent))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest('pytest_plugins = ["asl.testing.pytest_plugin"]')
    pytester.makefile(".asl.json", pay=json.dumps(PAY))
    pytester.makepyfile(test_pay=SESSION)
    return pytester


def test_a_golden_history_is_written_and_compared(session: pytest.Pytester) -> None:
    session.runpytest().stdout.fnmatch_lines(["*no golden history test_pay-test_big.txt yet*"])
    session.runpytest("--asl-update-golden").assert_outcomes(passed=2)
    session.runpytest().assert_outcomes(passed=2)

    golden = session.path / "golden" / "test_pay-test_big.txt"
    golden.write_text(golden.read_text().replace("Done", "Ended"))
    result = session.runpytest()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the history differs from test_pay-test_big.txt*"])


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")])
def test_transitions_that_no_test_took_are_listed(session: pytest.Pytester, workers: tuple[str, ...]) -> None:
    session.runpytest("--asl-update-golden")
    result = session.runpytest_subprocess(*workers, "--asl-coverage", "--asl-fail-under=40")

    assert result.ret == 0
    missed = ["IsBig  Choices?1? -> Pay", "Pay  Catch?0? -> Done", "Pay  Catch?1? -> Park", "Park  Next -> Done"]
    result.stdout.fnmatch_lines([f"not taken  pay: {each}" for each in missed])
    result.stdout.fnmatch_lines(["3 of 7 transitions taken, 42.9 %"])


def test_too_few_transitions_fail_the_session(session: pytest.Pytester) -> None:
    session.runpytest("--asl-update-golden")
    result = session.runpytest("--asl-fail-under=50")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["fewer than the required 50 %"])
