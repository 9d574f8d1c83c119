"""Breaks: found again they stay the same row, no longer found they clear themselves."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from bridge.domain import reconcile
from bridge.domain.content import encode_value
from bridge.domain.records import RecordType
from bridge.store.models import Break, BreakResolution, BreakStatus, Record
from bridge.store.statements import insert_into


def record_breaks(
    session: Session,
    *,
    record_type: RecordType,
    found: Sequence[tuple[int, reconcile.Break]],
    run_id: int,
    now: datetime,
) -> None:
    """Opens a break for each (record id, break) pair, or freshens the one that is open."""
    if not found:
        return
    rows = [
        {
            "record_id": record_id,
            "record_type": record_type,
            "kind": one.kind,
            "field": one.field,
            "status": BreakStatus.OPEN,
            "erp_value": _text(one.erp),
            "crm_value": _text(one.crm),
            "detail": one.detail,
            "opened_at": now,
            "run_id": run_id,
        }
        for record_id, one in found
    ]
    statement = insert_into(session, Break)
    freshened = {
        name: statement.excluded[name] for name in ("erp_value", "crm_value", "detail", "run_id")
    }
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["record_id", "kind", "field"],
            index_where=text("status = 'OPEN'"),
            set_=freshened,
        ),
        rows,
    )


def clear_unfound(session: Session, *, record_type: RecordType, run_id: int, now: datetime) -> int:
    """Closes open breaks that this run did not find again. Tells how many."""
    result = session.execute(
        update(Break)
        .where(
            Break.status == BreakStatus.OPEN,
            Break.record_type == record_type,
            Break.run_id.is_distinct_from(run_id),
        )
        .values(
            status=BreakStatus.RESOLVED,
            resolution=BreakResolution.SELF_CLEARED,
            closed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


def open_breaks(
    session: Session, *, record_type: RecordType | None = None, limit: int | None = None
) -> list[tuple[Break, Record]]:
    """Open breaks with their records, oldest first."""
    query = (
        select(Break, Record)
        .join(Record, Record.id == Break.record_id)
        .where(Break.status == BreakStatus.OPEN)
        .order_by(Break.id)
    )
    if record_type is not None:
        query = query.where(Break.record_type == record_type)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def count_open(session: Session) -> dict[tuple[RecordType, reconcile.BreakKind], int]:
    """Open breaks by record type and kind."""
    query = (
        select(Break.record_type, Break.kind, func.count())
        .where(Break.status == BreakStatus.OPEN)
        .group_by(Break.record_type, Break.kind)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def count_opened(session: Session, *, record_type: RecordType, run_id: int, now: datetime) -> int:
    """How many breaks of a type this run, which works at `now`, opened."""
    query = select(func.count()).where(
        Break.run_id == run_id, Break.record_type == record_type, Break.opened_at == now
    )
    return session.scalar(query) or 0


def _text(value: object) -> str | None:
    return None if value is None else str(encode_value(value))  # type: ignore[arg-type]
