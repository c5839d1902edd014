"""The service lines of a case: proposed with the request, asked of the companies, and what was built in the end.

A proposal is a drawing and an estimate; the company's own answer always counts. It is made in the transaction that
opens the case, from the layers as they are published, with the mains' room left after what others were offered.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from shapely.errors import GEOSException
from shapely.geometry import mapping
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from geo.service_design import design
from geo.service_line import Design, ServiceLine, Unreached, Unserved, Wanted
from geo.vocabulary import Utility
from layers import query
from layers.city import City
from layers.database import as_element
from layers.service_rules import ServiceRule, load_service_rules
from permits import tables as t
from permits.ground import Ground, rules_of
from permits.line_proposal import for_company, proposal, shared_trench, unserved
from permits.line_site import Order, site_of, surroundings, wanted_of
from permits.ports import Json
from permits.requests import SubmitRequest, WishRequest
from permits.store import CaseRow
from permits.views import as_json
from permits.vocabulary import ServiceLineState, Wish

log = logging.getLogger("panjereh.service_lines")


def propose(
    session: Session, city: City, case: CaseRow, request: SubmitRequest, found: Ground, today: date
) -> dict[str, Json]:
    """Design and store a line for every connection wanted now; returns what each agency's inquiry says of it.

    Where the layers hold no parcel, or no rule says how a utility lays its lines, nothing is proposed for it.
    """
    wishes, refused = _wishes(city, request)
    parcel = query.parcel(session, city.city_id, case.parcel_id) if wishes else None
    if parcel is None:
        _store(session, [_row(case, city, name, unserved(reason)) for name, reason in refused.items()])
        return {}
    around = surroundings(session, city, case, parcel.geom, max(wish.rule.max_length_m for wish in wishes))
    pack = rules_of(city)
    wanted = [wanted_of(session, city, wish, around) for wish in wishes]
    try:
        made = design(site_of(around, found.shape_m), wanted, pack)
    except GEOSException as error:  # a proposal is a help: without one the companies still answer
        log.warning("no service lines for case %s: %s", case.case_no, error)
        made = Design((), tuple(Unserved(each.name, Unreached.NO_WAY) for each in wanted), None)
    by_agency = {wish.agency.agency_id: wish for wish in wishes}
    bodies = {line.name: proposal(city, line, by_agency[line.name], request, today) for line in made.lines}
    shared = shared_trench(city, made.trench)
    rows = [
        _row(
            case, city, line.name, {**bodies[line.name], "shared_trench": shared.get(line.name)}, line, wanted
        )
        for line in made.lines
    ]
    rows += [_row(case, city, each.name, unserved(each.reason, each.length_m)) for each in made.unserved]
    rows += [_row(case, city, name, unserved(reason)) for name, reason in refused.items()]
    _store(session, rows)
    return {row["agency_id"]: for_company(city, row) for row in rows if row["geom"] is not None}


def _wishes(city: City, request: SubmitRequest) -> tuple[list[Order], dict[str, Unreached]]:
    """The connections wanted now that a rule can lay, and why others cannot be."""
    rules = _rules(city.folder)
    made: list[Order] = []
    refused: dict[str, Unreached] = {}
    for agency in city.consulted_agencies:
        wish = request.wishes.get(agency.agency_id, WishRequest(Wish.NOT_NEEDED))
        rule = rules.get(agency.utilities[0])
        if wish.wish is not Wish.NOW or rule is None:
            continue
        demand = rule.demand(wish.capacity, as_json(request.units))
        size = rule.size(demand)
        if size is None:
            refused[agency.agency_id] = Unreached.BEYOND_A_SERVICE
        else:
            made.append(Order(agency, rule, demand, size))
    return made, refused


@lru_cache(maxsize=64)
def _rules(folder: Path) -> Mapping[Utility, ServiceRule]:
    return load_service_rules(folder)


def _row(
    case: CaseRow,
    city: City,
    agency: str,
    body: Json,
    line: ServiceLine | None = None,
    wanted: Sequence[Wanted] = (),
) -> Json:
    main = None if line is None else line.main.placed
    return {
        "case_id": case.case_id,
        "agency_id": agency,
        "city_id": city.city_id,
        "state": (ServiceLineState.UNSERVED if line is None else ServiceLineState.PROPOSED).value,
        "main_layer_id": main and main.layer_id,
        "main_feature_id": main and main.feature_id,
        "demand": next((each.demand for each in wanted if each.name == agency), None),
        "geom": None if line is None else as_element(line.route, city.srid),
        "body": as_json({**body, "route_m": None if line is None else mapping(line.route)}),
    }


def _store(session: Session, rows: Sequence[Json]) -> None:
    if rows:
        session.execute(insert(t.service_line), list(rows))


def of_case(session: Session, case_id: UUID) -> list[Json]:
    """The case's service lines as the API shows them, by agency."""
    rows = session.execute(
        select(t.service_line).where(t.service_line.c.case_id == case_id).order_by(t.service_line.c.agency_id)
    )
    return [_view(row) for row in rows]


def _view(row: Any) -> Json:
    body = {key: value for key, value in row.body.items() if key != "route_m"}
    return {
        "agency": row.agency_id,
        "state": row.state,
        "serviceable": row.state != ServiceLineState.UNSERVED.value,
        **body,
        "as_built": row.as_built,
    }
