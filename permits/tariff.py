"""The dated move of a parcel from one tariff class to another: desired by us, confirmed by the agency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from permits.vocabulary import Purpose, TariffBasis, TariffClass

PERMANENT_CLASSES = frozenset(
    {TariffClass.RESIDENTIAL, TariffClass.COMMERCIAL, TariffClass.INDUSTRIAL, TariffClass.PUBLIC}
)
"""What a finished building may be; `construction` and `none` are not."""


@dataclass(frozen=True, slots=True)
class Start:
    """The class a parcel has at one agency before a change, and on what that rests."""

    tariff_class: TariffClass
    basis: TariffBasis


@dataclass(frozen=True, slots=True)
class TariffMove:
    """One agency's change of class; `basis` is what the class before rests on."""

    agency: str
    from_class: TariffClass
    to_class: TariffClass
    basis: TariffBasis = TariffBasis.CONFIRMED


def moves_to_construction(agencies: tuple[str, ...], before: Mapping[str, Start]) -> list[TariffMove]:
    """Every agency in the exchange changes to the construction class, connection or not (A14)."""
    return [
        TariffMove(agency, before[agency].tariff_class, TariffClass.CONSTRUCTION, before[agency].basis)
        for agency in agencies
    ]


def moves_back(agencies: tuple[str, ...], permanent: TariffClass) -> list[TariffMove]:
    """Every agency that was changed returns to one permanent class."""
    return [TariffMove(agency, TariffClass.CONSTRUCTION, permanent) for agency in agencies]


def order_ref(case_id: object, agency: str, purpose: Purpose, revision: int) -> str:
    """The reference of one order, ours at the agency; a retry after failure is a new revision."""
    return f"{case_id}:{agency}:{purpose.value}:{revision}"
