"""The names by which services and resources are found on one machine: region, account, ARNs, endpoint variables."""

from __future__ import annotations

REGION, ACCOUNT = "us-east-1", "000000000000"
ENDPOINT_PREFIX = "AWS_ENDPOINT_URL_"
"""The standard variable that says where a service is has this prefix."""
COGNITO_ENDPOINT = f"{ENDPOINT_PREFIX}COGNITO_IDENTITY_PROVIDER"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def machine_arn(name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
