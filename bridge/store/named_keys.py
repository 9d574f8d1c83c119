"""Which crosswalk row a record of Salesforce belongs to that names an ERP key.

One that was read while another record had the link of that key is a stranger. It gets the link when
that is free: where the other one is gone, which may be read later than the record that has the key
by then, or where it never carried the key (it was to get it, but Salesforce has each key once).
A record whose key was mistyped, and is corrected in Salesforce, is a stranger again first.
"""

from collections.abc import Mapping, Sequence, Set

from sqlalchemy import case, delete, or_, select
from sqlalchemy.orm import Session, aliased

from bridge.domain.records import BadRecordKey, RecordKey, RecordType, System
from bridge.store.engine import hold_record_type
from bridge.store.linking import link, unlink
from bridge.store.models import Record, Version
from bridge.store.records import ensure_records
from bridge.store.statements import one_of, one_of_these, table_of


def link_named(session: Session, *, record_type: RecordType) -> int:
    """Links strangers that name an ERP key whose link is free by now. Tells how many."""
    hold_record_type(session, record_type)
    for record_id in _named_otherwise(session, record_type):
        unlink(session, record_id)
    named = _named_by_strangers(session, record_type)
    rows = ensure_records(session, named)
    for record_id in _awaiting_key(session, list(rows.values())):
        unlink(session, record_id)
    free = free_rows(session, list(rows.values()))
    ids = {named[key]: row for key, row in rows.items() if row in free}
    heirs = heirs_of(session, ids, {})
    _forget(session, System.CRM, set(ids.values()))
    _forget(session, System.AGREED, set(ids.values()) - heirs)
    link(session, [(row, salesforce_id) for salesforce_id, row in ids.items()])
    return len(ids)


def readable_key(record_type: RecordType, text: str | None) -> RecordKey | None:
    """The ERP key that an External ID names, None where it names none."""
    try:
        return RecordKey.parse(record_type, text) if text else None
    except BadRecordKey:
        return None  # the decision table will show it as a record without an ERP key


def free_rows(session: Session, record_ids: Sequence[int]) -> set[int]:
    """Those rows that no live Salesforce record holds."""
    return set(record_ids).difference(session.scalars(_HELD, {"record_ids": record_ids}))


def heirs_of(
    session: Session, ids: Mapping[str, int], leaving: Mapping[int, str | None]
) -> set[int]:
    """Of the rows that get these ids, those whose record before lost a merge to just that one.

    `leaving` are the rows whose record leaves: record id -> the id of the record that won, if any.
    """
    stored = select(Version.record_id, Version.merged_into).where(
        one_of(Version.record_id, set(ids.values())), Version.merged_into.is_not(None)
    )
    merged = {row.record_id: row.merged_into for row in session.execute(stored)}
    merged |= dict(leaving)
    return {row for one, row in ids.items() if merged.get(row) == one}


def _named_otherwise(session: Session, record_type: RecordType) -> list[int]:
    """Rows of keys that the ERP does not have, and that their record does not name any more.

    Whom the ERP had sent keeps its link while its record names no other: the key may come back.
    """
    crm, erp = aliased(Version), aliased(Version)
    of_company = Record.company_code.concat("/").concat(Record.number)
    key = case((Record.company_code == "", Record.number), else_=of_company)
    query = (
        select(Record.id)
        .join(crm, (crm.record_id == Record.id) & (crm.system == System.CRM))
        .outerjoin(erp, (erp.record_id == Record.id) & (erp.system == System.ERP))
        .where(
            Record.record_type == record_type,
            Record.number.is_not(None),
            crm.deleted.is_(False),
            crm.crm_key.is_distinct_from(key),
            or_(erp.record_id.is_(None), erp.deleted & crm.crm_key.is_not(None)),
        )
        .order_by(Record.id)
    )
    return list(session.scalars(query))


def _named_by_strangers(session: Session, record_type: RecordType) -> dict[RecordKey, str]:
    """ERP key -> the id of the live record without a link that names it; of several, the newest."""
    query = (
        select(Version.crm_key, Record.salesforce_id)
        .join(Record, Record.id == Version.record_id)
        .where(
            Record.record_type == record_type,
            Record.company_code.is_(None),  # with the number, for the index of keys
            Record.number.is_(None),
            Version.system == System.CRM,
            Version.deleted.is_(False),
            Version.crm_key.is_not(None),
        )
        .order_by(Version.modified_at, Record.id)
    )
    named = {readable_key(record_type, row[0]): str(row[1]) for row in session.execute(query)}
    return {key: salesforce_id for key, salesforce_id in named.items() if key is not None}


def _awaiting_key(session: Session, record_ids: Sequence[int]) -> list[int]:
    query = select(Version.record_id).where(
        one_of(Version.record_id, record_ids),
        Version.system == System.CRM,
        Version.deleted.is_(False),
        Version.key_pending,
        Version.crm_key.is_(None),
    )
    return list(session.scalars(query))


def _forget(session: Session, system: System, record_ids: Set[int]) -> None:
    gone = one_of(Version.record_id, record_ids) & (Version.system == system)
    session.execute(delete(Version).where(gone), execution_options={"synchronize_session": False})


_record, _version = table_of(Record), table_of(Version)
_HELD = (
    select(_record.c.id)
    .outerjoin(_version, (_version.c.record_id == _record.c.id) & (_version.c.system == System.CRM))
    .where(
        one_of_these(_record.c.id, "record_ids"),
        _record.c.salesforce_id.is_not(None),
        _version.c.deleted.is_not(True),
    )
)
