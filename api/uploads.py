"""Uploads: the body streamed to disk, the delivery carried out by a thread of this process, one after another."""

from __future__ import annotations

import fcntl
import logging
import queue
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final

from fastapi import Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from api.errors import BodyTooLarge, ParameterInvalid
from api.forms import Form
from api.settings import Settings
from api.upload_parts import gathered
from layers import deliveries as stored
from layers.catalog import LayerSpec
from layers.city import City
from layers.deliveries import Alive, Receipt
from layers.handling import Handling

log = logging.getLogger("panjereh.api.uploads")
STREAMED: Final = re.compile(r"/v1/cities/[^/]+/layers/[^/]+/(deliveries|sights)")
"""Bodies of these addresses go to disk as they come, under a limit of their own."""
END_S: Final = 5.0
"""So long an ending process waits for the delivery in hand; a longer one is found interrupted at the next start."""
UPLOAD_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                    "required": ["file"],
                    "additionalProperties": {"type": "string"},
                }
            },
        },
    }
}
"""An upload, as the machine-readable description tells it."""
_NAME: Final = re.compile(r"[^\w.\- ()]+")


@dataclass(frozen=True, slots=True)
class Received:
    """A received file in a folder of its own, with the parts that belong to it; whoever takes it removes them.

    `said` are the texts of the form that it came in.
    """

    path: Path
    size_bytes: int
    said: Mapping[str, str] = field(default_factory=dict)

    def remove(self) -> None:
        """Forget the file."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


def _safe_name(stated: str | None) -> str:
    name = _NAME.sub("_", Path((stated or "").replace("\\", "/")).name).strip(" .")
    if not name or "." not in name or len(name.encode()) > 200:
        raise ParameterInvalid(parameter="filename", value=(stated or "")[:100], expected="pipes.gpkg")
    return name


async def received(request: Request, settings: Settings, texts: Collection[str] = ()) -> Received:
    """Stream the body of a request to disk: one raw file, or a form of files and of `texts`.

    Raises ParameterInvalid, BodyTooLarge, UploadFormInvalid, UploadPartsUnclear.
    """
    limit = settings.upload_limit_bytes
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise BodyTooLarge(limit_bytes=limit)
    content_type = request.headers.get("content-type", "")
    is_form = content_type.lower().startswith("multipart/form-data")
    name = "" if is_form else _safe_name(request.query_params.get("filename"))
    settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="d-", dir=settings.uploads_dir))
    try:
        if is_form:
            form = Form(content_type, folder, texts, _safe_name)
            return await _from_form(request, form, limit)
        with (folder / name).open("wb") as stream:
            size = await _streamed(request, stream.write, limit)
        return Received(folder / name, size)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _from_form(request: Request, form: Form, limit: int) -> Received:
    try:
        await _streamed(request, form.write, limit)
        form.done()
    finally:
        form.close()
    main = gathered(form.files)
    size = sum(path.stat().st_size for path in main.parent.iterdir())
    return Received(main, size, form.texts)


async def _streamed(request: Request, take: Callable[[bytes], object], limit: int) -> int:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit_bytes=limit)
        if chunk:
            await run_in_threadpool(take, chunk)
    return size


def cleared(folder: Path) -> IO[str]:
    """Remove the files of uploads whose process was killed; return the mark that this one uses the folder.

    Nothing is removed while another process has its mark on the folder: a file may be on its way to that one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = (folder / ".in-use").open("a", encoding="utf-8")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("uploads are in use by another process")
    else:
        for left in folder.glob("d-*"):
            shutil.rmtree(left, ignore_errors=True)
    fcntl.flock(mark, fcntl.LOCK_SH)
    return mark


@dataclass(frozen=True, slots=True)
class _Job:
    place: City
    spec: LayerSpec
    file: Received
    handling: Handling


class Runs:
    """The deliveries that this process has in hand, carried out in order by one thread.

    The thread is a daemon: when the process ends, the transaction ends with it, and the next process finds the
    delivery `interrupted` and the layer as it was.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._alive = Alive(engine)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._in_use: IO[str] | None = None

    def start(self) -> None:
        """Say of what an earlier process left that it was interrupted; no error while the database is away."""
        try:
            self._in_use = cleared(self._folder)
        except OSError as error:
            log.warning("files of earlier uploads not looked at: %s", error)
        try:
            left = stored.mark_interrupted(self._engine)
        except Exception as error:  # the API may start before its database does
            log.info("deliveries not looked at: %s", str(error).splitlines()[0])
            return
        if left:
            log.warning("deliveries interrupted by the end of their process: %s", left)

    def stop(self) -> None:
        """Let the thread end after what it has in hand; queued deliveries become interrupted."""
        while not self._jobs.empty():
            self._jobs.get()
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(timeout=END_S)
        self._alive.close()
        if self._in_use is not None:
            self._in_use.close()

    def take(
        self, place: City, spec: LayerSpec, file: Received, handling: Handling, *, by: str, table: str | None
    ) -> int:
        """Write down the receipt, queue the delivery, return its number."""
        receipt = Receipt(file.path.name, file.size_bytes, by, handling)
        try:
            delivery_id = stored.receive(self._engine, place, spec.layer_id, receipt)
            self._alive.hold(delivery_id)
        except BaseException:
            file.remove()
            raise
        chosen = replace(spec, table=table) if table is not None else spec
        self._jobs.put(_Job(place, chosen, file, replace(handling, delivery_id=delivery_id)))
        with self._guard:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="deliveries", daemon=True)
                self._thread.start()
        return delivery_id

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                stored.run(self._engine, job.place, job.spec, job.file.path, job.handling)
            except Exception:
                log.exception("delivery %s", job.handling.delivery_id)
            finally:
                job.file.remove()
                self._release(job.handling.delivery_id)

    def _release(self, delivery_id: int | None) -> None:
        try:
            if delivery_id is not None:
                self._alive.release(delivery_id)
        except Exception as error:  # the database is away: its locks went with the connection
            log.info("delivery %s not released: %s", delivery_id, str(error).splitlines()[0])
