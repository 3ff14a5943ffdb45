"""The environment variables of each function, as on AWS: those of the ports that it uses, and the standard ones."""

from __future__ import annotations

from collections.abc import Mapping

from local.aws.functions import declared_functions
from oms.declarations.environment import AWS_ONLY, variables_of_ports


def variables_of(function: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The part of ``environment`` that the function gets."""
    names = {*variables_of_ports(declared_functions()[function].uses)} - AWS_ONLY
    return {name: value for name, value in environment.items() if name in names or name.startswith("AWS_")}
