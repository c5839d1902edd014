"""GML 3.2: GDAL builds the shapes and turns the axes by the URN; here it is seen that none is lost.

`urn:ogc:def:crs:EPSG::n` means the authority's own axis order (latitude or northing first where it says so),
the short "EPSG:n" means easting first. GDAL keeps to that.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from layers.readers.archives import copied
from layers.readers.faults import SourceCrsContradiction, SourceDamaged, SourceIncomplete, SourceUnreadable
from layers.readers.gdal import CURVE_TOLERANCE_M, one_table, read_table
from layers.readers.markup import Seen, survey
from layers.readers.source import Table
from layers.report import Severity

_MEMBERS = ("featureMember", "member", "featureMembers")
_CURVES = ("Arc", "ArcString", "Circle", "ArcByCenterPoint", "ArcByBulge", "CircleByCenterPoint")


def read(path: Path, table: str | None) -> Table:
    """Return one feature type of a GML file.

    Raises SourceTruncated, SourceDamaged, SourceUnsafe, SourceIncomplete (fewer than stated or than there
    are), SourceCrsContradiction (several systems in one table) or SourceUnreadable.
    """
    seen = survey(path, frozenset({"srsName"}))
    if seen.root == "ExceptionReport":
        raise SourceUnreadable(file=path.name, problem="the service answered with an exception report")
    types = {own: count for (parent, own), count in seen.children.items() if parent in _MEMBERS}
    _check_counts(seen, types, path)
    if not types:
        raise SourceDamaged(file=path.name, problem="no feature in it", found=seen.root)
    named = seen.attributes.get("srsName", set())
    if len({name.rpartition(":")[2].rpartition("/")[2] for name in named}) > 1:
        raise SourceCrsContradiction(file=path.name, stated=sorted(named)[0], found=sorted(named))
    with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
        there = copied(path, Path(folder))  # GDAL writes what it learned beside the file
        name = one_table(there, table)
        made = read_table(there, name, expected=types.get(name), DOWNLOAD_SCHEMA="NO")
    if named:
        made.facts["srs_name"] = sorted(named)[0]
    if curves := sum(seen.elements[kind] for kind in _CURVES):
        made.facts["curve_tolerance_m"] = CURVE_TOLERANCE_M
        made.say(Severity.NOTICE, "curves-linearised", count=curves, tolerance_m=CURVE_TOLERANCE_M)
    return made


def _check_counts(seen: Seen, types: dict[str, int], path: Path) -> None:
    said = seen.root_attributes.get("numberReturned", "")
    found = sum(types.values())
    if said.isdigit() and int(said) != found:
        raise SourceIncomplete(file=path.name, expected=int(said), found=found)
