"""The web process: everything it owns is made here, and nothing else of it reads the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api import (
    account,
    agencies,
    cases,
    control,
    crisis,
    crisis_find,
    deliveries,
    desk,
    dig_maps,
    digs,
    errors,
    incidents,
    ogc,
    ogc_front,
    packs,
    parcels,
    reports,
    sights,
    surveys,
    trench,
    works,
)
from api import map as maps
from api.answered import Remembering
from api.crisis_pool import make_crisis_pool
from api.deps import Runtime
from api.events import Listener
from api.middleware import BodyLimit, CommonHeaders
from api.places import served_cities
from api.settings import Settings, database_url
from api.tilecache import TileCache
from api.uploads import Runs
from layers.access import run_as_app
from layers.database import make_engine, make_sessions
from layers.reads import reading_engine

NO_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Panjereh</title>
<h1>Panjereh</h1><p>The web page is not built. Build it with <code>make setup</code>, then start again.</p>
<p>The API is here: <a href="/v1/docs">/v1/docs</a>, <a href="/v1/openapi.json">/v1/openapi.json</a>.</p>
"""


def make_runtime(settings: Settings) -> Runtime:
    """What the web process owns; no connection is opened yet, so the database may still be away."""
    engine = make_engine(
        database_url(settings),
        application_name="panjereh-owner",
        pool_size=2,
        pool_timeout=5,
    )
    app_engine = make_engine(
        database_url(settings),
        application_name="panjereh-api",
        pool_size=settings.pool_size,
        pool_timeout=5,
    )
    reads = reading_engine(database_url(settings), pool_size=settings.pool_size)
    for each in (app_engine, reads):
        run_as_app(each, settings.database_role)
    return Runtime(
        settings=settings,
        engine=engine,
        app_engine=app_engine,
        reads=reads,
        sessions=make_sessions(app_engine),
        cities=served_cities(settings),
        listener=Listener(engine),
        tiles=TileCache(settings.tile_cache_bytes),
        crisis=make_crisis_pool(database_url(settings), settings.networks_dir, settings.database_role),
    )


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of these settings, or of the environment's."""
    resources = make_runtime(settings or Settings())
    runs = Runs(resources.engine, resources.settings.uploads_dir)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        resources.listener.start()
        runs.start()
        if resources.settings.warm_networks:
            resources.crisis.warm(resources.cities.values())
        yield
        runs.stop()
        resources.listener.stop()
        resources.engine.dispose()
        resources.app_engine.dispose()
        resources.reads.dispose()
        resources.crisis.close()

    app = FastAPI(
        title="Panjereh",
        version=account.VERSION,
        summary="One window for a parcel's permit, its utilities and the ground beneath it.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # nobody listens, and asking costs
    )
    app.state.runtime = resources
    app.state.runs = runs
    errors.install(app)
    ogc.install(app)
    for router in (
        account.router,
        maps.router,
        parcels.router,
        cases.router,
        agencies.router,
        packs.router,
        deliveries.router,
        digs.router,
        dig_maps.router,
        control.router,
        desk.router,
        reports.router,
        works.router,
        trench.router,
        sights.router,
        surveys.router,
        crisis.router,
        crisis_find.router,
        incidents.router,
    ):
        app.include_router(router)
    app.add_api_route("/v1/docs", _docs, include_in_schema=False, response_class=HTMLResponse)
    _serve_page(app, resources.settings.web_dir)
    app.add_middleware(ogc_front.Front, owner=app)
    app.add_middleware(BodyLimit, limit_bytes=resources.settings.body_limit_bytes)
    app.add_middleware(CommonHeaders)
    app.add_middleware(Remembering, owner=app)
    return app


def _docs(request: Request) -> HTMLResponse:
    """The list of resources as plain HTML: no script, no other host."""
    rows = []
    for path, methods in request.app.openapi()["paths"].items():
        for method, described in methods.items():
            rows.append(
                f"<tr><td><code>{method.upper()}</code><td><code>{escape(path)}</code>"
                f"<td>{escape(described.get('summary', ''))}"
            )
    table = "".join(rows)
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Panjereh API</title>'
        "<h1>Panjereh API</h1>"
        '<p>The machine-readable description is <a href="/v1/openapi.json">openapi.json</a>.</p>'
        f"<table><tr><th>Method<th>Path<th>What{table}</table>"
    )


def _serve_page(app: FastAPI, web_dir: Path) -> None:
    if (web_dir / "index.html").is_file():
        app.mount("/", StaticFiles(directory=web_dir, html=True), name="page")
        return

    @app.get("/", include_in_schema=False, response_class=HTMLResponse)
    def no_page() -> HTMLResponse:
        return HTMLResponse(NO_PAGE)
