"""An area as one file for crews without network: GeoPackage, map tiles, and a page that opens by itself."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from pydantic import Field, StringConstraints
from starlette.background import BackgroundTask

from api.deps import CityDep, RuntimeDep, allowed
from api.schemas import GeometryIn, Strict
from api.security import Holder, Permission, asker, may_look_at
from geo.crs import WGS84, transform_to
from geo.shapes import checked_polygon
from layers.access import identify, map_purpose
from layers.offline_pack import PackPage, build_pack
from layers.pack_contents import PackRequest

router = APIRouter(prefix="/v1/cities/{city_id}/packs", tags=["map"])

MayPack = Annotated[Holder, Depends(allowed(Permission.MAKE_PACK))]


class PackIn(Strict):
    """The area to take along, and a note for its readers."""

    geometry: GeometryIn
    crs: str = Field(default=WGS84, description="the CRS of the coordinates, 'EPSG:n'", max_length=20)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


@router.post(
    "",
    summary="An offline pack of an area: GeoPackage, PMTiles and a page that opens without network",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def make_pack(resources: RuntimeDep, place: CityDep, who: MayPack, body: PackIn) -> FileResponse:
    """Everything the asker may see within the area, as it is published now; at most 4 km2.

    Sensitive layers are in it only where the whole area may be covered by one look, and that look is written down.
    """
    area_m = transform_to(checked_polygon(body.geometry.model_dump()), body.crs, place.city_crs).shape
    page = PackPage.read(resources.settings.web_dir / "offline")
    purpose = map_purpose(who.role.value)
    request = PackRequest(
        city=place,
        area_m=area_m,
        layers=[spec for spec in place.layers if may_look_at(who, spec, place.city_id, purpose)],
        made_by=who.name,
        made_at=datetime.now(UTC),
        note=body.note,
    )
    folder = tempfile.TemporaryDirectory(prefix="panjereh-pack-")
    path = Path(folder.name) / f"panjereh-{place.city_id}-{request.made_at:%Y%m%d-%H%M}.zip"
    try:
        with resources.sessions.begin() as session:
            identify(session, asker(who), place.city_id, purpose)
            build_pack(session, request, page, path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type="application/zip",
        filename=path.name,
        headers={"Cache-Control": "private, no-store"},
        background=BackgroundTask(folder.cleanup),
    )
