"""The endpoints that the client of the JSON protocol finds by itself, and an error for all others.

It knows the standard endpoints of commercial regions, GovCloud and China. FIPS, dual-stack and other partitions have
names that follow no rule, so a variable has to name them. The CDK app sets it, and boto3 looks them up itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FIPS, DUAL_STACK = "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"
DNS_SUFFIXES = {
    re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+"): "amazonaws.com",
    re.compile(r"us-gov-\w+-\d+"): "amazonaws.com",
    re.compile(r"cn-\w+-\d+"): "amazonaws.com.cn",
}


class AwsConfigurationError(ValueError):
    """The variables ask for what the AWS client doesn't do. The message says what to set."""


def variants_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Those of FIPS and dual-stack that are asked for, by their variables."""
    return tuple(name for name in (FIPS, DUAL_STACK) if environ.get(name, "").lower() == "true")


def standard_endpoint(service: str, region: str, variants: tuple[str, ...], variable: str) -> str:
    """The URL of ``service`` in a region. ``variable`` is the one that names another, for the error's message."""
    remedy = f"set {variable} to the URL of the endpoint, or AWS_CLIENT=boto3"
    if variants:
        raise AwsConfigurationError(f"{' and '.join(variants)} without an endpoint for {service}: {remedy}")
    for pattern, suffix in DNS_SUFFIXES.items():
        if pattern.fullmatch(region):
            return f"https://{service}.{region}.{suffix}"
    raise AwsConfigurationError(f"no endpoint of {service} is known for the region {region!r}: {remedy}")
