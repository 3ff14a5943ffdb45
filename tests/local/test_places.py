"""Where the one-machine shop is, whatever the user's own environment says of AWS."""

import pytest

from local.places import COGNITO, Places, machine_arn

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA0", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_shop_is_in_the_region_that_its_arns_name(variable):
    aws = Places.of({**KEYS, variable: "eu-central-1"}).aws()
    assert machine_arn("NewOrder").split(":")[3] == aws["AWS_REGION"] == aws["AWS_DEFAULT_REGION"]


def test_whoever_has_credentials_asks_with_their_own():
    assert KEYS.items() <= Places.of(KEYS).aws().items()


def test_an_endpoint_of_the_user_s_takes_the_place_of_ours():
    own = {"AWS_ENDPOINT_URL_DYNAMODB": "http://dynamodb:8000", COGNITO: "http://cognito:9229"}
    assert own.items() <= Places.of(own).aws().items()


def test_cognito_s_port_comes_after_ministack_s_unless_it_is_said():
    assert Places.of({"MINISTACK_PORT": "5000"}).cognito_port == 5001
    assert Places.of({"MINISTACK_PORT": "5000", "COGNITO_PORT": "6000"}).aws()[COGNITO] == "http://127.0.0.1:6000"
