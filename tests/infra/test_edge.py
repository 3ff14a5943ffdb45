"""The HTTP API has the contract's routes, with their functions and their authorization."""

import json

import pytest
import yaml

from oms.declarations.files import ROOT

CONTRACT = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
OPERATIONS = {
    f"{method.upper()} /api{path}": operation
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
    if method in ("get", "put", "post", "patch", "delete", "head", "options", "trace")
}


@pytest.fixture(scope="module")
def routes(cloud):
    return {route["RouteKey"]: route for route in cloud.of_type("AWS::ApiGatewayV2::Route").values()}


def test_the_routes_are_the_contract_s(routes):
    assert set(routes) == set(OPERATIONS)


def test_each_route_reaches_the_handler_that_the_contract_names(cloud, routes):
    integrations = cloud.of_type("AWS::ApiGatewayV2::Integration")
    functions = cloud.of_type("AWS::Lambda::Function")
    for key, route in routes.items():
        integration = integrations[cloud.read(route["Target"]).removeprefix("integrations/")]
        function = functions[cloud.read(integration["IntegrationUri"])]
        assert function["Handler"] == f"{OPERATIONS[key]['x-handler']}.service"
        assert integration["PayloadFormatVersion"] == "2.0"
        assert integration["TimeoutInMillis"] > function["Timeout"] * 1000


def test_every_route_asks_for_a_token_unless_the_contract_opens_it(cloud, routes):
    for key, operation in OPERATIONS.items():
        if any("jwt" in each for each in operation.get("security", CONTRACT["security"])):
            assert routes[key]["AuthorizationType"] == "JWT"
            assert cloud.read(routes[key]["AuthorizerId"]) == "ApiUsers"
            assert routes[key]["AuthorizationScopes"] == ["aws.cognito.signin.user.admin"]
        else:
            assert routes[key]["AuthorizationType"] == "NONE"
            assert "AuthorizerId" not in routes[key]


def test_a_token_is_of_this_pool_and_for_this_client(cloud):
    (authorizer,) = cloud.of_type("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert cloud.read(authorizer["JwtConfiguration"]) == {"Audience": ["SignInUsersSite"], "Issuer": "SignInUsers"}


def test_only_its_own_routes_may_call_a_function(cloud):
    for permission in cloud.of_type("AWS::Lambda::Permission").values():
        if permission["Principal"] == "cognito-idp.amazonaws.com":
            continue
        assert permission["Principal"] == "apigateway.amazonaws.com"
        source = cloud.read(permission["SourceArn"])
        assert source.startswith("arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:Api/*/*/")
        assert not source.endswith("*")


def test_the_stage_is_throttled_and_logs_nobody(cloud):
    (stage,) = cloud.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
    logged = " ".join(json.loads(stage["AccessLogSettings"]["Format"]).values())
    for personal in ("identity", "authorizer", "path", "httpMethod", "jwt"):
        assert personal not in logged


def test_no_other_site_may_call_from_a_browser(cloud):
    (api,) = cloud.of_type("AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api
