"""The plugin in sessions of its own: trials, golden histories, transition coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.testing.coverage import Coverage
from asl.testing.harness import Answers, Trial, fails

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
    pay = Answers(fails("Busy"), fails("Busy"), {"paid": True})

    trial = Trial(machine, BIG, tasks={"Pay": pay}).assert_running("Pay")
    trial.advance(minutes=3)

    trial.assert_succeeded({"paid": True}).assert_path(["IsBig", "Pay", "Done"])
    assert pay.calls == [BIG] * 3


def test_time_passes_as_far_as_it_is_told(machine: asl.Machine) -> None:
    trial = Trial(machine, BIG, tasks={"Pay": Answers(fails("Odd"))})
    trial.advance(days=9, hours=23).assert_running("Park")
    trial.advance(hours=1).assert_succeeded()


def test_a_token_is_answered_or_times_out() -> None:
    machine = asl.load(ASK)
    tasks = {"ask": Answers({})}
    Trial(machine, tasks=tasks).succeed("yes").assert_succeeded("yes")
    Trial(machine, tasks=tasks).fail("No").assert_failed("No")
    Trial(machine, tasks=tasks).advance(hours=24).assert_failed("States.Timeout")
    with pytest.raises(AssertionError, match="one token should wait, but these do"):
        Trial(machine, tasks=tasks).succeed(state="Other")


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (lambda trial: trial.assert_failed(), "it is SUCCEEDED, and should have failed"),
        (lambda trial: trial.assert_succeeded(3), "the output is {'paid': True}, and should be 3"),
        (lambda trial: trial.assert_path(["Pay"]), r"it went through \['IsBig', 'Pay', 'Done'\]"),
        (lambda trial: trial.assert_running(), "it is SUCCEEDED, and should be running"),
    ],
)
def test_what_does_not_hold_is_said_with_the_history(machine: asl.Machine, expect: Any, message: str) -> None:
    trial = Trial(machine, BIG, tasks={"Pay": Answers({"paid": True})})
    with pytest.raises(AssertionError, match=message) as caught:
        expect(trial)
    assert "LambdaFunctionSucceeded" in str(caught.value)


def test_every_kind_of_transition_is_told_from_every_other() -> None:
    coverage = Coverage()
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
        Trial(machine, {"total": total}, tasks={"Pay": Answers(pay)}).finish()
        return {transition for _, _, transition in coverage.taken}

    assert took(1, None) == {"Default -> Done"}
    assert took(5000, {}) == {"Choices[0] -> Pay", "Next -> Done"}
    assert took(500, fails("Broke")) == {"Choices[1] -> Pay", "Catch[0] -> Done"}
    assert took(500, fails("Other")) == {"Choices[1] -> Pay", "Catch[1] -> Park", "Next -> Done"}


def test_what_is_nested_counts_too() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": inner, "End": True}
    other = json.loads(json.dumps(inner).replace('"A"', '"C"').replace('"B"', '"D"'))
    both = {"Type": "Parallel", "Branches": [{"StartAt": "Each", "States": {"Each": each}}, other], "End": True}
    coverage = Coverage()
    machine = coverage.watch(asl.load({"StartAt": "Both", "States": {"Both": both}}))

    machine.run([])
    assert coverage.missed == [("StateMachine", "A", "Next -> B")]
    machine.run([1])
    assert coverage.percent == 100


SESSION = """
    from asl.testing.harness import Answers

    def test_big(load_machine, trial, golden_history):
        pay = trial(load_machine("pay.asl.json"), {"total": 5000}, tasks={"Pay": Answers({})}).finish()
        pay.assert_succeeded()
        golden_history(pay)

    def test_small(load_machine, trial):
        trial(load_machine("pay.asl.json"), {"total": 1}).assert_succeeded()
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
    result.stdout.fnmatch_lines(["*the history is no longer that of test_pay-test_big.txt*"])


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
    result.stdout.fnmatch_lines(["fewer than the 50 % asked for"])
