"""Whom to ask."""

from __future__ import annotations

from permits.consultation import AgencyFacts, inquiry_ref, is_closed, route
from permits.vocabulary import ConsultationStatus, Wish

AGENCIES = [
    AgencyFacts("water", ("water", "sewer"), True),
    AgencyFacts("power", ("electricity",), True),
    AgencyFacts("gas", ("gas",), True),
    AgencyFacts("telecom", ("telecom",), False),
]


def test_a06_now_and_later_are_asked_not_needed_only_changes_its_tariff() -> None:
    routing = route({"water": Wish.NOW, "power": Wish.LATER, "gas": Wish.NOT_NEEDED}, AGENCIES)
    assert routing.ask == ("water", "power")
    assert routing.tariff == ("water", "power", "gas")
    assert routing.not_asked == {"gas": "not_needed", "telecom": "not_in_exchange"}


def test_no_stated_wish_is_not_needed() -> None:
    routing = route({}, AGENCIES)
    assert routing.ask == ()
    assert routing.tariff == ("water", "power", "gas")


def test_closed_once_nobody_is_waited_for() -> None:
    pending, answered, lapsed = (
        ConsultationStatus.PENDING,
        ConsultationStatus.ANSWERED,
        ConsultationStatus.LAPSED,
    )
    assert is_closed([])
    assert is_closed([answered, lapsed])
    assert not is_closed([answered, pending])


def test_t02_the_reference_is_unique_per_case_agency_and_round() -> None:
    """T2: asking again in the same round cannot make a second question."""
    refs = {inquiry_ref(c, a, r) for c in ("c1", "c2") for a in ("water", "gas") for r in (1, 2)}
    assert len(refs) == 8
