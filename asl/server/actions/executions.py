"""The actions on executions: start, stop, redrive, describe, list, and their history.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from typing import Any

from asl.engine.execution import REDRIVABLE_SECONDS, REDRIVABLE_STATUSES, Execution
from asl.engine.history import HistoryBuilder, event
from asl.server.actions import pagination
from asl.server.actions.map_runs import MapRunActions, describe_child
from asl.server.actions.state_machines import describe_revision
from asl.server.arns import Account, Arn, parse
from asl.server.errors import ApiError, no_execution, wrong_type
from asl.server.execution_runner import ExecutionRunner
from asl.server.execution_store import ExecutionRow
from asl.server.mock_config import MockConfig
from asl.server.resource_registry import ResourceRegistry, Target
from asl.validation.requests import check_name

Request = dict[str, Any]
Reply = dict[str, Any]
INCLUDED = {"included": True}
DATA_FIELDS = ("input", "inputDetails", "output", "outputDetails")


class ExecutionActions:
    """The actions on executions."""

    def __init__(
        self,
        registry: ResourceRegistry,
        account: Account,
        runner: ExecutionRunner,
        map_runs: MapRunActions,
        mocks: MockConfig | None,
    ) -> None:
        self.registry = registry
        self.account = account
        self.runner = runner
        self.map_runs = map_runs
        self.mocks = mocks
        self.redrives: dict[tuple[str, str], float] = {}

    def start_execution(self, request: Request) -> Reply:
        _, row = self._new_row(request)
        existing = self.runner.row(row.arn) if "name" in request else None
        if existing is None:
            self.runner.start(self.runner.machines.revision(row.revision), row)
        elif existing.status == "RUNNING" and existing.input == row.input:
            row = existing
        else:
            raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{row.arn}'")
        return {"executionArn": row.arn, "startDate": row.started}

    def _new_row(self, request: Request) -> tuple[Target, ExecutionRow]:
        arn_text, _, mock_case = request["stateMachineArn"].partition("#")
        target = self.registry.target(parse(arn_text, "stateMachine"))
        name = request.get("name") or str(uuid.uuid4())
        check_name(name)
        machine = target.machine
        if mock_case and self.mocks is not None:
            self.mocks.check(machine.name, mock_case)
        arn = self.account.arn("execution", machine.name, name)
        if machine.type == "EXPRESS":
            arn = self.account.arn("express", machine.name, name, str(uuid.uuid4()))
        text = _checked_input(request.get("input", "{}"))
        seed, now = secrets.randbits(53), self.runner.clock.now()
        row = ExecutionRow(arn, machine.arn, name, target.revision.arn, seed, now, text, target.version, target.alias)
        row.trace_header, row.mock_case = request.get("traceHeader"), mock_case or None
        return target, row

    async def start_sync_execution(self, request: Request) -> Reply:
        target, row = self._new_row(request)
        if target.machine.type != "EXPRESS":
            raise wrong_type()
        execution = self.runner.start(self.runner.machines.revision(row.revision), row, stored=False)
        try:
            await wait_until_ended(self.runner, execution)
        finally:
            self.runner.stop(execution, None, None)  # it still runs only if the client has disconnected
        milliseconds = round(((row.stopped or row.started) - row.started) * 1000)
        billed = {"billedDurationInMilliseconds": -(-max(milliseconds, 1) // 100) * 100, "billedMemoryUsedInMB": 64}
        return _description(row) | {"billingDetails": billed}

    def stop_execution(self, request: Request) -> Reply:
        arn, row = self._parse_and_load(request)
        if arn.kind == "express":
            raise wrong_type()
        if execution := self.runner.engine.executions.get(row.arn):
            self.runner.stop(execution, request.get("error"), request.get("cause"))
            return {"stopDate": execution.stopped_at}
        return {"stopDate": row.stopped}

    def redrive_execution(self, request: Request) -> Reply:
        arn, row = self._parse_and_load(request)
        if arn.kind == "express":
            raise wrong_type()
        key = (row.arn, request.get("clientToken", ""))
        if key[1] and key in self.redrives:
            return {"redriveDate": self.redrives[key]}
        if reason := self._redrive_refusal(row):
            raise ApiError("ExecutionNotRedrivable", f"The execution can not be redriven: '{row.arn}'. {reason}")
        self.runner.redrive(row)
        self.redrives[key] = row.redriven or row.started
        return {"redriveDate": row.redriven}

    def _redrive_refusal(self, row: ExecutionRow) -> str | None:
        """Why the execution can't be redriven, or None."""
        if row.status not in REDRIVABLE_STATUSES:
            return f"Execution is {row.status} and cannot be redriven"
        if self.runner.clock.now() - (row.stopped or row.started) > REDRIVABLE_SECONDS:
            return "Execution redrivable period exceeded"
        return None

    def describe_execution(self, request: Request) -> Reply:
        description = self._describe(request)
        if request.get("includedData") == "METADATA_ONLY":
            return {name: value for name, value in description.items() if name not in DATA_FIELDS}
        return description

    def _describe(self, request: Request) -> Reply:
        if child := self.map_runs.child(request["executionArn"]):
            return describe_child(child[1], child[2])
        arn, row = self._parse_and_load(request)
        if arn.kind == "express":
            raise wrong_type()
        description = _description(row) | {"redriveCount": row.redrives}
        if row.redriven is not None:
            description["redriveDate"] = row.redriven
        if reason := self._redrive_refusal(row):
            return description | {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
        return description | {"redriveStatus": "REDRIVABLE"}

    def describe_state_machine_for_execution(self, request: Request) -> Reply:
        _, row = self._parse_and_load(request)
        revision = self.registry.revision(row.revision)
        machine = row.machine_arn.rpartition(":")[2]
        description = describe_revision(machine, revision, request.get("includedData"))
        return description | {"stateMachineArn": row.machine_arn, "updateDate": revision.updated}

    def list_executions(self, request: Request) -> Reply:
        if ("stateMachineArn" in request) == ("mapRunArn" in request):
            message = "Must provide a StateMachine ARN or MapRun ARN, but not both"
            raise ApiError("ValidationException", message)
        if "mapRunArn" in request:
            return self._list_children(request)
        arn = parse(request["stateMachineArn"], "stateMachine")
        if self.registry.target(arn).machine.type == "EXPRESS":
            raise wrong_type()
        where, values = self._condition(arn, request)
        scope = f"executions {where} {values}"
        items, next_page = pagination.page(
            request, scope, lambda at, n: self.runner.store.executions(where, values, n, at)
        )
        return {"executions": [_summary(self.runner.row(row.arn) or row) for row in items]} | next_page

    def _list_children(self, request: Request) -> Reply:
        _, run = self.map_runs.find(parse(request["mapRunArn"], "mapRun"))
        status = request.get("statusFilter")
        children = [child for child in run.children[::-1] if status in (None, child.status)]
        items, next_page = pagination.page(request, f"children {run.arn} {status}", pagination.slices(children))
        hidden = (*DATA_FIELDS, "error", "cause")
        descriptions = [describe_child(run, child) | {"itemCount": child.items} for child in items]
        return {"executions": [{k: v for k, v in each.items() if k not in hidden} for each in descriptions]} | next_page

    @staticmethod
    def _condition(arn: Arn, request: Request) -> tuple[str, list[str]]:
        where, values = "machine_arn = ?", [arn.base]
        if arn.qualifier:
            column = "version_arn" if arn.qualifier.isdigit() else "alias_arn"
            where, values = f"{where} AND {column} = ?", [*values, arn.text]
        if (status := request.get("statusFilter")) == "RUNNING":
            where += " AND status = 'RUNNING'"  # a literal, so that SQLite uses the partial index
        elif status:
            where, values = f"{where} AND status = ?", [*values, status]
        if redrive := request.get("redriveFilter"):
            where += " AND redrives > 0" if redrive == "REDRIVEN" else " AND redrives = 0"
        return where, values

    def get_execution_history(self, request: Request) -> Reply:
        arn = request["executionArn"]
        records = list(enumerate(self._history(request).records, 1))
        if request.get("reverseOrder"):
            records.reverse()
        items, next_page = pagination.page(
            request, f"history {arn} {request.get('reverseOrder')}", pagination.slices(records)
        )
        with_data = request.get("includeExecutionData", True)
        return {"events": [_event(number, record, with_data) for number, record in items]} | next_page

    def _history(self, request: Request) -> HistoryBuilder:
        if child := self.map_runs.child(request["executionArn"]):
            return child[2].history_builder
        arn, row = self._parse_and_load(request)
        if arn.kind == "express":
            raise wrong_type()
        execution = self.runner.execution(row.arn)
        assert execution is not None
        return execution.history_builder

    def _parse_and_load(self, request: Request) -> tuple[Arn, ExecutionRow]:
        arn = parse(request["executionArn"], "execution", "express")
        row = self.runner.row(arn.text)
        if row is None:
            raise no_execution(arn.text)
        return arn, row


async def wait_until_ended(runner: ExecutionRunner, execution: Execution) -> None:
    """Wait until an execution has ended and its row is committed."""
    ended = asyncio.Event()
    runner.engine.on_end(execution, lambda _: ended.set())
    await ended.wait()
    await runner.until_committed()


def _checked_input(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
    return text


def _event(number: int, record: Any, with_data: bool) -> Reply:
    fields = event(number, record)
    fields["timestamp"] = fields["timestamp"].timestamp()
    if not with_data:
        for name, details in fields.items():
            if isinstance(details, dict):
                fields[name] = {key: value for key, value in details.items() if key not in DATA_FIELDS}
    return fields


def _description(row: ExecutionRow) -> Reply:
    description: Reply = {
        "executionArn": row.arn,
        "stateMachineArn": row.machine_arn,
        "name": row.name,
        "status": row.status,
        "startDate": row.started,
        "input": row.input,
        "inputDetails": INCLUDED,
    }
    optional = {
        "stopDate": row.stopped,
        "output": row.output,
        "outputDetails": INCLUDED if row.output is not None else None,
        "error": row.error,
        "cause": row.cause,
        "traceHeader": row.trace_header,
        "stateMachineVersionArn": row.version_arn,
        "stateMachineAliasArn": row.alias_arn,
    }
    return description | {name: value for name, value in optional.items() if value is not None}


def _summary(row: ExecutionRow) -> Reply:
    hidden = (*DATA_FIELDS, "error", "cause", "traceHeader")
    summary = {name: value for name, value in _description(row).items() if name not in hidden}
    summary["redriveCount"] = row.redrives
    return summary if row.redriven is None else summary | {"redriveDate": row.redriven}
