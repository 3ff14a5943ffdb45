"""What follows a sign-up: who has confirmed an address is a shopper. Operators are made by operators.

Cognito calls it after each confirmation, and waits:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html. To join twice is to
join once, so it may run again.
"""

from __future__ import annotations

import os
from typing import Any

from oms.adapters.aws.clients import Aws

SIGNED_UP = "PostConfirmation_ConfirmSignUp"
GROUP = "shoppers"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A forgotten password that was set anew is confirmed too, and changes nobody's groups."""
    return confirmed(event, Aws.of(os.environ))


def confirmed(event: dict[str, Any], aws: Aws) -> dict[str, Any]:
    if event["triggerSource"] == SIGNED_UP:
        pool, person = event["userPoolId"], event["userName"]
        aws.cognito().admin_add_user_to_group(UserPoolId=pool, Username=person, GroupName=GROUP)
    return event
