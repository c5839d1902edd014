"""Where: boxes answer exactly, in every CRS that is offered and in its own axis order."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import shape

from tests.api.conftest import Served
from tests.api.ogc.asking import CRS84, EPSG, ITEMS, Code, anyone, ids, in_degrees

BOXES = [
    (7.8800, 48.4520, 7.8860, 48.4570),
    (7.8810, 48.4530, 7.8811, 48.4531),
    (7.0, 48.0, 9.0, 49.0),
    (-180, -90, 180, 90),
    (8.5, 48.0, 9.0, 49.0),
    (7.8852, 48.4545, 7.8852, 48.4545),
    (7.8800, 48.4545, 7.8900, 48.4545),
]


@pytest.mark.parametrize("box", BOXES)
def test_bbox_is_exact(site: Served, parcels: dict[str, shapely.Geometry], box: tuple[float, ...]) -> None:
    """Exactly the features that meet the rectangle of degrees: not those that meet its image's rectangle."""
    rectangle = (
        shapely.box(*box) if box[0] < box[2] and box[1] < box[3] else shapely.LineString([box[:2], box[2:]])
    )
    if box[:2] == box[2:]:
        rectangle = shapely.Point(box[:2])
    wanted = {key for key, each in in_degrees(parcels).items() if shapely.intersects(each, rectangle)}
    with anyone(site) as client:
        body = client.get(f"{ITEMS}?bbox={','.join(map(str, box))}").json()
        assert set(ids(body)) == wanted
        assert body["numberMatched"] == len(wanted)
        six = [box[0], box[1], -100, box[2], box[3], 100]
        assert set(ids(client.get(f"{ITEMS}?bbox={','.join(map(str, six))}").json())) == wanted
        one = client.get(f"{ITEMS}?limit=1&bbox={','.join(map(str, box))}").json()
        assert one["numberMatched"] == len(wanted)


def test_bbox_in_every_crs(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    """Features 2: bbox-crs; latitude first in EPSG:4326."""
    metres = (417000.0, 5367000.0, 417400.0, 5367400.0)
    wanted = {key for key, each in parcels.items() if shapely.intersects(each, shapely.box(*metres))}
    degrees = (7.8800, 48.4520, 7.8860, 48.4570)
    wanted_degrees = {
        key for key, each in in_degrees(parcels).items() if shapely.intersects(each, shapely.box(*degrees))
    }
    move = Transformer.from_crs(4326, 3857, always_xy=True).transform
    mercator = (*move(*degrees[:2]), *move(*degrees[2:]))
    flipped = (degrees[1], degrees[0], degrees[3], degrees[2])
    with anyone(site) as client:
        for box, crs, expected in (
            (metres, f"{EPSG}25832", wanted),
            (metres, "[EPSG:25832]", wanted),
            (flipped, f"{EPSG}4326", wanted_degrees),
            (degrees, CRS84, wanted_degrees),
            (mercator, f"{EPSG}3857", wanted_degrees),
        ):
            params = {"bbox": ",".join(repr(float(value)) for value in box), "bbox-crs": crs}
            assert set(ids(client.get(ITEMS, params=params).json())) == expected, crs
            assert expected


def test_bbox_across_the_antimeridian(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    wanted = {key for key, each in in_degrees(parcels).items() if each.bounds[0] <= 7.885}
    with anyone(site) as client:
        assert set(ids(client.get(f"{ITEMS}?bbox=170,-90,7.885,90").json())) == wanted
    assert wanted


@pytest.mark.parametrize(
    "said",
    ["1,2", "1,2,3", "1,2,3,4,5", "a,b,c,d", "", "1,2,3,nan", "1,2,3,inf", "7,49,8,48", "7,48,8,91", "700,1,701,2"],
)  # fmt: skip
def test_wrong_boxes_are_refused(site: Served, problem_of: Code, said: str) -> None:
    with anyone(site) as client:
        response = client.get(ITEMS, params={"bbox": said})
    assert (response.status_code, problem_of(response)) == (400, "parameter-invalid")
    assert response.json()["params"]["parameter"] == "bbox"


def test_crs(site: Served, parcels: dict[str, shapely.Geometry], problem_of: Code) -> None:
    """Features 2: each CRS that is listed is served, in its own axis order; others are refused."""
    with anyone(site) as client:
        first = client.get(f"{ITEMS}?limit=1").json()["features"][0]
        own = parcels[first["id"]]
        for code, tolerance in ((25832, 1e-3), (4326, 2e-7), (3857, 1e-3)):
            move = Transformer.from_crs(25832, code).transform  # the authority's own axis order
            truth = shapely.transform(
                own, lambda xy, move=move: shapely.get_coordinates(shapely.points(*move(*xy.T)))
            )
            for path in (f"{ITEMS}?limit=1&crs={EPSG}{code}", f"{ITEMS}/{first['id']}?crs={EPSG}{code}"):
                response = client.get(path)
                assert response.headers["content-crs"] == f"<{EPSG}{code}>"
                body = response.json()
                made = shape((body["features"][0] if "features" in body else body)["geometry"])
                assert shapely.hausdorff_distance(made, truth) < tolerance
        for name in ("crs", "bbox-crs", "filter-crs"):
            for wrong in (f"{EPSG}2056", "EPSG:99999999", "WGS84", "", "http://example.org/crs"):
                response = client.get(ITEMS, params={name: wrong})
                assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), (
                    name,
                    wrong,
                )
