"""Faults planted in a copy of the shop, each of which the explorer finds by at most one fault of its own.

Run by ``make mutants``, since every one explores a story in a process of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from asl.explorer.search import Run, exhaustive
from tests.explore.stories import scenarios

ROOT = Path(__file__).parents[2]
COPIED = ("asl", "oms", "tasks", "workflows", "tests")


@dataclass(frozen=True)
class Mutant:
    """What is wrong, the story in which it shows, and each edit: a file, what stands there, what then does."""

    wrong: str
    story: str
    edits: tuple[tuple[str, str, str], ...]


def mutant(wrong: str, story: str, path: str, whole: str, broken: str) -> Mutant:
    return Mutant(wrong, story, ((path, whole, broken),))


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
        "refunds every unit of the line",
        "returns",
        "oms/domain/returns.py",
        "line.value(line.gone, seen.accepted)",
        "line.value(line.gone, line.quantity)",
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
        "voids only what the order's own books know of",
        "meets a cancellation",
        "tasks/void_authorization.py",
        "if paying.is_charged(order):",
        "if order.payment.authorized:",
    ),
    mutant(
        "leaves no tombstone of a release that came before its reservation",
        "meets a cancellation",
        "oms/domain/placing.py",
        "return Change((InventoryReleased((), final=True),)) if final and not order.released else NOTHING",
        "return NOTHING",
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
        "does not give an order back",
        "cancels what has left",
        "tasks/give_back_order.py",
        "    act(command, deps, lambda order: cancelling.give_back(order, command.cancellation_id, command.error))\n",
        "",
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
]


def planted(mutant: Mutant, folder: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for path, whole, broken in mutant.edits:
        text = (folder / path).read_text()
        assert whole in text, f"{path} no longer says {whole!r}"
        (folder / path).write_text(text.replace(whole, broken))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.wrong.replace(" ", "-"))
def test_the_explorer_finds_a_shop_that(mutant, tmp_path):
    planted(mutant, tmp_path)
    command = [sys.executable, "-m", "tests.explore.mutants", mutant.story]
    explored = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert explored.returncode == 0, explored.stderr
    assert explored.stdout.strip(), f"every single fault of {mutant.story!r} leaves it whole"


def first_finding(story: str) -> Run | None:
    """The first plan of one fault, or of none, that breaks something in a story."""
    (scenario,) = [each for each in scenarios() if each.name == story]
    return next((run for run in exhaustive(scenario, 1) if run.problems), None)


if __name__ == "__main__":
    found = first_finding(sys.argv[1])
    print(f"{dict(found.plan)} {found.problems}" if found else "")  # noqa: T201
