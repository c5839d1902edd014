"""What excavations, plans, pavings and reports refuse, and how the refusal is worded in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from api.dig_act_schemas import PermitIn
from api.i18n import bare
from api.problem_words import worded
from geo.errors import DepthInvalid, PanjerehError, TopInvalid
from layers.cluster import Cluster
from permits.dig_errors import PhotoUnusable, SecondOfficerNeeded
from permits.errors import StaleCase
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.api.test_digs import BASE, END, START, act, body, file, key

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


# --- words


def told(town: Served, language: str, method: str, path: str, said: Any, role: Role = Role.OFFICER) -> str:
    """The sentence of a refusal in one language."""
    with town.client(role, **{"Accept-Language": language}) as client:
        answer = client.request(method, path, json=said, headers=key())
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["detail"]).translate({0x2068: None, 0x2069: None})


def test_a_refusal_of_a_list_entry_does_not_speak_of_an_excavation(town: Served) -> None:
    """The same code refuses entries of the control list, plans and reports: its words fit all."""
    said = told(town, "en", "POST", f"{BASE}/control-list", {"party": "contractor", "reason": "x"})
    assert said == "This cannot be accepted as it stands: the contractor’s name is needed."
    assert "حفاری" not in told(
        town, "fa", "POST", f"{BASE}/control-list", {"party": "contractor", "reason": "x"}
    )


def test_what_is_not_possible_now_says_what_is_and_who_may(town: Served) -> None:
    """T23: no dead end: another's turn is named, and what oneself may do."""
    with town.client(Role.AGENCY) as gas:
        view = file(gas, dx=900.0)
    path = f"{BASE}/digs/{view['dig_id']}"
    early = told(town, "en", "POST", f"{path}/permit", {})
    assert early == (
        "This is not possible now: Issue the permit. The excavation’s status: Requested. "
        "Possible for you now: Change, Record the visit, Lift the moratorium, Refuse, Withdraw."
    )
    assert "ثبت بازدید" in told(town, "fa", "POST", f"{path}/permit", {})
    theirs = told(town, "en", "POST", f"{path}/visit", {}, Role.AGENCY)
    assert theirs.endswith("It may be done now by: Permit officer.")
    stale = told(town, "en", "POST", f"{path}/visit", {"expected_version": 1})
    assert stale.endswith("Read it again, then decide.")


def test_agencies_are_named_and_numbers_set_in_the_readers_language(town: Served) -> None:
    with town.client(Role.AGENCY) as gas, town.client() as officer:
        view = file(gas, dx=1200.0)
        act(officer, view, "visit")
        act(officer, view, "inquire")
    path = f"{BASE}/digs/{view['dig_id']}/answers"
    said = told(town, "fa", "POST", path, {"agency": "gas", "answer": "no_objection"})
    assert not any(letter.isascii() and letter.isalpha() for letter in said), said


def test_a_form_that_is_wrong_says_what_is_wrong_with_each_field(town: Served) -> None:
    wrong = {"party": "nobody", "colour": "red", "name": 7}
    path = f"{BASE}/control-list"
    assert told(town, "en", "POST", path, wrong) == (
        "The request does not have the right form: party (one of 'agency' or 'contractor'), "
        "name (a value of another kind is expected), reason (is missing), colour (is not known here)."
    )
    assert "reason (گفته نشده است)" in told(town, "fa", "POST", path, wrong)
    early = told(
        town, "fa", "POST", path, {"party": "agency", "agency": "gas", "reason": "x", "from_on": "soon"}
    )
    assert "from_on (روز به صورت YYYY-MM-DD)" in early
    far = {"geometry": LINE, "crs": "EPSG:25832", "radius_m": 3000}
    assert "radius_m (حداکثر ۲٬۰۰۰)" in told(town, "fa", "POST", f"{BASE}/digs/contacts", far)
    assert told(town, "en", "PATCH", path, {}) == f"{path} does not take PATCH requests."


def test_a_crossing_is_told_where_it_is_also_of_an_area_that_is_only_looked_at(town: Served) -> None:
    """T23: to a decimetre, in degrees and in metres."""
    bow = [[7.8721234, 48.4471], [7.8731234, 48.4481], [7.8731234, 48.4471], [7.8721234, 48.4481]]
    area = {"geometry": {"type": "Polygon", "coordinates": [[*bow, bow[0]]]}}
    said = told(town, "en", "POST", f"{BASE}/ground/here", area, Role.CRISIS)
    assert "crosses itself at 7.872623, 48.447600" in said
    assert "۷٫۸۷۲۶۲۳" in told(town, "fa", "POST", f"{BASE}/ground/here", area, Role.CRISIS)


def test_a_place_far_away_is_told_as_such_and_swapped_axes_by_name(town: Served) -> None:
    """T23: whoever drew in the wrong place is not asked about operations between systems."""
    for point, wanted in (
        ([48.447, 7.872], "Longitude comes before latitude"),
        ([51.4, 35.7], "of the city"),
    ):
        excavation = {"geometry": {"type": "Point", "coordinates": point}, "crs": "EPSG:4326", "depth_m": 1}
        said = told(town, "en", "POST", f"{BASE}/digs", body(agency="gas", excavation=excavation))
        assert "outside the area of the city" in said
        assert wanted in said


@pytest.mark.parametrize(
    ("error", "en", "fa"),
    [
        (TopInvalid(top=5.0, depth=2.5), "not at 5 m", "۵ متر"),
        (DepthInvalid(depth=-1.0, limit=100.0), "not -1", "-۱"),
        (PhotoUnusable(reason="not-an-image"), "it is no picture", "فایل تصویر نیست"),
        (PhotoUnusable(reason="damaged"), "its file is damaged", "آسیب دیده"),
        (StaleCase(actual=3, expected=2), "Read it again, then decide.", "دوباره بخوانید"),
        (SecondOfficerNeeded(handler="officer-1"), "nor takes the pavement back", "ثبت روکش را پس می‌گیرد"),
    ],
)
def test_values_of_refusals_are_words_too(error: PanjerehError, en: str, fa: str) -> None:
    assert en in bare(worded("en", error))
    said = bare(worded("fa", error))
    assert fa in said
    assert set(re.findall("[0-9A-Za-z]+", said)) <= {"JPEG", "PNG", "WebP"}, said
