"""A layer, or a part of it, as a file to keep."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg2
from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from api.errors import ParameterInvalid
from api.ogc_params import SELECTION, selection
from api.ogc_request import asked, etag, headers, is_known, unchanged
from layers import features
from layers.cql2 import FilterFailed
from layers.exports import FORMATS, Format, export, is_available


def download(request: Request) -> Response:
    """The file."""
    this = asked(request, *SELECTION)
    spec = this.spec
    offered = [form for form in Format if is_available(form)]
    said = this.params.get("f", "")
    if said not in offered:
        raise ParameterInvalid(parameter="f", value=said[:40], expected=", ".join(offered))
    form = Format(said)
    chosen = selection(this, spec)
    version = features.version(this.resources.reads, chosen.source)
    validator = etag(version, request.url.path, sorted(this.params.items()))
    if is_known(this, validator):
        return unchanged(this, validator)
    info = FORMATS[form]
    folder = tempfile.TemporaryDirectory(prefix="panjereh-export-")
    path = Path(folder.name) / f"{this.place.city_id}-{spec.layer_id}.{info.suffix}"
    try:
        export(this.resources.reads, chosen, form, path)
    except (psycopg2.DataError, psycopg2.InternalError) as error:
        folder.cleanup()
        raise FilterFailed(reason=str(error).splitlines()[0][:120]) from error
    except BaseException:
        folder.cleanup()
        raise
    said_headers = headers(this, validator)
    return FileResponse(
        path,
        media_type=info.media,
        filename=path.name,
        headers=said_headers,
        background=BackgroundTask(folder.cleanup),
    )
