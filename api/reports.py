"""Reports over all cases of a city."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from api.csv_text import as_csv
from api.deps import CityDep, RuntimeDep, allowed
from api.schemas import Slug
from api.security import Holder, Permission
from permits import tariff_report, unexplained
from permits.views import as_json

router = APIRouter(prefix="/v1/cities/{city_id}/reports", tags=["reports"])
ReadLag = Annotated[Holder, Depends(allowed(Permission.READ_TARIFF_LAG))]
ReadUnexplained = Annotated[Holder, Depends(allowed(Permission.READ_UNEXPLAINED))]
MOST: Final = 10_000
_HEAD: Final = (
    "case_no", "permit_no", "parcel_id", "agency", "purpose", "tariff_from", "tariff_to", "state", "asked_at",
    "effective_at", "confirmed_at", "lag_hours", "days_late", "attempts", "receipt", "case_status",
)  # fmt: skip


class Form(StrEnum):
    """How the report is written."""

    JSON = "json"
    CSV = "csv"


@router.get("/tariff-lag", summary="From approval to the tariff's change, by company; the open ones first")
def tariff_lag(
    resources: RuntimeDep,
    place: CityDep,
    who: ReadLag,
    agency: Annotated[Slug | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 500,
    f: Annotated[Form, Query(description="json or csv")] = Form.JSON,
) -> Response:
    """What is asked for and not confirmed yet stands on top, the longest waiting first (A14, A16)."""
    assert who
    with resources.sessions() as session:
        found = tariff_report.tariff_lag(session, place.city_id, agency, MOST if f is Form.CSV else limit)
    if f is Form.JSON:
        return JSONResponse(as_json(found))
    name = f'attachment; filename="tariff-changes-{place.city_id}.csv"'
    return Response(
        "\ufeff" + as_csv(_HEAD, as_json(found.rows)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": name},
    )


@router.get("/unexplained-orders", summary="Orders that a company has in our name and we know nothing of")
def unexplained_orders(
    resources: RuntimeDep,
    place: CityDep,
    who: ReadUnexplained,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """What the last comparison with the companies' lists left for a person, the oldest first (T16)."""
    assert who
    with resources.sessions() as session:
        found = unexplained.open_orders(session, place.city_id, limit)
    return JSONResponse({"orders": as_json(found)})
