"""Each role has exactly the permissions in this table."""

import json

import pytest

from tests.infra.cloud import machine_arn


def each(actions, *resources):
    return {f"{action} {resource}" for action in actions.split() for resource in resources}


def machine(*names):
    return [machine_arn(name) for name in names]


def executions(*names):
    return [machine_arn(name).replace(":stateMachine:", ":execution:") + ":*" for name in names]


TRACE = each("xray:PutTelemetryRecords xray:PutTraceSegments", "*")
CHANGE = each("dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:ConditionCheckItem", "Orders")
STOCK = each("dynamodb:Query dynamodb:PutItem dynamodb:UpdateItem", "Inventory")
PAY = each("secretsmanager:GetSecretValue", "PaymentsKey")
HEAR = each("secretsmanager:GetSecretValue", "CarrierSecret")
GUESTS = each("secretsmanager:GetSecretValue", "GuestSecret")
WAKE = each("states:SendTaskSuccess states:SendTaskFailure", *machine("NewOrder", "FulfillOrder"))
SCAN = each("dynamodb:Scan dynamodb:Query dynamodb:BatchGetItem", "Inventory")
REPORT = each("s3:GetObject s3:PutObject", "Reports/reconciliations/*") | each("s3:ListBucket", "Reports")
ABOUT_ORDERS = ("NewOrder", "FulfillOrder", "CancelOrder", "ReturnOrder")
GO_ON = each("states:StartExecution", *machine(*ABOUT_ORDERS)) | each(
    "states:DescribeExecution states:RedriveExecution", *executions(*ABOUT_ORDERS)
)


def hears(name, *streams):
    """Reads these tables' streams, and writes to its dead-letter queue. ``ListStreams`` takes no resources."""
    read = each("dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator", *streams)
    left = each("sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl", f"{name}Missed")
    return read | left | each("dynamodb:ListStreams", "*")


FUNCTIONS = {
    "OrderIndexer": each("dynamodb:GetItem", "Orders")
    | each("dynamodb:Scan", "Orders/index/by_customer")
    | each("dynamodb:BatchWriteItem", "Baskets", "OrderIndex")
    | hears("OrderIndexer", "Orders"),
    "ProductIndexer": each("dynamodb:Query dynamodb:BatchGetItem", "Inventory")
    | each("dynamodb:BatchGetItem dynamodb:Scan", "Products")
    | each("es:ESHttpGet es:ESHttpHead", "Search/_alias/products-written")
    | each("es:ESHttpPost", "Search/_aliases", "Search/_bulk")
    | each("es:ESHttpGet es:ESHttpPut es:ESHttpPost", "Search/products-*")
    | hears("ProductIndexer", "Inventory", "Products"),
    "AbandonOrder": CHANGE,
    "AuthorizePayment": CHANGE | PAY,
    "AuthorizeReturn": CHANGE,
    "CapturePayment": CHANGE | PAY,
    "CheckCodes": each("dynamodb:GetItem dynamodb:Query", "Orders") | REPORT,
    "CheckOrders": each("dynamodb:GetItem dynamodb:Query dynamodb:PutItem dynamodb:UpdateItem", "Orders")
    | each("dynamodb:Scan", "Orders/index/by_customer")
    | STOCK
    | PAY
    | REPORT
    | GO_ON,
    "CheckStock": each("dynamodb:GetItem dynamodb:PutItem", "Orders") | SCAN | REPORT,
    "CloseReport": REPORT,
    "CloseReturn": CHANGE,
    "CompleteCancellation": CHANGE | WAKE,
    "ConfirmOrder": CHANGE,
    "ExpectParcel": CHANGE,
    "FindParcel": set(),
    "GiveBackOrder": CHANGE,
    "InspectItems": CHANGE,
    "MarkDelivered": CHANGE,
    "MarkLost": CHANGE,
    "MarkShipped": CHANGE | STOCK,
    "OpenReport": REPORT,
    "ParkOrder": CHANGE,
    "ReadLedger": SCAN | REPORT,
    "RecallShipment": CHANGE,
    "RefundPayment": CHANGE | PAY,
    "RejectOrder": CHANGE,
    "ReleaseInventory": CHANGE | STOCK,
    "RequestReview": CHANGE | WAKE,
    "RequestShipment": CHANGE,
    "ReserveInventory": CHANGE | STOCK | each("dynamodb:BatchGetItem", "Products"),
    "RestockItems": CHANGE | STOCK,
    "StartWaitingOrders": each("dynamodb:Query", "Orders/index/by_queue")
    | each("states:StartExecution", *machine("NewOrder")),
    "TakeOrder": CHANGE,
    "TrackDelivery": CHANGE,
    "VoidAuthorization": CHANGE | PAY,
    "Carts": each("dynamodb:GetItem dynamodb:PutItem", "Carts", "Orders")
    | each("dynamodb:UpdateItem dynamodb:Query", "Orders")
    | each("dynamodb:BatchGetItem", "Products", "Inventory")
    | each("dynamodb:Query", "Inventory")
    | each("states:StartExecution", *machine("NewOrder"))
    | GUESTS,
    "Credit": each("dynamodb:Query", "Orders", "Orders/index/by_credit"),
    "CreditAdmin": each("dynamodb:GetItem dynamodb:Query dynamodb:PutItem dynamodb:UpdateItem", "Orders")
    | each("dynamodb:Query", "Orders/index/by_credit"),
    "Discounts": each("dynamodb:GetItem dynamodb:UpdateItem", "Orders")
    | each("dynamodb:GetItem dynamodb:Query dynamodb:BatchGetItem dynamodb:PutItem dynamodb:UpdateItem", "Inventory"),
    "Docs": set(),
    "Health": set(),
    "Operators": each("dynamodb:GetItem", "Orders", "Inventory")
    | each("dynamodb:BatchGetItem", "Orders")
    | each("dynamodb:Query", "OrderIndex", *(f"Orders/index/by_{what}" for what in ("number", "queue", "state")))
    | each("dynamodb:BatchGetItem dynamodb:PutItem", "Inventory", "Products")
    | each("dynamodb:Query dynamodb:UpdateItem", "Inventory"),
    "Orders": each("dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:Query", "Orders")
    | each("dynamodb:Query", "Orders/index/by_customer", "Orders/index/by_credit")
    | each("dynamodb:BatchGetItem", "Products")
    | each("states:StartExecution", *machine("NewOrder", "CancelOrder", "ReturnOrder"))
    | each("states:DescribeExecution", *executions("CancelOrder", "ReturnOrder"))
    | each("states:SendTaskSuccess states:SendTaskFailure", *machine("NewOrder", "ReturnOrder"))
    | GUESTS,
    "Products": each("dynamodb:BatchGetItem", "Products", "Inventory")
    | each("dynamodb:Query", "Inventory", "Products/index/by_department", "Baskets"),
    "Search": each("es:ESHttpPost", "Search/products/_search"),
    "PaymentEvents": each("dynamodb:GetItem dynamodb:PutItem", "Orders")
    | PAY
    | each("secretsmanager:GetSecretValue", "PaymentsSecret")
    | each("states:StartExecution", *machine("CancelOrder")),
    "Redriving": each("dynamodb:GetItem dynamodb:Query dynamodb:PutItem dynamodb:UpdateItem", "Orders")
    | each("dynamodb:Query", "Orders/index/by_queue")
    | STOCK
    | PAY
    | GO_ON,
    "SignUp": each("cognito-idp:AdminAddUserToGroup", "SignInUsers"),
    "Webhooks": each("dynamodb:GetItem dynamodb:PutItem", "Orders")
    | HEAR
    | each(
        "states:SendTaskSuccess states:SendTaskFailure states:SendTaskHeartbeat",
        *machine("FulfillOrder", "ReturnOrder"),
    ),
}

