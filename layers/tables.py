"""The stored GIS layers: one table per kind of feature, partitioned by city, temporal by delivery.

A row is live from the delivery in `published_by` until the one in `retired_by` (NULL: still live). A delivery
publishes in one transaction, so that every reader sees the layer before it or after it, never a mixture; what
a layer showed at any delivery can always be asked again. Geometries are stored in the city's own CRS, which
each partition enforces.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    SmallInteger,
    Text,
    func,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from layers.catalog import Target
from layers.database import Base

SCHEMA = "layers"


class CityRow(Base):
    """A city whose partitions exist; `srid` is the CRS of all its geometries."""

    __tablename__ = "city"
    __table_args__ = {"schema": SCHEMA}  # noqa: RUF012

    city_id: Mapped[str] = mapped_column(Text, primary_key=True)
    srid: Mapped[int] = mapped_column(Integer)


class LayerRow(Base):
    """A layer of a city and its current delivery (NULL: nothing was ever delivered)."""

    __tablename__ = "layer"
    __table_args__ = {"schema": SCHEMA}  # noqa: RUF012

    city_id: Mapped[str] = mapped_column(Text, ForeignKey(f"{SCHEMA}.city.city_id"), primary_key=True)
    layer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    target: Mapped[str] = mapped_column(Text)
    owner_agency: Mapped[str] = mapped_column(Text)
    utility: Mapped[str | None] = mapped_column(Text)
    sensitivity: Mapped[str] = mapped_column(Text)
    freshness_days: Mapped[int] = mapped_column(Integer)
    min_zoom: Mapped[int] = mapped_column(Integer)
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))


class DeliveryRow(Base):
    """One version of a layer: what was delivered, how it was read, and what became of it."""

    __tablename__ = "delivery"
    __table_args__ = {"schema": SCHEMA}  # noqa: RUF012

    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    city_id: Mapped[str] = mapped_column(Text, ForeignKey(f"{SCHEMA}.city.city_id"))
    layer_id: Mapped[str] = mapped_column(Text)
    file_hash: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(Text)
    as_of: Mapped[date | None] = mapped_column(Date)
    source_name: Mapped[str] = mapped_column(Text)
    source_crs: Mapped[str] = mapped_column(Text)
    source_operation: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int] = mapped_column(Integer)
    added: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))
    reverts_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="published")
    preview: Mapped[bool] = mapped_column(Boolean, server_default=sql_text("false"))
    incremental: Mapped[bool] = mapped_column(Boolean, server_default=sql_text("false"))
    file_name: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    submitted_by: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    correction: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    corrects_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))


class StagedRow(Base):
    """A part of the rows of a held delivery, as COPY text."""

    __tablename__ = "staged"
    __table_args__ = {"schema": SCHEMA}  # noqa: RUF012

    delivery_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    rows: Mapped[str] = mapped_column(Text)


class RepairRow(Base):
    """What the checks changed in one feature of a delivery; `before` is its shape as delivered."""

    __tablename__ = "repair"
    __table_args__ = {"schema": SCHEMA}  # noqa: RUF012

    repair_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id", ondelete="CASCADE")
    )
    feature_id: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    before: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=-1, spatial_index=False))


class Located:
    """The columns that every kind of feature has.

    `geom` is in the city's CRS (metres) and the truth; `geom_3857` is made from it, for the tiles only. `is_open`:
    the layer is public or shared, so the application's role may see the row (row-level security).
    """

    row_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    city_id: Mapped[str] = mapped_column(Text, primary_key=True)
    layer_id: Mapped[str] = mapped_column(Text)
    feature_id: Mapped[str] = mapped_column(Text)
    owner_agency: Mapped[str] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    source_crs: Mapped[str] = mapped_column(Text)
    source_operation: Mapped[str] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql_text("'{}'::jsonb"))
    is_open: Mapped[bool] = mapped_column(Boolean, server_default=sql_text("false"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=-1, spatial_index=False))
    geom_3857: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRY", srid=3857, spatial_index=False),
        Computed("ST_ForcePolygonCW(ST_Transform(geom, 3857))", persisted=True),
    )

    @declared_attr
    @classmethod
    def published_by(cls) -> Mapped[int]:
        """The delivery that made the row live."""
        return mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))

    @declared_attr
    @classmethod
    def retired_by(cls) -> Mapped[int | None]:
        """The delivery that ended the row; NULL while it is live."""
        return mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.delivery.delivery_id"))


_PARTITIONED = {"schema": SCHEMA, "postgresql_partition_by": "LIST (city_id)"}


def _options(*types: str) -> tuple[Any, ...]:
    named = ", ".join(f"'{kind}'" for kind in types)
    return (CheckConstraint(f"GeometryType(geom) IN ({named})", name="geom_type"), _PARTITIONED)


class Ground(Located):
    """What the public layers have besides: their GeoJSON (WGS 84, 7 decimals), made once."""

    geojson: Mapped[str] = mapped_column(
        Text, Computed("ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform(geom, 4326)), 7, 0)", persisted=True)
    )


class Area(Ground):
    """What areas have: at which zooms (bit 0: 14, … bit 3: 17) rounding to the tile's grid leaves them valid."""

    plain_zooms: Mapped[int] = mapped_column(
        SmallInteger,
        Computed("layers.plain_zooms(ST_ForcePolygonCW(ST_Transform(geom, 3857)))", persisted=True),
    )


