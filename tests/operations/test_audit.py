"""The audit trail: whoever writes history anew is found."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType, System
from bridge.domain.totals import ControlTotal
from bridge.operations.audit import list_audit, verify_audit
from bridge.store.audit import Deed, append_deed, append_ended_runs
from bridge.store.models import AuditEntry, Run, RunStatus
from bridge.store.models import ControlTotal as TotalRow
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.totals import save_totals
from tests.builders import EARLY

Sessions = sessionmaker[Session]


def deed(n: int = 0) -> Deed:
    """Anna closes a break."""
    at = EARLY + timedelta(seconds=n)
    return Deed(at=at, actor="änna", action="break", subject=str(n), detail="the ERP is right: é")


def ended(session: Session, *, status: RunStatus = RunStatus.SUCCEEDED, forced: str = "") -> int:
    """A run with a total."""
    run_id = start_run(session, job="reconcile-financials", now=EARLY)
    total = ControlTotal(
        record_type=RecordType.INVOICE,
        system=System.ERP,
        currency="EUR",
        count=1,
        amounts={},
        hash_total=1,
    )
    save_totals(session, run_id, [total])
    summary = {"forced": forced} if forced else {}
    finish_run(session, run_id, Ending(status=status, summary=summary), now=EARLY)
    return run_id


@pytest.fixture
def trail(sessions: Sessions) -> Sessions:
    """Nine deeds and a run."""
    with sessions.begin() as session:
        for n in range(9):
            append_deed(session, deed(n))
        ended(session)
        append_ended_runs(session)
    return sessions


def test_a_trail_in_order(trail: Sessions) -> None:
    """All entries and the run's figures are checked; the head is the newest entry's digest."""
    report = verify_audit(trail)
    assert (report.entries, report.runs, report.problems) == (10, 1, ())
    assert report.head == list_audit(trail)[0].digest
    assert verify_audit(trail, head=list_audit(trail)[7].digest.upper()).problems == ()


def test_an_empty_trail(sessions: Sessions) -> None:
    """Nothing was done yet."""
    report = verify_audit(sessions)
    assert (report.entries, report.problems) == (0, ())


TAMPERED: list[tuple[Callable[[], Any], str]] = [
    (lambda: update(AuditEntry).where(AuditEntry.position == 4).values(actor="ben"), "entry 4"),
    (lambda: update(AuditEntry).where(AuditEntry.position == 4).values(detail=""), "entry 4"),
    (
        lambda: update(AuditEntry).where(AuditEntry.position == 4).values(at=EARLY),
        "entry 4",
    ),
    (
        lambda: update(AuditEntry).where(AuditEntry.position == 4).values(digest=bytes(32)),
        "entry 4",
    ),
    (lambda: update(AuditEntry).where(AuditEntry.run_id == 1).values(detail="{"), "entry 10"),
    (lambda: update(AuditEntry).where(AuditEntry.run_id == 1).values(detail="[]"), "entry 10"),
    (lambda: delete(AuditEntry).where(AuditEntry.position == 4), "entries 4 to 4 are missing"),
    (lambda: delete(AuditEntry).where(AuditEntry.position == 1), "entries 1 to 1 are missing"),
    (lambda: update(Run).values(summary='{"better": 1}'), "the figures of run 1"),
    (lambda: update(Run).values(error="it was the weather"), "the figures of run 1"),
    (lambda: update(TotalRow).values(count=2), "the figures of run 1"),
    (lambda: delete(TotalRow), "the figures of run 1"),
]


@pytest.mark.parametrize(("statement", "problem"), TAMPERED)
def test_tampering(trail: Sessions, statement: Callable[[], Any], problem: str) -> None:
    """The entry, or the run, that is not what it was is named."""
    with trail.begin() as session:
        session.execute(statement())
    assert any(problem in said for said in verify_audit(trail).problems)


def test_an_end_that_was_cut_off(trail: Sessions) -> None:
    """It leaves a trail in order; the digest that was kept elsewhere gives it away."""
    head = verify_audit(trail).head
    with trail.begin() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.position == 10))
    assert verify_audit(trail).problems == ()
    assert verify_audit(trail, head=head).problems == (f"there is no entry with the digest {head}",)


def test_runs_are_written_down_once(sessions: Sessions) -> None:
    """However often it is looked, and those of a process that died as well; not those that run."""
    with sessions.begin() as session:
        first = ended(session)
        second = ended(session, status=RunStatus.FAILED, forced="it is right")
        start_run(session, job="fetch", now=EARLY)
    for _ in range(2):
        with sessions.begin() as session:
            append_ended_runs(session)
    newest, oldest = list_audit(sessions)
    assert (oldest.run_id, newest.run_id) == (first, second)
    assert json.loads(newest.detail)["forced"] == "it is right"


def test_a_purged_run_leaves_its_entry(trail: Sessions) -> None:
    """Its figures can no longer be checked; that is no problem."""
    with trail.begin() as session:
        session.execute(delete(Run))
    report = verify_audit(trail)
    assert (report.entries, report.runs, report.problems) == (10, 0, ())


def test_many_write_at_once(sessions: Sessions) -> None:
    """One after the other: no entry is lost, and the chain holds."""

    def write(n: int) -> None:
        with sessions.begin() as session:
            append_deed(session, deed(n))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    report = verify_audit(sessions)
    assert (report.entries, report.problems) == (40, ())


def test_a_deed_that_is_taken_back(sessions: Sessions) -> None:
    """Its entry goes with its transaction."""
    with sessions() as session:
        append_deed(session, deed())
        session.rollback()
    assert verify_audit(sessions).entries == 0
