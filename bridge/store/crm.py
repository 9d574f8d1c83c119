"""Saving what was read from Salesforce: links first, then versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.columns import map_columns
from bridge.domain.content import encode_columns
from bridge.domain.crm import CrmRecord
from bridge.domain.records import Field, RecordKey, RecordType, System
from bridge.domain.totals import key_hash
from bridge.store.bulk import Columns, insert_missing_columns, update_columns
from bridge.store.engine import hold_record_type
from bridge.store.models import Record, Version
from bridge.store.named_keys import free_rows, heirs_of, readable_key
from bridge.store.records import ensure_records
from bridge.store.statements import one_of, one_of_these, table_of
from bridge.store.unanswered import agree_on_landed
from bridge.store.versions import NewVersion, save_versions


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
    records = [latest[salesforce_id] for salesforce_id in ids]
    contents = map_columns(partial(encode_columns, record_type), [one.values for one in records])
    outcome, versions = PageOutcome(read=len(latest)), []
    for record_id, record, content in zip(ids.values(), records, contents, strict=True):
        old = stored.get(record_id)
        if old is not None and old.known_at > read_at:
            continue
        same = old is not None and _is_same(old, record, content)
        if same and not touch:
            continue
        outcome.changed += not same
        outcome.deleted += record.deleted and not same
        versions.append(
            NewVersion(
                record_id=record_id,
                system=System.CRM,
                values=record.values,
                modified_at=old.modified_at if old is not None and same else record.modified_at,
                known_at=read_at,
                deleted=record.deleted,
                merged_into=_merged_into(record),
                crm_key=record.erp_key,
                key_pending=bool(old and old.key_pending and not record.erp_key),
                content=content,
            )
        )
    save_versions(session, versions, record_type=record_type, compared=compared)
    agree_on_landed(
        session,
        record_type=record_type,
        read=dict(zip(ids.values(), records, strict=True)),
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


def _is_same(old: Any, record: CrmRecord, content: str) -> bool:
    known = (old.content, old.deleted, old.merged_into, old.crm_key, old.partial)
    now = (content, record.deleted, _merged_into(record), record.erp_key, False)
    return known == now


def _merged_into(record: CrmRecord) -> str | None:
    return record.master_record_id if record.deleted else None


def _stored_versions(session: Session, record_ids: Sequence[int]) -> dict[int, Any]:
    rows = session.execute(_STORED, {"record_ids": record_ids})
    return {row.record_id: row for row in rows}


def _link(session: Session, record_type: RecordType, page: Sequence[CrmRecord]) -> dict[str, int]:
    """The crosswalk rows of these records, by Salesforce id; unknown deleted ones have none."""
    known = _rows_by_salesforce_id(session, [record.salesforce_id for record in page])
    ids = {salesforce_id: row.id for salesforce_id, row in known.items()}
    keyed = {
        key: record
        for record in page
        if not record.deleted
        and (key := readable_key(record_type, record.erp_key)) is not None
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


def _may_take_key(row: Any) -> bool:
    return row is None or row.number is None


def _link_by_key(
    session: Session,
    keyed: dict[RecordKey, CrmRecord],
    known: Mapping[str, Any],
    leaving: Mapping[int, str | None],
) -> dict[str, int]:
    """Links records that name an ERP key to the row of that key, if it is free.

    Free are rows that no live Salesforce record holds, and those whose record leaves in this page
    (record id -> the id of the record that won, if it lost a merge).
    """
    ids: dict[str, int] = {}
    rows = ensure_records(session, keyed)
    free = free_rows(session, list(rows.values())) | leaving.keys()
    for key, record in keyed.items():
        if rows[key] in free:  # else another live record has it: a stranger, and a break
            ids[record.salesforce_id] = rows[key]
    strangers = [known[one].id for one in ids if one in known]
    if strangers:
        session.execute(delete(Record).where(Record.id.in_(strangers)))
    if ids:
        one_order = sorted(ids, key=ids.__getitem__)  # so no deadlock
        linked: Columns = {"id": [ids[one] for one in one_order], "salesforce_id": one_order}
        update_columns(session, Record, linked, key="id")
    # A record that takes the place of a deleted one has agreed on nothing yet; one that won a merge
    # goes on where the other ended.
    heirs = heirs_of(session, ids, leaving)
    agreed = Version.record_id.in_(set(ids.values()) - heirs) & (Version.system == System.AGREED)
    session.execute(delete(Version).where(agreed))
    return ids


def _add_strangers(
    session: Session, record_type: RecordType, strangers: Sequence[CrmRecord]
) -> dict[str, int]:
    if not strangers:
        return {}
    ids = [record.salesforce_id for record in strangers]
    columns: Columns = {
        "record_type": [record_type] * len(ids),
        "salesforce_id": ids,
        "key_hash": list(map(key_hash, ids)),
    }
    insert_missing_columns(session, Record, columns)
    return {one: row.id for one, row in _rows_by_salesforce_id(session, ids).items()}


def _rows_by_salesforce_id(session: Session, ids: Sequence[str]) -> dict[str, Any]:
    rows = session.execute(_BY_SALESFORCE_ID, {"salesforce_ids": ids})
    return {row.salesforce_id: row for row in rows}


_record, _version = table_of(Record), table_of(Version)
_BY_SALESFORCE_ID = select(_record.c.id, _record.c.number, _record.c.salesforce_id).where(
    one_of_these(_record.c.salesforce_id, "salesforce_ids")
)
_STORED = select(_version).where(
    one_of_these(_version.c.record_id, "record_ids"), _version.c.system == System.CRM
)
