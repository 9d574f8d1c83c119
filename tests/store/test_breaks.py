"""Breaks: one row as long as the difference lasts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType
from bridge.store import models
from bridge.store.breaks import (
    Finding,
    breaks,
    clear_unfound,
    count_open,
    count_opened,
    opened_at,
    record_breaks,
)
from bridge.store.models import BreakResolution, BreakStatus
from tests.builders import EARLY, customer, invoice
from tests.storing import new_run, save_erp

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)
CONFLICT = Break(BreakKind.CONFLICT, "changed in both systems", "phone", "1", "2")
MISSING = Break(BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP")


def run(
    session: Session,
    found: Sequence[tuple[int, Break]],
    at: datetime,
    record_type: RecordType = RecordType.CUSTOMER,
) -> tuple[int, int]:
    """One run that finds exactly these; how many it opened and cleared."""
    run_id = new_run(session, at)
    findings = [Finding(record_id, one) for record_id, one in found]
    record_breaks(session, record_type=record_type, found=findings, run_id=run_id, now=at)
    cleared = clear_unfound(session, record_type=record_type, run_id=run_id, now=at)
    opened = count_opened(session, record_type=record_type, run_id=run_id, now=at)
    return opened, cleared


def rows(session: Session) -> list[models.Break]:
    query = select(models.Break).order_by(models.Break.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def test_since_when_a_record_is_broken(sessions: Sessions) -> None:
    """By kind, as long as the break is open; found again it is no newer."""
    with sessions.begin() as session:
        one, two = save_erp(session, customer(), customer(number="C2"))
        run(session, [(one, MISSING), (two, MISSING), (two, CONFLICT)], EARLY)
        run(session, [(two, MISSING)], LATER)
        assert opened_at(session, [one, two]) == {(two, BreakKind.MISSING_IN_CRM): EARLY}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_since_when_is_asked_of_few_records_alone(sessions: Sessions) -> None:
    """A run asks for each page: to look through all that is open each time would take minutes."""
    with sessions() as session:
        asked: list[tuple[str, tuple[str, ...]]] = []
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
        opened_at(session, [1, 2])
        (statement, parameters), *_ = asked
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "USING INDEX break_by_record (record_id=?)" in str(plan)


def test_a_break_keeps_both_values(sessions: Sessions) -> None:
    """What each side says, where, why and since when: all that a person needs."""
    amount = Break(BreakKind.CONFLICT, "why", "credit_limit", Decimal("1.50"), None)
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        assert run(session, [(record_id, CONFLICT), (record_id, amount)], EARLY) == (2, 0)
        first, second = rows(session)
        assert (first.erp_value, first.crm_value, first.field) == ("1", "2", "phone")
        assert (first.status, first.opened_at, first.detail) == (
            BreakStatus.OPEN,
            EARLY,
            CONFLICT.detail,
        )
        assert (second.erp_value, second.crm_value) == ("1.5", None)


def test_a_break_found_again_is_the_same_row(sessions: Sessions) -> None:
    """Its age counts from the first time; its values are those of the last."""
    fresher = Break(BreakKind.CONFLICT, "still", "phone", "1", "3")
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        run(session, [(record_id, CONFLICT)], EARLY)
        assert run(session, [(record_id, fresher)], LATER) == (0, 0)
        (row,) = rows(session)
        assert (row.opened_at, row.crm_value, row.detail) == (EARLY, "3", "still")


def test_a_break_no_longer_found_clears_itself(sessions: Sessions) -> None:
    """It is closed, with the time and the reason; the others stay open."""
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        run(session, [(record_id, CONFLICT), (record_id, MISSING)], EARLY)
        assert run(session, [(record_id, MISSING)], LATER) == (0, 1)
        conflict, missing = rows(session)
        assert (conflict.status, conflict.resolution, conflict.closed_at) == (
            BreakStatus.RESOLVED,
            BreakResolution.SELF_CLEARED,
            LATER,
        )
        assert missing.status is BreakStatus.OPEN
        assert run(session, [(record_id, MISSING)], LATER) == (0, 0)


def test_a_break_that_comes_back_is_a_new_one(sessions: Sessions) -> None:
    """The old one stays closed; the new one has its own age."""
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        run(session, [(record_id, CONFLICT)], EARLY)
        run(session, [], EARLY)
        assert run(session, [(record_id, CONFLICT)], LATER) == (1, 0)
        old, new = rows(session)
        assert (old.status, new.status) == (BreakStatus.RESOLVED, BreakStatus.OPEN)
        assert new.opened_at == LATER


def test_a_run_clears_breaks_of_its_own_types_alone(sessions: Sessions) -> None:
    """Reconciling customers says nothing of invoices."""
    with sessions.begin() as session:
        (record_id,) = save_erp(session, invoice())
        run(session, [(record_id, MISSING)], EARLY, RecordType.INVOICE)
        assert run(session, [], LATER) == (0, 0)
        assert count_open(session, now=LATER) == {(RecordType.INVOICE, BreakKind.MISSING_IN_CRM): 1}


def test_open_breaks_are_listed_with_their_records(sessions: Sessions) -> None:
    """Oldest first, of one type or of all, up to a limit."""
    with sessions.begin() as session:
        (customer_id,) = save_erp(session, customer())
        (invoice_id,) = save_erp(session, invoice())
        run(session, [(invoice_id, MISSING)], EARLY, RecordType.INVOICE)
        run(session, [(customer_id, MISSING), (customer_id, CONFLICT)], EARLY)
        run(session, [(customer_id, MISSING)], LATER)

        def listed(**which: object) -> list[str | None]:
            return [
                record.number for _, record in breaks(session, status=BreakStatus.OPEN, **which)
            ]  # type: ignore[arg-type]

        assert listed() == ["I1", "C1"]
        assert listed(record_type=RecordType.CUSTOMER) == ["C1"]
        assert listed(limit=1) == ["I1"]


def test_thousands_at_once(sessions: Sessions) -> None:
    """A batch far larger than a statement's parameters."""
    with sessions.begin() as session:
        ids = save_erp(session, *(customer(number=f"N{n}") for n in range(300)))
        found = [(one, Break(BreakKind.CONFLICT, "d", f"f{n}")) for one in ids for n in range(10)]
        assert run(session, found, EARLY) == (3_000, 0)
        assert run(session, found[:1_000], LATER) == (0, 2_000)


def test_finding_nothing_is_fine(sessions: Sessions) -> None:
    """No breaks, no rows."""
    with sessions.begin() as session:
        assert run(session, [], EARLY) == (0, 0)
        assert count_open(session, now=EARLY) == {}
