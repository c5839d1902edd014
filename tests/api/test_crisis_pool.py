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
    """C: answers within half a second, the first after a delivery too; and the thread ends with the pool."""
    city = load_city(root / "cities", "schutterwald")
    pool = make_crisis_pool(city_database_url, tmp_path, RoleMode.OFF)

    def versions(of: str) -> set[str]:
        return {each.parent.name for each in tmp_path.glob(f"schutterwald/water{of}/*/about.json")}

    thread = pool.warm([city], every_s=0.05)
    try:
        assert wait_until(lambda: bool(versions("") and versions("/served")))
        first = versions("")
        roll_back(city_engine, city, "water_devices")
        assert wait_until(lambda: len(versions("") | first) == len(first) + 1)
        assert wait_until(lambda: len(versions("/served")) > 1)
    finally:
        pool.close()
    thread.join(30)
    assert not thread.is_alive()
