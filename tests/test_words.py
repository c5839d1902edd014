"""The circle of words: whatever the code can say has words in both languages, and no word is left over."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

import api
import geo
import integrations
import layers
import permits
from api.security import Permission
from geo.errors import PanjerehError
from geo.quality import QualityLevel, Verdict
from geo.service_line import Obstacle, Unreached
from geo.vocabulary import DigZone, Relation, Utility
from layers.catalog import CoverSource, Sensitivity
from layers.city import city_ids, load_city
from layers.records import Freshness
from permits import dig_vocabulary as dv
from permits import incident_vocabulary as incident
from permits import vocabulary as v
from permits.dig_overlap import Relation as WorkRelation
from permits.dig_terms import TermStatus

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("en", "fa")

WORDED: dict[str, tuple[type[StrEnum], ...]] = {
    "status": (v.CaseStatus,),
    "works": (v.Works,),
    "wish": (v.Wish,),
    "method": (v.DigMethod,),
    "role": (v.Role,),
    "action": (v.Action, Permission),
    "tariff": (v.TariffClass,),
    "tariff-basis": (v.TariffBasis,),
    "purpose": (v.Purpose,),
    "exchange": (v.ExchangeState,),
    "op": (v.StepOp,),
    "step": (v.StepState,),
    "consultation": (v.ConsultationStatus,),
    "decision": (v.DecisionOutcome,),
    "task": (v.TaskKind,),
    "verdict": (Verdict,),
    "utility": (Utility,),
    "freshness": (Freshness,),
    "sensitivity": (Sensitivity,),
    "quality": (QualityLevel,),
    "zone": (DigZone,),
    "relation": (Relation,),
    "damage-cause": (dv.DamageCause,),
    "cover-source": (CoverSource,),
    "incident-kind": (incident.IncidentKind,),
    "incident-event": (incident.IncidentEvent,),
    "incident-status": (incident.IncidentStatus,),
    "dig-kind": (dv.DigKind,),
    "dig-status": (dv.DigStatus,),
    "dig-action": (dv.DigAction,),
    "dig-need": (dv.DigGuard,),
    "dig-answer": (dv.DigAnswer,),
    "dig-inquiry": (dv.DigInquiryStatus,),
    "dig-record": (dv.DigRecordKind,),
    "dig-warning": (dv.DigWarning,),
    "bar-party": (dv.BarParty,),
    "bar-state": (dv.BarState,),
    "pavement": (dv.Pavement,),
    "plan": (dv.PlanStatus,),
    "join": (dv.JoinState,),
    "trench-fault": (dv.TrenchFault,),
    "trench-status": (dv.TrenchReportStatus,),
    "work-relation": (WorkRelation,),
    "term": (TermStatus,),
    "service-line": (v.ServiceLineState,),
    "unserved": (Unreached,),
    "obstacle": (Obstacle,),
    "reason": (v.DeskReason,),
    "refusal": (v.DeskRefusal,),
    "unexplained": (v.Unexplained,),
}
"""Which prefix words the members of which vocabulary."""


class _Variables(Visitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the library's name
        self.names.add(node.id.name)


@cache
def messages(language: str) -> dict[str, frozenset[str]]:
    """Message id -> the variables in it; a file that does not parse, or repeats an id, fails here."""
    parsed = FluentParser().parse((ROOT / "locales" / f"{language}.ftl").read_text(encoding="utf-8"))
    found: dict[str, frozenset[str]] = {}
    for entry in parsed.body:
        assert not isinstance(entry, ast.Junk), f"{language}: {entry.content[:80]!r}"
        if isinstance(entry, ast.Message):
            assert entry.id.name not in found, f"{language}: {entry.id.name} twice"
            visitor = _Variables()
            visitor.visit(entry)
            found[entry.id.name] = frozenset(visitor.names)
    return found


def refusals() -> set[type[PanjerehError]]:
    """Every refusal of the product (the sandbox companies are strangers with words of their own)."""
    for package in (geo, layers, permits, integrations, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "sandbox" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: set[type[PanjerehError]] = set()
    todo = [PanjerehError]
    while todo:
        cls = todo.pop()
        found.add(cls)
        todo += cls.__subclasses__()
    strangers = ("integrations.sandbox", "integrations.contract", "tests")
    return {cls for cls in found if not cls.__module__.startswith(strangers)}


def python_sources() -> Iterator[str]:
    for package in ("geo", "layers", "permits", "integrations", "api"):
        for path in (ROOT / package).rglob("*.py"):
            yield path.read_text(encoding="utf-8")


@cache
def sources() -> str:
    """Everything that may use a word: code of server and browser, and the cities' data."""
    parts = list(python_sources())
    for pattern in ("web/src/**/*.ts", "web/src/**/*.svelte", "cities/**/*.toml", "integrations/**/*.toml"):
        parts += [path.read_text(encoding="utf-8") for path in ROOT.glob(pattern)]
    return "\n".join(parts)


