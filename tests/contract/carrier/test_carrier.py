"""The contract of every carrier: exactly one of dispatch and recall happens, however often either is requested."""

from __future__ import annotations

import pytest

from oms.domain.errors import AlreadyDelivered, AlreadyDispatched, CarrierUnavailable, ParcelLost, ShipmentRecalled
from oms.domain.events import Units
from oms.ports import Carrier
from tests.contract.carrier.carriers import Parcels

GOODS = (Units("RED-LAMP", 2), Units("TEA", 1))
HOME = {"name": "Anna Ålund", "city": "Malmö"}


def request(carrier: Carrier, order_id: str = "ord_1") -> None:
    carrier.request_shipment(order_id, GOODS, HOME)


def test_a_shipment_that_is_asked_for_twice_leaves_once(parcels: Parcels) -> None:
    request(parcels.carrier)
    request(parcels.carrier)

    parcels.dispatch("ord_1")

    assert parcels.callbacks() == [("shipment.dispatched", "ord_1")]
    with pytest.raises(AlreadyDispatched):
        request(parcels.carrier)


def test_a_recalled_shipment_never_leaves(parcels: Parcels) -> None:
    request(parcels.carrier)
    for _ in range(2):
        parcels.carrier.recall("ord_1", "can_1", None)

    parcels.dispatch("ord_1")

    assert parcels.callbacks() == [("shipment.recalled", "ord_1")]
    with pytest.raises(ShipmentRecalled):
        request(parcels.carrier)


def test_a_recall_before_the_shipment_keeps_it_from_ever_leaving(parcels: Parcels) -> None:
    parcels.carrier.recall("ord_1", "can_1", None)

    with pytest.raises(ShipmentRecalled):
        request(parcels.carrier)

    parcels.dispatch("ord_1")
    assert parcels.callbacks() == []


def test_a_shipment_that_has_left_cant_be_recalled(parcels: Parcels) -> None:
    request(parcels.carrier)
    parcels.dispatch("ord_1")

    for units in (None, None, GOODS[:1]):
        with pytest.raises(AlreadyDispatched):
            parcels.carrier.recall("ord_1", "can_1", units)


def test_what_is_left_of_a_shipment_leaves(parcels: Parcels) -> None:
    request(parcels.carrier)
    parcels.carrier.recall("ord_1", "can_1", [Units("RED-LAMP", 2)])

    parcels.dispatch("ord_1")

    assert parcels.callbacks() == [("shipment.dispatched", "ord_1")]


def test_a_shipment_that_is_recalled_piece_by_piece_never_leaves(parcels: Parcels) -> None:
    request(parcels.carrier)
    parcels.carrier.recall("ord_1", "can_1", [Units("RED-LAMP", 1)])
    parcels.carrier.recall("ord_1", "can_1", [Units("RED-LAMP", 1)])  # the same recall once more
    parcels.carrier.recall("ord_1", "can_2", [Units("TEA", 1)])
    assert parcels.callbacks() == []

    parcels.carrier.recall("ord_1", "can_3", [Units("RED-LAMP", 1)])

    parcels.dispatch("ord_1")
    assert parcels.callbacks() == [("shipment.recalled", "ord_1")]


def test_who_follows_a_parcel_too_late_learns_what_became_of_it(parcels: Parcels) -> None:
    for order_id in ("ord_1", "ord_2"):
        request(parcels.carrier, order_id)
    parcels.dispatch("ord_1")
    parcels.carrier.follow("ord_1")
    parcels.arrive("ord_1")
    with pytest.raises(AlreadyDelivered):
        parcels.carrier.follow("ord_1")

    parcels.lose_next()
    parcels.dispatch("ord_2")
    parcels.arrive("ord_2")
    with pytest.raises(ParcelLost):
        parcels.carrier.follow("ord_2")
    assert parcels.callbacks()[-1] == ("shipment.lost", "ord_2")


def test_a_return_is_announced_as_often_as_wanted(carrier: Carrier) -> None:
    for _ in range(2):
        carrier.announce_return("ret_1", "ord_1", GOODS[:1])


def test_what_is_in_a_parcel_is_told_to_whoever_asks_once_it_has_come(parcels: Parcels) -> None:
    assert parcels.carrier.find_parcel("ret_1") is None
    parcels.carrier.announce_return("ret_1", "ord_1", GOODS[:1])
    assert parcels.carrier.find_parcel("ret_1") is None

    parcels.come_back("ret_1")

    assert parcels.carrier.find_parcel("ret_1") == {GOODS[0].sku: ["new"] * GOODS[0].quantity}
    assert parcels.carrier.find_parcel("ret_2") is None


def test_a_carrier_that_is_away_tells_of_no_parcel(parcels: Parcels) -> None:
    parcels.fail_next(after_effect=False)
    with pytest.raises(CarrierUnavailable):
        parcels.carrier.find_parcel("ret_1")


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_carrier_that_is_away_is_unavailable_and_may_have_acted(parcels: Parcels, after_effect: bool) -> None:
    request(parcels.carrier)
    parcels.fail_next(after_effect=after_effect)
    with pytest.raises(CarrierUnavailable):
        parcels.carrier.recall("ord_1", "can_1", None)

    parcels.dispatch("ord_1")

    assert parcels.callbacks() == [("shipment.recalled" if after_effect else "shipment.dispatched", "ord_1")]


def test_orders_with_strange_names_keep_to_themselves(parcels: Parcels) -> None:
    request(parcels.carrier, "ord_a b?c#ä")
    parcels.carrier.recall("ord_a b?c", "can 1", None)

    parcels.dispatch("ord_a b?c#ä")

    assert parcels.callbacks() == [("shipment.dispatched", "ord_a b?c#ä")]
