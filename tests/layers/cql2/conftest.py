"""One demo city for all filters: nothing writes to it once it is made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from layers.cluster import Cluster
from layers.reads import reading_engine
from tests.layers.conftest import Town
from tests.layers.cql2.subject import Subject


@pytest.fixture(scope="session")
def subject(cluster: Cluster, schutterwald_template: str, schutterwald: Town) -> Iterator[Subject]:
    url = cluster.create_database("cql2", template=schutterwald_template)
    engine = reading_engine(url)
    names = ["Straße", "STRASSE", "100%", "a_b", "axb", "it's", 'say "so"', "خیابان آزادی", "back\\slash", ""]
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.network_line SET surveyed_on = date '2020-01-01' + (row_id % 700)::int "
                "WHERE row_id % 3 = 0"
            )
        )
        connection.execute(
            text("UPDATE layers.building SET name = (:names)[1 + row_id % 10] WHERE row_id % 2 = 0"),
            {"names": names},
        )
        connection.execute(text("UPDATE layers.building SET storeys = row_id % 7 WHERE row_id % 5 <> 0"))
    yield Subject(schutterwald, engine)
    engine.dispose()
    cluster.drop_database("cql2")
