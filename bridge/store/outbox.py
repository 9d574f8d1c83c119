"""Corrections on their way: claimed and settled by the relay, replayed by operators, forgotten.

What puts them here, and takes them back, is `bridge.store.staging`; what the ERP has to change is
offered by `bridge.store.change_feed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bridge.domain.decisions import FieldCorrection, Reason
from bridge.domain.records import (
    RecordKey,
    RecordType,
    System,
    Value,
)
from bridge.store.engine import hold_record_type
from bridge.store.models import Outbox, OutboxStatus, Record
from bridge.store.outbox_conditions import (
    customer_is_linked,
    customer_number,
    is_gone_from_erp,
    names_customer,
)
from bridge.store.outbox_fields import decode_fields
from bridge.store.records import key_of_row
from bridge.store.statements import chunks, one_of
from bridge.store.unanswered import remember_unanswered

_ENTERING = (Reason.NEW, Reason.RECREATED)


@dataclass(frozen=True, slots=True)
class StagedCorrection:
    """A correction as the outbox holds it, with the link of its record."""

    id: int
    record_id: int
    key: RecordKey
    salesforce_id: str | None
    target: System
    fields: tuple[FieldCorrection, ...]
    attempts: int
    staged_at: datetime

    @property
    def changes(self) -> dict[str, Value | None]:
        """Field name -> the value to set."""
        return {field.name: field.new for field in self.fields}

    @property
    def creates(self) -> bool:
        """Whether it enters a record that Salesforce does not have."""
        return self.salesforce_id is None or all(one.reason in _ENTERING for one in self.fields)

    @property
    def gives_key(self) -> bool:
        """Whether it puts the External ID on a record that does not carry it, or takes it off."""
        return self.takes_key or any(field.reason is Reason.LINKED for field in self.fields)

    @property
    def takes_key(self) -> bool:
        """Whether it takes the External ID off a record that was unlinked."""
        return any(field.reason is Reason.UNLINKED for field in self.fields)


def release_interrupted(session: Session, *, now: datetime) -> int:
    """Makes deliveries to the CRM that a dead relay left SENDING due again. Tells how many.

    Sending twice is safe: it sets the same values again.
    """
    for record_type in RecordType:
        hold_record_type(session, record_type)
    sending = session.scalars(
        select(Outbox.id).where(Outbox.target == System.CRM, Outbox.status == OutboxStatus.SENDING)
    ).all()
    return put_back(session, sending, now=now)


def claim_batch(
    session: Session, *, record_type: RecordType, limit: int, now: datetime
) -> list[StagedCorrection]:
    """Takes up to `limit` due corrections for the CRM, the oldest, and marks them SENDING.

    What names a customer waits until that one is in Salesforce, by external id. What is
    gone from the ERP stays until a run withdraws it. Documents of one customer stand side by side,
    so that Salesforce locks its Account once and not again and again.
    """
    hold_record_type(session, record_type)
    query = with_record(select(Outbox, Record)).where(
        Outbox.status == OutboxStatus.PENDING,
        Outbox.target == System.CRM,
        Outbox.record_type == record_type,
        Outbox.next_attempt_at <= now,
        ~is_gone_from_erp(),
    )
    if record_type is not RecordType.CUSTOMER:
        query = query.where(or_(customer_is_linked(), ~names_customer()))
    query = query.add_columns(customer_number()).order_by(Outbox.id).limit(limit)
    rows = sorted(session.execute(query), key=lambda row: (row[2] or "", row[0].id))
    staged = [as_staged(*row[:2]) for row in rows]
    mark(session, [one.id for one in staged], status=OutboxStatus.SENDING)
    return staged


def count_due(session: Session, *, now: datetime) -> dict[RecordType, int]:
    """Corrections for the CRM that are due, by record type."""
    query = (
        select(Outbox.record_type, func.count())
        .where(
            Outbox.status == OutboxStatus.PENDING,
            Outbox.target == System.CRM,
            Outbox.next_attempt_at <= now,
        )
        .group_by(Outbox.record_type)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def count_waiting(session: Session) -> int:
    """Corrections for the CRM that have not left."""
    query = select(func.count()).where(
        Outbox.status == OutboxStatus.PENDING, Outbox.target == System.CRM
    )
    return session.scalar(query) or 0


def count_by_status(session: Session) -> dict[tuple[System, OutboxStatus], int]:
    """All corrections, by target and status."""
    query = (
        select(Outbox.target, Outbox.status, func.count())
        .where(Outbox.status != OutboxStatus.UNANSWERED)
        .group_by(Outbox.target, Outbox.status)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def mark_delivered(session: Session, outbox_ids: Sequence[int], *, now: datetime) -> None:
    """These have landed. One that took another wish on its way stays PENDING with that."""
    values = {"status": OutboxStatus.DELIVERED, "finished_at": now, "error": None}
    mark(session, outbox_ids, Outbox.status == OutboxStatus.SENDING, **values)


def put_back(
    session: Session,
    outbox_ids: Sequence[int],
    *,
    now: datetime,
    error: str | None = None,
    next_attempt_at: datetime | None = None,
) -> int:
    """Makes corrections that were not judged due again, attempts uncounted. Tells how many."""
    remember_unanswered(session, outbox_ids, now=now)
    due = drop_overtaken(session, outbox_ids)
    values: dict[str, Any] = {"status": OutboxStatus.PENDING, "error": error}
    if next_attempt_at is not None:
        values["next_attempt_at"] = next_attempt_at
    mark(session, due, Outbox.status == OutboxStatus.SENDING, **values)
    return len(due)


def postpone(session: Session, outbox_id: int, *, next_attempt_at: datetime, error: str) -> None:
    """Puts back a correction that its target refused for now, to be tried again later."""
    session.execute(
        update(Outbox)
        .where(Outbox.id == outbox_id, Outbox.status == OutboxStatus.SENDING)
        .values(
            status=OutboxStatus.PENDING,
            attempts=Outbox.attempts + 1,
            next_attempt_at=next_attempt_at,
            error=error,
        )
    )


def bury(
    session: Session,
    outbox_id: int,
    *,
    now: datetime,
    error: str,
    duplicates: Sequence[str] = (),
) -> bool:
    """Gives a correction up that cannot land: a dead letter, for a person.

    `duplicates` are the Salesforce ids of records that it would have doubled. One that a newer wish
    overtook is dropped instead, and leaves no letter (False).
    """
    if not drop_overtaken(session, [outbox_id]):
        return False
    result = session.execute(
        update(Outbox)
        .where(Outbox.id == outbox_id, Outbox.status == OutboxStatus.SENDING)
        .values(
            status=OutboxStatus.DEAD,
            attempts=Outbox.attempts + 1,
            finished_at=now,
            error=error,
            duplicates=" ".join(duplicates) or None,
        )
    )
    return bool(getattr(result, "rowcount", 0))


def duplicates_of(session: Session, record_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """What dead letters for the CRM would have doubled there: record id -> Salesforce ids."""
    query = select(Outbox.record_id, Outbox.duplicates).where(
        one_of(Outbox.record_id, record_ids),
        Outbox.target == System.CRM,
        Outbox.status == OutboxStatus.DEAD,
        Outbox.duplicates.is_not(None),
    )
    return {row[0]: tuple(str(row[1]).split()) for row in session.execute(query)}


def drop_overtaken(session: Session, outbox_ids: Sequence[int]) -> list[int]:
    """Drops those that a newer PENDING row of their record and target overtook; gives the rest.

    Due before a row goes back to PENDING, of which a record and target have one at most.
    """
    newer = aliased(Outbox)
    overtaken: set[int] = set()
    for some in chunks(outbox_ids):
        query = select(Outbox.id).join(
            newer,
            (newer.record_id == Outbox.record_id)
            & (newer.target == Outbox.target)
            & (newer.status == OutboxStatus.PENDING)
            & (newer.id != Outbox.id),
        )
        overtaken.update(session.scalars(query.where(Outbox.id.in_(some))))
    if overtaken:
        session.execute(delete(Outbox).where(Outbox.id.in_(overtaken)))
    return [one for one in outbox_ids if one not in overtaken]


def dead_letters(session: Session, *, limit: int) -> list[tuple[StagedCorrection, str]]:
    """Given-up corrections with the reason, newest first."""
    query = with_record(select(Outbox, Record)).where(Outbox.status == OutboxStatus.DEAD)
    rows = session.execute(query.order_by(Outbox.id.desc()).limit(limit))
    return [(as_staged(*row), row[0].error or "") for row in rows]


def replay(session: Session, outbox_id: int, *, now: datetime) -> bool:
    """Makes a dead letter due again; False where there is none of this id."""
    result = session.execute(
        update(Outbox)
        .where(Outbox.id == outbox_id, Outbox.status == OutboxStatus.DEAD)
        .values(
            status=OutboxStatus.PENDING,
            next_attempt_at=now,
            finished_at=None,
            attempts=0,
            duplicates=None,
        )
    )
    return bool(getattr(result, "rowcount", 0))


def purge_delivered(session: Session, *, before: datetime) -> int:
    """Forgets corrections that landed before this instant; tells how many."""
    result = session.execute(
        delete(Outbox).where(
            Outbox.status.in_((OutboxStatus.DELIVERED, OutboxStatus.UNANSWERED)),
            Outbox.finished_at < before,
        )
    )
    return int(getattr(result, "rowcount", 0))


def as_staged(row: Outbox, record: Record) -> StagedCorrection:
    """A row of the outbox as others see it, with the record that it is about."""
    key = key_of_row(record)
    assert key is not None, "only records with an ERP key are corrected"
    return StagedCorrection(
        id=row.id,
        record_id=row.record_id,
        key=key,
        salesforce_id=record.salesforce_id,
        target=row.target,
        fields=decode_fields(row.record_type, row.fields),
        attempts=row.attempts,
        staged_at=row.staged_at,
    )


def with_record(query: Any) -> Any:
    """A query of the outbox with the record that each correction is about."""
    return query.join(Record, Record.id == Outbox.record_id)


def mark(
    session: Session, outbox_ids: Sequence[int], *conditions: ColumnElement[bool], **values: Any
) -> None:
    """Sets columns of these corrections, where the conditions hold."""
    for some in chunks(outbox_ids):
        session.execute(
            update(Outbox)
            .where(Outbox.id.in_(some), *conditions)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
