"""The kept audit of a city, for the map: where to survey first. No list of offences, and it says so."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from shapely.geometry import Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from api import i18n
from api.deps import CityDep, RuntimeDep, allowed
from api.errors import ParameterInvalid
from api.map import only
from api.security import Holder, Permission, asker, may_look_at
from geo.crs import WGS84, to_wgs84, transform_to
from layers import survey_state, surveys
from layers.access import identify, map_purpose
from layers.city import City

MOST: Final = 1000
router = APIRouter(prefix="/v1/cities", tags=["map"])
ReadSurvey = Annotated[Holder, Depends(allowed(Permission.READ_SURVEY))]
Box = Annotated[str | None, Query(description="west,south,east,north in degrees (WGS 84)", max_length=200)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many, the worst first")]


@router.get(
    "/{city_id}/survey-list",
    dependencies=[only("limit", "bbox")],
    summary="Existing lines closer than the rules ask, ranked: where to survey first",
)
def survey_list(
    resources: RuntimeDep, place: CityDep, who: ReadSurvey, limit: Limit = 100, bbox: Box = None
) -> Response:
    """Pairs of the last kept audit as GeoJSON: only those whose two layers the asker may see; the look is kept."""
    area = None if bbox is None else _area(place, bbox)
    seen = [spec.layer_id for spec in place.network_layers if may_look_at(who, spec, place.city_id)]
    with resources.sessions.begin() as session:
        run = surveys.run_of(session, place.city_id)
        state = survey_state.standing(session, place, is_on=resources.settings.renew_survey)
        identify(session, asker(who), place.city_id, map_purpose(who.role.value))
        found = surveys.pairs(session, place, seen, limit, area)
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "note": {language: i18n.plain(language, "survey-note") for language in i18n.LANGUAGES},
            "made_at": run.made_at.isoformat(),
            "standing": _standing(state),
            "rule_pack": run.rule_pack,
            "counts": {"lines": run.lines, "pairs": run.pairs, "unconfirmed": run.unconfirmed},
            "unruled": list(run.unruled),
            "features": [_feature(place, each) for each in found],
        },
        media_type="application/geo+json",
        headers={"Cache-Control": "private, no-store"},
    )


@router.get(
    "/{city_id}/survey-list/standing", dependencies=[only()], summary="Whether the survey list is of today"
)
def standing(resources: RuntimeDep, place: CityDep, _who: ReadSurvey) -> Response:
    """Of which state the kept list is, and what becomes of it; nobody's position is in it, and no look is kept."""
    with resources.sessions.begin() as session:
        state = survey_state.standing(session, place, is_on=resources.settings.renew_survey)
    return JSONResponse(_standing(state), headers={"Cache-Control": "private, no-store"})


def _standing(state: survey_state.Standing) -> dict[str, Any]:
    return {
        "state": state.state,
        "renewal": state.renewal,
        "newer": list(state.newer),
        "made_at": _instant(state.made_at),
        "newer_since": _instant(state.newer_since),
        "again_at": _instant(state.again_at),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _feature(place: City, pair: surveys.SurveyPair) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": pair.rank,
        "geometry": mapping(to_wgs84(pair.geom, place.city_crs)),
        "properties": {"rank": pair.rank, **pair.said},
    }


def _area(place: City, bbox: str) -> BaseGeometry:
    """The part of the window that lies in the city, in its CRS; empty if none does."""
    expected = "west,south,east,north"
    try:
        west, south, east, north = (float(each) for each in bbox.split(","))
    except ValueError:
        raise ParameterInvalid(parameter="bbox", value=bbox[:100], expected=expected) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ParameterInvalid(parameter="bbox", value=bbox[:100], expected=expected)
    frame = place.city_crs.bounds_wgs84 or (west, south, east, north)
    clipped = box(west, south, east, north).intersection(box(*frame))
    if clipped.is_empty or not isinstance(clipped, Polygon):
        return Polygon()
    return transform_to(clipped, WGS84, place.city_crs).shape
