"""Rulings: what people decided, kept until a run no longer has to obey it."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType
from bridge.domain.rulings import Ruling, Verdict
from bridge.store import models
from bridge.store.breaks import Finding, record_breaks
from bridge.store.rulings import drop_unobeyed, mark_obeyed, rulings_of, save_ruling
from tests.builders import EARLY, customer
from tests.storing import new_run, save_erp

Sessions = sessionmaker[Session]
KINDS = (BreakKind.MISSING_IN_CRM, BreakKind.DUPLICATE_IN_CRM)


def accept_all(session: Session, record_id: int, found: list[Break]) -> None:
    """Breaks of a record that a person accepts, one after the other."""
    record_breaks(
        session,
        record_type=RecordType.CUSTOMER,
        found=[Finding(record_id, one) for one in found],
        run_id=new_run(session, EARLY),
        now=EARLY,
    )
    for row in session.scalars(select(models.Break).order_by(models.Break.id)):
        accepted = Ruling(
            kind=row.kind,
            field=row.field,
            erp=None,
            crm=None,
            verdict=Verdict.ACCEPT,
            by="anna",
            at=EARLY,
        )
        save_ruling(session, accepted, of=row, reason="seen", needs_approval=False)


def test_each_kind_of_break_has_its_own_ruling(sessions: Sessions) -> None:
    """Of two on one whole record, the one that a run did not obey is over, and no other."""
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        accept_all(session, record_id, [Break(kind, "") for kind in KINDS])
        kept = rulings_of(session, [record_id])[record_id]
        assert {one.kind for one in kept} == set(KINDS)
        run_id, obeyed = new_run(session, EARLY), kept[0]
        mark_obeyed(session, [(record_id, obeyed)], run_id=run_id)
        assert drop_unobeyed(session, record_type=RecordType.CUSTOMER, run_id=run_id) == 1
        assert rulings_of(session, [record_id]) == {record_id: (obeyed,)}


def test_a_field_has_one_ruling(sessions: Sessions) -> None:
    """Whatever kind of break it is by now: the newer decision holds."""
    kinds = (BreakKind.CONFLICT, BreakKind.UNFIT_VALUE)
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        accept_all(session, record_id, [Break(kind, "", "phone", "1", "2") for kind in kinds])
        (kept,) = rulings_of(session, [record_id])[record_id]
        assert kept.kind == BreakKind.UNFIT_VALUE
