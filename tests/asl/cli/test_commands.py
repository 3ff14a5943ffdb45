"""The commands of ``python -m asl``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asl.__main__ import main
from tests.asl.serving import ROLE, outcome, serving

DEFINITION = {
    "StartAt": "Double",
    "States": {
        "Double": {"Type": "Task", "Resource": "${DoubleArn}", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 3600, "End": True},
    },
}
TASKS = "tasks = {'Double': lambda n: n * 2}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with definitions and tasks."""
    (tmp_path / "double.asl.json").write_text(json.dumps(DEFINITION))
    (tmp_path / "broken.asl.json").write_text(json.dumps(DEFINITION).replace('"Wait"', '"Wiat"'))
    (tmp_path / "doubling.py").write_text(TASKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "doubling", raising=False)
    return tmp_path


@pytest.mark.parametrize("argv", [[], ["nothing"], ["run"], ["serve", "--port", "x"]])
def test_an_invalid_command_line_exits_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        sys.exit(main(argv))
    assert exit_info.value.code == 2


def test_run_prints_the_result(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "double.asl.json", "--input", "21", "--tasks", "doubling:tasks"]) == 0
    assert capsys.readouterr().out == "SUCCEEDED\n42\n"


def test_run_prints_history_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--input", "21", "--tasks", "doubling", "--history"]
    assert main(["run", "double.asl.json", *options]) == 0
    assert "3600.000s  WaitStateExited" in capsys.readouterr().out

    assert main(["run", "double.asl.json", *options, "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert (output["status"], output["output"], output["path"]) == ("SUCCEEDED", 42, ["Double", "Rest"])
    assert output["events"][-1]["type"] == "ExecutionSucceeded"


def test_run_prints_the_error_of_a_failed_execution(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "double.asl.json", "--input", "{}", "--tasks", "doubling:tasks"]) == 1
    assert capsys.readouterr().out.startswith("FAILED\nTypeError: ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "none.json"], "asl run: [Errno 2] No such file or directory: 'none.json'"),
        (["run", "broken.asl.json"], "asl run: SCHEMA_VALIDATION_FAILED: "),
        (["run", "double.asl.json", "--input", "{"], "asl run: --input is not JSON: "),
        (["run", "double.asl.json", "--tasks", "nobody:tasks"], "asl run: nobody:tasks: No module named 'nobody'"),
        (["run", "double.asl.json"], "asl run: no task for the state 'Double'"),
        (["bench", "double.asl.json", "--executions", "0"], "asl bench: --executions must be at least 1"),
        (["history", "double.asl.json"], "asl history: double.asl.json holds no history"),
        (["test-state", "broken.asl.json", "--state", "Other"], "asl test-state: "),
        (["graph", "broken.asl.json"], "asl graph: SCHEMA_VALIDATION_FAILED: "),
    ],
)
def test_an_error_is_printed_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert error.startswith(message), error
    assert error.count("\n") == 1


def test_validate_names_the_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "double.asl.json", "broken.asl.json"]) == 1
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first == "double.asl.json: OK"
    assert second.startswith("broken.asl.json: ERROR SCHEMA_VALIDATION_FAILED /States/Rest/Type")

    assert main(["validate", "double.asl.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"double.asl.json": []}


def test_test_state_runs_one_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["test-state", "double.asl.json", "--state", "Double", "--input", "4"]
    assert main([*state, "--tasks", "doubling:tasks", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"status": "SUCCEEDED", "output": "8", "nextState": "Rest"}
    assert main([*state, "--error", "Broken"]) == 1
    assert capsys.readouterr().out == "status: FAILED\nerror: Broken\n"


def test_bench_prints_counts_and_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "double.asl.json", "--input", "1", "--executions", "20", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["executions"], figures["events"], figures["failed"]) == (20, 9, 0)
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["executions_per_second"] > 0
    assert main(["bench", "double.asl.json", "--executions", "2", "--tasks", "doubling:tasks"]) == 1


def test_history_of_a_file_and_of_a_server(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(invoke=lambda request: request.payload) as sfn:
        quick = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": [1], "End": True}}})
        machine = sfn.create_state_machine(name="quick", definition=quick, roleArn=ROLE)["stateMachineArn"]
        arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
        outcome(sfn, arn)
        assert main(["history", arn, "--endpoint", f"http://127.0.0.1:{sfn.port}"]) == 0
        table = capsys.readouterr().out
        assert main(["history", arn, "--endpoint", f"http://127.0.0.1:{sfn.port}", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{sfn.port}")
        assert main(["history", arn]) == 0
        assert main(["history", f"{arn}x", "--endpoint", f"http://127.0.0.1:{sfn.port}"]) == 1
        assert "Execution Does Not Exist" in capsys.readouterr().err
        history: Any = sfn.get_execution_history(executionArn=arn)

    assert "PassStateEntered" in table
    assert [row["type"] for row in rows][1:3] == ["PassStateEntered", "PassStateExited"]
    (folder / "history.json").write_text(json.dumps(history, default=str))
    assert main(["history", "history.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == rows


def test_graph_draws_states_arrows_and_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "double.asl.json"]) == 0
    plain = capsys.readouterr().out
    assert (
        main(["graph", "double.asl.json", "--run", "--input", "1", "--tasks", "doubling:tasks", "-o", "run.svg"]) == 0
    )
    coloured = (folder / "run.svg").read_text()

    assert 'data-state="Double"' in plain
    assert 'class="box done"' not in plain
    assert coloured.count('class="box done"') == 2
    assert coloured.count('class="arrow next taken"') == 3


def test_serve_prints_an_error_for_an_unknown_module(folder: Path) -> None:
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin"}
    command = [sys.executable, "-m", "asl", "serve", "--handlers", "nobody:handlers"]
    completed = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (completed.returncode, completed.stderr) == (1, "asl serve: No module named 'nobody'\n")
