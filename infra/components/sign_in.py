"""Sign-in: one user pool of shoppers and operators, and the client that the site signs in with.

``api/sign_in.json`` declares their properties for AWS and one machine alike: how people sign in, which passwords they
may have, how long tokens last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import CfnResource, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from oms.declarations.sign_in import sign_in


class SignIn(Construct):
    """Sign-in by e-mail and SRP: a password never leaves the browser."""

    def __init__(self, scope: Construct, retain: bool) -> None:
        super().__init__(scope, "SignIn")
        declared = sign_in()
        self.pool = cognito.UserPool(
            self,
            "Users",
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )
        set_properties(self.pool, declared.pool)
        for name, description in declared.groups.items():
            self.pool.add_group(name.capitalize(), group_name=name, description=description)
        self.client = self.pool.add_client("Site", disable_o_auth=True)
        set_properties(self.client, declared.client)

    def confirm_by(self, function: lambda_.Function) -> None:
        """Call the function after each confirmed sign-up.

        Its policy is not part of the role's default policy: there the pool, the function and the policy would depend on
        each other in a cycle.
        """
        self.pool.add_trigger(cognito.UserPoolOperation.POST_CONFIRMATION, function)
        statement = iam.PolicyStatement(
            actions=["cognito-idp:AdminAddUserToGroup"], resources=[self.pool.user_pool_arn]
        )
        policy = iam.Policy(self, "Joining", statements=[statement])
        policy.attach_to_role(cast(iam.IRole, function.role))


def set_properties(construct: Construct, properties: Mapping[str, Any]) -> None:
    """Override properties that CloudFormation and Cognito's API call by the same names."""
    resource = cast(CfnResource, construct.node.default_child)
    for name, value in properties.items():
        resource.add_property_override(name, value)
