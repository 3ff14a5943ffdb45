"""Faults in the tasks and in the definitions."""

from tests.explore.mutant import Mutant, mutant

TASKS = {"void": "void_authorization", "capture": "capture_payment", "refund": "refund_payment"}


def afterwards(wrong: str, story: str, verb: str, amount: str = "") -> Mutant:
    """The order's books say that the gateway was asked, and then it is."""
    path = f"tasks/{TASKS[verb]}.py"
    call = f"deps.payments.{verb}(order.payment_request{amount and f', {amount}'})"
    acts = "    act(command, deps, decide)\n"
    edits = (
        (path, "    def decide(", "    asked = []\n\n    def decide("),
        (path, call, f"asked.append(lambda: {call})"),
        (path, acts, f"{acts}    for ask in asked:\n        ask()\n"),
    )
    return Mutant(wrong, story, edits)


def outage(wrong: str, story: str, verb: str, amount: str = "") -> Mutant:
    """What the gateway didn't hear is written down as if it had."""
    call = f"            deps.payments.{verb}(order.payment_request{amount and f', {amount}'})\n"
    swallowed = f"            try:\n    {call}            except Exception:\n                pass\n"
    return mutant(wrong, story, f"tasks/{TASKS[verb]}.py", call, swallowed)


MUTANTS = [
    mutant(
        "releases nothing",
        "cancels",
        "tasks/release_inventory.py",
        "    while order.version != version:",
        "    while False:",
    ),
    mutant(
        "releases in nobody's name",
        "cancels a line",
        "tasks/release_inventory.py",
        "placement.release(order, command.cancellation_id or None)",
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
        "tasks/capture_payment.py",
        "order.to_capture)",
        "order.total)",
    ),
    mutant(
        "refunds under another key each time",
        "returns",
        "tasks/refund_payment.py",
        "refund.card, effect_id)\n        return",
        'refund.card, f"{effect_id}:{order.version}")\n        return',
    ),
    mutant(
        "gives back before the order is closed to late steps",
        "buys",
        "tasks/abandon_order.py",
        "    act(command, deps, lambda order: placement.abandon(order, command.error))\n",
        "",
    ),
    mutant(
        "voids only what the order's own books know of",
        "meets a cancellation",
        "tasks/void_authorization.py",
        "if payment_rules.is_charged(order):",
        "if order.payment.authorized:",
    ),
    mutant(
        "fails without parking",
        "buys",
        "tasks/park_order.py",
        "order = act(command, deps, lambda order: parking.park(order, visit, command.error, command.cause))",
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
        "    act(command, deps, lambda order: cancellation_rules.give_back(order, command.cancellation_id, command.error))\n",
        "",
    ),
    mutant(
        "recalls the whole shipment for one line",
        "cancels a line",
        "tasks/recall_shipment.py",
        "units = None if cancellation.whole else cancellation.lines",
        "units = None",
    ),
    mutant(
        "takes a recall that came too late for one in time",
        "cancels what has left",
        "tasks/recall_shipment.py",
        "        deps.carrier.recall(order.id, cancellation.cancellation_id, units)\n",
        "        try:\n            deps.carrier.recall(order.id, cancellation.cancellation_id, units)\n"
        "        except Exception:\n            pass\n",
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
        "tasks/refund_payment.py",
        "        return payment_rules.refunded(order, refund, effect_id)",
        "        return NOTHING",
    ),
    mutant(
        "asks the carrier before the order's books say so",
        "meets a cancellation",
        "tasks/request_shipment.py",
        "    order = act(",
        "    order = deps.orders.get(command.order_id)\n"
        "    deps.carrier.request_shipment(order.id, order.open_units(), order.recipient)\n    order = act(",
    ),
    mutant(
        "takes a return up late that it had refused",
        "returns what has not come",
        "workflows/definitions/return_order.asl.json",
        '"OrderClosed"\n          ],\n          "Next": "CloseReturn"',
        '"OrderClosed"\n          ],\n          "Next": "Superseded"',
    ),
    mutant(
        "waits for the carrier's word without a deadline",
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
        "tasks/release_inventory.py",
        "    while order.version != version:",
        "    if order.version != version:",
    ),
    mutant(
        "ships the first part of a long order",
        "is long and returns",
        "tasks/mark_shipped.py",
        "    while order.status is Status.SHIPPED and order.held_units():",
        "    while False:",
    ),
    mutant(
        "puts the first part of a long return back on the shelf",
        "is long and returns",
        "tasks/restock_items.py",
        "    while order.returns[command.return_id].to_shelve:",
        "    while False:",
    ),
    afterwards("writes a refund down before the card has it", "returns", "refund", "refund.card, effect_id"),
    afterwards("writes a void down before the card is let go", "is turned down", "void"),
    afterwards("writes a capture down before the card has paid", "buys", "capture", "order.to_capture"),
    outage("takes a refund for made that met an outage", "returns", "refund", "refund.card, effect_id"),
    outage("takes a card for let go where that met an outage", "cancels", "void"),
    outage("takes a card for paid that met an outage", "buys", "capture", "order.to_capture"),
    mutant(
        "takes an outage for out of stock",
        "buys",
        "tasks/reserve_inventory.py",
        "    order = act(command, deps, decide)\n    while",
        "    from oms.domain.errors import OutOfStock, StoreUnavailable\n    try:\n"
        "        order = act(command, deps, decide)\n"
        "    except StoreUnavailable:\n        raise OutOfStock(command.order_id) from None\n    while",
    ),
    mutant(
        "takes an outage for a recall that came too late",
        "cancels",
        "tasks/recall_shipment.py",
        "        deps.carrier.recall(order.id, cancellation.cancellation_id, units)\n",
        "        from oms.domain.errors import AlreadyDispatched, CarrierUnavailable\n        try:\n"
        "            deps.carrier.recall(order.id, cancellation.cancellation_id, units)\n"
        "        except CarrierUnavailable:\n            raise AlreadyDispatched(order.id) from None\n",
    ),
    mutant(
        "asks nobody to review",
        "is approved",
        "tasks/authorize_payment.py",
        "placement.needs_review(order) and not order.is_approved",
        "False",
    ),
    mutant(
        "waits for a review that was made meanwhile",
        "is approved at once",
        "tasks/request_review.py",
        "    if order.is_approved:\n        deps.executions.succeed(command.task_token, {})\n",
        "",
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
        "tasks/authorize_return.py",
        "RefundTo(command.refund_to)",
        "RefundTo.ORIGINAL_PAYMENT",
    ),
    mutant(
        "cancels all for a line",
        "cancels a line",
        "tasks/take_order.py",
        "lines = [Units(**line) for line in command.lines]",
        "lines: list[Units] = []",
    ),
    mutant(
        "tells a defect as an answer",
        "buys",
        "tasks/reject_order.py",
        "        if reason is None:\n"
        '            raise CompensationIncomplete(f"order {order.id} met a defect: {command.error}")\n',
        '        reason = reason or "defect"\n',
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