class Parcel(Area, Base):
    """A registered piece of land."""

    __tablename__ = "parcel"
    __table_args__ = _options("POLYGON", "MULTIPOLYGON")

    area_m2: Mapped[float | None] = mapped_column(Float)
    land_use: Mapped[str | None] = mapped_column(Text)
    renovation_code: Mapped[str | None] = mapped_column(Text)
    postal_code: Mapped[str | None] = mapped_column(Text)
    plate_main: Mapped[int | None] = mapped_column(Integer)
    plate_sub: Mapped[int | None] = mapped_column(Integer)
    plate_section: Mapped[int | None] = mapped_column(Integer)
    renovation_key: Mapped[str | None] = mapped_column(
        Text, Computed("layers.plain_number(renovation_code)", persisted=True)
    )
    postal_key: Mapped[str | None] = mapped_column(
        Text, Computed("replace(layers.plain_number(postal_code), '-', '')", persisted=True)
    )


class Building(Area, Base):
    """A building's footprint."""

    __tablename__ = "building"
    __table_args__ = _options("POLYGON", "MULTIPOLYGON")

    area_m2: Mapped[float | None] = mapped_column(Float)
    use: Mapped[str | None] = mapped_column(Text)
    storeys: Mapped[int | None] = mapped_column(Integer)
    name: Mapped[str | None] = mapped_column(Text)
    parcel_ref: Mapped[str | None] = mapped_column(Text)


class Street(Ground, Base):
    """A street's axis."""

    __tablename__ = "street"
    __table_args__ = _options("LINESTRING", "MULTILINESTRING")

    name: Mapped[str | None] = mapped_column(Text)
    street_class: Mapped[str | None] = mapped_column(Text)
    width_m: Mapped[float | None] = mapped_column(Float)


class Landuse(Area, Base):
    """An area of one planned use; not a tariff class."""

    __tablename__ = "landuse"
    __table_args__ = _options("POLYGON", "MULTIPOLYGON")

    land_use: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)


class Address(Ground, Base):
    """A street address's point."""

    __tablename__ = "address"
    __table_args__ = _options("POINT")

    street: Mapped[str | None] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(Text)
    building_ref: Mapped[str | None] = mapped_column(Text)


_UNSURE = (
    "CASE WHEN horizontal_uncertainty_m > 0 AND horizontal_uncertainty_m < 'Infinity' "
    "THEN horizontal_uncertainty_m ELSE 2 END"
)
_REACH = f"least({_UNSURE}, 25)"
_LINE_REACH = f"least({_UNSURE} + greatest(coalesce(diameter_mm, 0), 0) / 2000, 25)"


_TREE_REACH = f"least({_UNSURE} + trunk_diameter_mm / 2000, 25)"


