"""The post-confirmation trigger of the user pool: everyone who confirms an address becomes a shopper.

Cognito calls it after each confirmation, and waits for it:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html. Adding a user to a
group twice changes nothing, so it may run again. Only operators make operators.
"""

from __future__ import annotations

import os
from typing import Any

from oms.adapters.aws.clients import Aws
from oms.declarations.sign_in import SHOPPERS

SIGNED_UP = "PostConfirmation_ConfirmSignUp"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return add_confirmed_shopper(event, Aws.of(os.environ))


def add_confirmed_shopper(event: dict[str, Any], aws: Aws) -> dict[str, Any]:
    """Add the user to the group. Cognito also confirms a new password after a lost one, which changes no group."""
    if event["triggerSource"] == SIGNED_UP:
        pool_id, user_name = event["userPoolId"], event["userName"]
        aws.cognito().admin_add_user_to_group(UserPoolId=pool_id, Username=user_name, GroupName=SHOPPERS)
    return event
