"""What may be kept and for how long: validators, compression, past instants, a database that comes back."""

from __future__ import annotations

import gzip
from datetime import UTC
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from layers import features
from layers import served as served_versions
from layers.city import City, load_city
from layers.database import make_engine
from layers.ingest import deliver, roll_back
from tests.api.conftest import Served
from tests.api.ogc.asking import ITEMS, OGC, Code, anyone, ids
from tests.layers.test_agreeing import moved_file, shift


def test_what_the_client_has_is_told_without_a_statement_and_never_after_a_change(
    api: Served, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """304 from the remembered version (T9); the first answer begun after a commit is already the new one."""
    place = load_city(root / "cities", "schutterwald")
    engine = make_engine(str(api.settings.database_url))
    public = place.layer("buildings")
    path = f"{OGC}/collections/{public.layer_id}/items?limit=3"
    with anyone(api) as client:
        first = client.get(path)

        def asked() -> httpx2.Response:
            return client.get(path, headers={"If-None-Match": tag})

        tag = first.headers["etag"]
        with monkeypatch.context() as frozen:
            frozen.setattr(served_versions, "now", lambda: 1.0)
            assert asked().status_code == 304
            frozen.setattr(served_versions, "fetch", None)
            frozen.setattr(features, "fetch", None)
            again = asked()
            assert (again.status_code, again.headers["etag"]) == (304, tag)
            assert again.headers["cache-control"] == "public, no-cache"
            assert again.headers["x-content-type-options"] == "nosniff"
        served_versions._remembered.clear()
        tags = [tag]
        for change in (
            lambda: deliver(
                engine, place, public, moved_file(place, public.layer_id, tmp_path, shift(0.1, 0))
            ),
            lambda: roll_back(engine, place, public.layer_id),
        ):
            assert asked().status_code == 304
            change()
            answer = asked()
            assert answer.status_code == 200
            tag = answer.headers["etag"]
            tags.append(tag)
        assert len(set(tags)) == 3
        assert answer.json()["features"] == first.json()["features"]
    engine.dispose()


def test_as_of_shows_the_layer_of_any_past_instant(
    api: Served, root: Path, tmp_path: Path, problem_of: Code
) -> None:
    """Evidence over the open interface: pages, filters, boxes, single features and counts of an instant."""
    place = load_city(root / "cities", "schutterwald")
    engine = make_engine(str(api.settings.database_url))
    path = f"{OGC}/collections/gas_lines/items"

    def instant() -> str:
        with engine.connect() as connection:
            now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return str(now.astimezone(UTC).isoformat()).replace("+00:00", "Z")

    with api.client() as client:
        old = client.get(path, params={"limit": 5}).json()
        one = old["features"][0]
        before = instant()
        deliver(
            engine, place, place.layer("gas_lines"), moved_file(place, "gas_lines", tmp_path, shift(0.3, 0))
        )
        after = instant()
        new = client.get(path, params={"limit": 5}).json()
        assert new["features"] != old["features"]
        for said, wanted in ((before, old), (after, new), ("9999-01-01T00:00:00Z", new)):
            found = client.get(path, params={"limit": 5, "as-of": said}).json()
            assert (found["features"], found["numberMatched"]) == (
                wanted["features"],
                wanted["numberMatched"],
            )
            following = client.get(
                next(each["href"] for each in found["links"] if each["rel"] == "next")
            ).json()
            again = client.get(path, params={"limit": 5, "offset": 5, "as-of": said}).json()
            assert following["features"] == again["features"]
            asked = {"as-of": said, "filter": f"id = '{one['id']}'"}
            assert client.get(path, params=asked).json()["features"] == wanted["features"][:1]
            x, y = wanted["features"][0]["geometry"]["coordinates"][0]
            asked = {"as-of": said, "bbox": f"{x - 1e-6},{y - 1e-6},{x + 1e-6},{y + 1e-6}"}
            assert one["id"] in ids(client.get(path, params=asked).json())
            single = client.get(f"{path}/{one['id']}", params={"as-of": said}).json()
            assert single["geometry"] == wanted["features"][0]["geometry"]
        assert client.get(path, params={"as-of": "1999-01-01T00:00:00Z"}).json()["numberMatched"] == 0
        assert client.get(f"{path}/{one['id']}", params={"as-of": "1999-01-01T00:00:00Z"}).status_code == 404
        for wrong in ("yesterday", "2026-11-22", "2026-11-22T10:00:00", "2026-13-01T00:00:00Z"):
            response = client.get(path, params={"as-of": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
    engine.dispose()


def test_etag_changes_exactly_with_the_delivery(api: Served, place: City) -> None:
    """304 while nothing was published, also for the part that a filter selects; a new delivery is seen at once."""
    paths = [
        ITEMS,
        f"{ITEMS}?bbox=7.88,48.45,7.89,48.46&limit=3",
        f"{ITEMS}/08-5440-00001",
        f"{OGC}/collections/parcels",
    ]
    engine = make_engine(str(api.settings.database_url))
    with anyone(api) as client:
        tags = [client.get(path).headers["etag"] for path in paths]
        assert len(set(tags)) == len(tags)
        for path, tag in zip(paths, tags, strict=True):
            same = client.get(path, headers={"If-None-Match": tag})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == tag
            assert client.get(path, headers={"If-None-Match": f'"other", {tag}'}).status_code == 304
            assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        before = client.get(f"{ITEMS}?limit=1").json()["numberMatched"]
        roll_back(engine, place, "parcels")  # a delivery like any other: the layer as it was before, empty
        for path, tag in zip(paths, tags, strict=True):
            assert client.get(path, headers={"If-None-Match": tag}).status_code in {200, 404}
        assert client.get(f"{ITEMS}?limit=1").json()["numberMatched"] == 0 < before
        assert client.get(f"{ITEMS}/08-5440-00001").status_code == 404
    engine.dispose()


def test_answers_differ_by_what_makes_them_differ(site: Served) -> None:
    with anyone(site) as client:
        tags = {client.get(f"{ITEMS}?limit={number}").headers["etag"] for number in (1, 2, 3)}
        tags |= {client.get(f"{ITEMS}?limit=1", headers={"Accept-Language": "fa"}).headers["etag"]}
        tags |= {client.get(f"{ITEMS}?limit=1&f=html").headers["etag"]}
        assert len(tags) == 5
        headers = client.get(f"{ITEMS}?limit=1").headers
        assert headers["cache-control"] == "public, no-cache"
        assert "Authorization" in headers["vary"]
        assert headers["access-control-allow-origin"] == "*"
        assert client.head(f"{ITEMS}?limit=1").status_code == 200
    with site.client() as client:
        assert client.get(f"{ITEMS}?limit=1").headers["cache-control"] == "private, no-cache"


def test_gzip(site: Served) -> None:
    with anyone(site) as client:
        plain = client.get(f"{ITEMS}?limit=50", headers={"Accept-Encoding": "identity"})
        with client.stream("GET", f"{ITEMS}?limit=50", headers={"Accept-Encoding": "gzip"}) as zipped:
            raw = b"".join(zipped.iter_raw())
            assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_the_database_may_restart(own_cluster_site: Served) -> None:
    """Idle connections die with it; the next request is answered all the same."""
    with anyone(own_cluster_site) as client:
        assert client.get(f"{ITEMS}?limit=1").status_code == 200
        engine = make_engine(str(own_cluster_site.settings.database_url))
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'panjereh-ogc'"
                )
            )
        engine.dispose()
        assert client.get(f"{ITEMS}?limit=1").status_code == 200


@pytest.fixture
def own_cluster_site(api: Served) -> Served:
    return api
