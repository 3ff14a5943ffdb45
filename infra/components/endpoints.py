"""The variables that name AWS's endpoints to the functions, in any region and partition."""

from __future__ import annotations

from aws_cdk import Aws, CfnCondition, CfnMapping, Fn
from constructs import Construct

from infra.endpoint_names import (
    DUAL_STACK_SUFFIXES,
    GOV_WEST,
    VARIABLES,
    host_label,
    is_unlike_partition,
)
from infra.settings import DeploymentSettings

SUFFIX = "suffix"


def endpoint_variables(scope: Construct) -> dict[str, str]:
    """The endpoints of the services whose client finds only standard ones. boto3 finds the others by the flags."""
    settings = DeploymentSettings.of(scope.node)
    if not (settings.fips or settings.dual_stack):
        return {variable: f"https://{service}.{Aws.REGION}.{Aws.URL_SUFFIX}" for service, variable in VARIABLES.items()}
    names = CfnMapping(scope, "Endpoints", mapping=_names(settings))
    suffix = names.find_in_map(Aws.PARTITION, SUFFIX) if settings.dual_stack else Aws.URL_SUFFIX
    labels = {service: names.find_in_map(Aws.PARTITION, service) for service in VARIABLES}
    for service in VARIABLES:
        if is_unlike_partition(service, settings.fips, settings.dual_stack):
            condition = CfnCondition(scope, "GovWest", expression=Fn.condition_equals(Aws.REGION, GOV_WEST))
            labels[service] = Fn.condition_if(condition.logical_id, service, labels[service]).to_string()
    flags = {"AWS_USE_FIPS_ENDPOINT": settings.fips, "AWS_USE_DUALSTACK_ENDPOINT": settings.dual_stack}
    return {
        **{variable: f"https://{labels[service]}.{Aws.REGION}.{suffix}" for service, variable in VARIABLES.items()},
        **{name: "true" for name, is_set in flags.items() if is_set},
    }


def _names(settings: DeploymentSettings) -> dict[str, dict[str, str]]:
    """What the partitions call the services, and the suffix of their dual-stack endpoints."""
    return {
        partition: {
            SUFFIX: suffix,
            **{service: host_label(service, partition, settings.fips, settings.dual_stack) for service in VARIABLES},
        }
        for partition, suffix in DUAL_STACK_SUFFIXES.items()
    }