def hints() -> set[str]:
    return {
        hint
        for source in python_sources()
        for hint in re.findall(r"""hint=(?:"([a-z0-9-]+)"|'([a-z0-9-]+)')""", source)
        for hint in hint
        if hint
    }


def needed() -> set[str]:
    """The ids that the code can ask for by itself."""
    ids = {f"error-{cls.code}" for cls in refusals()}
    ids |= {f"hint-{hint}" for hint in hints()}
    for prefix, enums in WORDED.items():
        ids |= {f"{prefix}-{member.value.replace('_', '-')}" for enum in enums for member in enum}
    return ids


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_the_server_can_emit_has_words(language: str) -> None:
    assert sorted(needed() - set(messages(language))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_layer_of_every_city_has_words(language: str) -> None:
    """A layer's name is part of its city's data, in both languages."""
    for city_id in city_ids(ROOT / "cities"):
        for spec in load_city(ROOT / "cities", city_id).layers:
            assert getattr(spec.name, language).strip(), (city_id, spec.layer_id)


def test_both_languages_have_the_same_ids_with_the_same_variables() -> None:
    en, fa = messages("en"), messages("fa")
    assert sorted(set(en) ^ set(fa)) == []
    assert {key: (set(en[key]), set(fa[key])) for key in en if en[key] != fa[key]} == {}


@cache
def spelt_out() -> frozenset[str]:
    """Every slug that ends at a quote and begins after a quote, a colon or a full stop."""
    quoted = re.findall(r"""(?<=["'`:.])[\w.:-]+(?=["'`])""", sources())
    return frozenset(end for each in quoted for end in [each, *_ends(each)])


def _ends(text: str) -> Iterator[str]:
    return (text[at.end() :] for at in re.finditer(r"[.:]", text))


def is_used(message_id: str) -> bool:
    """Used as it is, or as prefix + a slug that code or data spells out (with - or _, or as event name)."""
    if message_id in sources():
        return True
    parts = message_id.split("-")
    for cut in range(1, len(parts)):
        rest = parts[cut:]
        slugs = {"-".join(rest), "_".join(rest), rest[0] + "." + "_".join(rest[1:])}
        if slugs & spelt_out():
            return True
    return False


def test_no_word_is_left_over() -> None:
    known = needed() | {f"problem-{status}" for status in range(400, 600)}
    known |= {f"event-case-{status.value.replace('_', '-')}" for status in v.CaseStatus}
    known |= {f"event-exchange-{state.value}" for state in v.ExchangeState}
    # What an issue is told with: its parameters are keyword arguments of the checks.
    known |= {f"issue-param-{name}" for name in re.findall(r"\b([a-z][a-z0-9_]*)=", sources())}
    left = sorted(key for key in messages("en") if key not in known and not is_used(key))
    assert left == []
