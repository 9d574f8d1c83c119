"""Rulings: what people decided of breaks, kept until a run no longer has to obey it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from bridge.domain import rulings
from bridge.domain.content import decode_value, value_text
from bridge.domain.records import RECORD_CLASSES, RecordType, Value, fields_of
from bridge.store.bulk import upsert
from bridge.store.models import Break, Ruling
from bridge.store.statements import one_of


def save_ruling(
    session: Session,
    ruling: rulings.Ruling,
    *,
    of: Break,
    reason: str,
    needs_approval: bool,
) -> None:
    """Keeps a decision on an open break; an earlier one on the same field, or kind, goes.

    What is wrong with a whole record may be several things, each with a decision of its own. Its
    values are those of the break, as texts, and so is what it is worth.
    """
    if of.field:
        on_field = (Ruling.record_id == of.record_id, Ruling.field == of.field)
        session.execute(delete(Ruling).where(*on_field))
    row = {
        "record_id": of.record_id,
        "record_type": of.record_type,
        "break_id": of.id,
        "kind": of.kind,
        "field": of.field,
        "erp_value": of.erp_value,
        "crm_value": of.crm_value,
        "verdict": ruling.verdict,
        "value": value_text(ruling.value),
        "amount": of.amount,
        "currency": of.currency,
        "reason": reason,
        "decided_by": ruling.by,
        "decided_at": ruling.at,
        "needs_approval": needs_approval,
        "approved_by": None,
        "run_id": None,
    }
    upsert(session, Ruling, [row], key=("record_id", "kind", "field"))


def has_changed(found: Break, ruling: Ruling) -> bool:
    """Whether a break is another than the one that the decision was made on."""
    return any(
        getattr(found, name) != getattr(ruling, name)
        for name in ("erp_value", "crm_value", "amount", "currency")
    )


def ruling_on(session: Session, break_id: int) -> Ruling | None:
    """The decision on a break, if one is kept."""
    return session.scalar(select(Ruling).where(Ruling.break_id == break_id))


def approve_ruling(session: Session, ruling_id: int, *, by: str) -> None:
    """Puts a decision that waited for a second person into force."""
    session.execute(update(Ruling).where(Ruling.id == ruling_id).values(approved_by=by))


def drop_ruling(session: Session, ruling_id: int) -> None:
    """Takes a decision back."""
    session.execute(delete(Ruling).where(Ruling.id == ruling_id))


def rulings_of(
    session: Session, record_ids: Sequence[int]
) -> dict[int, tuple[rulings.Ruling, ...]]:
    """The decisions in force on these records: record id -> rulings."""
    found: dict[int, tuple[rulings.Ruling, ...]] = {}
    query = select(Ruling).where(one_of(Ruling.record_id, record_ids), _in_force())
    for row in session.scalars(query):
        found[row.record_id] = (*found.get(row.record_id, ()), _as_ruling(row))
    return found


def mark_obeyed(
    session: Session, obeyed: Iterable[tuple[int, rulings.Ruling]], *, run_id: int
) -> None:
    """These rulings, of records by id, were obeyed by this run."""
    for record_id, one in obeyed:
        session.execute(
            update(Ruling)
            .where(
                Ruling.record_id == record_id, Ruling.kind == one.kind, Ruling.field == one.field
            )
            .values(run_id=run_id)
        )


def drop_unobeyed(session: Session, *, record_type: RecordType, run_id: int) -> int:
    """Forgets decisions in force that this run had no use for: done, or overtaken by news."""
    result = session.execute(
        delete(Ruling).where(
            Ruling.record_type == record_type, _in_force(), Ruling.run_id.is_distinct_from(run_id)
        )
    )
    return int(getattr(result, "rowcount", 0))


def _in_force() -> ColumnElement[bool]:
    return or_(Ruling.needs_approval.is_(False), Ruling.approved_by.is_not(None))


def _as_ruling(row: Ruling) -> rulings.Ruling:
    return rulings.Ruling(
        kind=row.kind,
        field=row.field,
        erp=_value(row, row.erp_value),
        crm=_value(row, row.crm_value),
        verdict=row.verdict,
        value=_value(row, row.value),
        amount=row.amount,
        currency=row.currency,
        by=row.decided_by,
        at=row.decided_at,
    )


def _value(row: Ruling, text: str | None) -> Value | None:
    if not row.field:
        return text
    return decode_value(fields_of(RECORD_CLASSES[row.record_type])[row.field], text)
