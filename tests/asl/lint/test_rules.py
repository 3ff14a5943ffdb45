"""Every rule reports its bad definition, and nothing in the corrected one."""

from __future__ import annotations

import copy

import pytest

from asl.lint import lint_definition, parse_config
from tests.asl.lint.definitions import (
    ALL,
    CONFIG,
    DECLINED,
    INVOKE,
    ITS_INPUT,
    JITTER,
    JSONATA_INVOKE,
    ORDER,
    PAST,
    QUERY,
    RETRY,
    callback,
    caught,
    in_jsonata,
    jsonata_loop,
    jsonata_map,
    jsonata_saga,
    jsonata_task,
    kept_saga,
    loop,
    machine,
    mapped,
    polling,
    retried,
    saga,
    started,
    task,
)

PAIRS = {
    # rule, location, bad, corrected
    "timeout: function and task": (
        "timeout-order", "Charge/TimeoutSeconds",
        machine(Charge=task("Charge", TimeoutSeconds=10)), machine(Charge=task("Charge", TimeoutSeconds=11)),
    ),
    "timeout: gateway and function": (
        "timeout-order", "Slow/TimeoutSeconds",
        machine(Slow=task("Slow", TimeoutSeconds=25)), machine(Slow=task("Slow", TimeoutSeconds=26)),
    ),
    "timeout: task and heartbeat": (
        "timeout-order", "Ask/HeartbeatSeconds",
        machine(Charge=task("Charge", then="Ask"), Ask=callback(HeartbeatSeconds=15)),
        machine(Charge=task("Charge", then="Ask"), Ask=callback(HeartbeatSeconds=60)),
    ),
    "timeout: heartbeat and callback": (
        "timeout-order", "Ask/TimeoutSeconds",
        machine(Ask=callback(HeartbeatSeconds=7200)), machine(Ask=callback(HeartbeatSeconds=1800)),
    ),
    "timeout: task and machine": (
        "timeout-order", "Ask/TimeoutSeconds",
        machine(Ask=callback(TimeoutSeconds=86400)), machine(Ask=callback(TimeoutSeconds=86399)),
    ),
    "timeout: none at all": (
        "timeout-order", "Charge/TimeoutSeconds",
        machine(Charge=task("Charge", TimeoutSeconds=...)), machine(Charge=task("Charge", TimeoutSeconds=15)),
    ),
    "timeout: none for the machine": (
        "timeout-order", "TimeoutSeconds",
        {k: v for k, v in machine(Charge=task("Charge")).items() if k != "TimeoutSeconds"},
        machine(Charge=task("Charge")),
    ),
    "catch-all: none": ("catch-all", "Charge/Catch", caught((DECLINED, "Declined")), caught((ALL, "Declined"))),
    "catch-all: in a Map, around it": (
        "catch-all", "Charge/Catch",
        mapped(ResultPath=None, Catch=...), mapped(ResultPath=None),
    ),
    "compensation: none can come": (
        "effect-without-compensation", "Reserve",
        machine(Reserve=task("Reserve", then="Charge"), Charge=task("Charge")), saga(),
    ),
    "compensation: a way past it": (
        "effect-without-compensation", "Reserve/Next", saga(charge_catch="Failed"), saga(),
    ),
    "compensation: the uncertain step's own way past it": (
        "effect-without-compensation", "Reserve/Catch[0]",
        saga(Catch=[{"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Failed"},
                    {"ErrorEquals": ALL, "ResultPath": None, "Next": "Release"}]),
        saga(Catch=[{"ErrorEquals": ["OutOfStock"], "ResultPath": None, "Next": "Failed"},
                    {"ErrorEquals": ALL, "ResultPath": None, "Next": "Release"}]),
    ),
    "compensation: past it by a Choice": (
        "effect-without-compensation", "Reserve/Next",
        machine(Reserve=task("Reserve", then="Fit", catch="Release"), Fit=PAST, Done={"Type": "Succeed"},
                Release=task("Release", then="Failed")),
        machine(Reserve=task("Reserve", then="Fit", catch="Release"), Done={"Type": "Succeed"},
                Fit={**PAST, "Choices": [{**PAST["Choices"][0], "Next": "Release"}]},
                Release=task("Release", then="Failed")),
    ),
    "key: another one": (
        "compensation-key", "Release/order_id", saga(release_command={"order_id.$": "$.id"}), saga(),
    ),
    "key: none": ("compensation-key", "Release/order_id", saga(release_command={"other.$": "$.x"}), saga()),
    "key: another each attempt": (
        "compensation-key", "Reserve/order_id",
        saga(Parameters={"order_id.$": "States.UUID()"}, release_command={"order_id.$": "States.UUID()"}), saga(),
    ),
    "key: overwritten on the way": (
        "compensation-key", "Release",
        saga(ResultPath="$.order_id"), saga(ResultPath="$.reservation"),
    ),
    "key: from the answer of the forward step": (
        "compensation-key", "Release/reservation",
        saga(ResultPath="$.held", release_command={**ORDER, "reservation.$": "$.held.id"}), saga(ResultPath="$.held"),
    ),
    "retry: of what repeats": (
        "retry-of-what-repeats", "Post/Retry[0]",
        machine(Post=task("Post", Retry=[RETRY])), machine(Charge=task("Charge", Retry=[RETRY])),
    ),
    "retry: of a message, and of a named start": (
        "retry-of-what-repeats", "Post/Retry[0]",
        machine(Post=task("Post", Resource="arn:aws:states:::sqs:sendMessage", Retry=[RETRY])),
        machine(Post=task("Post", Resource="arn:aws:states:::states:startExecution", Retry=[RETRY],
                          Parameters={"Name.$": "$.order_id", "StateMachineArn": "${ShipArn}"})),
    ),
    "retry: without jitter": (
        "retry-without-jitter", "Charge/Retry[0]",
        machine(Charge=task("Charge", Retry=[{"ErrorEquals": ["Unavailable"]}])),
        machine(Charge=task("Charge", Retry=[RETRY])),
    ),
    "token: no deadline": (
        "token-without-deadline", "Ask/TimeoutSeconds",
        machine(Ask=callback(TimeoutSeconds=..., HeartbeatSeconds=60)), machine(Ask=callback(HeartbeatSeconds=60)),
    ),
    "token: a deadline as good as none": (
        "token-without-deadline", "Ask/TimeoutSeconds",
        machine(Ask=callback(TimeoutSeconds=99999999)), machine(Ask=callback()),
    ),
    "all: ahead of a leaf in Catch": (
        "all-ahead-of-a-leaf", "Charge/Catch[1]",
        caught((ALL, "Away"), (DECLINED, "Declined")), caught((DECLINED, "Declined"), (ALL, "Away")),
    ),
    "all: ahead of a leaf in Retry": (
        "all-ahead-of-a-leaf", "Charge/Retry[1]",
        machine(Charge=task("Charge", Retry=[{"ErrorEquals": ALL, **JITTER}, RETRY])),
        machine(Charge=task("Charge", Retry=[RETRY, {"ErrorEquals": ALL, **JITTER}])),
    ),
    "all: tries an answer again": (
        "all-ahead-of-a-leaf", "Charge/Retry[0]",
        caught((DECLINED, "Declined"), (ALL, "Away"), Retry=[{"ErrorEquals": ["States.TaskFailed"], **JITTER}]),
        caught((DECLINED, "Declined"), (ALL, "Away"),
               Retry=[{"ErrorEquals": DECLINED, "MaxAttempts": 0}, {"ErrorEquals": ["States.TaskFailed"], **JITTER}]),
    ),
    "unreachable: nothing leads there": (
        "unreachable-state", "Ship",
        machine(Charge=task("Charge"), Ship=task("Ship")),
        machine(Charge=task("Charge", then="Ship"), Ship=task("Ship")),
    ),
    "unreachable: caught before": (
        "unreachable-state", "Declined",
        caught((ALL, "Away"), (DECLINED, "Declined")), caught((DECLINED, "Declined"), (ALL, "Away")),
    ),
    "growth: an answer that carries all before": (
        "growing-state", "Charge/ResultPath",
        machine(Charge=task("Charge", then="Ship", ResultPath=...), Ship=task("Ship")),
        machine(Charge=task("Charge", then="Ship", ResultPath="$.charge"), Ship=task("Ship")),
    ),
    "growth: all in, all out": (
        "growing-state", "Charge/ResultPath",
        machine(Charge=task("Charge", then="Ship", Parameters=..., ResultPath="$"), Ship=task("Ship", Parameters=...)),
        machine(Charge=task("Charge", then="Ship", Parameters=...), Ship=task("Ship", Parameters=...)),
    ),
    "growth: Lambda's envelope": (
        "growing-state", "Charge/ResultSelector",
        machine(Charge=task("Charge", **INVOKE)),
        machine(Charge=task("Charge", **INVOKE, ResultSelector={"id.$": "$.Payload.id"})),
    ),
    "growth: a loop that appends": (
        "growing-state", "Count/Parameters",
        loop(Parameters={"n.$": "States.MathAdd($.n, 1)", "seen.$": "States.Array($.seen, $.n)"}),
        loop(Parameters={"n.$": "States.MathAdd($.n, 1)", "seen.$": "$.seen"}),
    ),
    "growth: a loop that nests": (
        "growing-state", "Count/ResultPath", loop(ResultPath="$.before"), loop(Result={"n": 9}, ResultPath="$.before"),
    ),
    "growth: a loop that appends to a variable": (
        "growing-state", "Count/Assign/seen",
        jsonata_loop(n="{% $n + 1 %}", seen="{% $append($seen, $n) %}"), jsonata_loop(n="{% $n + 1 %}"),
    ),
    "lost input": (
        "lost-input", "Charge/Catch[0]",
        machine(Charge=task("Charge", Catch=[{"ErrorEquals": ALL, "Next": "Release"}]), Release=task("Release")),
        machine(Charge=task("Charge", catch="Release"), Release=task("Release")),
    ),
    "lost input in JSONata": (
        "lost-input", "Charge/Catch[0]",
        jsonata_saga(), jsonata_saga(Output="{% $merge([$states.input, {'failure': $states.errorOutput}]) %}"),
    ),
    "lost input in JSONata: an output without it": (
        "lost-input", "Charge/Catch[0]",
        jsonata_saga(Output={"failure": "{% $states.errorOutput %}"}), jsonata_saga(Output={"order_id": "{% $id %}"}),
    ),
    "retry: of a Parallel around": (
        "retry-of-what-repeats", "Every/Retry[0]", retried("Parallel", "Ship"), retried("Parallel", "Charge"),
    ),
    "retry: of a Map around, whose throttled task is not the only one": (
        "retry-of-what-repeats", "Every/Retry[0]",
        retried("Map", "Ship", "Lambda.TooManyRequestsException"), retried("Map", "Charge"),
    ),
    "retry: of an execution under a name that is another each time": (
        "retry-of-what-repeats", "Start/Retry[0]",
        started({"Name.$": "States.UUID()"}), started({"Name.$": "$.order_id"}),
    ),
    "saga in JSONata: needs what was assigned": (
        "compensation-key", "Release/at",
        kept_saga("{% $reserved %}", Assign={"reserved": "{% $states.result.id %}"}),
        kept_saga("{% $now %}", Assign={"reserved": "{% $states.result.id %}"}),
    ),
    "saga in JSONata: needs what was merged": (
        "compensation-key", "Release/at",
        kept_saga("{% $states.input.hold %}", Output="{% $merge([$states.input, {'hold': $states.result}]) %}"),
        kept_saga("{% $states.input.total %}", Output="{% $merge([$states.input, {'hold': $states.result}]) %}"),
    ),
    "saga in JSONata: its key is overwritten": (
        "compensation-key", "Release",
        kept_saga(charge="{% $merge([$states.input, {'order_id': $states.result.id}]) %}"),
        kept_saga(charge="{% $merge([$states.input, {'charge_id': $states.result.id}]) %}"),
    ),
    "growing: the envelope in JSONata": (
        "growing-state", "Charge/Output",
        in_jsonata(Charge=jsonata_task("Charge", **JSONATA_INVOKE, Output="{% $states.result %}")),
        in_jsonata(Charge=jsonata_task("Charge", **JSONATA_INVOKE, Output="{% $states.result.Payload %}")),
    ),
    "growing: an answer that must carry all, in JSONata": (
        "growing-state", "Charge/Output",
        in_jsonata(Charge=jsonata_task("Charge", then="Bill", Output=...), Bill=jsonata_task("Bill")),
        in_jsonata(Charge=jsonata_task("Charge", then="Bill"), Bill=jsonata_task("Bill")),
    ),
    "growing: a loop in JSONata that merges the same place": (
        "growing-state", "Poll/Output",
        polling(Output="{% $merge([$states.input, {'all': $append($states.input.all, $states.result)}]) %}"),
        polling(Output="{% $merge([$states.input, {'last': $states.result}]) %}"),
    ),
    "size: of a Map in JSONata": (
        "payload-size", "Every/Output", jsonata_map(), jsonata_map(Output=ITS_INPUT),
    ),
    "size: of a Map in JSONata that is counted": (
        "payload-size", "Every/Output",
        jsonata_map(Output={"all": "{% $states.result %}"}), jsonata_map(Output={"n": "{% $count($states.result) %}"}),
    ),
    "size: of a query in JSONata": (
        "payload-size", "Read/Output",
        in_jsonata(Read=jsonata_task("Read", Resource=QUERY["Resource"], Output=...)),
        in_jsonata(Read=jsonata_task("Read", Resource=QUERY["Resource"], Output={"n": "{% $states.result.Count %}"})),
    ),
    "size: of all the items of a Map": ("payload-size", "Every/ResultPath", mapped(), mapped(ResultPath=None)),
    "size: of a query": (
        "payload-size", "Read/ResultPath",
        machine(Read=task("Read", **QUERY)),
        machine(Read=task("Read", **{**QUERY, "Parameters": {"Limit": 10}})),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "location", "bad", "corrected"), PAIRS.values(), ids=PAIRS)
