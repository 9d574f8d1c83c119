"""The statement of a run, made from what the run kept."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.causes import Assessment, Cause
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType, System
from bridge.domain.totals import ControlTotal, Explained
from bridge.operations.overview import UnknownRun
from bridge.operations.statement import Statement, get_statement, list_run_lines
from bridge.store.breaks import Finding, close_break, record_breaks
from bridge.store.models import BreakResolution, RunStatus
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.totals import save_totals
from tests.builders import EARLY, invoice
from tests.storing import save_erp

Sessions = sessionmaker[Session]
JOB = "reconcile-financials"
D = Decimal


def total(system: System, amount: str, period: str) -> ControlTotal:
    return ControlTotal(
        record_type=RecordType.INVOICE,
        system=system,
        company_code="1000",
        currency="EUR",
        period=period,
        count=1,
        amounts={name: D(amount) for name in ("amount", "net_amount", "tax_amount", "open_amount")},
        hash_total=7,
    )


def difference(amount: str, period: str) -> Explained:
    return Explained(
        record_type=RecordType.INVOICE,
        company_code="1000",
        currency="EUR",
        period=period,
        reason="CONFLICT",
        count=0,
        amounts={name: D(amount) for name in ("amount", "net_amount", "tax_amount", "open_amount")},
        hash_total=0,
    )


def run(sessions: Sessions, *, hours: int, crm: str, explained: str = "10") -> int:
    """One run: January agrees, in February Salesforce holds another amount."""
    started = EARLY + timedelta(hours=hours)
    totals = [
        total(System.ERP, "100", "2026-01"),
        total(System.CRM, "100", "2026-01"),
        total(System.ERP, "50", "2026-02"),
        total(System.CRM, crm, "2026-02"),
    ]
    types = {"INVOICE": {"records": 2, "differing": 1}}
    with sessions.begin() as session:
        run_id = start_run(session, job=JOB, now=started)
        save_totals(session, run_id, totals, [difference(explained, "2026-02")])
        ending = Ending(
            status=RunStatus.SUCCEEDED,
            summary={"types": types, "salesforce_calls": {"queries": 3}},
            settings_digest="abc",
        )
        finish_run(session, run_id, ending, now=started + timedelta(seconds=90))
    return run_id


def stated(sessions: Sessions, run_id: int) -> Statement:
    return get_statement(sessions, run_id=run_id, now=EARLY)


def test_what_a_run_came_to(sessions: Sessions) -> None:
    """Totals together and by place, what explains their difference, calls, rules, time taken."""
    statement = stated(sessions, run(sessions, hours=1, crm="40"))
    assert statement.in_order
    assert (statement.run.seconds, statement.rules) == (90, "abc")
    assert statement.calls == {"queries": 3}
    (euros,) = statement.totals
    assert (euros.erp.amounts["amount"], euros.crm.amounts["amount"]) == (D(150), D(140))
    assert [row.period for row in statement.places] == ["2026-01", "2026-02"]
    assert [one.amounts["amount"] for one in statement.explained] == [D(10)]
    assert statement.rests == ()


def test_a_rest_is_not_in_order(sessions: Sessions) -> None:
    """What is explained of less than there is leaves the rest."""
    statement = stated(sessions, run(sessions, hours=1, crm="39.99"))
    assert not statement.in_order
    assert [(one.period, one.amounts["amount"]) for one in statement.rests] == [
        ("2026-02", D("0.01"))
    ]


def test_distance_run_by_run(sessions: Sessions) -> None:
    """Up to the run that is asked for, oldest first."""
    runs = [run(sessions, hours=n, crm=crm, explained="0") for n, crm in enumerate(("40", "45"))]
    run(sessions, hours=5, crm="50")
    found = stated(sessions, runs[1]).distances
    assert [(one.run_id, one.currency, one.amount) for one in found] == [
        (runs[0], "EUR", D(10)),
        (runs[1], "EUR", D(5)),
    ]


def test_breaks_as_they_stood(sessions: Sessions) -> None:
    """One that was closed after the run was open when it ended; a later one was not there."""
    run_id = run(sessions, hours=5 * 24, crm="40")
    found = Break(BreakKind.CONFLICT, "changed", "gross_amount", D(119), D(19))
    worth = Assessment(Cause.UNKNOWN, "", D(100), "EUR")
    with sessions.begin() as session:
        (one, two) = save_erp(session, invoice(), invoice(number="I2"))
        for record_id, days in ((one, 0), (two, 6)):
            record_breaks(
                session,
                record_type=RecordType.INVOICE,
                found=[Finding(record_id, found, worth)],
                run_id=run_id,
                now=EARLY + timedelta(days=days),
            )
        late = EARLY + timedelta(days=7)
        assert close_break(session, 1, resolution=BreakResolution.ACCEPTED, by="a", now=late)
    (counted,) = stated(sessions, run_id).breaks
    assert (counted.kind, counted.count) == (BreakKind.CONFLICT, 1)
    assert (counted.by_age, counted.amounts) == ({"4-7": 1}, {"EUR": D(100)})


def test_breaks_of_either_sign_do_not_make_up_for_each_other(sessions: Sessions) -> None:
    """What one side lacks and what the other lacks are both open."""
    run_id = run(sessions, hours=24, crm="150")
    with sessions.begin() as session:
        for one, amount in zip(
            save_erp(session, invoice(), invoice(number="I2")), (D(100), D(-100)), strict=True
        ):
            found = Break(BreakKind.MISSING_IN_CRM, "gone")
            worth = Assessment(Cause.MISSING, "", amount, "EUR")
            record_breaks(
                session,
                record_type=RecordType.INVOICE,
                found=[Finding(one, found, worth)],
                run_id=run_id,
                now=EARLY,
            )
    (counted,) = stated(sessions, run_id).breaks
    assert (counted.count, counted.amounts) == (2, {"EUR": D(200)})


def test_runs_are_listed(sessions: Sessions) -> None:
    """The newest first, of one job or of all."""
    first, second = (run(sessions, hours=n, crm="40") for n in (1, 2))
    assert [one.id for one in list_run_lines(sessions)] == [second, first]
    assert [one.id for one in list_run_lines(sessions, limit=1)] == [second]
    assert list_run_lines(sessions, job="fetch") == []


def test_a_run_that_is_gone(sessions: Sessions) -> None:
    """Its id names nothing."""
    with pytest.raises(UnknownRun, match="no run 99"):
        stated(sessions, 99)


def test_a_run_that_failed(sessions: Sessions) -> None:
    """It has a statement too: that it failed, and why."""
    with sessions.begin() as session:
        run_id = start_run(session, job=JOB, now=EARLY)
        finish_run(session, run_id, Ending(status=RunStatus.FAILED, error="it broke"), now=EARLY)
    statement = stated(sessions, run_id)
    assert (statement.in_order, statement.run.error, statement.totals) == (False, "it broke", ())
