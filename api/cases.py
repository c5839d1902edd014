"""The case over HTTP: one request, one use case, one transaction committed here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from api.deps import CityDep, KeyDep, RequiredKeyDep, Runtime, RuntimeDep, allowed, context
from api.json_answers import answered, paged, shown
from api.schemas import ApproveIn, CaseIn, CompleteIn, DeferIn, ReasonIn, RefuseIn
from api.security import Holder, Permission
from geo.crs import WGS84
from geo.errors import CrsMissing
from layers.city import City
from permits import service
from permits.requests import ApplicantRequest, ExcavationRequest, SubmitRequest, WishRequest
from permits.views import CaseView, Condition, Units
from permits.vocabulary import CaseStatus

router = APIRouter(prefix="/v1/cities/{city_id}/cases", tags=["cases"])


class Guard:
    """Who passed for each permission, as an annotated dependency."""

    Submit = Annotated[Holder, Depends(allowed(Permission.SUBMIT))]
    ReadCases = Annotated[Holder, Depends(allowed(Permission.READ_CASES))]
    ReadHistory = Annotated[Holder, Depends(allowed(Permission.READ_HISTORY))]
    Approve = Annotated[Holder, Depends(allowed(Permission.APPROVE))]
    Refuse = Annotated[Holder, Depends(allowed(Permission.REFUSE))]
    Withdraw = Annotated[Holder, Depends(allowed(Permission.WITHDRAW))]
    Retry = Annotated[Holder, Depends(allowed(Permission.RETRY))]
    Defer = Annotated[Holder, Depends(allowed(Permission.DEFER))]
    Revoke = Annotated[Holder, Depends(allowed(Permission.REVOKE))]
    Complete = Annotated[Holder, Depends(allowed(Permission.COMPLETE))]
    Recheck = Annotated[Holder, Depends(allowed(Permission.RECHECK))]


def submit_request(body: CaseIn, city_crs: str) -> SubmitRequest:
    """The use case's form of the body; CrsMissing when the coordinates came without their CRS."""
    if body.excavation.crs is None:
        raise CrsMissing(field="body.excavation.crs", known=[WGS84, city_crs], hint="state-crs")
    return SubmitRequest(
        parcel_id=body.parcel_id,
        works=body.works,
        storeys=body.storeys,
        units=Units(**body.units.model_dump()),
        excavation=ExcavationRequest(
            geometry=body.excavation.geometry.model_dump(),
            crs=body.excavation.crs,
            depth_m=body.excavation.depth_m,
            method=body.excavation.method,
            top_m=body.excavation.top_m,
        ),
        wishes={
            agency: WishRequest(wish=each.wish, capacity=dict(each.capacity))
            for agency, each in body.wishes.items()
        },
        applicant=ApplicantRequest(**body.applicant.model_dump()),
    )


@router.post("", status_code=201, summary="Submit a request; the conflict check answers in the same response")
def submit(
    resources: RuntimeDep, place: CityDep, who: Guard.Submit, key: RequiredKeyDep, body: CaseIn
) -> Response:
    """Open a case: dossier, conflict check and consultations in one transaction."""
    request = submit_request(body, place.crs)
    with resources.sessions.begin() as session:
        view = service.submit(session, context(place, who, key), request)
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/cases/{view.case_id}"})


