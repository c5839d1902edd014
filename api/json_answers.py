"""What a use case returned, as the body of an answer: one view, a page of a list, shapes for the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from fastapi.responses import JSONResponse

from permits.views import as_json

View = TypeVar("View")


def answered(view: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A view as JSON."""
    return JSONResponse(as_json(view), status_code=status, headers=headers)


def paged(name: str, found: Sequence[View], limit: int, id_of: Callable[[View], UUID]) -> Response:
    """One page of a list; `next` is the `after` of the following page, null where this one is not full."""
    following = str(id_of(found[-1])) if len(found) == limit else None
    return JSONResponse({name: as_json(found), "next": following})


def shown(collection: dict[str, Any]) -> Response:
    """A FeatureCollection in WGS 84."""
    return JSONResponse(as_json(collection), media_type="application/geo+json")
