"""`panjereh audit CITY`: the survey list of a whole city, as files, a page and a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from api import i18n

if TYPE_CHECKING:
    from layers.auditing import Audit

FILE_LIMIT = 100_000


class CityFirst(TyperGroup):
    """A group whose first word may be a city: `audit karhula …` is `audit city karhula …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name before a word that is none of the group's commands."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["city", *args]
        return super().parse_args(ctx, args)


def audit_city(  # noqa: PLR0913 - each is an option of the command
    city_id: Annotated[str, typer.Argument(help="city id")],
    out: Annotated[Path, typer.Option(help="folder for audit.parquet, .gpkg, .geojson and .html")],
    pack: Annotated[str | None, typer.Option(help="a rule pack other than the city's own")] = None,
    processes: Annotated[int, typer.Option(min=1, help="by tiles, in so many processes of this machine")] = 1,
    dask: Annotated[
        str | None, typer.Option(help="by tiles, on the Dask scheduler at this address; DIR is shared")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads of one process")] = 1,
    tile_m: Annotated[float, typer.Option("--tile", min=50, help="side of a tile, m")] = 2000.0,
    top: Annotated[int, typer.Option(min=1, help="rows of the printed table")] = 20,
    limit: Annotated[int, typer.Option(min=1, help="pairs in .gpkg and .geojson")] = FILE_LIMIT,
    language: Annotated[str, typer.Option("--lang", help="en or fa: of the printed table")] = "en",
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="keep it for the map and the API")] = True,
) -> None:
    """List the pairs of existing lines closer than the rules ask, ranked: where to survey first, no offences."""
    from api import audit_page
    from api.settings import Settings, database_url
    from api.teller import Teller
    from layers import auditing, surveys
    from layers.city import load_city
    from layers.database import make_engine
    from layers.survey_making import make
    from layers.survey_state import rules_now

    settings = Settings()
    place = load_city(settings.cities_dir, city_id)
    rules = rules_now(place) if pack is None else _named(settings.cities_dir, pack)
    engine = make_engine(database_url(settings), application_name="panjereh-audit", pool_size=2)

    def audited() -> Audit:
        if dask is None and processes == 1:
            return auditing.audit(engine, city_id, rules, threads)
        from layers.audit_tiles import Farm, audit_by_tiles

        return audit_by_tiles(engine, place, rules, out / "tiles", Farm(dask, processes), tile_m)

    done = make(engine, place, rules, audited, kept=keep)
    made = done.audit
    counts = auditing.write(made, place, out, limit)
    page = audit_page.Page(place, made, done.at, surveys.drawn(engine, place, made))
    (out / "audit.html").write_text(audit_page.render(page, settings.web_dir), encoding="utf-8")
    engine.dispose()
    teller = Teller()
    spoken: i18n.Language = "fa" if language == "fa" else "en"
    for line in audit_page.summary(page, spoken):
        teller.say(line)
    teller.table(*audit_page.table(page, spoken, top))
    for name, count in counts.items():
        teller.say(f"{out / name}: {count:,}")
    teller.say(f"{out / 'audit.html'}")
    teller.say(f"{made.lines:,} lines, {len(made):,} pairs, {done.took.total_seconds():.2f} s")


def renew(
    city_id: Annotated[str, typer.Argument(help="city id")],
    parent: Annotated[int, typer.Option(hidden=True, help="the worker that wants it, and ends it")] = 0,
) -> None:
    """Make a city's kept list again if deliveries or rules are newer; no files. The worker does so by itself."""
    from api.background import stay_behind
    from api.settings import Settings, database_url
    from layers.city import load_city
    from layers.database import make_engine
    from layers.survey_making import make_again

    if parent:
        stay_behind(parent)
    settings = Settings()
    engine = make_engine(database_url(settings), application_name="panjereh-audit", pool_size=2)
    done = make_again(engine, load_city(settings.cities_dir, city_id))
    engine.dispose()
    if done is None:
        typer.echo(f"survey list of {city_id}: nothing newer")
        return
    made, took = done.audit, done.took.total_seconds()
    typer.echo(
        f"survey list of {city_id}: {made.lines:,} lines, {len(made):,} pairs, {took:.2f} s, {_peak()} MB"
    )


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _named(cities: Path, pack: str) -> Any:
    from geo.packs import load_pack

    return load_pack(cities / "packs" / f"{pack}.csv")
