"""Sign-in, as ``api/sign_in.json`` declares it: the groups, and the properties of the user pool and of its client.

The properties have the names of Cognito's API, which CloudFormation uses too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms.declarations.files import read_json

SHOPPERS, OPERATORS = "shoppers", "operators"


@dataclass(frozen=True)
class SignInDeclaration:
    groups: Mapping[str, str]
    """The description of each group, by its name."""
    pool: Mapping[str, Any]
    client: Mapping[str, Any]


def sign_in() -> SignInDeclaration:
    return SignInDeclaration(**read_json("api/sign_in.json"))
