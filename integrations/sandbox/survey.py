"""Can this parcel be served? The nearest main that can be tapped and still carries the load, by PostGIS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from integrations.sandbox.capacity import Capacity
from integrations.sandbox.network import is_usable
from integrations.sandbox.profile import Profile

CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Reach:
    """The main a parcel would be served from: distance from the parcel, and what it can still carry."""

    main_id: str
    distance_m: float
    spare: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` is `serviceable` or why not; `nearest` is the chosen main, or else the nearest one to tap."""

    code: str
    nearest: Reach | None

    @property
    def is_serviceable(self) -> bool:
        """True when a connection can be made."""
        return self.code == "serviceable"


# The site is a parameter (EWKB or a sub-query); spare capacity is what is promised less what is taken:
# services that were there, and orders held or confirmed since.
_CANDIDATES = """
SELECT m.main_id, m.distance_m, m.capacity - m.existing - coalesce((
         SELECT sum(o.demand) FROM orders o
         WHERE o.main_id = m.main_id AND o.main_id IS NOT NULL
           AND o.state IN ('held', 'confirmed')), 0) AS spare
FROM (SELECT main_id, capacity, existing, ST_Distance(geom, {site}) AS distance_m
      FROM main WHERE {usable} ORDER BY geom <-> {site} LIMIT :n) m
ORDER BY m.distance_m, m.main_id
"""


def assess(
    connection: Connection, profile: Profile, site: Any, capacity: Capacity, max_length_m: float
) -> Verdict:
    """Return whether a site (EWKB hex in the network's CRS) can be served with a capacity.

    `distance_m` is from the plot to the axis of the main, horizontally; no route is designed here.
    """
    sql = _CANDIDATES.format(site="cast(:site AS geometry)", usable=is_usable(profile))
    rows = connection.execute(text(sql), {"site": site, "n": CANDIDATES})
    reaches = [Reach(row.main_id, round(row.distance_m, 2), row.spare) for row in rows]
    return _choose(reaches, capacity, max_length_m)


def _choose(reaches: list[Reach], capacity: Capacity, max_length_m: float) -> Verdict:
    if not reaches:
        return Verdict("no-suitable-main", None)
    near = [reach for reach in reaches if reach.distance_m <= max_length_m]
    if not near:
        return Verdict("too-far-from-main", reaches[0])
    chosen = next((reach for reach in near if reach.spare >= capacity.demand), None)
    return Verdict("serviceable", chosen) if chosen else Verdict("no-capacity", near[0])


def reserve(
    connection: Connection, profile: Profile, site: Any, capacity: Capacity, max_length_m: float
) -> Verdict:
    """Return as `assess` does, with the chosen main locked until the transaction ends.

    Two orders then cannot share the last of its capacity.
    """
    while True:
        verdict = assess(connection, profile, site, capacity, max_length_m)
        if not verdict.is_serviceable or verdict.nearest is None:
            return verdict
        connection.execute(
            text("SELECT 1 FROM main WHERE main_id = :m FOR UPDATE"), {"m": verdict.nearest.main_id}
        )
        again = assess(connection, profile, site, capacity, max_length_m)
        if again == verdict or not again.is_serviceable:
            return again


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the company has on and beside the site: services on the plot, its line nearest to the pit."""

    services: int
    line_id: str | None
    line_distance_m: float | None


def surroundings(connection: Connection, our_ref: str) -> Surroundings:
    """Return what lies on the plot and nearest to the pit of an inquiry."""
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM service s WHERE ST_Intersects(s.geom, i.site)) AS services, "
            "l.line_id, l.distance_m FROM inquiry i LEFT JOIN LATERAL ("
            "  SELECT * FROM ((SELECT main_id AS line_id, ST_Distance(geom, i.pit) AS distance_m FROM main "
            "   ORDER BY geom <-> i.pit LIMIT 1) UNION ALL "
            "  (SELECT service_id, ST_Distance(geom, i.pit) FROM service ORDER BY geom <-> i.pit LIMIT 1)) u "
            "  WHERE i.pit IS NOT NULL ORDER BY 2 LIMIT 1) l ON true WHERE i.our_ref = :r"
        ),
        {"r": our_ref},
    ).one()
    return Surroundings(row.services, row.line_id, row.distance_m)
