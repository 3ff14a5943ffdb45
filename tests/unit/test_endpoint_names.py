"""The endpoints that a deployment names are those of botocore's rules, in every region of every partition."""

from __future__ import annotations

from itertools import product

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from infra.endpoint_names import DUAL_STACK_SUFFIXES, GOV_WEST, VARIABLES, host_label, is_unlike_partition
from oms.adapters.aws.clients import SERVICES

LOADER = Loader()
DATA = LOADER.load_data("partitions")
NAMES = {service.host: service.name for service in SERVICES.values()}


def test_every_partition_has_a_suffix() -> None:
    suffixes = {partition["id"]: partition["outputs"]["dualStackDnsSuffix"] for partition in DATA["partitions"]}
    assert suffixes == DUAL_STACK_SUFFIXES


def test_each_endpoint_has_the_variable_that_the_client_reads() -> None:
    assert {service.host: service.variable for service in SERVICES.values()} | VARIABLES == {
        service.host: service.variable for service in SERVICES.values()
    }


@pytest.mark.parametrize(
    ("service", "fips", "dual_stack"),
    list(product(VARIABLES, (False, True), (False, True))),
    ids=lambda value: str(value),
)
def test_an_endpoint_is_botocore_s(service: str, fips: bool, dual_stack: bool) -> None:
    rules = EndpointProvider(LOADER.load_service_model(NAMES[service], "endpoint-rule-set-1"), DATA)
    for partition in DATA["partitions"]:
        suffix = partition["outputs"]["dualStackDnsSuffix" if dual_stack else "dnsSuffix"]
        for region in partition["regions"]:
            if region.endswith("-global"):
                continue
            label = host_label(service, partition["id"], fips, dual_stack)
            if region == GOV_WEST and is_unlike_partition(service, fips, dual_stack):
                label = service
            expected = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url
            assert f"https://{label}.{region}.{suffix}" == expected
