"""Saving what was read from Salesforce: links first, then versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.content import encode_values
from bridge.domain.crm import CrmRecord
from bridge.domain.records import (
    BadRecordKey,
    Field,
    RecordKey,
    RecordType,
    System,
)
from bridge.domain.totals import key_hash
from bridge.store.engine import hold_record_type
from bridge.store.models import Record, Version
from bridge.store.records import NewVersion, ensure_records, save_versions
from bridge.store.statements import chunks, one_of
from bridge.store.unanswered import agree_on_landed


@dataclass(slots=True)
class PageOutcome:
    """What a page of CRM records brought: how many were read, news, and gone."""

    read: int = 0
    changed: int = 0
    deleted: int = 0

    def add(self, other: "PageOutcome") -> None:
        """Counts another page in."""
        self.read += other.read
        self.changed += other.changed
        self.deleted += other.deleted


def save_crm_page(
    session: Session,
    *,
    record_type: RecordType,
    page: Sequence[CrmRecord],
    compared: Sequence[Field],
    read_at: datetime,
    touch: bool = False,
) -> PageOutcome:
    """Saves a page of records, whose reading began at `read_at` (our clock).

    A version that the bridge wrote or read after that instant stays: the page is older. One whose
    values are as stored keeps its `modified_at`, so that the echo of the bridge's own write does
    not look like a change. `touch` marks unchanged versions as seen, for a full compare.
    """
    hold_record_type(session, record_type)
    latest = {record.salesforce_id: record for record in page}
    ids = _link(session, record_type, list(latest.values()))
    stored = _stored_versions(session, list(ids.values()))
    outcome, versions = PageOutcome(read=len(latest)), []
    for salesforce_id, record_id in ids.items():
        record, old = latest[salesforce_id], stored.get(record_id)
        if old is not None and old.known_at > read_at:
            continue
        content = encode_values(record.values)
        same = old is not None and _is_same(old, record, content)
        if same and not touch:
            continue
        outcome.changed += not same
        outcome.deleted += record.deleted and not same
        versions.append(
            NewVersion(
                record_id=record_id,
                system=System.CRM,
                record_type=record_type,
                values=record.values,
                compared=compared,
                modified_at=old.modified_at if old is not None and same else record.modified_at,
                known_at=read_at,
                deleted=record.deleted,
                merged_into=_merged_into(record),
                crm_key=record.erp_key,
                key_pending=bool(old and old.key_pending and not record.erp_key),
                content=content,
            )
        )
    save_versions(session, versions)
    agree_on_landed(
        session,
        record_type=record_type,
        read={record_id: latest[salesforce_id] for salesforce_id, record_id in ids.items()},
        compared=compared,
        read_at=read_at,
    )
    return outcome


def mark_unseen_as_deleted(
    session: Session, *, record_type: RecordType, read_since: datetime
) -> int:
    """After a full read: what it did not show is gone from Salesforce. Tells how many."""
    hold_record_type(session, record_type)
    ids = select(Record.id).where(Record.record_type == record_type)
    result = session.execute(
        update(Version)
        .where(
            Version.system == System.CRM,
            Version.deleted.is_(False),
            Version.known_at < read_since,
            Version.record_id.in_(ids),
        )
        .values(deleted=True)
    )
    return int(getattr(result, "rowcount", 0))


def live_among(
    session: Session, *, record_type: RecordType, salesforce_ids: Sequence[str]
) -> list[str]:
    """Which of these records are taken to be there in Salesforce."""
    query = (
        select(Record.salesforce_id)
        .join(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
        .where(
            Record.record_type == record_type,
            one_of(Record.salesforce_id, salesforce_ids),
            Version.deleted.is_(False),
        )
        .order_by(Record.salesforce_id)
    )
    return [str(one) for one in session.scalars(query)]


def mark_deleted(
    session: Session, *, record_type: RecordType, salesforce_ids: Sequence[str], read_at: datetime
) -> int:
    """These records are gone from Salesforce, as read at `read_at` (our clock). Tells how many."""
    hold_record_type(session, record_type)
    ids = select(Record.id).where(
        Record.record_type == record_type, one_of(Record.salesforce_id, salesforce_ids)
    )
    result = session.execute(
        update(Version)
        .where(
            Version.record_id.in_(ids),
            Version.system == System.CRM,
            Version.deleted.is_(False),
            Version.known_at <= read_at,
        )
        .values(deleted=True, known_at=read_at)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


def _is_same(old: Version, record: CrmRecord, content: str) -> bool:
    known = (old.content, old.deleted, old.merged_into, old.crm_key, old.partial)
    now = (content, record.deleted, _merged_into(record), record.erp_key, False)
    return known == now


def _merged_into(record: CrmRecord) -> str | None:
    return record.master_record_id if record.deleted else None


def _stored_versions(session: Session, record_ids: Sequence[int]) -> dict[int, Version]:
    found: dict[int, Version] = {}
    for some in chunks(record_ids):
        query = select(Version).where(Version.record_id.in_(some), Version.system == System.CRM)
        found |= {version.record_id: version for version in session.scalars(query)}
    return found


def _link(session: Session, record_type: RecordType, page: Sequence[CrmRecord]) -> dict[str, int]:
    """The crosswalk rows of these records, by Salesforce id; unknown deleted ones have none."""
    known = _rows_by_salesforce_id(session, [record.salesforce_id for record in page])
    ids = {salesforce_id: row.id for salesforce_id, row in known.items()}
    keyed = {
        key: record
        for record in page
        if not record.deleted
        and (key := _readable_key(record_type, record.erp_key)) is not None
        and _may_take_key(known.get(record.salesforce_id))
    }
    leaving = {
        ids[record.salesforce_id]: record.master_record_id
        for record in page
        if record.deleted and record.salesforce_id in ids
    }
    linked = _link_by_key(session, keyed, known, leaving)
    taken = set(linked.values())
    ids = {one: row for one, row in ids.items() if row not in taken} | linked
    strangers = [r for r in page if r.salesforce_id not in ids and not r.deleted]
    return ids | _add_strangers(session, record_type, strangers)


def _may_take_key(row: Record | None) -> bool:
    return row is None or row.number is None


def _link_by_key(
    session: Session,
    keyed: dict[RecordKey, CrmRecord],
    known: dict[str, Record],
    leaving: Mapping[int, str | None],
) -> dict[str, int]:
    """Links records that name an ERP key to the row of that key, if it is free.

    Free are rows that no live Salesforce record holds, and those whose record leaves in this page
    (record id -> the id of the record that won, if it lost a merge).
    """
    ids: dict[str, int] = {}
    rows = ensure_records(session, keyed)
    free = _free_rows(session, list(rows.values())) | leaving.keys()
    for key, record in keyed.items():
        if rows[key] in free:  # else another live record has it: a stranger, and a break
            ids[record.salesforce_id] = rows[key]
    strangers = [known[one].id for one in ids if one in known]
    if strangers:
        session.execute(delete(Record).where(Record.id.in_(strangers)))
    if ids:
        linked = [
            {"id": row, "salesforce_id": one}
            for row, one in sorted((row, one) for one, row in ids.items())
        ]
        session.execute(update(Record), linked)
    # A record that takes the place of a deleted one has agreed on nothing yet; one that won a merge
    # goes on where the other ended.
    heirs = _heirs(session, ids, leaving)
    agreed = Version.record_id.in_(set(ids.values()) - heirs) & (Version.system == System.AGREED)
    session.execute(delete(Version).where(agreed))
    return ids


def _heirs(session: Session, ids: Mapping[str, int], leaving: Mapping[int, str | None]) -> set[int]:
    """Of the rows that get these ids, those whose record before lost a merge to just that one."""
    stored = select(Version.record_id, Version.merged_into).where(
        one_of(Version.record_id, set(ids.values())), Version.merged_into.is_not(None)
    )
    merged = {row.record_id: row.merged_into for row in session.execute(stored)}
    merged |= dict(leaving)
    return {row for one, row in ids.items() if merged.get(row) == one}


def _free_rows(session: Session, record_ids: Sequence[int]) -> set[int]:
    """Those rows that no live Salesforce record holds."""
    free = set(record_ids)
    for some in chunks(record_ids):
        query = (
            select(Record.id)
            .outerjoin(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
            .where(
                Record.id.in_(some),
                Record.salesforce_id.is_not(None),
                Version.deleted.is_not(True),
            )
        )
        free.difference_update(session.scalars(query))
    return free


def _add_strangers(
    session: Session, record_type: RecordType, strangers: Sequence[CrmRecord]
) -> dict[str, int]:
    if not strangers:
        return {}
    rows = [
        Record(
            record_type=record_type,
            salesforce_id=record.salesforce_id,
            key_hash=key_hash(record.salesforce_id),
        )
        for record in strangers
    ]
    session.add_all(rows)
    session.flush()
    return {str(row.salesforce_id): row.id for row in rows}


def _rows_by_salesforce_id(session: Session, salesforce_ids: Sequence[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for some in chunks(salesforce_ids):
        query = select(Record).where(Record.salesforce_id.in_(some))
        found |= {str(row.salesforce_id): row for row in session.scalars(query)}
    return found


def _readable_key(record_type: RecordType, text: str | None) -> RecordKey | None:
    try:
        return RecordKey.parse(record_type, text) if text else None
    except BadRecordKey:
        return None  # the decision table will show it as a record without an ERP key