def test_a_rule_reports_the_bad_definition_alone(rule, location, bad, corrected):
    config = parse_config(CONFIG)
    findings = lint_definition(bad, config)
    assert (rule, location) in {(finding.rule, finding.location) for finding in findings}
    assert rule not in {finding.rule for finding in lint_definition(corrected, config)}


def test_a_gateway_timeout_that_exceeds_the_function_timeout_is_reported():
    config = parse_config({**CONFIG, "timeouts": {"gateway": 10, "function": 10}})
    (finding,) = lint_definition(machine(Charge=task("Charge")), config)
    assert finding.rule == "timeout-order"
    assert finding.why == "its function gives up after 10 s, while what it calls may still answer until 10 s"


def test_an_uncompensated_path_is_reported_state_by_state():
    (finding,) = lint_definition(saga(charge_catch="Failed"), parse_config(CONFIG))
    assert finding.why == "nothing compensates its effect if the execution ends by Reserve → Charge → Failed"


def test_an_effect_may_stand_at_a_state_that_the_configuration_names():
    config = copy.deepcopy(CONFIG)
    config["tasks"]["Reserve"]["stands_at"] = {"Failed": "a clerk looks at every failure"}
    assert lint_definition(saga(charge_catch="Failed"), parse_config(config)) == []


