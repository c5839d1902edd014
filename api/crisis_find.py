"""Finding a valve or a line by its number over HTTP: where the crisis desk flies to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.crisis import at_desk, sent
from api.security import Holder, Permission
from layers.crisis import Desk
from layers.crisis_find import found

router = APIRouter(prefix="/v1/cities/{city_id}", tags=["crisis"])
Said = Annotated[
    str,
    Query(
        min_length=1,
        max_length=100,
        description="an agency's number or a part of it; an agency, a utility or a layer beside it narrows the search",
    ),
]


@router.get("/networks/features", summary="Find valves, switches, sources and lines by their agency's number")
async def features(
    request: Request, city_id: str, q: Said, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Response:
    """The best fit first, each with its place; what the asker may not see is not found."""

    def ask(desk: Desk, _who: Holder, _session: Session) -> Response:
        return sent(found(desk, q, limit))

    answer: Response = await at_desk(request, city_id, Permission.ASK_CRISIS, ask)
    return answer
