"""Who may sign in: one pool of shoppers and operators, and the client that the site signs in with.

What ``api/sign_in.json`` says of both holds on one machine too: how they sign in, the passwords, how long tokens last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import CfnResource, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.declared import sign_in


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
        as_declared(self.pool, declared["pool"])
        for name, description in declared["groups"].items():
            self.pool.add_group(name.capitalize(), group_name=name, description=description)
        self.client = self.pool.add_client("Site", disable_o_auth=True)
        as_declared(self.client, declared["client"])

    def confirm_by(self, function: lambda_.Function) -> None:
        """Call it after each confirmation. Its policy stands apart: in the role's own the pool, the function and the
        policy would each wait for the next."""
        self.pool.add_trigger(cognito.UserPoolOperation.POST_CONFIRMATION, function)
        joining = iam.PolicyStatement(actions=["cognito-idp:AdminAddUserToGroup"], resources=[self.pool.user_pool_arn])
        policy = iam.Policy(self, "Joining", statements=[joining])
        policy.attach_to_role(cast(iam.IRole, function.role))


def as_declared(made: Construct, properties: Mapping[str, Any]) -> None:
    """CloudFormation gives them the names that the API does."""
    resource = cast(CfnResource, made.node.default_child)
    for name, value in properties.items():
        resource.add_property_override(name, value)
