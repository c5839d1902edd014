"""The sandbox's own switches, not part of the contract: faults and debts."""

from __future__ import annotations

from typing import Any, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

from integrations.sandbox.company import Company
from integrations.sandbox.faults import FaultPlan
from integrations.sandbox.problems import NotFound

router = APIRouter(prefix="/sandbox", include_in_schema=False)


class Debt(BaseModel):
    """What the subscriber of a parcel owes; 0 = nothing."""

    amount: int = Field(ge=0)


@router.get("/faults")
def get_faults(request: Request) -> FaultPlan:
    """Return the faults in force."""
    return cast(Company, request.app.state.company).faults.plan


@router.put("/faults")
def put_faults(plan: FaultPlan, request: Request) -> FaultPlan:
    """Other faults are in force, and stay so after a restart."""
    company = cast(Company, request.app.state.company)
    with company.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO setting VALUES ('faults', cast(:v AS jsonb)) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
            ),
            {"v": plan.model_dump_json()},
        )
    company.faults.replace(plan)
    return plan


def stored_faults(connection: Connection) -> FaultPlan:
    """Return the faults that were in force when the company ended."""
    value: Any = connection.execute(text("SELECT value FROM setting WHERE name = 'faults'")).scalar()
    return FaultPlan.model_validate(value) if value is not None else FaultPlan()


@router.put("/parcels/{parcel_id}/debt")
def put_debt(parcel_id: str, debt: Debt, request: Request) -> Debt:
    """The subscriber of a parcel owes this much from now on."""
    company = cast(Company, request.app.state.company)
    with company.engine.begin() as connection:
        changed = connection.execute(
            text("UPDATE parcel SET debt = :a WHERE parcel_id = :p"), {"a": debt.amount, "p": parcel_id}
        )
        if changed.rowcount == 0:
            raise NotFound(parcel_id=parcel_id)
    return debt
