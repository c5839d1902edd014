"""Why a delivered file is not taken: one class per reason that a clerk can act on."""

from __future__ import annotations

from geo.errors import PanjerehError


class SourceUnreadable(PanjerehError):
    """The file is missing, is no GIS file, or has no such table."""

    code = "source-unreadable"


class SourceTruncated(SourceUnreadable):
    """The file is cut off: it holds less than its own header says."""

    code = "source-truncated"


class SourceDamaged(SourceUnreadable):
    """The file contradicts itself, so that no record of it can be relied on."""

    code = "source-damaged"


class SourceIncomplete(SourceUnreadable):
    """Fewer records could be read (`found`) than the file or service says it holds (`expected`)."""

    code = "source-incomplete"


class SourceTooLarge(SourceUnreadable):
    """The file is larger than what is read at once."""

    code = "source-too-large"


class SourceUnsafe(SourceUnreadable):
    """The file or archive tries what no delivery needs: paths outside it, bombs, external entities."""

    code = "source-unsafe"


class SourcePartMissing(SourceUnreadable):
    """A file of several parts came without one that cannot be made again."""

    code = "source-part-missing"


class SourceFormatUnknown(SourceUnreadable):
    """The file is in none of the formats that are read."""

    code = "source-format-unknown"


class SourceTableUnstated(SourceUnreadable):
    """The file holds several tables and nothing says which one is meant."""

    code = "source-table-unstated"


class SourceTableMissing(SourceUnreadable):
    """The file holds no table of the name that the layer or the clerk states, but these."""

    code = "source-table-missing"


class SourceEncodingUnknown(SourceUnreadable):
    """The file does not say how its letters are encoded, and its bytes do not tell."""

    code = "source-encoding-unknown"


class SourceColumnsUnclear(SourceUnreadable):
    """No column of the table holds the place: a WKT column, or a pair of coordinates, is needed."""

    code = "source-columns-unclear"


class ReaderNotInstalled(SourceUnreadable):
    """The format is known, but the program that reads it is not installed here."""

    code = "reader-not-installed"


class SourceCrsMissing(PanjerehError):
    """The file does not say which coordinate reference system it is in."""

    code = "source-crs-missing"


class SourceCrsContradiction(PanjerehError):
    """What the file says about its CRS contradicts its coordinates or the configuration."""

    code = "source-crs-contradiction"


class ServiceUnreachable(PanjerehError):
    """The service did not answer in time, also after several tries."""

    code = "service-unreachable"


class ServiceRefused(PanjerehError):
    """The service answered, but not with what was asked for."""

    code = "service-refused"


class PlaceMistaken(PanjerehError):
    """The coordinates do not lie in the city; read in one other way they would."""

    code = "place-mistaken"


class AxesSwapped(PlaceMistaken):
    """The numbers are swapped: the northing or the latitude comes first."""

    code = "place-axes-swapped"


class DegreesInMetricFile(PlaceMistaken):
    """The file says metres, but its numbers are longitude and latitude."""

    code = "place-degrees"


class OtherZone(PlaceMistaken):
    """The numbers belong to another UTM zone than the one stated."""

    code = "place-other-zone"


class WebMercator(PlaceMistaken):
    """The numbers are Web Mercator, which is for drawing and not for measuring."""

    code = "place-web-mercator"


class ZonePrefix(PlaceMistaken):
    """The eastings begin with the number of their zone."""

    code = "place-zone-prefix"


class DigitsDropped(PlaceMistaken):
    """The leading digits of the coordinates were dropped."""

    code = "place-digits-dropped"


class OtherUnit(PlaceMistaken):
    """The coordinates are in another unit than metres."""

    code = "place-other-unit"


class StatedCrsWrong(PlaceMistaken):
    """The numbers fit the city's own system, not the one that the file states."""

    code = "place-stated-crs-wrong"
