"""QGIS without a window, against our open interface; run by the system's own Python, which has QGIS.

    python3 qgis_client.py ADDRESS LAYER OTHER_LAYER WEST,SOUTH,EAST,NORTH PICTURE_DIR

Prints one JSON object of what QGIS saw and what it complained of. The box is in degrees.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsProviderRegistry,
    QgsRectangle,
    QgsSymbol,
    QgsVectorLayer,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

WIDTH, HEIGHT = 800, 600
NEEDED = {"OAPIF", "ogr", "vectortile"}
TOP, BELOW = "#d01c8b", "#4dac26"


def opened(address, layer, **more):
    """The layer by the provider that QGIS has for OGC API - Features."""
    parts = {"url": address, "typename": layer, "restrictToRequestBBOX": "1", **more}
    uri = " ".join(f"{name}='{value}'" for name, value in parts.items())
    return QgsVectorLayer(uri, layer, "OAPIF")


def ids(layer, request=None):
    """The ids of the features that the layer gives."""
    found = layer.getFeatures(request) if request is not None else layer.getFeatures()
    return sorted(str(feature["id"]) for feature in found)


def described(layer):
    """What a person would see in the layer's properties."""
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "geometry": QgsWkbTypes.displayString(layer.wkbType()),
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        "extent": [
            layer.extent().xMinimum(),
            layer.extent().yMinimum(),
            layer.extent().xMaximum(),
            layer.extent().yMaximum(),
        ],
        "count": layer.featureCount(),
        "error": "" if layer.error().isEmpty() else layer.error().message(),
    }


def tiles(address):
    """The vector tiles in the colours of our own style."""
    template = "{z}/{y}/{x}"
    layer = QgsVectorTileLayer(
        f"type=xyz&url={address}/tiles/WebMercatorQuad/{template}&zmin=10&zmax=18&styleUrl={address}/style.json",
        "tiles",
    )
    said, is_styled = layer.loadDefaultStyle()
    styles = layer.renderer().styles() if layer.renderer() else []
    return layer, {
        "valid": layer.isValid(),
        "error": said,
        "styled": is_styled,
        "styles": sorted({style.layerName() for style in styles}),
    }


def drawn(layers, box, path):
    """Draw the layers, first on top; return the renderer's complaints and the commonest colours."""
    settings = QgsMapSettings()
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    move = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("OGC:CRS84"), mercator, QgsCoordinateTransformContext()
    )
    settings.setDestinationCrs(mercator)
    settings.setExtent(move.transformBoundingBox(QgsRectangle(*box)))
    settings.setOutputSize(QSize(WIDTH, HEIGHT))
    settings.setBackgroundColor(QColor("#ffffff"))
    settings.setTransformContext(QgsProject.instance().transformContext())
    settings.setLayers(layers)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    assert image.save(str(path)), path
    return {"errors": [error.message for error in job.errors()], "colours": colours(image)}


def colours(image):
    """How many pixels have each colour, the commonest first."""
    plain = image.convertToFormat(QImage.Format_RGB32)
    bits = plain.constBits()
    bits.setsize(plain.sizeInBytes())
    content = bytes(bits)
    found = Counter(content[place : place + 3] for place in range(0, len(content), 4))
    return {"#" + bgr[::-1].hex(): count for bgr, count in found.most_common(20)}


def coloured(layer, colour):
    """The layer in one flat colour, without an outline of another."""
    symbol = QgsSymbol.defaultSymbol(layer.geometryType())
    symbol.setColor(QColor(colour))
    if layer.geometryType() == QgsWkbTypes.PolygonGeometry:
        symbol.symbolLayer(0).setStrokeColor(QColor(colour))
    layer.renderer().setSymbol(symbol)
    return layer


def main(address, layer_id, other_id, box, pictures):
    """Open, count, choose, filter and draw."""
    complaints = []
    QgsApplication.messageLog().messageReceived.connect(
        lambda text, tag, level: (
            complaints.append(f"{tag}: {text}")
            if level != Qgis.Info and (tag in {"OAPIF", "WFS"} or address in text)
            else None
        )
    )
    layer, other = opened(address, layer_id), opened(address, other_id)
    seen = {
        "version": Qgis.QGIS_VERSION_INT,
        "layer": described(layer),
        "other": described(other),
        "all": ids(layer),
        "in_box": ids(layer, QgsFeatureRequest().setFilterRect(QgsRectangle(*box))),
        "filtered": ids(opened(address, layer_id, filter='"area_m2" > 1000')),
    }
    by_gdal = QgsVectorLayer(f"OAPIF:{address}|layername={layer_id}|subset=area_m2 > 1000", "gdal", "ogr")
    seen["by_gdal"] = {"valid": by_gdal.isValid(), "ids": ids(by_gdal)}
    tile_layer, seen["tiles"] = tiles(address)
    top, below = coloured(opened(address, other_id), TOP), coloured(layer, BELOW)
    seen["pictures"] = {
        "features": drawn([top, below], box, pictures / "features.png"),
        "tiles": drawn([tile_layer], box, pictures / "tiles.png"),
        "both": drawn([top, tile_layer], box, pictures / "both.png"),
    }
    seen["complaints"] = complaints
    print(json.dumps(seen))


if __name__ == "__main__":
    app = QgsApplication([], False)
    app.initQgis()
    if missing := sorted(NEEDED - set(QgsProviderRegistry.instance().providerList())):
        print(json.dumps({"missing": missing}))
    else:
        main(*sys.argv[1:4], [float(part) for part in sys.argv[4].split(",")], Path(sys.argv[5]))
    sys.stdout.flush()
    # QGIS takes itself down in no certain order and may crash at it; everything is said by now.
    os._exit(0)
