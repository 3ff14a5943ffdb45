"""Faults in the tasks and in the definitions."""

from tests.explore.mutant import Mutant, mutant


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


TASKS = {"void": "void_authorization", "capture": "capture_payment", "refund": "refund_payment"}
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
        "placing.release(order, command.cancellation_id or None)",
        "placing.release(order)",
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
        "    act(command, deps, lambda order: placing.abandon(order, command.error))\n",
        "",
    ),
    mutant(
        "voids only what the order's own books know of",
        "meets a cancellation",
        "tasks/void_authorization.py",
        "if paying.is_charged(order):",
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
        "    act(command, deps, lambda order: cancelling.give_back(order, command.cancellation_id, command.error))\n",
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
        "        return paying.refunded(order, refund, effect_id)",
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
]
