"""The crisis desk's networks are put together before anybody asks: at the start, and after each publication."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from api.crisis_pool import make_crisis_pool
from layers.access import RoleMode
from layers.city import load_city
from layers.ingest import roll_back
from tests.waiting import wait_until


def test_a_published_network_is_ready_before_the_first_question(
    city_engine: Engine, city_database_url: str, root: Path, tmp_path: Path
) -> None:
    """C: answers within half a second, the first after a delivery too, of parcels too; the thread ends with it."""
    city = load_city(root / "cities", "schutterwald")
    pool = make_crisis_pool(city_database_url, tmp_path, RoleMode.OFF)

    def versions(of: str) -> set[str]:
        names = {each.parent.name for each in tmp_path.glob(f"schutterwald/water{of}/*/about.json")}
        return {name for name in names if not name.startswith(".")}  # those are being written

    thread = pool.warm([city], every_s=0.05)
    try:
        assert wait_until(lambda: bool(versions("") and versions("/served")))
        first, served = versions(""), versions("/served")
        roll_back(city_engine, city, "water_devices")
        assert wait_until(lambda: len(versions("") | first) == len(first) + 1)
        assert wait_until(lambda: len(versions("/served") | served) == len(served) + 1)
        again, served = versions(""), versions("/served")
        roll_back(city_engine, city, "parcels")
        assert wait_until(lambda: bool(versions("/served") - served)), "whom they serve is read anew"
        assert versions("") == again, "the networks are as they were"
    finally:
        pool.close()
    thread.join(30)
    assert not thread.is_alive()
