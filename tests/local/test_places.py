"""Each function gets the variables of what it uses, and every one is known."""

import pytest

from local.functions import consumers, services, tasks
from local.places import variables_of


@pytest.mark.parametrize("function", [*services(), *tasks(), *consumers()])
def test_what_a_function_uses_has_its_variables(function):
    everything = {"ORDERS_TABLE": "orders", "SEARCH_FOLDER": "search", "AWS_REGION": "us-east-1"}
    given = variables_of(function, everything)
    assert given["AWS_REGION"] == "us-east-1"
    uses = {**services(), **tasks(), **consumers()}[function]["uses"]
    assert ("ORDERS_TABLE" in given) == bool({"orders", "discounts", "credit"} & {*uses})
    assert ("SEARCH_FOLDER" in given) == ("search" in uses)
