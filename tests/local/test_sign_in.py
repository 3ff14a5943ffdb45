"""Sign-up to sign-out with a third-party SDK, at the Cognito of one machine."""

from dataclasses import replace

import boto3
import pytest

from api.sign_up import add_confirmed_shopper
from local.aws.names import COGNITO_ENDPOINT
from local.aws.resources import OPERATOR, PASSWORD, SHOPPERS, client, make_pool, sign_in
from local.gateway.tokens import Authorizer, PublishedKeys, keys_at
from oms.adapters.aws.clients import Aws
from tests.local.cognito import Person, cognito

OWN, NEW = "Correct-horse-9", "Battery-staple-8"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with cognito(tmp_path_factory.mktemp("cognito")) as variables:
        yield variables


@pytest.fixture(scope="module")
def pool(aws):
    return make_pool(aws)


@pytest.fixture
def person(aws, pool, monkeypatch):
    """A user by their address."""
    monkeypatch.setenv(COGNITO_ENDPOINT, aws[COGNITO_ENDPOINT])
    return lambda address, its_pool=pool: Person(address, its_pool, aws)


@pytest.fixture
def dora(person, request):
    """A user named after the test, signed up and not yet confirmed."""
    someone = person(f"{request.node.name}@example.com")
    someone.sdk.register(someone.sdk.username, OWN)
    return someone


@pytest.fixture
def authorizer(aws, pool):
    return Authorizer(
        PublishedKeys(keys_at(f"{aws[COGNITO_ENDPOINT]}/{pool.id}/.well-known/jwks.json")),
        pool.issuer,
        [pool.client_id],
    )


def refused(call, *arguments):
    """The code of Cognito's error."""
    with pytest.raises(boto3.client("cognito-idp", "us-east-1").exceptions.ClientError) as raised:
        call(*arguments)
    return raised.value.response["Error"]["Code"]


def test_a_confirmed_user_is_a_shopper_to_the_gateway(dora, authorizer):
    assert refused(dora.sdk.authenticate, OWN) == "UserNotConfirmedException"
    dora.sdk.confirm_sign_up(dora.code())
    dora.sdk.authenticate(OWN)
    claims = authorizer.claims(f"Bearer {dora.sdk.access_token}")
    assert (claims["sub"], claims["cognito:groups"]) == (dora.sdk.id_claims["sub"], ["shoppers"])
    assert dora.sdk.id_claims["email"] == dora.sdk.username


def test_a_wrong_code_confirms_no_user_and_a_code_confirms_once(dora):
    wrong = "".join(str(9 - int(digit)) for digit in dora.code())
    assert refused(dora.sdk.confirm_sign_up, wrong) == "CodeMismatchException"
    assert refused(dora.sdk.authenticate, OWN) == "UserNotConfirmedException"
    code = dora.code()
    dora.sdk.confirm_sign_up(code)
    assert refused(dora.sdk.confirm_sign_up, code) == "NotAuthorizedException"


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(person):
    anna, nobody = person(SHOPPERS[0]), person("nobody@example.com")
    assert refused(anna.sdk.authenticate, NEW) == refused(nobody.sdk.authenticate, NEW) == "NotAuthorizedException"
    nobody.sdk.initiate_forgot_password()
    assert refused(nobody.sdk.confirm_forgot_password, "000000", NEW) == "CodeMismatchException"


@pytest.mark.parametrize("weak", ["Short-1", "no-capitals-in-1", "NO-SMALLS-IN-1", "No-digits-here"])
def test_a_weak_password_is_refused(person, weak):
    someone = person("weak@example.com")
    assert refused(someone.sdk.register, someone.sdk.username, weak) == "InvalidPasswordException"


def test_an_address_signs_up_once(dora):
    assert refused(dora.sdk.register, dora.sdk.username, NEW) == "UsernameExistsException"


