"""Runs recorded scenarios through the engine, and gives the answers to compare with AWS's.

moto stands in for AWS services; a scenario describes the behaviour of its Lambda functions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from asl.conformance.environment import ACCOUNT, REGION, scenario_environment
from asl.engine.clock import VirtualClock
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.machine import Machine
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.task_functions import After, Callback
from asl.services.integrations import Services
from asl.teststate.api import test_state
from asl.validation import validate_definition
from asl.validation.requests import Rejected, check_definition, check_logging, check_not_a_version

Scenario = Mapping[str, Any]
Answer = dict[str, Any]
WORKER_ACTIONS = ("aws-sdk:sfn:getActivityTask", "aws-sdk:sfn:sendTask")


def run_scenario(scenario: Scenario) -> Answer:
    """The engine's answer to a scenario of any kind."""
    return {"id": scenario["id"], **RUNNERS[scenario["kind"]](scenario)}


def run_execution(scenario: Scenario) -> Answer:
    """The outcome and the history of the scenario's execution."""
    sleeps: list[float] = []
    with scenario_environment(scenario, sleeps.append) as services:
        engine = Engine(clock=VirtualClock(time.time()), invoke=_invoke(scenario, services, sleeps))
        for spec in scenario["aux_machines"]:
            engine.add(_machine(spec))
        machine = engine.add(_machine(scenario, name=scenario["machine_name"], role_arn=scenario["role"]))
        execution = engine.start(machine, json.loads(scenario["input"]), name=scenario["execution_name"])
        _start_workers(engine, scenario)
        for call in scenario["driver"]:
            _replay_driver_call(engine, execution, call)
        while execution.running and engine.step() is not None:
            pass
    return _execution_answer(execution)


def _machine(spec: Mapping[str, Any], **options: Any) -> Machine:
    options = {"name": spec.get("name"), **options}
    return Machine(spec["definition"], type=spec["type"], account=ACCOUNT, any_task=True, **options)


def _invoke(scenario: Scenario, services: Services, sleeps: list[float]) -> Invoke:
    def invoke(request: TaskRequest, complete: Complete) -> None:
        sleeps.clear()
        result = _call_services(services, request)
        complete(After(sum(sleeps), result))

    return _mocked_invoke(scenario, invoke) if scenario.get("mock_config") else invoke


def _call_services(services: Services, request: TaskRequest) -> Any:
    """A task's result, or the exception that fails it."""
    try:
        return services.call(request)
    except Exception as error:  # every exception fails the task
        return error


def _mocked_invoke(scenario: Scenario, invoke: Invoke) -> Invoke:
    from asl.server.mock_config import MockConfig

    mocks = MockConfig(scenario["mock_config"])

    def invoke_or_mock(request: TaskRequest, complete: Complete) -> None:
        names = scenario["machine_name"], scenario["mock_case"], request.execution, request.state
        is_mocked, result = mocks.answer(*names)
        if is_mocked:
            complete(Callback(result))
        else:
            invoke(request, complete)

    return invoke_or_mock


def _start_workers(engine: Engine, scenario: Scenario) -> None:
    """Start the other machines that answer tokens and activities.

    Their inputs aren't recorded, so each gets every field that one of them reads.
    """
    scenario_input = json.loads(scenario["input"])
    fields = {"ActivityArn": _activity_arn(scenario["definition"]), "Iterator": {"Count": 300}}
    worker_input = scenario_input | fields if isinstance(scenario_input, dict) else fields
    started = set(scenario["aux_started"])
    for machine in list(engine.machines.values()):
        if machine.arn in started and any(action in json.dumps(machine.definition) for action in WORKER_ACTIONS):
            engine.start(machine, worker_input)


def _activity_arn(definition: Any) -> str | None:
    resources = [state.get("Resource", "") for state in definition["States"].values()]
    return next((resource for resource in resources if ":activity:" in resource), None)


def _replay_driver_call(engine: Engine, execution: Execution, call: Mapping[str, Any]) -> None:
    """Make a recorded call to the running execution, after every event that is due."""
    params = call["params"]
    engine.run_due()
    if call["op"] == "stop_execution":
        engine.stop(execution, params.get("error"), params.get("cause"))
    elif call["op"] == "send_task_success":
        engine.send_task_success(_waiting_token(engine), json.loads(params["output"]))
    elif call["op"] == "send_task_failure":
        engine.send_task_failure(_waiting_token(engine), params.get("error"), params.get("cause"))
    elif call["op"] == "send_task_heartbeat":
        engine.send_task_heartbeat(_waiting_token(engine))


def _waiting_token(engine: Engine) -> str:
    """The task token that the execution waits for; the recorded token was AWS's."""
    for token, (execution, request) in engine.tokens.items():
        if request.pending_id in execution.pending:
            return token
    return ""


def _execution_answer(execution: Execution) -> Answer:
    return {
        "status": execution.status,
        "output": execution.output_text,
        "error": execution.error,
        "cause": execution.cause,
        "events": [{**event, "timestamp": event["timestamp"].isoformat()} for event in execution.history],
    }


def run_test_state(scenario: Scenario) -> Answer:
    with scenario_environment(scenario) as services:
        try:
            return test_state(scenario["params"], lambda request, complete: complete(_call_services(services, request)))
        except Rejected as rejected:
            return _rejection(rejected)


def run_create_error(scenario: Scenario) -> Answer:
    """The rejection of a request. A valid request was rejected because its name was taken."""
    params = scenario["params"]
    try:
        if scenario["op"] == "update_state_machine":
            check_not_a_version(params["stateMachineArn"])
        check_logging(params.get("loggingConfiguration"), ())
        if scenario["definition_text"] is not None:
            check_definition(scenario["definition_text"], params.get("type", "STANDARD"))
    except Rejected as rejected:
        return _rejection(rejected)
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{params.get('name')}"
    return _rejection(Rejected("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'"))


def _rejection(rejected: Rejected) -> Answer:
    return {"rejected": True, "code": rejected.code, "message": rejected.message}


def run_validate(scenario: Scenario) -> Answer:
    return validate_definition({"definition": scenario["definition_text"], **scenario["params"]})


RUNNERS: dict[str, Callable[[Scenario], Answer]] = {
    "execution": run_execution,
    "test_state": run_test_state,
    "create_error": run_create_error,
    "validate": run_validate,
}
