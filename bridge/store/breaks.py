"""Breaks: found again they stay the same row, no longer found they clear themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, not_, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from bridge.domain import decisions
from bridge.domain.causes import UNASSESSED, Assessment
from bridge.domain.content import value_text
from bridge.domain.records import RecordType
from bridge.store.models import Break, BreakNote, BreakResolution, BreakStatus, Record
from bridge.store.statements import insert_into, one_of


@dataclass(frozen=True, slots=True)
class Finding:
    """A break that a run found in a record, and what is known of it."""

    record_id: int
    found: decisions.Break
    assessment: Assessment = UNASSESSED


def record_breaks(
    session: Session,
    *,
    record_type: RecordType,
    found: Sequence[Finding],
    run_id: int,
    now: datetime,
) -> None:
    """Opens a break for each finding, or freshens the one that is open."""
    if not found:
        return
    rows = [_row(one, record_type, run_id, now) for one in found]
    statement = insert_into(session, Break)
    freshened: dict[str, Any] = {name: statement.excluded[name] for name in _FRESHENED}
    # Statements of earlier runs have to tell what did not count then.
    freshened["counts_from"] = func.coalesce(statement.excluded.counts_from, Break.counts_from)
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


def breaks(
    session: Session, *, status: BreakStatus, limit: int | None = None, **wanted: object
) -> list[tuple[Break, Record]]:
    """Breaks with their records, oldest first; `wanted` are columns and the values to find."""
    query = (
        select(Break, Record)
        .join(Record, Record.id == Break.record_id)
        .where(Break.status == status)
        .order_by(Break.id)
    )
    for column, value in wanted.items():
        query = query.where(getattr(Break, column) == value)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def open_at(session: Session, moment: datetime, record_types: Sequence[RecordType]) -> list[Break]:
    """The breaks of these types that were open at this instant."""
    query = select(Break).where(
        Break.record_type.in_(record_types),
        Break.opened_at <= moment,
        or_(Break.closed_at.is_(None), Break.closed_at > moment),
    )
    return list(session.scalars(query))


def opened_at(
    session: Session, record_ids: Sequence[int]
) -> dict[tuple[int, decisions.BreakKind], datetime]:
    """Since when these records have an open break of a kind: (record id, kind) -> that."""
    # Not by the status: SQLite would read all that are open, for each page of a run.
    query = select(Break.record_id, Break.kind, func.min(Break.opened_at)).where(
        one_of(Break.record_id, record_ids), Break.closed_at.is_(None)
    )
    rows = session.execute(query.group_by(Break.record_id, Break.kind))
    return {(record_id, kind): opened for record_id, kind, opened in rows}


def count_open(
    session: Session, *, now: datetime, waiting: bool = False
) -> dict[tuple[RecordType, decisions.BreakKind], int]:
    """Open breaks that count by record type and kind; or, `waiting`, those that do not yet."""
    counts = or_(Break.counts_from.is_(None), Break.counts_from <= now)
    query = (
        select(Break.record_type, Break.kind, func.count())
        .where(Break.status == BreakStatus.OPEN, not_(counts) if waiting else counts)
        .group_by(Break.record_type, Break.kind)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def count_opened(session: Session, *, record_type: RecordType, run_id: int, now: datetime) -> int:
    """How many breaks of a type this run, which works at `now`, opened."""
    query = select(func.count()).where(
        Break.run_id == run_id, Break.record_type == record_type, Break.opened_at == now
    )
    return session.scalar(query) or 0


def find_break(session: Session, break_id: int) -> tuple[Break, Record] | None:
    """A break with its record."""
    query = select(Break, Record).join(Record, Record.id == Break.record_id)
    row = session.execute(query.where(Break.id == break_id)).first()
    return None if row is None else (row[0], row[1])


def close_break(
    session: Session, break_id: int, *, resolution: BreakResolution, by: str, now: datetime
) -> bool:
    """Closes an open break for a person; False where it is not open any more."""
    result = session.execute(
        update(Break)
        .where(Break.id == break_id, Break.status == BreakStatus.OPEN)
        .values(status=BreakStatus.RESOLVED, resolution=resolution, closed_at=now, closed_by=by)
    )
    return bool(getattr(result, "rowcount", 0))


def reopen_break(session: Session, row: Break) -> None:
    """Opens a closed break again, unless another one of its record, kind and field is open."""
    other = aliased(Break)
    same = (other.record_id == row.record_id, other.kind == row.kind, other.field == row.field)
    is_open = select(other.id).where(*same, other.status == BreakStatus.OPEN)
    session.execute(
        update(Break)
        .where(Break.id == row.id, ~is_open.exists())
        .values(status=BreakStatus.OPEN, resolution=None, closed_at=None, closed_by=None)
    )


def assign_break(session: Session, break_id: int, assignee: str | None) -> bool:
    """Gives an open break to someone, or to nobody; False where it is not open any more."""
    result = session.execute(
        update(Break)
        .where(Break.id == break_id, Break.status == BreakStatus.OPEN)
        .values(assignee=assignee)
    )
    return bool(getattr(result, "rowcount", 0))


def add_note(session: Session, break_id: int, *, author: str, text: str, now: datetime) -> None:
    """Keeps what someone did or said."""
    session.add(BreakNote(break_id=break_id, at=now, author=author, text=text))


def notes_of(session: Session, break_id: int) -> list[BreakNote]:
    """What was done and said, oldest first."""
    query = select(BreakNote).where(BreakNote.break_id == break_id).order_by(BreakNote.id)
    return list(session.scalars(query))


def _row(one: Finding, record_type: RecordType, run_id: int, now: datetime) -> dict[str, object]:
    return {
        "record_id": one.record_id,
        "record_type": record_type,
        "kind": one.found.kind,
        "field": one.found.field,
        "status": BreakStatus.OPEN,
        "erp_value": value_text(one.found.erp),
        "crm_value": value_text(one.found.crm),
        "detail": one.found.detail,
        "cause": one.assessment.cause,
        "evidence": one.assessment.evidence,
        "amount": one.assessment.amount,
        "currency": one.assessment.currency,
        "opened_at": now,
        "counts_from": one.assessment.counts_from,
        "run_id": run_id,
    }


_FRESHENED = (
    "erp_value",
    "crm_value",
    "detail",
    "cause",
    "evidence",
    "amount",
    "currency",
    "run_id",
)
