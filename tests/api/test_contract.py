"""The contract agrees with itself and with the services, and a cold start doesn't load it."""

import importlib
import re
import subprocess
import sys
from dataclasses import fields

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from api import contract, identifiers
from api.problems import Problem
from oms.domain.errors import Defect, leaves
from oms.ports import Deps

DOCUMENT = contract.document()
OPERATIONS = contract.operations()
SERVICES = {
    name: getattr(importlib.import_module(declared.module), declared.entry_point)
    for name, declared in contract.service_functions().items()
}
SCHEMAS = DOCUMENT["components"]["schemas"]
PORTS = {field.name for field in fields(Deps)} | {"carrier_signature", "payments_signature"}
ERRORS = {error.type(): error for error in leaves() if not issubclass(error, Defect)}
OF_HTTP = {
    "body-too-large": 413,
    "forbidden": 403,
    "internal-error": 500,
    "invalid-json": 400,
    "invalid-signature": 401,
    "keys-unavailable": 503,
    "no-such-route": 404,
    "nothing-waits": 409,
    "headers-too-large": 431,
    "precondition-failed": 412,
    "timed-out": 504,
    "too-many-requests": 429,
    "unauthorized": 401,
    "unsupported-media-type": 415,
}


def parts(value, path=""):
    """Every object in the contract, with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from parts(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from parts(inner, f"{path}/{index}")


def test_it_is_openapi():
    validate(DOCUMENT)


def test_every_route_has_a_handler_and_every_handler_a_route():
    answered = {(name, key) for name, service in SERVICES.items() for key in service.handlers}
    assert answered == {(operation.function, key) for key, operation in OPERATIONS.items()}


def test_every_handler_says_what_it_touches():
    for declared in DOCUMENT["x-handlers"].values():
        assert set(declared["uses"]) <= PORTS


def test_every_group_that_is_asked_for_goes_with_a_token():
    assert all(operation.secured for operation in OPERATIONS.values() if operation.groups)


def media():
    for path, part in parts(contract.inlined(DOCUMENT, DOCUMENT["paths"])):
        for kind, content in part.get("content", {}).items():
            yield pytest.param(content, id=f"{path}:{kind}")


@pytest.mark.parametrize("content", list(media()))
def test_every_body_has_examples_and_they_keep_to_its_schema(content):
    examples = [example["value"] for example in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    assert examples
    for example in examples:
        Draft202012Validator(content["schema"]).validate(example)


@pytest.mark.parametrize("parameter", [p for _, p in parts(DOCUMENT) if p.get("in") and "example" in p])
def test_every_parameter_s_example_keeps_to_its_schema(parameter):
    Draft202012Validator(contract.inlined(DOCUMENT, parameter["schema"])).validate(parameter["example"])


def documented():
    for path, part in parts(contract.inlined(DOCUMENT, DOCUMENT["paths"])):
        status = path.rpartition("/")[2]
        if status.isdigit() and int(status) >= 400 and "content" in part:
            for name, example in part["content"]["application/problem+json"]["examples"].items():
                yield pytest.param(int(status), example["value"], id=f"{path}:{name}")


@pytest.mark.parametrize(("status", "problem"), list(documented()))
def test_every_documented_problem_is_one_that_the_shop_can_make(status, problem):
    kind = problem["type"].removeprefix("/problems/")
    expected = OF_HTTP[kind] if kind in OF_HTTP else ERRORS[kind].status
    assert problem["status"] == status == expected
    assert problem["title"] == Problem(kind, status, "").title


def test_every_pattern_is_of_the_whole_text():
    patterns = [part["pattern"] for _, part in parts(SCHEMAS) if isinstance(part.get("pattern"), str)]
    assert patterns
    assert all(re.fullmatch(r"\^.*\$", pattern) for pattern in patterns)


def test_ids_are_of_the_contract_s_form():
    assert SCHEMAS["OrderId"]["pattern"] == f"^{identifiers.ORDER_ID.pattern}$"
    assert SCHEMAS["Sku"]["pattern"] == f"^{identifiers.SKU.pattern}$"


@pytest.mark.parametrize("module", [declared.module for declared in contract.service_functions().values()])
def test_a_handler_imports_no_sdk_and_reads_no_contract(module):
    """They are loaded by the first request that needs them, not by a cold start."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore.session", "stripe", "jsonschema", "yaml", "requests"} & set(loaded)
