"""The stack's settings, and the variables that each function gets."""

import pytest

from local.aws.function_variables import variables_of
from local.aws.functions import declared_functions
from local.stack.settings import StackSettings, catalogue_size
from oms.adapters.aws.clients import Aws


@pytest.mark.parametrize("function", declared_functions())
def test_a_function_gets_the_variables_of_its_ports(function):
    everything = {"ORDERS_TABLE": "orders", "SEARCH_FOLDER": "search", "AWS_REGION": "us-east-1"}
    variables = variables_of(function, everything)
    assert variables["AWS_REGION"] == "us-east-1"
    uses = declared_functions()[function].uses
    assert ("ORDERS_TABLE" in variables) == bool({"orders", "discounts", "credit"} & {*uses})
    assert ("SEARCH_FOLDER" in variables) == ("search" in uses)


@pytest.mark.parametrize("text", ["abc", "0", "-1", "70000", "8000.0", "\u0663", "9" * 20])
def test_an_invalid_port_is_named(text):
    with pytest.raises(SystemExit, match="ASL_PORT is a whole number from 1 to 65535"):
        StackSettings.from_environ({"ASL_PORT": text})


@pytest.mark.parametrize(
    ("user_variables", "signs"),
    [
        ({}, False),
        ({"AWS_CA_BUNDLE": "/etc/ssl/ca.pem", "AWS_PROFILE": "work", "AWS_REGION": "eu-west-1"}, False),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8100"}, True),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4600"}, True),
    ],
)
def test_requests_are_signed_if_the_user_names_an_endpoint(user_variables, signs):
    assert Aws.of(StackSettings.from_environ(user_variables).aws_variables()).signs == signs


def test_ports_come_from_the_variables():
    settings = StackSettings.from_environ({"PORT": "8001", "MINISTACK_PORT": "5000", "ASL_PORT": ""})
    assert (settings.port, settings.engine_port, settings.cognito_port) == (8001, 8083, 5001)


@pytest.mark.parametrize(("text", "size"), [("", 5000), ("all", None), ("50", 50)])
def test_the_catalogue_s_size_comes_from_its_variable(text, size):
    assert catalogue_size({"CATALOGUE": text}) == size
