"""The settings of a deployment: name, site, alarm address, and whether its data is retained."""

import pytest

from infra.app import shop
from tests.infra.cloud import Cloud

CHOSEN = {"name": "Trial", "retain": "false", "site_origin": "https://shop.example", "alarm_email": "ops@shop.example"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    outdir = tmp_path_factory.mktemp("trial")
    shop(str(outdir), CHOSEN).synth()
    return Cloud.of(outdir)


def test_its_name_sets_it_apart_from_another_shop_in_the_account(trial):
    assert set(trial.templates) == {f"Trial-{stack}" for stack in ("Data", "Orders", "Search", "Streams", "Edge")}
    machines = trial.of_type("AWS::StepFunctions::StateMachine").values()
    assert all(machine["StateMachineName"].startswith("Trial-") for machine in machines)
    named = [
        group["LogGroupName"] for group in trial.of_type("AWS::Logs::LogGroup").values() if "LogGroupName" in group
    ]
    assert all("Trial-" in name for name in named)


def test_a_throw_away_shop_leaves_nothing(trial):
    for _, logical_id, resource in trial.resources():
        assert resource.get("DeletionPolicy", "Delete") == "Delete", logical_id
    for table in trial.of_type("AWS::DynamoDB::Table").values():
        assert not table["DeletionProtectionEnabled"]
    (pool,) = trial.of_type("AWS::Cognito::UserPool").values()
    assert pool.get("DeletionProtection", "INACTIVE") == "INACTIVE"


def test_its_own_site_alone_may_call_from_a_browser(trial):
    (api,) = trial.of_type("AWS::ApiGatewayV2::Api").values()
    cors = api["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://shop.example"]
    assert {"authorization", "idempotency-key", "content-type"} <= set(cors["AllowHeaders"])
    assert "*" not in [*cors["AllowHeaders"], *cors["AllowMethods"]]
    assert "AllowCredentials" not in cors


def test_its_alarms_reach_a_mailbox(trial):
    (subscription,) = trial.of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@shop.example")
    assert trial.read(subscription["TopicArn"]) == "Alarms"
