"""The templates conform to CloudFormation's schemas."""

import json

from cfnlint.api import ManualArgs, lint_file

# The CDK names each role twice: as a reference and as a dependency.
REDUNDANT_DEPENDENCY = "W3005"


def test_the_templates_keep_to_cloudformation_s_schemas(assembly):
    templates = sorted(assembly.glob("*.template.json"))
    args = ManualArgs(regions=["eu-central-1", "us-east-1"], ignore_checks=[REDUNDANT_DEPENDENCY])
    matches = [f"{path.name}: {match}" for path in templates for match in lint_file(path, args)]
    assert len(templates) == 5
    assert matches == []


def test_synthesis_asks_an_account_for_nothing(assembly):
    manifest = json.loads((assembly / "manifest.json").read_text())
    stacks = [each for each in manifest["artifacts"].values() if each["type"] == "aws:cloudformation:stack"]
    assert "missing" not in manifest
    assert {each["environment"] for each in stacks} == {"aws://unknown-account/unknown-region"}
