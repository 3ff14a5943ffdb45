"""The stack that the world may call: an HTTP API with a route for every operation of the contract."""

from __future__ import annotations

import json

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigwv2
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.data import Data
from infra.declared import base_path, routes, service_functions
from infra.functions import Functions
from infra.grants import Grants
from infra.machines import any_of, execution_arns, machine_arns
from infra.orders import Orders
from infra.search import Search
from infra.settings import Settings
from infra.sign_in import SignIn

INTEGRATION_TIMEOUT = Duration.seconds(15)
"""Longer than a function may take: its own timeout is the one that is seen, and named in its log."""
REQUESTS_A_SECOND, BURST = 200, 400
LOGGED = {
    "gateway_request_id": "$context.requestId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
}
"""No address, no path with its ids, no subject: who did what is in the order's own events."""


class Edge(Stack):
    def __init__(
        self, scope: Construct, id: str, settings: Settings, data: Data, search: Search, orders: Orders
    ) -> None:
        super().__init__(scope, id, description="HTTP API of the shop.")
        arns = machine_arns(self, settings.name), execution_arns(self, settings.name)
        made = Functions(self, "api", Grants(data, *arns, search=search))
        functions = {declared.name: made.add(declared) for declared in service_functions()}
        integrations = {
            name: HttpLambdaIntegration(name, function, timeout=INTEGRATION_TIMEOUT)
            for name, function in functions.items()
        }
        authorizer = token_check(data.sign_in)
        self.api = apigwv2.HttpApi(
            self, "Api", create_default_stage=False, cors_preflight=cors(settings.site_origin), api_name=settings.name
        )
        for route in routes():
            self.api.add_routes(
                path=route.path,
                methods=[apigwv2.HttpMethod[route.method]],
                integration=integrations[route.function],
                authorizer=apigwv2.HttpNoneAuthorizer() if route.is_open else authorizer,
                authorization_scopes=route.scopes or None,
            )
        stage(self, self.api)
        failing = any_of(
            self, "ApiFails", self.api.metric_server_error(period=Duration.minutes(1)), "The API answers 5xx."
        )
        failing.add_alarm_action(actions.SnsAction(orders.alarms))
        callbacks = "Callbacks go to /webhooks/carrier and /webhooks/payments below it."
        url = f"{self.api.api_endpoint}{base_path()}"
        CfnOutput(self, "ApiUrl", value=url, description=f"Base URL of the API. {callbacks}")


def token_check(sign_in: SignIn) -> HttpJwtAuthorizer:
    """Signature, issuer, audience, expiry and each route's scopes; who is in which group is for the handlers."""
    client = sign_in.client.user_pool_client_id
    return HttpJwtAuthorizer("Users", sign_in.pool.user_pool_provider_url, jwt_audience=[client])


def cors(site_origin: str | None) -> apigwv2.CorsPreflightOptions | None:
    if not site_origin:
        return None
    return apigwv2.CorsPreflightOptions(
        allow_origins=[site_origin],
        allow_methods=[apigwv2.CorsHttpMethod[method] for method in sorted({route.method for route in routes()})],
        allow_headers=[
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "x-correlation-id",
        ],
        expose_headers=["etag", "location", "retry-after", "x-correlation-id"],
        max_age=Duration.hours(1),
    )


def stage(stack: Stack, api: apigwv2.HttpApi) -> None:
    log_group = logs.LogGroup(
        stack, "AccessLogs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
    )
    apigwv2.CfnStage(
        stack,
        "Stage",
        api_id=api.api_id,
        stage_name="$default",
        auto_deploy=True,
        default_route_settings=apigwv2.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=REQUESTS_A_SECOND, throttling_burst_limit=BURST, detailed_metrics_enabled=True
        ),
        access_log_settings=apigwv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(LOGGED)
        ),
    )
