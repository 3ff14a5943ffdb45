"""Who may sign in: one pool of shoppers and operators, and the client that the site signs in with."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

GROUPS = {
    "shoppers": "Order, see their own orders, cancel and return.",
    "operators": "Decide reviews, inspect returns, redrive what is parked.",
}


class SignIn(Construct):
    """Sign-in by e-mail and SRP: a password never leaves the browser."""

    def __init__(self, scope: Construct, retain: bool) -> None:
        super().__init__(scope, "SignIn")
        self.pool = cognito.UserPool(
            self,
            "Users",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(min_length=12, require_symbols=False),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )
        for name, description in GROUPS.items():
            self.pool.add_group(name.capitalize(), group_name=name, description=description)
        self.client = self.pool.add_client(
            "Site",
            auth_flows=cognito.AuthFlow(user_srp=True),
            disable_o_auth=True,
            generate_secret=False,  # it runs in a browser, which keeps none
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
        )
