"""Corrections that were sent to Salesforce and not answered: they have landed, or they have not.

What is read next tells. Until then a copy of each is kept, beside the wish that is sent again, may
change or be taken back: else a value that the bridge itself has written would look like somebody's
change, and win over what the ERP says by then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bridge.domain.comparison import normalised
from bridge.domain.content import decode_values
from bridge.domain.crm import CrmRecord
from bridge.domain.records import RECORD_CLASSES, Field, RecordType, System, Value, fields_of
from bridge.store.models import Outbox, OutboxStatus, Version
from bridge.store.outbox_fields import decode_fields
from bridge.store.statements import chunks
from bridge.store.versions import NewVersion, save_versions


def remember_unanswered(session: Session, outbox_ids: Sequence[int], *, now: datetime) -> None:
    """Keeps copies of corrections for the CRM that nobody has answered; of equal ones, one."""
    for some in chunks(outbox_ids):
        sent = session.scalars(
            select(Outbox).where(Outbox.id.in_(some), Outbox.target == System.CRM)
        ).all()
        known = select(Outbox).where(
            Outbox.record_id.in_([row.record_id for row in sent]),
            Outbox.status == OutboxStatus.UNANSWERED,
        )
        kept = {(row.record_id, row.fields): row for row in session.scalars(known)}
        for row in sent:
            copy = kept.get((row.record_id, row.fields)) or _copy(row)
            copy.finished_at = now
            session.add(copy)
    session.flush()


def agree_on_landed(
    session: Session,
    *,
    record_type: RecordType,
    read: Mapping[int, CrmRecord],
    compared: Sequence[Field],
    read_at: datetime,
) -> None:
    """Of records as they were read: what was sent without an answer and is there is agreed on."""
    query = select(Outbox).where(
        Outbox.status == OutboxStatus.UNANSWERED,
        Outbox.record_type == record_type,
        Outbox.finished_at <= read_at,
    )
    told = [row for row in session.scalars(query.order_by(Outbox.id)) if row.record_id in read]
    landed: dict[int, dict[str, Value | None]] = {}
    for row in told:
        found = _landed(row, read[row.record_id])
        landed[row.record_id] = landed.get(row.record_id, {}) | found
    _agree(session, record_type, {one: it for one, it in landed.items() if it}, compared, read_at)
    for some in chunks([row.id for row in told]):
        session.execute(delete(Outbox).where(Outbox.id.in_(some)))


def _copy(row: Outbox) -> Outbox:
    return Outbox(
        record_id=row.record_id,
        record_type=row.record_type,
        target=row.target,
        status=OutboxStatus.UNANSWERED,
        fields=row.fields,
        staged_at=row.staged_at,
        next_attempt_at=row.next_attempt_at,
    )


def _landed(row: Outbox, record: CrmRecord) -> dict[str, Value | None]:
    catalogue = fields_of(RECORD_CLASSES[row.record_type])
    return {
        one.name: one.new
        for one in decode_fields(row.record_type, row.fields)
        if not record.deleted
        and one.name in record.values
        and _same(catalogue[one.name], one.new, record.values[one.name])
    }


def _same(field: Field, one: Value | None, other: Value | None) -> bool:
    return normalised(field, one) == normalised(field, other)


def _agree(
    session: Session,
    record_type: RecordType,
    landed: Mapping[int, Mapping[str, Value | None]],
    compared: Sequence[Field],
    now: datetime,
) -> None:
    agreed: dict[int, dict[str, Value | None]] = {}
    for some in chunks(sorted(landed)):
        query = select(Version).where(Version.record_id.in_(some), Version.system == System.AGREED)
        for row in session.scalars(query.execution_options(populate_existing=True)):
            agreed[row.record_id] = decode_values(record_type, row.content)
    versions = [
        NewVersion(
            record_id=record_id,
            system=System.AGREED,
            values={**agreed.get(record_id, {}), **values},
            modified_at=now,
            known_at=now,
        )
        for record_id, values in landed.items()
    ]
    save_versions(session, versions, record_type=record_type, compared=compared)
