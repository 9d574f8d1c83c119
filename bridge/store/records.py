"""The crosswalk: finding and naming records, many at a time."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from bridge.domain.records import (
    RecordKey,
    RecordType,
    System,
)
from bridge.domain.totals import key_hash
from bridge.store.bulk import insert_missing
from bridge.store.models import Record, Version
from bridge.store.statements import is_sqlite, one_of_these, table_of


class Located(NamedTuple):
    """Crosswalk rows: their ids by key, and the ids of those that are new."""

    ids: dict[RecordKey, int]
    made: frozenset[int]


def key_of_row(record: Record) -> RecordKey | None:
    """The ERP key of a crosswalk row, None where only Salesforce knows the record."""
    if record.number is None:
        return None
    return RecordKey(record.record_type, record.company_code or "", record.number)


def ensure_records(session: Session, keys: Iterable[RecordKey]) -> dict[RecordKey, int]:
    """The crosswalk rows of these keys, made where they are missing: key -> record id."""
    return locate_records(session, keys).ids


def locate_records(session: Session, keys: Iterable[RecordKey]) -> Located:
    """The same, and which of them were made."""
    wanted = sorted(set(keys))
    found = find_records(session, wanted)
    missing = [key for key in wanted if key not in found]
    made = _make_records(session, missing)
    # Another transaction may have made some of them in the meantime: look again.
    late = find_records(session, [key for key in missing if key not in made])
    return Located(found | made | late, frozenset(made.values()))


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


def known_customers(session: Session, numbers: Iterable[str]) -> set[str]:
    """Which of these customer numbers the ERP has sent."""
    return set(session.scalars(_KNOWN_CUSTOMERS, {"numbers": set(numbers)}))


def reachable_customers(session: Session, numbers: Iterable[str]) -> set[str]:
    """Which of these customers the ERP has sent and Salesforce knows by their key, or will.

    Not those whose Account was deleted there, nor those whose Account carries another key or none.
    """
    return set(session.scalars(_REACHABLE_CUSTOMERS, {"numbers": set(numbers)}))


def _make_records(session: Session, keys: Sequence[RecordKey]) -> dict[RecordKey, int]:
    """Those that are new. On SQLite all are: nobody else writes since they were looked for."""
    rows = [_record_row(key) for key in keys]
    if is_sqlite(session):
        insert_missing(session, Record, rows)
        return find_records(session, keys)
    made = insert_missing(session, Record, rows, returning=(*RecordKey._fields, "id"))
    return {RecordKey(RecordType(one), *rest): record_id for one, *rest, record_id in made}


def _record_row(key: RecordKey) -> dict[str, Any]:
    return {
        "record_type": key.record_type,
        "company_code": key.company_code,
        "number": key.number,
        "key_hash": key_hash(str(key)),
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
_KNOWN_CUSTOMERS = _customers()
_REACHABLE_CUSTOMERS = _customers(
    ~exists().where(
        _crm.c.record_id == _record.c.id,
        _crm.c.system == System.CRM,
        or_(
            _crm.c.deleted.is_(True),
            _crm.c.key_pending.is_(False) & _crm.c.crm_key.is_distinct_from(_record.c.number),
        ),
    )
)
