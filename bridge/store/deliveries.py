"""What a delivered correction changes here: the other side's version, and the last agreement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bridge.domain.content import decode_values
from bridge.domain.decisions import FieldCorrection
from bridge.domain.records import Field, RecordKey, RecordType, System, Value
from bridge.store.bulk import Columns, update_columns
from bridge.store.comparison import compared_fields
from bridge.store.engine import hold_record_type
from bridge.store.models import Record, Version
from bridge.store.outbox import StagedCorrection
from bridge.store.records import key_of_row
from bridge.store.statements import chunks, one_of
from bridge.store.versions import NewVersion, save_versions


@dataclass(frozen=True, slots=True)
class Accepted:
    """A correction that its target accepted. Salesforce tells the id, and whether it created."""

    correction: StagedCorrection
    salesforce_id: str | None = None
    created: bool = False


def linked_elsewhere(session: Session, accepted: Sequence[Accepted]) -> dict[int, RecordKey]:
    """Corrections that met the linked record of another ERP key: outbox id -> that key.

    Somebody gave the record's External ID away in Salesforce. Nothing may be concluded from what
    was accepted there; the records' owner shows as KEY_MISMATCH.
    """
    met = {one.salesforce_id: one.correction for one in accepted if one.salesforce_id}
    found: dict[int, RecordKey] = {}
    for some in chunks(sorted(met)):
        for row in session.scalars(select(Record).where(Record.salesforce_id.in_(some))):
            correction, key = met[str(row.salesforce_id)], key_of_row(row)
            if key is not None and row.id != correction.record_id:
                found[correction.id] = key
    return found


def apply_accepted(
    session: Session, *, record_type: RecordType, accepted: Sequence[Accepted], now: datetime
) -> None:
    """Moves AGREED, and the target's version, to the values that the target accepted.

    The target's version is patched rather than awaited: until it is read again, comparing it
    with the new agreement would look like a change that takes the correction back.
    """
    hold_record_type(session, record_type)
    compared = compared_fields(session, record_type)
    recreated = _link(session, accepted)
    before = _versions(session, [one.correction.record_id for one in accepted])
    patches: dict[tuple[int, System], list[Accepted]] = {}
    for one in accepted:
        record_id, target = one.correction.record_id, one.correction.target
        patches.setdefault((record_id, target), []).append(one)
        if record_id not in recreated:
            patches.setdefault((record_id, System.AGREED), []).append(one)
    versions = [
        _patched(system, ones, old=before.get((record_id, system)), compared=compared, now=now)
        for (record_id, system), ones in patches.items()
    ]
    save_versions(session, versions, record_type=record_type, compared=compared)


def _link(session: Session, accepted: Sequence[Accepted]) -> set[int]:
    """Links records to what Salesforce created or found; tells whose link was another before.

    An upsert meant as a change creates where the record was deleted meanwhile: what it made holds
    the changed fields alone and agrees on nothing, so the next run meets it as a new one. A record
    of that id that was read before it got its key gives way.
    """
    linked: dict[int, str] = {}
    recreated = set()
    for one in accepted:
        old_id = one.correction.salesforce_id
        if one.salesforce_id is None or one.salesforce_id == old_id:
            continue
        linked[one.correction.record_id] = one.salesforce_id
        if old_id is not None:
            recreated.add(one.correction.record_id)
    if linked:
        stranger = one_of(Record.salesforce_id, linked.values()) & Record.number.is_(None)
        session.execute(delete(Record).where(stranger))
        ids = sorted(linked)  # one order, so no deadlock
        columns: Columns = {"id": ids, "salesforce_id": [linked[one] for one in ids]}
        update_columns(session, Record, columns, key="id")
    if recreated:
        agreed = one_of(Version.record_id, recreated) & (Version.system == System.AGREED)
        session.execute(delete(Version).where(agreed))
    return recreated


def _patched(
    system: System,
    ones: Sequence[Accepted],
    *,
    old: Version | None,
    compared: Sequence[Field],
    now: datetime,
) -> NewVersion:
    """A version with all that was accepted for its record, in order."""
    key, record_id = ones[0].correction.key, ones[0].correction.record_id
    created = any(one.created for one in ones)
    if created and system is System.CRM:
        old = None
    stood: Mapping[str, Value | None] = {}
    if old is not None:
        stood = decode_values(key.record_type, old.content)
    elif created:
        stood = {field.name: None for field in compared}
    fields = [field for one in ones for field in one.correction.fields]
    if system is System.ERP:
        fields = _made(fields, stood)
    return NewVersion(
        record_id=record_id,
        system=system,
        values={**stood, **{field.name: field.new for field in fields}},
        modified_at=old.modified_at if old else now,
        known_at=now,
        # An acknowledgement goes by sequence; what is gone comes back when it is submitted again.
        deleted=system is System.ERP and old is not None and old.deleted,
        partial=system is System.CRM and not created and (old is None or old.partial),
        crm_key=str(key) if system is System.CRM and not ones[-1].correction.takes_key else None,
    )


def _made(
    fields: Sequence[FieldCorrection], stood: Mapping[str, Value | None]
) -> list[FieldCorrection]:
    """Of changes that the ERP has made in this order, those that tell what it holds by now.

    It may have submitted any value on their way. One that none of them is about was submitted
    since: the ERP's newer word.
    """
    about: dict[str, list[Value | None]] = {}
    for field in fields:
        about.setdefault(field.name, []).extend((field.old, field.new))
    return [field for field in fields if stood.get(field.name) in about[field.name]]


def _versions(session: Session, record_ids: Sequence[int]) -> dict[tuple[int, System], Version]:
    """These records' versions, which wait for submissions under way and stay as they are read."""
    found: dict[tuple[int, System], Version] = {}
    for some in chunks(sorted(set(record_ids))):
        query = select(Version).where(Version.record_id.in_(some))
        query = query.order_by(Version.record_id, Version.system).with_for_update()
        for row in session.scalars(query.execution_options(populate_existing=True)):
            found[row.record_id, row.system] = row
    return found