@router.get("", summary="The worklist, newest first")
def cases(
    resources: RuntimeDep,
    place: CityDep,
    who: Guard.ReadCases,
    status: Annotated[CaseStatus | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[UUID | None, Query()] = None,
) -> Response:
    """One page of the city's cases; `next` is the `after` of the following page."""
    filters = service.CaseFilter(status=status.value if status else None, q=q, limit=limit, after=after)
    with resources.sessions() as session:
        found = service.cases(session, context(place, who), filters)
    return paged("cases", found, limit, lambda each: each.case_id)


@router.get("/{case_id}", summary="The whole case")
def case(resources: RuntimeDep, place: CityDep, who: Guard.ReadCases, case_id: UUID) -> Response:
    """The case as this actor may see it, with what the actor may do now."""
    with resources.sessions() as session:
        return answered(service.case(session, context(place, who), case_id))


@router.get("/{case_id}/history", summary="The chained history")
def history(resources: RuntimeDep, place: CityDep, who: Guard.ReadHistory, case_id: UUID) -> Response:
    """Every change of the case, each linked to the one before by its hash."""
    with resources.sessions() as session:
        return answered(service.history(session, context(place, who), case_id))


@router.get("/{case_id}/geojson", summary="Excavation, parcel and findings for the map")
def geojson(resources: RuntimeDep, place: CityDep, who: Guard.ReadCases, case_id: UUID) -> Response:
    """A WGS84 FeatureCollection."""
    with resources.sessions() as session:
        collection: dict[str, Any] = service.geojson(session, context(place, who), case_id)
    return shown(collection)


Act = Callable[[Session, service.Context], CaseView]


def _change(resources: Runtime, place: City, who: Holder, key: str | None, act: Act) -> Response:
    """Run one use case in one transaction; it is committed when the block ends, or not at all."""
    with resources.sessions.begin() as session:
        view = act(session, context(place, who, key))
    return answered(view)


@router.post("/{case_id}/approve", summary="Approve: permit, connection orders and tariff changes at once")
def approve(
    resources: RuntimeDep, place: CityDep, who: Guard.Approve, key: KeyDep, case_id: UUID, body: ApproveIn
) -> Response:
    """Issue the permit; the companies receive their orders with one shared effective_at."""
    conditions = [
        Condition(
            each.code, dict(each.params), each.note, each.corridor.model_dump() if each.corridor else None
        )
        for each in body.conditions
    ]
    return _change(
        resources, place, who, key,
        lambda session, ctx: service.approve(session, ctx, case_id, conditions, body.expected_version),
    )  # fmt: skip


@router.post("/{case_id}/refuse", summary="Refuse, with a reason")
def refuse(
    resources: RuntimeDep, place: CityDep, who: Guard.Refuse, key: KeyDep, case_id: UUID, body: RefuseIn
) -> Response:
    """Refuse the case."""
    return _change(
        resources, place, who, key,
        lambda session, ctx: service.refuse(session, ctx, case_id, body.reason, body.expected_version),
    )  # fmt: skip


@router.post("/{case_id}/withdraw", summary="Withdraw before a decision")
def withdraw(
    resources: RuntimeDep, place: CityDep, who: Guard.Withdraw, key: KeyDep, case_id: UUID
) -> Response:
    """Withdraw the request."""
    return _change(resources, place, who, key, lambda session, ctx: service.withdraw(session, ctx, case_id))


@router.post("/{case_id}/retry", summary="Try the exchange with the companies again")
def retry(resources: RuntimeDep, place: CityDep, who: Guard.Retry, key: KeyDep, case_id: UUID) -> Response:
    """Send the orders again, as a new revision."""
    return _change(
        resources, place, who, key, lambda session, ctx: service.retry_exchange(session, ctx, case_id)
    )


@router.post("/{case_id}/defer", summary="Leave one company's connection for later")
def defer(
    resources: RuntimeDep, place: CityDep, who: Guard.Defer, key: KeyDep, case_id: UUID, body: DeferIn
) -> Response:
    """Leave one company's connection for later; its tariff change stays."""
    return _change(
        resources, place, who, key,
        lambda session, ctx: service.defer_utility(session, ctx, case_id, body.agency),
    )  # fmt: skip


@router.post("/{case_id}/revoke", summary="Take the permit back, with a reason")
def revoke(
    resources: RuntimeDep, place: CityDep, who: Guard.Revoke, key: KeyDep, case_id: UUID, body: ReasonIn
) -> Response:
    """Revoke the permit."""
    return _change(
        resources, place, who, key,
        lambda session, ctx: service.revoke(session, ctx, case_id, body.reason),
    )  # fmt: skip


@router.post("/{case_id}/complete", summary="Completion: the tariffs return to the permanent class")
def complete(
    resources: RuntimeDep, place: CityDep, who: Guard.Complete, key: KeyDep, case_id: UUID, body: CompleteIn
) -> Response:
    """Open the exchange that returns the tariff to its permanent class."""
    return _change(
        resources, place, who, key,
        lambda session, ctx: service.complete(
            session, ctx, case_id, body.certificate_no, body.permanent_class, body.expected_version
        ),
    )  # fmt: skip


@router.post("/{case_id}/recheck", summary="Check the excavation against the layers as published now")
def recheck(
    resources: RuntimeDep, place: CityDep, who: Guard.Recheck, key: KeyDep, case_id: UUID
) -> Response:
    """Repeat the conflict check; an open decision becomes stale."""
    return _change(
        resources, place, who, key, lambda session, ctx: service.recheck_conflicts(session, ctx, case_id)
    )
