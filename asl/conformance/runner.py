"""Plays recorded scenarios through the engine: each a definition, an input and a world, each answered as AWS answered.

The services that a scenario needs are played by moto, its functions by what the scenario says they do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from asl.conformance.environment import ACCOUNT, REGION, world
from asl.engine.clock import VirtualClock
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.machine import Machine
from asl.engine.requests import Complete, Invoke, TaskRequest
from asl.engine.task_functions import After, Callback
from asl.services import Services
from asl.validation.requests import Rejected, check_definition, check_logging, refuse_update_of_version

Scenario = Mapping[str, Any]
Answer = dict[str, Any]
WORKER_ACTIONS = ("aws-sdk:sfn:getActivityTask", "aws-sdk:sfn:sendTask")


def play(scenario: Scenario) -> Answer:
    """The answer to a scenario of any kind."""
    return {"id": scenario["id"], **PLAYERS[scenario["kind"]](scenario)}


def play_execution(scenario: Scenario) -> Answer:
    slept: list[float] = []
    with world(scenario, slept.append) as services:
        engine = Engine(clock=VirtualClock(time.time()), invoke=_invoke(scenario, services, slept))
        for each in scenario["aux_machines"]:
            engine.add(_machine(each))
        machine = engine.add(_machine(scenario, name=scenario["machine_name"], role_arn=scenario["role"]))
        execution = engine.start(machine, json.loads(scenario["input"]), name=scenario["execution_name"])
        _start_workers(engine, scenario)
        for call in scenario["driver"]:
            _drive(engine, execution, call)
        while execution.running and engine.step() is not None:
            pass
    return _answer(execution)


def _machine(spec: Mapping[str, Any], **options: Any) -> Machine:
    options = {"name": spec.get("name"), **options}
    return Machine(spec["definition"], type=spec["type"], account=ACCOUNT, any_task=True, **options)


def _invoke(scenario: Scenario, services: Services, slept: list[float]) -> Invoke:
    def invoke(request: TaskRequest, complete: Complete) -> None:
        slept.clear()
        answer = _call(services, request)
        complete(After(sum(slept), answer))

    return _mocked(scenario, invoke) if scenario.get("mock_config") else invoke


def _call(services: Services, request: TaskRequest) -> Any:
    """A task's result, or the exception that it failed with."""
    try:
        return services.call(request)
    except Exception as error:  # a task's failure, whatever its kind
        return error


def _mocked(scenario: Scenario, invoke: Invoke) -> Invoke:
    from asl.server.mock_config import MockConfig

    mocks = MockConfig(scenario["mock_config"])

    def mocked(request: TaskRequest, complete: Complete) -> None:
        names = scenario["machine_name"], scenario["mock_case"], request.execution, request.state
        found, answer = mocks.answer(*names)
        if found:
            complete(Callback(answer))
        else:
            invoke(request, complete)

    return mocked


def _start_workers(engine: Engine, scenario: Scenario) -> None:
    """Start the other machines that answer tokens and activities; their inputs aren't recorded, so they get all."""
    given = json.loads(scenario["input"])
    known = {"ActivityArn": _activity(scenario["definition"]), "Iterator": {"Count": 300}}
    value = given | known if isinstance(given, dict) else known
    started = set(scenario["aux_started"])
    for machine in list(engine.machines.values()):
        if machine.arn in started and any(action in json.dumps(machine.definition) for action in WORKER_ACTIONS):
            engine.start(machine, value)


def _activity(definition: Any) -> str | None:
    resources = [state.get("Resource", "") for state in definition["States"].values()]
    return next((resource for resource in resources if ":activity:" in resource), None)


def _drive(engine: Engine, execution: Execution, call: Mapping[str, Any]) -> None:
    """A call that was made while the execution ran: when all was done that could be done at once."""
    params = call["params"]
    engine.run_due()
    if call["op"] == "stop_execution":
        engine.stop(execution, params.get("error"), params.get("cause"))
    elif call["op"] == "send_task_success":
        engine.send_task_success(_token(engine), json.loads(params["output"]))
    elif call["op"] == "send_task_failure":
        engine.send_task_failure(_token(engine), params.get("error"), params.get("cause"))
    elif call["op"] == "send_task_heartbeat":
        engine.send_task_heartbeat(_token(engine))


def _token(engine: Engine) -> str:
    """The token that waits; the recorded one was AWS's."""
    for token, (execution, request) in engine.tokens.items():
        if request.pending_id in execution.pending:
            return token
    return ""


def _answer(execution: Execution) -> Answer:
    return {
        "status": execution.status,
        "output": execution.output_text,
        "error": execution.error,
        "cause": execution.cause,
        "events": [{**event, "timestamp": event["timestamp"].isoformat()} for event in execution.history],
    }


def play_test_state(scenario: Scenario) -> Answer:
    from asl.teststate.api import test_state

    with world(scenario) as services:
        try:
            return test_state(scenario["params"], lambda request, complete: complete(_call(services, request)))
        except Rejected as rejected:
            return _rejection(rejected)


def play_create_error(scenario: Scenario) -> Answer:
    """A request that AWS turned away. Where nothing is wrong with it, only its name can have been taken already."""
    params = scenario["params"]
    try:
        if scenario["op"] == "update_state_machine":
            refuse_update_of_version(params["stateMachineArn"])
        check_logging(params.get("loggingConfiguration"), ())
        if scenario["definition_text"] is not None:
            check_definition(scenario["definition_text"], params.get("type", "STANDARD"))
    except Rejected as rejected:
        return _rejection(rejected)
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{params.get('name')}"
    return _rejection(Rejected("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'"))


def _rejection(rejected: Rejected) -> Answer:
    return {"rejected": True, "code": rejected.code, "message": rejected.message}


def play_validate(scenario: Scenario) -> Answer:
    from asl.validation import validate

    return validate({"definition": scenario["definition_text"], **scenario["params"]})


PLAYERS: dict[str, Callable[[Scenario], Answer]] = {
    "execution": play_execution,
    "test_state": play_test_state,
    "create_error": play_create_error,
    "validate": play_validate,
}
