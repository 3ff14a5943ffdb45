"""Each function gets the variables of what it uses, and every one is known."""

import pytest

from local.aws.functions import declared_functions
from local.stack.settings import Places, variables_of
from oms.adapters.aws.clients import Aws


@pytest.mark.parametrize("function", declared_functions())
def test_what_a_function_uses_has_its_variables(function):
    everything = {"ORDERS_TABLE": "orders", "SEARCH_FOLDER": "search", "AWS_REGION": "us-east-1"}
    given = variables_of(function, everything)
    assert given["AWS_REGION"] == "us-east-1"
    uses = declared_functions()[function].uses
    assert ("ORDERS_TABLE" in given) == bool({"orders", "discounts", "credit"} & {*uses})
    assert ("SEARCH_FOLDER" in given) == ("search" in uses)


@pytest.mark.parametrize("text", ["abc", "0", "-1", "70000", "8000.0", "\u0663", "9" * 20])
def test_a_port_that_can_be_none_is_named(text):
    with pytest.raises(SystemExit, match="ASL_PORT is a whole number from 1 to 65535"):
        Places.of({"ASL_PORT": text})


@pytest.mark.parametrize(
    ("given", "signs"),
    [
        ({}, False),
        ({"AWS_CA_BUNDLE": "/etc/ssl/ca.pem", "AWS_PROFILE": "work", "AWS_REGION": "eu-west-1"}, False),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8100"}, True),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4600"}, True),
    ],
)
def test_requests_are_signed_where_the_user_names_a_place(given, signs):
    assert Aws.of(Places.of(given).aws()).signs == signs


def test_ports_are_those_that_are_given():
    places = Places.of({"PORT": "8001", "MINISTACK_PORT": "5000", "ASL_PORT": ""})
    assert (places.port, places.engine_port, places.cognito_port) == (8001, 8083, 5001)
