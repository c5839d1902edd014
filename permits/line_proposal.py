"""A designed service line as it is told: to the case, and in the inquiry to the company that is to build it."""

from __future__ import annotations

from datetime import date

from shapely.geometry import mapping

from geo.crs import to_wgs84
from geo.service_line import CommonTrench, Encounter, ServiceLine, Unreached
from geo.vocabulary import NETWORKS
from layers.city import City
from layers.service_rules import Per
from permits.conflicts import plain_finding
from permits.line_site import Order
from permits.ports import Json
from permits.requests import SubmitRequest


def proposal(city: City, line: ServiceLine, wish: Order, request: SubmitRequest, today: date) -> Json:
    """What the case says of a line: its main and way (WGS 84), lengths (m), size, estimate and what it meets."""
    main = line.main.placed
    return {
        "utility": str(wish.agency.utilities[0]),
        "main": {
            "layer_id": main.layer_id,
            "feature_id": main.feature_id,
            "diameter_mm": None if main.radius_m is None else round(main.radius_m * 2000, 1),
            "spare": None if line.main.spare is None else round(line.main.spare, 1),
        },
        "route": mapping(to_wgs84(line.route, city.city_crs)),
        "length_m": round(line.length_m, 2),
        "inside_m": round(line.inside_m, 2),
        "cover_m": line.cover_m,
        "over_parcels_m": round(line.over_parcels_m, 2),
        "size": {"name": wish.size.name, "outer_diameter_mm": wish.size.outer_diameter_mm},
        "demand": {"amount": wish.demand, "unit": wish.rule.unit},
        "price": _price(city, line, wish, request, today),
        "verdict": str(line.verdict),
        "encounters": [_encounter(city, each) for each in line.encounters],
    }


def _price(city: City, line: ServiceLine, wish: Order, request: SubmitRequest, today: date) -> Json | None:
    formula = wish.rule.price(today, city.currency)
    if formula is None:
        return None
    units = request.units
    items = formula.estimate(
        {
            Per.CONNECTION: 1.0,
            Per.METRE: line.length_m,
            Per.DEMAND: wish.demand,
            Per.SIZE: wish.size.size,
            Per.RESIDENTIAL: units.residential,
            Per.COMMERCIAL: units.commercial,
            Per.OTHER: units.other,
        }
    )
    return {
        "amount": sum(amount for _, amount in items),
        "currency": formula.currency,
        "items": [{"code": code, "amount": amount} for code, amount in items],
        "formula_id": formula.formula_id,
        "valid_from": formula.valid_from.isoformat(),
        "status": formula.status,
        "source": formula.source,
    }


def _encounter(city: City, met: Encounter) -> Json:
    """What is met, as the findings of the case say it; without a rule only that it is met."""
    finding = {} if met.finding is None else plain_finding(met.finding)
    return {
        **finding,
        "ref": f"{met.placed.layer_id}/{met.placed.feature_id}",
        "utility": met.placed.utility,
        "owner": met.placed.owner,
        "crossing": met.crossing,
        "obstacle": met.placed.utility not in NETWORKS,
        "verdict": str(met.verdict),
        "point": mapping(to_wgs84(met.at, city.city_crs)),
    }


def shared_trench(city: City, trench: CommonTrench | None) -> dict[str, Json]:
    """What the common trench means for each of its lines."""
    if trench is None:
        return {}
    names = [slot.name for slot in trench.slots]
    told = {
        "length_m": round(trench.length_m, 2),
        "separate_m": round(trench.separate_m, 2),
        "saved_m": round(trench.saved_m, 2),
        "width_m": trench.width_m,
        "geometry": mapping(to_wgs84(trench.shape, city.city_crs)),
        "slots": [{"agency": s.name, "offset_m": s.offset_m, "cover_m": s.cover_m} for s in trench.slots],
    }
    return {name: {"with": [other for other in names if other != name], **told} for name in names}


def for_company(city: City, row: Json) -> Json:
    """The proposal as the company's inquiry carries it: in the city's CRS, without what others pay."""
    said = row["body"]
    shared = said["shared_trench"]
    return {
        "main_id": said["main"]["feature_id"],
        "route": said["route_m"],
        "crs": city.crs,
        "length_m": said["length_m"],
        "cover_m": said["cover_m"],
        "size": said["size"],
        "demand": said["demand"],
        "estimate": said["price"],
        "shared_trench": shared and {name: shared[name] for name in ("with", "saved_m", "width_m", "slots")},
    }


def unserved(reason: Unreached, length_m: float | None = None) -> Json:
    """Why no line was designed; with the length (m) that was too long."""
    return {"reason": str(reason), "length_m": None if length_m is None else round(length_m, 1)}
