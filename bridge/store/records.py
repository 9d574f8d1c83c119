"""The crosswalk and the versions: finding, naming and saving records, many at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, select, update
from sqlalchemy.orm import Session

from bridge.domain import totals
from bridge.domain.comparison import digest
from bridge.domain.content import decode_values, encode_values
from bridge.domain.periods import document_day
from bridge.domain.records import (
    AMOUNT_COLUMNS,
    Field,
    RecordKey,
    RecordType,
    System,
    Values,
)
from bridge.domain.totals import NO_CURRENCY, key_hash
from bridge.store.bulk import insert_missing, upsert
from bridge.store.models import Record, Version
from bridge.store.statements import one_of_these, table_of

_AMOUNTS = ("amount", "net_amount", "tax_amount", "open_amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to save. `compared` are the fields its digest covers."""

    record_id: int
    system: System
    record_type: RecordType
    values: Values
    compared: Sequence[Field]
    modified_at: datetime
    known_at: datetime
    deleted: bool = False
    partial: bool = False
    merged_into: str | None = None
    crm_key: str | None = None
    key_pending: bool = False
    content: str | None = None
    """The values as `encode_values` writes them, where the caller has that already."""


def key_of_row(record: Record) -> RecordKey | None:
    """The ERP key of a crosswalk row, None where only Salesforce knows the record."""
    if record.number is None:
        return None
    return RecordKey(record.record_type, record.company_code or "", record.number)


def ensure_records(session: Session, keys: Iterable[RecordKey]) -> dict[RecordKey, int]:
    """The crosswalk rows of these keys, made where they are missing: key -> record id."""
    wanted = sorted(set(keys))
    found = find_records(session, wanted)
    missing = [_record_row(key) for key in wanted if key not in found]
    if missing:
        insert_missing(session, Record, missing)
        # Another transaction may have made some of them in the meantime: look again.
        found |= find_records(session, [key for key in wanted if key not in found])
    return found


def find_records(session: Session, keys: Sequence[RecordKey]) -> dict[RecordKey, int]:
    """The crosswalk rows that exist for these keys: key -> record id."""
    numbers: dict[tuple[RecordType, str], list[str]] = {}
    for key in keys:
        numbers.setdefault((key.record_type, key.company_code), []).append(key.number)
    found: dict[RecordKey, int] = {}
    for (record_type, company_code), wanted in numbers.items():
        named = {"record_type": record_type, "company_code": company_code, "numbers": wanted}
        for number, record_id in session.execute(_FIND, named):
            found[RecordKey(record_type, company_code, number)] = record_id
    return found


def contents_of(
    session: Session, record_ids: Sequence[int], system: System
) -> dict[int, tuple[str, bool]]:
    """The content and the deleted flag of one system's versions: record id -> both.

    They stay as they are read until the transaction ends.
    """
    rows = session.execute(_CONTENTS, {"record_ids": record_ids, "system": system})
    return {record_id: (content, deleted) for record_id, content, deleted in rows}


def currency_of(session: Session, record_id: int, system: System) -> str | None:
    """The currency of one system's version of a record."""
    query = select(Version.currency).where(
        Version.record_id == record_id,
        Version.system == system,
        Version.currency != NO_CURRENCY,
    )
    return session.scalar(query)


def document_days(session: Session, record_id: int, record_type: RecordType) -> set[date]:
    """The days that all sides have of a document."""
    contents = session.scalars(select(Version.content).where(Version.record_id == record_id))
    days = {document_day(decode_values(record_type, content)) for content in contents}
    return {day for day in days if day is not None}


def known_customers(session: Session, numbers: Iterable[str]) -> set[str]:
    """Which of these customer numbers the ERP has sent."""
    return set(session.scalars(_KNOWN_CUSTOMERS, {"numbers": set(numbers)}))


def reachable_customers(session: Session, numbers: Iterable[str]) -> set[str]:
    """Which of these customers the ERP has sent and Salesforce has not deleted."""
    return set(session.scalars(_REACHABLE_CUSTOMERS, {"numbers": set(numbers)}))


def save_versions(session: Session, versions: Iterable[NewVersion]) -> None:
    """Saves versions; one of the same record and system is replaced."""
    rows = [version_row(version) for version in versions]
    rows.sort(key=lambda row: (row["record_id"], row["system"]))  # one order, so no deadlock
    upsert(session, Version, rows, key=("record_id", "system"))


def touch_versions(
    session: Session, record_ids: Sequence[int], system: System, *, known_at: datetime
) -> None:
    """The system has said again what these versions hold. The caller holds them (`contents_of`)."""
    if not record_ids:
        return
    session.execute(_TOUCH, {"ids": record_ids, "of_system": system, "known_at": known_at})


def _record_row(key: RecordKey) -> dict[str, Any]:
    return {
        "record_type": key.record_type,
        "company_code": key.company_code,
        "number": key.number,
        "key_hash": key_hash(str(key)),
    }


def version_row(version: NewVersion) -> dict[str, Any]:
    """The table's row of a version, amounts and digest beside the content."""
    values = version.values
    sources = AMOUNT_COLUMNS[version.record_type]
    amounts = {column: values.get(sources.get(column, "")) for column in _AMOUNTS}
    return {
        "record_id": version.record_id,
        "system": version.system,
        "digest": digest(version.compared, values),
        "content": version.content or encode_values(values),
        "deleted": version.deleted,
        "partial": version.partial,
        "modified_at": version.modified_at,
        "known_at": version.known_at,
        "merged_into": version.merged_into,
        "crm_key": version.crm_key,
        "key_pending": version.key_pending,
        "customer_number": values.get("customer_number"),
        "currency": totals.currency_of(values),
        "period": totals.period_of(values),
        "due_on": values.get("due_on") or values.get("issued_on"),
        **amounts,
    }


def _customers(*conditions: ColumnElement[bool]) -> Select[tuple[str]]:
    return (
        select(_record.c.number)
        .join(_version, and_(_version.c.record_id == _record.c.id, _version.c.system == System.ERP))
        .where(
            _record.c.record_type == RecordType.CUSTOMER,
            _record.c.company_code == "",
            one_of_these(_record.c.number, "numbers"),
            _version.c.deleted.is_(False),
            *conditions,
        )
    )


_record, _version = table_of(Record), table_of(Version)
_crm = _version.alias()
_FIND = select(_record.c.number, _record.c.id).where(
    _record.c.record_type == bindparam("record_type"),
    _record.c.company_code == bindparam("company_code"),
    one_of_these(_record.c.number, "numbers"),
)
_CONTENTS = (
    select(_version.c.record_id, _version.c.content, _version.c.deleted)
    .where(
        one_of_these(_version.c.record_id, "record_ids"), _version.c.system == bindparam("system")
    )
    .order_by(_version.c.record_id)  # one order, so no deadlock
    .with_for_update()
)
_KNOWN_CUSTOMERS = _customers()
_REACHABLE_CUSTOMERS = _customers(
    ~exists().where(
        _crm.c.record_id == _record.c.id, _crm.c.system == System.CRM, _crm.c.deleted.is_(True)
    )
)
_TOUCH = (
    update(_version)
    .where(one_of_these(_version.c.record_id, "ids"), _version.c.system == bindparam("of_system"))
    .values(known_at=bindparam("known_at"))
)
