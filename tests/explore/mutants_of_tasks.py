"""Defects in the tasks, in their steps and in the definitions."""

from tests.explore.mutant import Mutant, mutant

PAYMENTS, SHIPMENT, INVENTORY = (f"oms/application/steps/{name}.py" for name in ("payments", "shipment", "inventory"))
CALLS = {
    "void": "deps.payments.void(order.payment_request)",
    "capture": "deps.payments.capture(order.payment_request, amount)",
    "refund": "deps.payments.refund(order.payment_request, amounts.card, effect_id)",
}


def afterwards(wrong: str, story: str, task: str, step: str) -> Mutant:
    """The order is written first, and the gateway is called afterwards."""
    commits = f"    change_order(command, deps, {step})\n"
    late = (
        "    before = deps.orders.get(command.order_id)\n"
        f"    change_order(command, deps, lambda order: ({step})(order).change)\n"
        f"    call = ({step})(before).call\n"
        "    if call is not None:\n"
        "        call(deps)\n"
    )
    return mutant(wrong, story, f"tasks/{task}.py", commits, late)


def outage(wrong: str, story: str, verb: str) -> Mutant:
    """A call that failed in an outage is recorded as if it had succeeded."""
    call = CALLS[verb]
    quiet = (
        "\n\ndef _quietly(call):\n    try:\n        call()\n    except Exception:\n        pass\n\n\ndef _if_charged("
    )
    return Mutant(
        wrong, story, ((PAYMENTS, call, f"_quietly(lambda: {call})"), (PAYMENTS, "\n\ndef _if_charged(", quiet))
    )


