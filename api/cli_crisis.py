"""`panjereh isolate`: the valves around a break and who loses supply, from the terminal, straight from the database."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer

from api.settings import Settings, database_url


def isolate(
    city_id: Annotated[str, typer.Argument(help="city id")],
    utility: Annotated[str, typer.Argument(help="water, gas, electricity, …")],
    at: Annotated[str, typer.Option("--at", help="longitude,latitude, or the id of a line or valve")],
    stuck: Annotated[list[str] | None, typer.Option(help="a valve that does not move; repeatable")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the whole answer")] = False,
) -> None:
    """Say which valves to close around a break, and who loses supply by that."""
    from geo.vocabulary import Utility
    from layers.access import Asker
    from layers.city import load_city
    from layers.crisis import Desk
    from layers.crisis_trace import isolation
    from layers.database import make_engine, make_sessions
    from layers.network import Networks

    if utility not in set(Utility):
        raise typer.BadParameter(f"utility: one of {', '.join(Utility)}")
    settings = Settings()
    place = load_city(settings.cities_dir, city_id)
    engine = make_engine(database_url(settings), application_name="panjereh-cli", pool_size=2)
    try:
        with make_sessions(engine).begin() as session:
            asker = Asker(f"cli:{getpass.getuser()}", "crisis")
            desk = Desk(session, place, asker, Networks(engine, settings.networks_dir))
            answer = isolation(desk, utility, _start(at), stuck or [])
    finally:
        engine.dispose()
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else _told(answer))


def _start(at: str) -> Any:
    from layers.crisis import StartAt

    first, _, second = at.partition(",")
    try:
        return StartAt(lon=float(first), lat=float(second))
    except ValueError:
        return StartAt(feature_id=at)


def _told(answer: Any) -> str:
    start, lost, sure = answer["start"], answer["lost"], answer["confidence"]
    where = f"{start['kind']} {start['feature_id']} ({start['layer_id']}), {start['distance_m']} m away"
    said = [
        f"{answer['utility']}: {where}",
        _list("close" if answer["utility"] != "electricity" else "open", answer["valves"]),
        _list("closed already", answer["already_closed"]),
        _list("stuck", answer["stuck"]),
        _list("shut off", answer["sources"]),
        _list("may restore", answer["restorable_by"]),
        f"section: {answer['section']['mains']} mains, {answer['section']['mains_m']} m",
    ]
    if answer["squeeze"]:
        places = ", ".join(each["feature_id"] for each in answer["squeeze_points"])
        said.append(
            f"valves are sparse; squeeze off: {places} ({answer['squeeze']['connections_lost']} connections)"
        )
    said.append(
        f"lost: {lost['connections']} connections ({lost['cut']} cut, {lost['without_supply']} beyond), "
        f"{lost['parcels']} parcels, {lost['units']} units"
    )
    said += [
        f"  first: {each['kind']} {each['name'] or each['building_id'] or each.get('feature_id')}"
        for each in lost["priority"]
    ]
    said.append(f"confidence: {sure['level']} ({', '.join(sure['explanations']) or '-'})")
    said.append(f"network {answer['network_version']}, {answer['took_ms']} ms")
    return "\n".join(line for line in said if line)


def _list(title: str, devices: Any) -> str:
    if not devices:
        return ""
    return "\n".join(
        [f"{title}:"]
        + [
            f"  {each['feature_id']:14} {each['kind']:12} {each['point'][0]:.6f},{each['point'][1]:.6f}"
            for each in devices
        ]
    )