def test_a_refreshed_token_is_a_new_one_for_the_same_user(person, authorizer):
    anna = person(SHOPPERS[0])
    anna.sdk.authenticate(PASSWORD)
    first = authorizer.claims(anna.sdk.access_token)
    anna.sdk.renew_access_token()
    second = authorizer.claims(anna.sdk.access_token)
    assert (second["sub"], second["cognito:groups"]) == (first["sub"], ["shoppers"])
    assert second["jti"] != first["jti"]


def test_no_token_is_refreshed_after_signing_out(person):
    here, there = person(SHOPPERS[1]), person(SHOPPERS[1])
    for place in (here, there):
        place.sdk.authenticate(PASSWORD)
    there.sdk.client.global_sign_out(AccessToken=there.sdk.access_token)
    assert refused(here.sdk.renew_access_token) == refused(there.sdk.renew_access_token) == "NotAuthorizedException"


def test_a_revoked_refresh_token_ends_one_sign_in(person, pool):
    here, there = person(SHOPPERS[2]), person(SHOPPERS[2])
    for place in (here, there):
        place.sdk.authenticate(PASSWORD)
    there.sdk.client.revoke_token(Token=there.sdk.refresh_token, ClientId=pool.client_id)
    assert refused(there.sdk.renew_access_token) == "NotAuthorizedException"
    here.sdk.renew_access_token()


def test_a_forgotten_password_is_replaced_with_the_mailed_code(dora):
    dora.sdk.confirm_sign_up(dora.code())
    dora.sdk.initiate_forgot_password()
    wrong = "".join(str(9 - int(digit)) for digit in dora.code())
    assert refused(dora.sdk.confirm_forgot_password, wrong, NEW) == "CodeMismatchException"
    dora.sdk.confirm_forgot_password(dora.code(), NEW)
    assert refused(dora.sdk.authenticate, OWN) == "NotAuthorizedException"
    dora.sdk.authenticate(NEW)
    assert dora.sdk.access_claims["cognito:groups"] == ["shoppers"]


def test_a_forged_token_is_refused(person, authorizer):
    anna = person(SHOPPERS[0])
    anna.sdk.authenticate(PASSWORD)
    header, claims, signature = anna.sdk.refresh_token.split(".")
    anna.sdk.refresh_token = f"{header}.{claims}.{signature[:-4]}AAAA"
    assert refused(anna.sdk.renew_access_token) == "NotAuthorizedException"


def test_the_seeded_users_are_in_their_groups(aws, pool, authorizer):
    tokens = {who: sign_in(aws, pool.client_id, who) for who in (*SHOPPERS, OPERATOR)}
    groups = {who: authorizer.claims(token)["cognito:groups"] for who, token in tokens.items()}
    assert groups == {**{who: ["shoppers"] for who in SHOPPERS}, OPERATOR: ["operators"]}


def test_a_reset_password_makes_no_operator_a_shopper():
    """It calls no service: nothing answers at this endpoint."""
    event = {"triggerSource": "PostConfirmation_ConfirmForgotPassword", "userPoolId": "pool", "userName": "olga"}
    assert add_confirmed_shopper(event, Aws("us-east-1", cognito_endpoint="http://127.0.0.1:1")) == event


def test_a_confirmation_whose_trigger_fails_is_refused_and_stands(aws, pool, person):
    cognito = client("cognito-idp", aws)
    bare = cognito.create_user_pool(PoolName="bare", UsernameAttributes=["email"])["UserPool"]["Id"]
    site = cognito.create_user_pool_client(UserPoolId=bare, ClientName="site")["UserPoolClient"]["ClientId"]
    someone = person("emil@example.com", replace(pool, id=bare, client_id=site))
    someone.sdk.register(someone.sdk.username, f"{OWN}!")
    assert refused(someone.sdk.confirm_sign_up, someone.code()) == "UserLambdaValidationException"
    assert cognito.admin_get_user(UserPoolId=bare, Username=someone.sdk.username)["UserStatus"] == "CONFIRMED"


def test_the_pool_is_made_once(aws, pool):
    assert make_pool(aws) == pool
