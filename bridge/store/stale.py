"""Corrections that Salesforce has overtaken: what they were decided on is no longer what it holds.

Sending one would take back, unseen, what somebody has changed there since.
"""

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from bridge.domain.comparison import normalised
from bridge.domain.content import decode_values
from bridge.domain.decisions import Reason
from bridge.domain.records import RECORD_CLASSES, Field, RecordType, System, Value, fields_of
from bridge.store.engine import hold_record_type
from bridge.store.models import Outbox, OutboxStatus, Record, Version
from bridge.store.outbox import StagedCorrection, as_staged
from bridge.store.statements import chunks


def drop_stale(session: Session, *, record_type: RecordType) -> int:
    """Takes corrections back that await delivery to the CRM and are overtaken. Tells how many.

    The next reconciliation decides anew. Only those are looked at whose CRM version was learned
    since they were staged, is gone, or came with a merge.
    """
    hold_record_type(session, record_type)
    query = (
        select(Outbox, Record, Version)
        .join(Record, Record.id == Outbox.record_id)
        .join(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
        .where(
            Outbox.status == OutboxStatus.PENDING,
            Outbox.target == System.CRM,
            Outbox.record_type == record_type,
            or_(Version.known_at >= Outbox.staged_at, Version.deleted, Version.key_pending),
        )
    )
    found = session.execute(query.execution_options(populate_existing=True))
    stale = [row.id for row, record, crm in found if _is_stale(as_staged(row, record), crm)]
    for some in chunks(stale):
        session.execute(delete(Outbox).where(Outbox.id.in_(some)))
    return len(stale)


def _is_stale(correction: StagedCorrection, crm: Version) -> bool:
    reasons = {one.reason for one in correction.fields}
    if reasons == {Reason.NEW}:
        return True  # it has come by itself, or has come and gone
    if reasons == {Reason.RECREATED}:
        return not crm.deleted
    if crm.deleted:
        return True
    if correction.gives_key:
        return False
    if crm.crm_key != str(correction.key):
        return True
    holds = decode_values(correction.key.record_type, crm.content)
    catalogue = fields_of(RECORD_CLASSES[correction.key.record_type])
    return any(
        one.name in holds and not _is_one_of(catalogue[one.name], holds[one.name], one.old, one.new)
        for one in correction.fields
    )


def _is_one_of(field: Field, value: Value | None, *others: Value | None) -> bool:
    return normalised(field, value) in {normalised(field, other) for other in others}
