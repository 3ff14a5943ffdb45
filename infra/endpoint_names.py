"""The names of AWS's endpoints for FIPS and dual-stack, by partition, as botocore's rules have them.

It imports no CDK, so that a test can compare it with botocore, which the CDK's environment lacks.
"""

from __future__ import annotations

GOV = "aws-us-gov"
DUAL_STACK_SUFFIXES = {
    "aws": "api.aws",
    "aws-cn": "api.amazonwebservices.com.cn",
    "aws-eusc": "api.amazonwebservices.eu",
    "aws-iso": "api.aws.ic.gov",
    "aws-iso-b": "api.aws.scloud",
    "aws-iso-e": "api.cloud-aws.adc-e.uk",
    "aws-iso-f": "api.aws.hci.ic.gov",
    GOV: "api.aws",
}
"""The DNS suffixes of dual-stack endpoints. Those of the others are CloudFormation's ``AWS::URLSuffix``."""
VARIABLES = {"dynamodb": "AWS_ENDPOINT_URL_DYNAMODB", "states": "AWS_ENDPOINT_URL_SFN"}
"""The variable of each service that the shop calls by a client of its own."""
GOV_WEST = "us-gov-west-1"
"""The one region whose label for ``states`` differs from that of its partition: see ``is_unlike_partition``."""


def host_label(service: str, partition: str, fips: bool, dual_stack: bool) -> str:
    """The first label of the endpoint's host. GovCloud's standard endpoints are FIPS endpoints, with exceptions."""
    if partition == GOV and service == "dynamodb":
        has_suffix = fips and dual_stack
    elif partition == GOV:
        has_suffix = fips or dual_stack
    else:
        has_suffix = fips
    return f"{service}-fips" if has_suffix else service


def is_unlike_partition(service: str, fips: bool, dual_stack: bool) -> bool:
    """Whether the label in ``GOV_WEST`` is the service's plain name, unlike elsewhere in its partition."""
    return service == "states" and fips and not dual_stack
