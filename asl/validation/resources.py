"""What a Task's Resource may be, and what an Express workflow may not call.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import re

from asl.validation.diagnostics import Report

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+", re.S)
_INTEGRATION = re.compile(
    r"arn:[\w-]+:states:[\w-]*:\d*:(?P<service>aws-sdk:\w+|[\w-]+):(?P<action>\w+)(?P<pattern>\.[\w:]+)?"
)
_ACTIVITY = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:activity:.+", re.S)

_JOB, _CALLBACK = ".sync", ".waitForTaskToken"
_PATTERNS = {None, _JOB, f"{_JOB}:2", _CALLBACK}
_NO_JOBS = {"lambda", "sns", "sqs", "dynamodb", "events", "apigateway", "http", "bedrock-agentcore"}
_NO_CALLBACKS = {
    *("athena", "batch", "codebuild", "elasticmapreduce", "emr-containers", "emr-serverless", "glue", "databrew"),
    *("mediaconvert", "sagemaker", "dynamodb", "http", "bedrock-agentcore"),
}
_ACTIONS = {
    "apigateway": "invoke",
    "athena": "startQueryExecution stopQueryExecution getQueryExecution getQueryResults",
    "batch": "submitJob",
    "bedrock": "invokeModel createModelCustomizationJob",
    "bedrock-agentcore": "invokeHarness",
    "codebuild": "startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch stopBuildBatch retryBuildBatch"
    " deleteBuildBatch",
    "databrew": "startJobRun",
    "dynamodb": "getItem putItem updateItem deleteItem",
    "ecs": "runTask",
    "eks": "call runJob createCluster deleteCluster createFargateProfile deleteFargateProfile createNodegroup"
    " deleteNodegroup",
    "elasticmapreduce": "createCluster terminateCluster setClusterTerminationProtection addStep cancelStep"
    " modifyInstanceFleetByName modifyInstanceGroupByName",
    "emr-containers": "createVirtualCluster deleteVirtualCluster startJobRun",
    "emr-serverless": "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
    "events": "putEvents",
    "glue": "startJobRun",
    "http": "invoke",
    "lambda": "invoke",
    "mediaconvert": "createJob",
    "sagemaker": "createTrainingJob createTransformJob createHyperParameterTuningJob createLabelingJob"
    " createProcessingJob createModel createEndpoint createEndpointConfig updateEndpoint",
    "sns": "publish",
    "sqs": "sendMessage",
    "states": "startExecution",
}
"""The optimized integrations, from the list on the page above."""


def is_placeholder(resource: str) -> bool:
    """True where deployment fills something in, such as ``${ChargeArn}``."""
    return "${" in resource


def is_activity(resource: str) -> bool:
    return _ACTIVITY.fullmatch(resource) is not None


def check_resource(report: Report, resource: str, here: str, machine_type: str) -> None:
    """An ARN of a function, an activity or an integration that Step Functions has."""
    if is_placeholder(resource):
        return
    if _ARN.fullmatch(resource) is None:
        report.error(here, "Value is not a valid resource ARN")
        return
    if machine_type == "EXPRESS":
        _check_express(report, resource, here)
    if ":states:" in resource and not is_activity(resource) and not _known(resource):
        report.error(
            here,
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
            "or the resource is not available in this region.",
        )


def _check_express(report: Report, resource: str, here: str) -> None:
    if is_activity(resource):
        report.error(here, "Express state machine does not support Activity ARN")
    elif re.search(r"\.sync(:2)?$", resource):
        report.error(here, "Express state machine does not support '.sync' service integration")
    elif resource.endswith(_CALLBACK):
        # The trailing space is AWS's.
        report.error(here, "Express state machine does not support '.waitForTaskToken' service integration ")


def _known(resource: str) -> bool:
    found = _INTEGRATION.fullmatch(resource)
    if found is None or found["pattern"] not in _PATTERNS:
        return False
    service, pattern = found["service"], found["pattern"]
    if service.startswith("aws-sdk:"):
        return pattern in (None, _CALLBACK) and _sdk_has(service.removeprefix("aws-sdk:"))
    if pattern == f"{_JOB}:2":
        return service == "states"
    forbidden = {_JOB: _NO_JOBS, _CALLBACK: _NO_CALLBACKS}.get(pattern or "", set())
    return found["action"] in _ACTIONS.get(service, "").split() and service not in forbidden


def _sdk_has(service: str) -> bool:
    from asl.services.naming import client_name

    return client_name(service) is not None


def callable_here(resource: str) -> bool:
    """Whether the engine's own services can call the resource; a stub or a mock can always stand in for one."""
    from asl.services import supported

    if is_placeholder(resource) or is_activity(resource):
        return True
    found = _INTEGRATION.fullmatch(resource)
    if found is not None and found["pattern"] in (_JOB, f"{_JOB}:2") and found["service"] != "states":
        return False
    return supported(resource)