class Tree(Ground, Base):
    """A tree, by its trunk's axis. `trunk_source`: whether the office says the trunk's diameter, or the layer does.

    `reach_m` is how far from the point its bark may still be; what it is for, `Buried` says.
    """

    __tablename__ = "tree"
    __table_args__ = _options("POINT")

    species: Mapped[str | None] = mapped_column(Text)
    trunk_diameter_mm: Mapped[float] = mapped_column(Float)
    trunk_source: Mapped[str] = mapped_column(Text)
    crown_diameter_m: Mapped[float | None] = mapped_column(Float)
    horizontal_uncertainty_m: Mapped[float] = mapped_column(Float)
    reach_m: Mapped[float] = mapped_column(Float, Computed(_TREE_REACH, persisted=True))
    reach_box: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRY", srid=-1, spatial_index=False),
        Computed(f"ST_BoundingDiagonal(ST_Expand(geom, {_TREE_REACH}))", persisted=True),
    )


class Buried:
    """What every part of a network says: its utility, its cover (m, NULL: unknown), how well it is known.

    Uncertainties are 95 % half-widths in metres; a NULL vertical one goes with an unknown cover. `reach_m` is
    how far from its axis the thing may still be: half its width and its horizontal uncertainty (2 m where none is
    stated), at most 25 m; `reach_box` is the diagonal of the box around all that.
    """

    utility: Mapped[str] = mapped_column(Text)
    cover_m: Mapped[float | None] = mapped_column(Float)
    cover_source: Mapped[str] = mapped_column(Text)
    horizontal_uncertainty_m: Mapped[float] = mapped_column(Float)
    vertical_uncertainty_m: Mapped[float | None] = mapped_column(Float)
    quality_level: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    surveyed_on: Mapped[date | None] = mapped_column(Date)
    reach_m: Mapped[float] = mapped_column(Float, Computed(_REACH, persisted=True))
    reach_box: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRY", srid=-1, spatial_index=False),
        Computed(f"ST_BoundingDiagonal(ST_Expand(geom, {_REACH}))", persisted=True),
    )


class NetworkLine(Buried, Located, Base):
    """A pipe or cable; `diameter_mm` is the outer one."""

    __tablename__ = "network_line"
    __table_args__ = _options("LINESTRING", "MULTILINESTRING")

    role: Mapped[str] = mapped_column(Text)
    class_code: Mapped[str | None] = mapped_column(Text)
    pressure_bar: Mapped[float | None] = mapped_column(Float)
    voltage_kv: Mapped[float | None] = mapped_column(Float)
    diameter_mm: Mapped[float | None] = mapped_column(Float)
    material: Mapped[str | None] = mapped_column(Text)
    installed_year: Mapped[int | None] = mapped_column(Integer)
    from_node: Mapped[str | None] = mapped_column(Text)
    to_node: Mapped[str | None] = mapped_column(Text)
    main_id: Mapped[str | None] = mapped_column(Text)
    reach_m: Mapped[float] = mapped_column(Float, Computed(_LINE_REACH, persisted=True))
    reach_box: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRY", srid=-1, spatial_index=False),
        Computed(f"ST_BoundingDiagonal(ST_Expand(geom, {_LINE_REACH}))", persisted=True),
    )


class NetworkNode(Buried, Located, Base):
    """A point where lines meet or end."""

    __tablename__ = "network_node"
    __table_args__ = _options("POINT")

    kind: Mapped[str] = mapped_column(Text)


class NetworkDevice(Buried, Located, Base):
    """A valve, hydrant, transformer, switch or regulator; `node_id` names its node in the network."""

    __tablename__ = "network_device"
    __table_args__ = _options("POINT")

    kind: Mapped[str] = mapped_column(Text)
    node_id: Mapped[str | None] = mapped_column(Text)
    normal_state: Mapped[str | None] = mapped_column(Text)
    rating_kva: Mapped[float | None] = mapped_column(Float)


FeatureRow = type[
    Parcel | Building | Street | Landuse | Address | Tree | NetworkLine | NetworkNode | NetworkDevice
]

TABLES: dict[Target, FeatureRow] = {
    Target.PARCEL: Parcel,
    Target.BUILDING: Building,
    Target.STREET: Street,
    Target.LANDUSE: Landuse,
    Target.ADDRESS: Address,
    Target.TREE: Tree,
    Target.NETWORK_LINE: NetworkLine,
    Target.NETWORK_NODE: NetworkNode,
    Target.NETWORK_DEVICE: NetworkDevice,
}
