"""Checks of a Task's Resource: which integrations exist, and which an Express workflow can't call.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import re

from asl.language.resources import (
    CALLBACK,
    JOB,
    JOB_WITH_JSON_OUTPUT,
    Integration,
    is_placeholder,
    parse_resource,
)
from asl.services.catalogue import is_supported
from asl.services.naming import client_name
from asl.validation.diagnostics import DiagnosticsCollector

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+", re.S)
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


def is_activity(resource: str) -> bool:
    return parse_resource(resource).kind == "activity"


def check_resource(collector: DiagnosticsCollector, resource: str, location: str, machine_type: str) -> None:
    """Check a Task's Resource: the ARN of a function, an activity or an integration that Step Functions has."""
    if is_placeholder(resource):
        return
    if _ARN.fullmatch(resource) is None:
        collector.error(location, "Value is not a valid resource ARN")
        return
    if machine_type == "EXPRESS":
        _check_express(collector, resource, location)
    if ":states:" in resource and not is_activity(resource) and not _exists(parse_resource(resource)):
        collector.error(
            location,
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
            "or the resource is not available in this region.",
        )


def _check_express(collector: DiagnosticsCollector, resource: str, location: str) -> None:
    integration = parse_resource(resource)
    if integration.kind == "activity":
        collector.error(location, "Express state machine does not support Activity ARN")
    elif integration.waits_for_job:
        collector.error(location, "Express state machine does not support '.sync' service integration")
    elif integration.waits_for_token:
        # The trailing space is AWS's.
        collector.error(location, "Express state machine does not support '.waitForTaskToken' service integration ")


def _exists(integration: Integration) -> bool:
    """True for an integration that Step Functions has."""
    service, pattern = integration.service, integration.pattern
    if service.startswith("aws-sdk:"):
        has_client = client_name(service.removeprefix("aws-sdk:")) is not None
        return has_client and integration.action.isidentifier() and pattern in ("", CALLBACK)
    if pattern == JOB_WITH_JSON_OUTPUT:
        return service == "states"
    unavailable = {JOB: _NO_JOBS, CALLBACK: _NO_CALLBACKS}.get(pattern, set())
    return integration.action in _ACTIONS.get(service, "").split() and service not in unavailable


def is_callable(resource: str) -> bool:
    """True for a resource that the engine or its Services can call; a stub or a mock can stand in for any other."""
    if is_placeholder(resource) or is_activity(resource):
        return True
    integration = parse_resource(resource)
    if integration.waits_for_job and integration.service != "states":
        return False
    return is_supported(resource)
