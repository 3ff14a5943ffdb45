"""The endpoints that the functions call, as CloudFormation resolves them in every kind of region."""

import pytest

from infra.app import shop
from infra.endpoint_names import DUAL_STACK_SUFFIXES, VARIABLES, host_label, is_unlike_partition
from tests.infra.cloud import Cloud

REGIONS = {
    "eu-central-1": ("aws", "amazonaws.com"),
    "us-gov-west-1": ("aws-us-gov", "amazonaws.com"),
    "us-gov-east-1": ("aws-us-gov", "amazonaws.com"),
    "cn-north-1": ("aws-cn", "amazonaws.com.cn"),
    "us-iso-east-1": ("aws-iso", "c2s.ic.gov"),
}


def deployed(template, region, value):
    """The value as CloudFormation would make it of a template in this region."""
    partition, suffix = REGIONS[region]
    match value:
        case {"Ref": name}:
            return {"AWS::Region": region, "AWS::Partition": partition, "AWS::URLSuffix": suffix}[name]
        case {"Fn::Join": [glue, parts]}:
            return glue.join(deployed(template, region, part) for part in parts)
        case {"Fn::FindInMap": [name, *keys]}:
            first, second = (deployed(template, region, key) for key in keys)
            return template["Mappings"][name][first][second]
        case {"Fn::If": [condition, yes, no]}:
            left, right = template["Conditions"][condition]["Fn::Equals"]
            is_true = deployed(template, region, left) == deployed(template, region, right)
            return deployed(template, region, yes if is_true else no)
    return value


@pytest.fixture(scope="module", params=[(False, True), (True, False), (True, True)], ids=["dual", "fips", "both"])
def variant(request, tmp_path_factory):
    fips, dual_stack = request.param
    outdir = tmp_path_factory.mktemp("variant")
    shop(str(outdir), {"fips": str(fips).lower(), "dualstack": str(dual_stack).lower()}).synth()
    return fips, dual_stack, Cloud.of(outdir)


def environments(cloud):
    for template in cloud.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                yield template, resource["Properties"]["Environment"]["Variables"]


def test_every_function_calls_the_endpoints_of_the_variant(variant):
    fips, dual_stack, cloud = variant
    assert len(list(environments(cloud))) > 20
    for template, variables in environments(cloud):
        assert variables.get("AWS_USE_FIPS_ENDPOINT") == ("true" if fips else None)
        assert variables.get("AWS_USE_DUALSTACK_ENDPOINT") == ("true" if dual_stack else None)
        for region, (partition, standard_suffix) in REGIONS.items():
            suffix = DUAL_STACK_SUFFIXES[partition] if dual_stack else standard_suffix
            for service, variable in VARIABLES.items():
                label = host_label(service, partition, fips, dual_stack)
                if region == "us-gov-west-1" and is_unlike_partition(service, fips, dual_stack):
                    label = service
                assert deployed(template, region, variables[variable]) == f"https://{label}.{region}.{suffix}"


@pytest.mark.parametrize("value", ["yes", "1", ""])
def test_a_flag_is_true_or_false(value, tmp_path):
    with pytest.raises(ValueError, match="true or false"):
        shop(str(tmp_path), {"fips": value})