MUTANTS = [
    mutant(
        "releases nothing",
        "cancels",
        INVENTORY,
        "    while order.version != version:",
        "    while False:",
    ),
    mutant(
        "releases in nobody's name",
        "cancels a line",
        INVENTORY,
        "placement.release(order, cancellation_id or None)",
        "placement.release(order)",
    ),
    mutant(
        "waits for a parcel without a deadline",
        "returns",
        "workflows/definitions/return_order.asl.json",
        '"TimeoutSeconds": 2592000,',
        "",
    ),
    mutant(
        "captures what was ordered, not what was kept",
        "cancels a line",
        PAYMENTS,
        "amount = order.to_capture",
        "amount = order.total",
    ),
    mutant(
        "refunds under another key each time",
        "returns",
        PAYMENTS,
        "amounts.card, effect_id)",
        'amounts.card, f"{effect_id}:{order.version}")',
    ),
    mutant(
        "gives back before the order is closed to late steps",
        "buys",
        "tasks/abandon_order.py",
        "    change_order(command, deps, lambda order: placement.abandon_order(order, command.error))\n",
        "",
    ),
    mutant(
        "voids only what the order's own record knows of",
        "meets a cancellation",
        PAYMENTS,
        "return call if payment_rules.is_charged(order) else None",
        "return call if order.payment.authorized else None",
    ),
    mutant(
        "fails without parking",
        "buys",
        "tasks/park_order.py",
        "order = change_order(command, deps, lambda order: parking.park(order, visit, command.error, command.cause))",
        "order = deps.orders.get(command.order_id)",
    ),
    mutant(
        "parks without failing",
        "buys",
        "tasks/park_order.py",
        "    if not parking.is_resumed(order, visit):\n        parking.raise_parked(order, visit.execution)\n",
        "",
    ),
    mutant(
        "does not give an order back",
        "cancels what has left",
        "tasks/give_back_order.py",
        "    change_order(command, deps, decide)\n",
        "",
    ),
    mutant(
        "recalls the whole shipment for one line",
        "cancels a line",
        SHIPMENT,
        "units = None if cancellation.whole else cancellation.lines",
        "units = None",
    ),
    mutant(
        "takes a recall that came too late for one in time",
        "cancels what has left",
        "tasks/recall_shipment.py",
        "        decision.call(deps)\n",
        "        try:\n            decision.call(deps)\n        except Exception:\n            pass\n",
    ),
    mutant(
        "catches every error but a timeout",
        "buys",
        "workflows/definitions/fulfill_order.asl.json",
        '"States.ALL"',
        '"States.TaskFailed"',
    ),
    mutant(
        "closes a return before its refund",
        "returns",
        PAYMENTS,
        "Decision(payment_rules.refunded(order, amounts, effect_id), ",
        "Decision(NOTHING, ",
    ),
    mutant(
        "asks the carrier before the order's record says so",
        "meets a cancellation",
        "tasks/request_shipment.py",
        "    order = change_order(",
        "    order = deps.orders.get(command.order_id)\n"
        "    deps.carrier.request_shipment(order.id, order.open_units(), order.recipient)\n    order = change_order(",
    ),
    mutant(
        "takes a return up late that it had refused",
        "returns what has not come",
        "workflows/definitions/return_order.asl.json",
        '"OrderClosed"\n          ],\n          "Next": "CloseReturn"',
        '"OrderClosed"\n          ],\n          "Next": "Superseded"',
    ),
    mutant(
        "waits for the carrier's event without a deadline",
        "buys",
        "workflows/definitions/fulfill_order.asl.json",
        '"TimeoutSeconds": 2592000,',
        "",
    ),
    mutant(
        "releases nothing of what was declined",
        "is declined",
        "workflows/definitions/new_order.asl.json",
        '"PaymentDeclined"\n          ],\n          "Next": "ReleaseInventory"',
        '"PaymentDeclined"\n          ],\n          "Next": "RejectOrder"',
    ),
    mutant(
        "releases the first part of a long order",
        "is long and cancels",
        INVENTORY,
        "    while order.version != version:",
        "    if order.version != version:",
    ),
    mutant(
        "ships the first part of a long order",
        "is long and returns",
        SHIPMENT,
        "        if order.status is not Status.SHIPPED or not order.held_units():\n            return",
        "        return",
    ),
    mutant(
        "puts the first part of a long return back on the shelf",
        "is long and returns",
        "oms/application/steps/returns.py",
        "        if not order.returns[return_id].to_shelve:\n            return",
        "        return",
    ),
    afterwards(
        "writes a refund down before the card has it",
        "returns",
        "refund_payment",
        "lambda order: payments.refund_payment(order, command.effect_id)",
    ),
    afterwards(
        "writes a void down before the card is let go",
        "is turned down",
        "void_authorization",
        "lambda order: payments.void_authorization(order, command.cancellation_id)",
    ),
    afterwards("writes a capture down before the card has paid", "buys", "capture_payment", "payments.capture_payment"),
    outage("takes a refund for made that met an outage", "returns", "refund"),
    outage("takes a card for let go where that met an outage", "cancels", "void"),
    outage("takes a card for paid that met an outage", "buys", "capture"),
    mutant(
        "takes an outage for out of stock",
        "buys",
        "tasks/reserve_inventory.py",
        "    order = inventory.reserve_all_parts(deps, command.order_id, ReserveInventory.__name__)\n",
        "    from oms.domain.errors import OutOfStock, StoreUnavailable\n    try:\n"
        "        order = inventory.reserve_all_parts(deps, command.order_id, ReserveInventory.__name__)\n"
        "    except StoreUnavailable:\n        raise OutOfStock(command.order_id) from None\n",
    ),
    mutant(
        "takes an outage for a recall that came too late",
        "cancels",
        "tasks/recall_shipment.py",
        "        decision.call(deps)\n",
        "        from oms.domain.errors import AlreadyDispatched, CarrierUnavailable\n        try:\n"
        "            decision.call(deps)\n"
        "        except CarrierUnavailable:\n            raise AlreadyDispatched(command.order_id) from None\n",
    ),
    mutant(
        "asks nobody to review",
        "is approved",
        "tasks/authorize_payment.py",
        "needs_review(order) and not order.is_approved",
        "False",
    ),
    mutant(
        "waits for a review that was made meanwhile",
        "is approved at once",
        "tasks/request_review.py",
        "    if change_order(command, deps, decide).is_approved:\n"
        "        deps.executions.succeed(command.task_token, {})\n",
        "    change_order(command, deps, decide)\n",
    ),
    mutant(
        "announces no parcel",
        "returns",
        "tasks/expect_parcel.py",
        "    deps.carrier.announce_return(command.return_id, order.id, order.returns[command.return_id].lines)\n",
        "",
    ),
    mutant("looks into no parcel", "returns", "tasks/inspect_items.py", 'command.parcel.get("units", {})', "{}"),
    mutant("ships to nobody", "buys", "tasks/request_shipment.py", "order.recipient)", "{})"),
    mutant(
        "refunds elsewhere than was wished",
        "returns to store credit",
        "oms/application/steps/returns.py",
        "RefundTo(refund_to)",
        "RefundTo.ORIGINAL_PAYMENT",
    ),
    mutant(
        "cancels all for a line",
        "cancels a line",
        "oms/application/steps/cancellation.py",
        "[Units(**line) for line in lines]",
        "[]",
    ),
    mutant(
        "tells a defect as an answer",
        "buys",
        "oms/application/steps/placement.py",
        '    if reason is None:\n        raise CompensationIncomplete(f"order {order.id} met a defect: {error}")\n',
        '    reason = reason or "defect"\n',
    ),
    mutant(
        "confirms what was declined",
        "is turned down",
        "workflows/definitions/new_order.asl.json",
        '"ReviewDeclined"\n          ],\n          "Next": "AbandonOrder"',
        '"ReviewDeclined"\n          ],\n          "Next": "ConfirmOrder"',
    ),
    mutant(
        "waits longer for the carrier than a card is held",
        "is put off",
        "workflows/definitions/fulfill_order.asl.json",
        '"TimeoutSeconds": 432000',
        '"TimeoutSeconds": 864000',
    ),
    mutant(
        "tries nothing again",
        "buys",
        "workflows/definitions/fulfill_order.asl.json",
        '"MaxAttempts": 4,',
        '"MaxAttempts": 0,',
    ),
    mutant(
        "tries twice to park",
        "buys",
        "workflows/definitions/fulfill_order.asl.json",
        '"MaxAttempts": 100',
        '"MaxAttempts": 1',
    ),
    mutant(
        "leaves an order that it can't cancel",
        "is redriven early",
        "workflows/definitions/fulfill_order.asl.json",
        '"OrderNotCancellable"\n          ],\n          "Next": "CapturePayment"',
        '"OrderNotCancellable"\n          ],\n          "Next": "Superseded"',
    ),
    mutant(
        "says cancelled of what was refused",
        "cancels what has left",
        "workflows/definitions/cancel_order.asl.json",
        '"outcome": "refused"',
        '"outcome": "cancelled"',
    ),
]
