"""What excavations, plans, pavings and reports refuse, and how the refusal is worded in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from api.dig_act_schemas import PermitIn
from layers.cluster import Cluster
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.api.test_digs import BASE, END, START, body, file, key

LINE = {"type": "LineString", "coordinates": [[418566, 5367463], [418626, 5367463]]}


@pytest.fixture(scope="module")
def town(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for all the refusals."""
    url = cluster.create_database(f"refused_{uuid4().hex[:8]}", template=schutterwald_template)
    with served(url, root, tmp_path_factory.mktemp("refused"), ["schutterwald"]) as made:
        yield made


def refused(answer: httpx2.Response, status: int, code: str, *words: str) -> dict[str, Any]:
    """The refusal as it must be, with these words in its sentence."""
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said.get("code")) == (status, code), answer.text
    for each in words:
        assert each in said["detail"].translate({0x2068: None, 0x2069: None}), said["detail"]
    return said


def test_whose_works_and_which_parcel_must_be_known(town: Served) -> None:
    """T23: another's name is not taken for the own one; a parcel that there is not is named."""
    path = f"{BASE}/digs"
    with town.client(Role.AGENCY) as gas, town.client() as officer:
        answer = gas.post(path, json=body(agency="water"), headers=key())
        refused(answer, 422, "other-agencys-works", "Gas", "Water")
        refused(gas.post(path, json=body(agency="steam"), headers=key()), 422, "agency-unknown", "steam")
        assert gas.get(path).json()["digs"] == [], "nothing was recorded"
        assert file(gas, agency="gas", draft=True)["agency"] == "gas"
        assert file(officer, agency="water", draft=True)["agency"] == "water"
        for draft in (True, False):
            wrong = body(parcel_id="99", agency="gas", draft=draft)
            refused(officer.post(path, json=wrong, headers=key()), 422, "parcel-not-found", "99")
    with town.client(Role.AGENCY, **{"Accept-Language": "fa"}) as gas:
        answer = gas.post(path, json=body(agency="water"), headers=key())
        assert "water" not in refused(answer, 422, "other-agencys-works")["detail"]


def test_only_what_is_still_planned_ends(town: Served) -> None:
    """A22, T8: what was cancelled is not done, and not cancelled twice; the same key gives the same answer."""
    said = {
        "agency_ref": "W-9", "agency": "water", "title": "New main", "geometry": LINE, "crs": "EPSG:25832",
        "starts_on": START.isoformat(), "ends_on": END.isoformat(),
    }  # fmt: skip
    with town.client() as officer:
        plan = officer.post(f"{BASE}/planned-works", json=said, headers=key()).json()
        path = f"{BASE}/planned-works/{plan['plan_id']}"
        once = key()
        cancelled = officer.post(f"{path}/cancel", headers=once).json()
        assert (cancelled["status"], cancelled["version"]) == ("cancelled", plan["version"] + 1)
        assert officer.post(f"{path}/cancel", headers=once).json() == cancelled
        refused(officer.post(f"{path}/done", headers=key()), 409, "plan-ended", "Cancelled")
        refused(officer.post(f"{path}/cancel"), 409, "plan-ended")
        assert officer.get(path).json()["version"] == cancelled["version"]
        again = officer.post(f"{BASE}/planned-works", json=said, headers=key()).json()
        assert (again["plan_id"], again["status"]) == (plan["plan_id"], "planned")
        assert officer.post(f"{path}/done", headers=key()).json()["status"] == "done"


def test_a_street_is_not_paved_before_its_day(town: Served) -> None:
    """Moratorium: a pavement that is still to come bars nothing."""
    said = {
        "title": "Main street", "pavement": "asphalt", "source": "plan 7", "geometry": LINE, "crs": "EPSG:25832",
        "width_m": 6,
    }  # fmt: skip
    day = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - to come in every time zone
    with town.client() as officer:
        answer = officer.post(f"{BASE}/pavings", json=said | {"paved_on": day}, headers=key())
        problem = refused(answer, 422, "dig-request-invalid", "not paved yet")
        assert problem["params"]["reasons"] == ["paved-in-the-future"]


def test_a_report_names_a_feature_that_the_layer_knows(town: Served) -> None:
    """A27: no flag can come to hang on nothing; an owner nobody knows is the permit office's to find."""
    path = f"{BASE}/trench-reports"
    said = {"kind": "not_where_shown", "lon": 7.872, "lat": 48.447}
    with town.client() as officer, town.client(Role.AGENCY) as gas:
        wrong = said | {"layer_id": "gas_lines", "feature_id": "NOPE"}
        refused(gas.post(path, json=wrong, headers=key()), 422, "dig-request-invalid", "NOPE")
        alone = said | {"feature_id": "GP00356"}
        refused(gas.post(path, json=alone, headers=key()), 422, "dig-request-invalid", "layer")
        right = said | {"layer_id": "gas_lines", "feature_id": "GP00356"}
        assert gas.post(path, json=right, headers=key()).json()["agency"] == "gas"
        nobodys = gas.post(path, json=said, headers=key()).json()
        assert (nobodys["agency"], nobodys["may_answer"]) == (None, False)
        assert officer.get(f"{path}/{nobodys['report_id']}").json()["may_answer"]
        answer = officer.post(f"{path}/{nobodys['report_id']}/answer", json={"accepted": True}, headers=key())
        assert answer.json()["status"] == "accepted"


def test_a_permit_without_a_word_about_conditions_takes_the_suggested() -> None:
    """T4: only a list, even an empty one, is a word about them."""
    assert PermitIn().said() == {"conditions": None}
    assert PermitIn(conditions=[]).said() == {"conditions": []}


def test_a_bore_that_does_not_say_its_upper_side_disturbs_all_above(town: Served) -> None:
    """Unknown is never taken for free: nothing passes over a bore whose upper side nobody stated."""
    dug = body()["excavation"] | {"depth_m": 4.0}
    with town.client() as officer:

        def verdicts(excavation: dict[str, Any]) -> dict[str, str]:
            view = file(officer, agency="telecom", excavation=excavation)
            return {each["ref"]: each["verdict"] for each in view["findings"]}

        unsaid = verdicts(dug | {"method": "boring"})
        below = verdicts(dug | {"method": "boring", "top_m": 3.7})
        assert unsaid == verdicts(dug | {"method": "boring", "top_m": 0.0})
        assert list(unsaid.values()).count("clear") < list(below.values()).count("clear")
