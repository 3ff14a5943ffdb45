"""The stack of the HTTP API: a route for every operation of the contract."""

from __future__ import annotations

import json

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigwv2
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.components.alarms import alarm_on_any
from infra.components.functions import LambdaFunctions
from infra.components.grants import Grants
from infra.components.machines import MachineArns
from infra.components.sign_in import SignIn
from infra.contract import api_routes, base_path, service_functions
from infra.settings import DeploymentSettings
from infra.stacks.data import DataStack
from infra.stacks.orders import OrdersStack
from infra.stacks.search import SearchStack
from oms.declarations import cors, limits

INTEGRATION_TIMEOUT = Duration.seconds(limits.INTEGRATION_TIMEOUT_SECONDS)
ACCESS_LOG_FIELDS = {
    "gateway_request_id": "$context.requestId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
}
"""No address, no path with ids, no subject: who did what is in the order's own events."""


class EdgeStack(Stack):
    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: DeploymentSettings,
        data: DataStack,
        search: SearchStack,
        orders: OrdersStack,
    ) -> None:
        super().__init__(scope, id, description="HTTP API of the shop.")
        machine_arns = MachineArns(self, settings.name)
        grants = Grants(
            {**data.arns(), **search.arns(), **machine_arns.arns()},
            {**data.variables(), **search.variables(), **machine_arns.variables()},
        )
        functions = LambdaFunctions(self, "api", grants)
        integrations = {
            name: HttpLambdaIntegration(name, functions.add(declared), timeout=INTEGRATION_TIMEOUT)
            for name, declared in service_functions().items()
        }
        authorizer = jwt_authorizer(data.sign_in)
        self.api = apigwv2.HttpApi(
            self,
            "Api",
            create_default_stage=False,
            cors_preflight=preflight_options(settings.site_origin),
            api_name=settings.name,
        )
        for route in api_routes():
            self.api.add_routes(
                path=route.url_path,
                methods=[apigwv2.HttpMethod[route.method]],
                integration=integrations[route.function],
                authorizer=authorizer if route.secured else apigwv2.HttpNoneAuthorizer(),
                authorization_scopes=sorted(route.scopes) or None,
            )
        stage(self, self.api)
        failing = alarm_on_any(
            self, "ApiFails", self.api.metric_server_error(period=Duration.minutes(1)), "The API answers 5xx."
        )
        failing.add_alarm_action(actions.SnsAction(orders.alarms))
        callbacks = "Callbacks go to /webhooks/carrier and /webhooks/payments below it."
        url = f"{self.api.api_endpoint}{base_path()}"
        CfnOutput(self, "ApiUrl", value=url, description=f"Base URL of the API. {callbacks}")


def jwt_authorizer(sign_in: SignIn) -> HttpJwtAuthorizer:
    """Checks signature, issuer, audience, expiry and the route's scopes. Groups are for the handlers to check."""
    client = sign_in.client.user_pool_client_id
    return HttpJwtAuthorizer("Users", sign_in.pool.user_pool_provider_url, jwt_audience=[client])


def preflight_options(site_origin: str | None) -> apigwv2.CorsPreflightOptions | None:
    if not site_origin:
        return None
    return apigwv2.CorsPreflightOptions(
        allow_origins=[site_origin],
        allow_methods=[apigwv2.CorsHttpMethod[method] for method in sorted({route.method for route in api_routes()})],
        allow_headers=list(cors.REQUEST_HEADERS),
        expose_headers=list(cors.RESPONSE_HEADERS),
        max_age=Duration.seconds(cors.PREFLIGHT_MAX_AGE_SECONDS),
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
            throttling_rate_limit=limits.REQUESTS_PER_SECOND,
            throttling_burst_limit=limits.BURST,
            detailed_metrics_enabled=True,
        ),
        access_log_settings=apigwv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG_FIELDS)
        ),
    )