MACHINES = {
    "NewOrder": "AbandonOrder AuthorizePayment ConfirmOrder ParkOrder RejectOrder ReleaseInventory RequestReview "
    "ReserveInventory VoidAuthorization",
    "FulfillOrder": "CapturePayment CompleteCancellation GiveBackOrder MarkDelivered MarkLost MarkShipped ParkOrder "
    "RecallShipment RefundPayment ReleaseInventory RequestShipment TakeOrder TrackDelivery VoidAuthorization",
    "CancelOrder": "CompleteCancellation GiveBackOrder ParkOrder RecallShipment RefundPayment ReleaseInventory "
    "TakeOrder VoidAuthorization",
    "ReturnOrder": "AuthorizeReturn CloseReturn ExpectParcel FindParcel InspectItems ParkOrder "
    "RefundPayment RestockItems",
    "Reconcile": "CheckCodes CheckOrders CheckStock CloseReport OpenReport ReadLedger",
}
STARTS = {"NewOrder": "FulfillOrder", "Reconcile": "Reconcile"}
"""Which machine starts which."""

# Neither X-Ray nor the delivery of logs knows resources: AWS documents the asterisk for both.
WITHOUT_RESOURCES = {
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


def test_the_table_lists_every_function(cloud):
    functions = {name.removeprefix("Functions") for name in cloud.of_type("AWS::Lambda::Function")}
    assert functions == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_exactly_this(cloud, name):
    own_logs = each("logs:CreateLogStream logs:PutLogEvents", f"Functions{name}Logs")
    assert cloud.permissions(f"Functions{name}Role") == FUNCTIONS[name] | own_logs | TRACE


def test_every_function_runs_as_its_own_role(cloud):
    roles = {name: cloud.read(each["Role"]) for name, each in cloud.of_type("AWS::Lambda::Function").items()}
    assert roles == {name: f"{name}Role" for name in roles}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_may_call_what_it_names(cloud, name):
    allowed = each("lambda:InvokeFunction", *(f"Functions{function}" for function in MACHINES[name].split()))
    allowed |= each("states:StartExecution", *machine(STARTS[name])) if name in STARTS else set()
    allowed |= each(" ".join(WITHOUT_RESOURCES), "*")
    assert cloud.permissions(f"{name}StateMachineRole") == allowed


def test_the_clock_may_call_what_has_a_schedule(cloud):
    allowed = each("lambda:InvokeFunction", "FunctionsStartWaitingOrders")
    assert cloud.permissions("FunctionsStartWaitingOrdersScheduleRole") == allowed
    assert cloud.permissions("ReconcileClockScheduleRole") == each("states:StartExecution", *machine("Reconcile"))


def test_no_other_role_allows_everything(cloud):
    asterisks = {
        permission.partition(" ")[0]
        for role in cloud.of_type("AWS::IAM::Role")
        for permission in cloud.permissions(role)
        if permission.endswith(" *")
    }
    assert asterisks <= {*WITHOUT_RESOURCES, "dynamodb:ListStreams"}


def test_only_services_of_aws_assume_roles(cloud):
    trusted = {
        statement["Principal"].get("Service")
        for role in cloud.of_type("AWS::IAM::Role").values()
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    }
    assert trusted == {"lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"}


def test_no_secret_stands_in_a_template(cloud):
    assert "{{resolve:" not in json.dumps(cloud.templates)
    for secret in cloud.of_type("AWS::SecretsManager::Secret").values():
        assert "SecretString" not in secret
