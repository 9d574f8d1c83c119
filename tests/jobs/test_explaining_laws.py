"""Whatever both sides hold, what lies between their totals is explained, in whatever order."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.comparison import Tolerance
from bridge.domain.periods import ClosedPeriods
from bridge.domain.reconcile import decide
from bridge.domain.records import Invoice, RecordType
from bridge.domain.totals import unexplained
from bridge.store.candidates import candidates
from bridge.store.totals import add_up
from jobs.explaining import Explanations, has_periods, measured_columns
from tests.builders import crm_record, invoice, rules
from tests.storing import save_crm, save_erp

Sessions = sessionmaker[Session]
AMOUNTS = [Decimal("119.00"), Decimal("119.01"), Decimal("0.10"), Decimal("-75.5")]


@dataclass(frozen=True)
class Held:
    """What both sides hold of one invoice; None: nothing. A stranger has no ERP key."""

    erp: Invoice | None
    crm: Invoice | None
    erp_deleted: bool
    crm_deleted: bool
    stranger: bool


@st.composite
def helds(draw: st.DrawFn) -> list[Held]:
    numbers = draw(st.lists(st.integers(1, 9), unique=True, min_size=1, max_size=5))
    usually = st.integers(0, 4).map(bool)

    def one(number: int) -> Held:
        company_code = draw(st.sampled_from(["1000", "2000"]))
        sides = [
            replace(
                invoice(number=str(number), company_code=company_code),
                currency=draw(st.sampled_from(["EUR", "USD"])),
                issued_on=date(2026, draw(st.integers(1, 3)), 5),
                gross_amount=draw(st.sampled_from(AMOUNTS)),
                open_amount=draw(st.sampled_from(AMOUNTS)),
            )
            for _ in range(2)
        ]
        erp, crm = (side if draw(usually) else None for side in sides)
        return Held(erp, crm, *(not draw(usually) for _ in range(3)))

    return [one(number) for number in numbers]


def outcome(session: Session, held: list[Held], rule: Any) -> dict[str, Any]:
    """What a run that finds these would conclude; nothing of it is kept."""
    for one in held:
        if one.erp is not None:
            save_erp(session, one.erp, deleted=one.erp_deleted)
        if one.crm is not None:
            identity = {"salesforce_id": f"a01{int(one.crm.number):012d}AAA"}
            lost_key = {"erp_key": None} if one.stranger else {}
            row = crm_record(one.crm, deleted=one.crm_deleted, **identity, **lost_key)
            save_crm(session, row, record_type=RecordType.INVOICE)
    explanations, breaks = Explanations(rule), []
    for page in candidates(session, rule):
        for candidate in page:
            decision = decide(candidate.versions, rule)
            explanations.add(candidate, decision)
            breaks += [(candidate.versions.key, found) for found in decision.breaks]
    totals = add_up(
        session,
        RecordType.INVOICE,
        strangers=True,
        measured=measured_columns(rule),
        periods=has_periods(rule),
    )
    explained = explanations.explained()
    session.rollback()
    return {
        "rest": unexplained(totals, explained),
        "totals": sorted(totals, key=str),
        "explained": sorted(explained, key=str),
        "breaks": sorted(breaks, key=str),
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data(), helds(), st.sampled_from([Decimal(0), Decimal("0.01")]), st.booleans())
def test_the_sum_of_what_is_explained_is_the_difference(
    sessions: Sessions, data: st.DataObject, held: list[Held], tolerance: Decimal, closed: bool
) -> None:
    """To the last unit, by place; and the order in which records came makes no difference."""
    last_days = {"1000": date(2026, 2, 28)} if closed else {}
    rule = rules(
        RecordType.INVOICE, tolerance=Tolerance(default=tolerance), closed=ClosedPeriods(last_days)
    )
    with sessions() as session:
        first = outcome(session, held, rule)
        assert first["rest"] == []
        assert outcome(session, data.draw(st.permutations(held)), rule) == first
