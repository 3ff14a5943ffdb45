"""Faults in the rules of an order, and in what is done when nobody works on it any more."""

from tests.explore.mutant import Mutant, mutant

CONFIRMING = """    guard(order)
    if order.status is not Status.AUTHORIZED or not order.is_priced or order.released:
        raise errors.UnexpectedState(f"order {order.id} is {order.status}: it can't be confirmed")
"""
NEVER = "    if False and "

MUTANTS = [
    mutant(
        "confirms whatever became of the order",
        "meets a cancellation",
        "oms/domain/placing.py",
        CONFIRMING,
        "",
    ),
    mutant(
        "forgets the refund of what was lost, once it was parked",
        "is lost",
        "oms/domain/parking.py",
        '        return "refund"',
        '        return "superseded"',
    ),
    mutant(
        "takes back more than was shipped",
        "returns twice",
        "oms/domain/returns.py",
        "units.quantity <= line.returnable",
        "units.quantity <= line.shipped",
    ),
    mutant(
        "refunds all of an order's returns under one key",
        "returns twice",
        "oms/domain/order.py",
        'f"{self.return_id}:refund"',
        '"refund"',
    ),
    mutant(
        "refunds every unit of the line",
        "returns",
        "oms/domain/returns.py",
        "line.value(line.gone, seen.accepted)",
        "line.value(line.gone, line.quantity)",
    ),
    Mutant(
        "restocks whenever it is asked",
        "returns",
        (
            ("oms/domain/returns.py", "known.to_shelve[:PART]", "known.to_restock[:PART]"),
            ("oms/domain/returns.py", 'else f"{return_id}:restock"', 'else f"{return_id}:restock:{order.version}"'),
        ),
    ),
    mutant(
        "records no void of what was never authorized",
        "buys",
        "oms/domain/paying.py",
        "if order.payment.status is PaymentStatus.VOIDED:\n        return NOTHING\n",
        "if order.payment.status is not PaymentStatus.AUTHORIZED:\n        return NOTHING\n",
    ),
    mutant(
        "leaves no tombstone of a release that came before its reservation",
        "meets a cancellation",
        "oms/domain/placing.py",
        "return Change((InventoryReleased((), final=True),)) if final and not order.released else NOTHING",
        "return NOTHING",
    ),
    mutant(
        "goes forward after a redrive, whatever it was doing",
        "buys",
        "oms/domain/parking.py",
        'return "forward" if confirmed and not own else "backward"',
        'return "forward"',
    ),
    mutant(
        "takes an order that somebody holds",
        "cancels twice",
        "oms/domain/cancelling.py",
        "    if order.taken_by or order.abandoned:",
        NEVER + "order.abandoned:",
    ),
    mutant(
        "cancels what may still hold money",
        "cancels",
        "oms/domain/cancelling.py",
        "    if cancellation.whole and not (",
        NEVER + "not (",
    ),
    mutant(
        "cancels what still holds stock",
        "cancels a line",
        "oms/domain/cancelling.py",
        "    if any(line.held > line.open",
        NEVER + "any(line.held > line.open",
    ),
    Mutant(
        "rejects what may still hold stock or money",
        "is turned down",
        (
            ("oms/domain/placing.py", "    if order.held_units() or order", NEVER + "order"),
            ("oms/domain/placing.py", "    if order.abandoned and order.payment", NEVER + "order.payment"),
        ),
    ),
    mutant(
        "refunds nothing of what was lost",
        "is lost",
        "oms/domain/paying.py",
        "beyond = order.kept.minor - (0 if order.taken_by else order.due.minor)",
        "beyond = 0",
    ),
    mutant(
        "keeps the store credit of what it rejects",
        "pays with store credit and is declined",
        "oms/domain/placing.py",
        'return paying.give_credit(order, change, order.credit_held, f"{order.id}:credit-back")',
        "return change",
    ),
    mutant(
        "gives back all of the store credit for one line",
        "pays with store credit and cancels a line",
        "oms/domain/cancelling.py",
        "order.credit_held - max(0, due.minor - order.charge.minor)",
        "order.credit_held",
    ),
    mutant(
        "charges the card for what store credit pays",
        "pays with store credit",
        "oms/domain/order.py",
        "return Money(min(self.due.minor, self.charge.minor), self.currency)",
        "return self.due",
    ),
    mutant(
        "refunds a unit as if it were the first that went",
        "uses a code and goes back bit by bit",
        "oms/domain/returns.py",
        "line.value(line.gone, seen.accepted)",
        "line.value(0, seen.accepted)",
    ),
    mutant(
        "forgets what was cancelled when it refunds",
        "uses a code and goes back bit by bit",
        "oms/domain/returns.py",
        "line.value(line.gone, seen.accepted)",
        "line.value(line.returned, seen.accepted)",
    ),
    mutant(
        "refunds what came back damaged",
        "comes back damaged",
        "oms/domain/returns.py",
        "line.value(line.gone, seen.accepted)",
        "line.value(line.gone, seen.accepted + seen.declined)",
    ),
    mutant(
        "counts as returned what it did not take back",
        "comes back damaged",
        "oms/domain/fold.py",
        "returning=-1), accepted, returned=1)",
        "returning=-1), known.lines, returned=1)",
    ),
    mutant(
        "waits for ever for what was never sent back",
        "returns",
        "oms/domain/fold.py",
        "returning=-1) if never_came else order",
        "returning=0) if never_came else order",
    ),
    mutant(
        "gives back store credit that another return was promised",
        "pays with store credit and returns at once",
        "oms/domain/order.py",
        "given = {**self.credits, **promised}",
        "given = self.credits",
    ),
    mutant(
        "gives back a discount code for one line",
        "uses a code and cancels a line",
        "oms/domain/cancelling.py",
        "Change(events), unneeded",
        "Change(events, codes=order.code_given_back()), unneeded",
    ),
    mutant(
        "cancels more of a line than is left",
        "cancels a line and meets another cancellation",
        "oms/domain/cancelling.py",
        "units.quantity <= line.open",
        "units.quantity <= line.quantity",
    ),
    mutant(
        "lets an expired reservation go without its hold",
        "loses its review",
        "oms/repairing.py",
        '"Expired"))\n    void(deps, order_id, by)\n',
        '"Expired"))\n',
    ),
    mutant(
        "knows all parts of a long order by one effect id",
        "is long and cancels",
        "oms/domain/placing.py",
        'return f"{order.id}:{verb}" if index == 0 else f"{order.id}:{verb}:{index}"',
        'return f"{order.id}:{verb}"',
    ),
]