def test_parallel_compensations_count_for_every_path_through_them():
    both = {
        "Type": "Parallel",
        "Branches": [
            {"StartAt": "Release", "States": {"Release": task("Release", Catch=...)}},
            {"StartAt": "Tell", "States": {"Tell": task("Tell", Catch=...)}},
        ],
        "ResultPath": None,
        "Next": "Failed",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Failed"}],
    }
    definition = machine(
        Reserve=task("Reserve", then="Charge", catch="Both"), Charge=task("Charge", catch="Both"), Both=both
    )
    assert lint_definition(definition, parse_config(CONFIG)) == []


def test_a_parallel_that_catches_a_failure_must_compensate_its_branches():
    def around(catch):
        branch = {"StartAt": "Reserve", "States": {"Reserve": task("Reserve", Catch=...)}}
        other = {"StartAt": "Charge", "States": {"Charge": task("Charge", Catch=...)}}
        caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": catch}]
        both = {"Type": "Parallel", "Branches": [branch, other], "ResultPath": None, "End": True, "Catch": caught}
        return machine(Both=both, Release=task("Release", then="Failed"), Start={"Type": "Pass", "Next": "Both"})

    bad, corrected = around("Failed"), around("Release")
    config = parse_config(CONFIG)
    assert "effect-without-compensation" in {finding.rule for finding in lint_definition(bad, config)}
    assert "effect-without-compensation" not in {finding.rule for finding in lint_definition(corrected, config)}


def test_kept_results_and_the_input_are_added_up():
    definition = machine(Reserve=task("Reserve", ResultPath="$.held", catch="Release"), Release=task("Release"))
    few = parse_config({**CONFIG, "input_bytes": 229_020})
    many = parse_config({**CONFIG, "input_bytes": 229_021})
    assert lint_definition(definition, few) == []
    (finding,) = lint_definition(definition, many)
    assert finding.rule == "payload-size"
    assert "add up to 262,145" in finding.why


def test_a_kept_result_needs_a_declared_size():
    definition = machine(Charge=task("Charge", ResultPath="$.charge"))
    (finding,) = lint_definition(definition, parse_config({**CONFIG, "input_bytes": 1000}))
    assert (finding.rule, finding.location) == ("payload-size", "Charge/ResultPath")


def test_an_invalid_definition_has_no_other_findings():
    (finding,) = lint_definition(machine(Charge=task("Charge", TimeoutSeconds="soon")))
    assert (finding.rule, finding.location) == ("invalid-definition", "Charge/TimeoutSeconds")
    assert [finding.rule for finding in lint_definition("{")] == ["invalid-definition"]
