"""Someone asks what both systems say of a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.content import decode_record, decode_values
from bridge.domain.decisions import BreakKind
from bridge.domain.records import Record, RecordKey, System, Value, Values
from bridge.operations.admission import require_company
from bridge.store.comparison import compared_fields
from bridge.store.engine import reading
from bridge.store.models import Break, BreakStatus, Outbox, OutboxStatus, Version
from bridge.store.models import Record as CrosswalkRow
from bridge.store.records import find_records
from bridge.store.totals import totals_until


class UnknownRecord(BridgeError):
    """Neither system has told of this record."""


class RecordState(StrEnum):
    """Where a record stands between both systems."""

    NEW = "NEW"  # stored, no run has decided it yet
    HELD = "HELD"  # waits for its customer
    PENDING = "PENDING"  # a correction is on its way
    FAILED = "FAILED"  # a correction was refused for good: a dead letter
    AGREED = "AGREED"
    CHANGED = "CHANGED"  # was agreed; a newer value waits for the next run
    BREAK = "BREAK"  # someone must close a difference
    GONE = "GONE"  # the ERP no longer has it


@dataclass(frozen=True, slots=True)
class FieldVersions:
    """What each side says of a field that both hold."""

    name: str
    erp: Value | None
    crm: Value | None
    agreed: Value | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """Both systems' versions of a record, its link and its state.

    `erp` is what the ERP last said of it, even if it is gone there (`erp_deleted`).
    """

    key: RecordKey
    salesforce_id: str | None
    state: RecordState
    erp: Record | None
    erp_received_at: datetime | None
    erp_deleted: bool
    crm_modified_at: datetime | None
    crm_deleted: bool
    fields: tuple[FieldVersions, ...]


def get_record(
    sessions: sessionmaker[Session], *, key: RecordKey, companies: frozenset[str] = frozenset()
) -> RecordView:
    """What is known of a record of one of the companies, or of any where there are none.

    Raises NotPermitted, UnknownRecord.
    """
    require_company(companies, key.company_code)
    with reading(sessions) as session:
        record_id = find_records(session, [key]).get(key)
        if record_id is None:
            raise UnknownRecord(f"no {key.record_type} {key} is known here")
        return _view(session, key, record_id)


def _view(session: Session, key: RecordKey, record_id: int) -> RecordView:
    rows = {
        row.system: row
        for row in session.scalars(select(Version).where(Version.record_id == record_id))
    }
    erp, crm = rows.get(System.ERP), rows.get(System.CRM)
    values = {system: decode_values(key.record_type, row.content) for system, row in rows.items()}
    return RecordView(
        key=key,
        salesforce_id=session.scalar(
            select(CrosswalkRow.salesforce_id).where(CrosswalkRow.id == record_id)
        ),
        state=_state(session, key, record_id, rows),
        erp=decode_record(key.record_type, erp.content) if erp else None,
        erp_received_at=erp.known_at if erp else None,
        erp_deleted=erp.deleted if erp else False,
        crm_modified_at=crm.modified_at if crm else None,
        crm_deleted=crm.deleted if crm else False,
        fields=_field_versions(session, key, values),
    )


def _field_versions(
    session: Session, key: RecordKey, values: dict[System, dict[str, Value | None]]
) -> tuple[FieldVersions, ...]:
    def of(system: System) -> Values:
        return values.get(system, {})

    return tuple(
        FieldVersions(
            field.name,
            of(System.ERP).get(field.name),
            of(System.CRM).get(field.name),
            of(System.AGREED).get(field.name),
        )
        for field in compared_fields(session, key.record_type)
    )


def _state(
    session: Session, key: RecordKey, record_id: int, rows: Mapping[System, Version]
) -> RecordState:
    """What weighs most: first what people have to see to, last what only waits for a run."""
    kinds = set(
        session.scalars(
            select(Break.kind).where(Break.record_id == record_id, Break.status == BreakStatus.OPEN)
        )
    )
    if kinds == {BreakKind.CUSTOMER_UNKNOWN}:
        return RecordState.HELD
    if kinds:
        return RecordState.BREAK
    if System.ERP in rows and rows[System.ERP].deleted:
        return RecordState.GONE
    staged = set(
        session.scalars(
            select(Outbox.status).where(Outbox.record_id == record_id, Outbox.status.in_(_WAITING))
        )
    )
    if staged:
        return RecordState.FAILED if OutboxStatus.DEAD in staged else RecordState.PENDING
    if System.AGREED not in rows:
        return RecordState.NEW
    is_undecided = _is_undecided(rows, totals_until(session, key.record_type))
    return RecordState.CHANGED if is_undecided else RecordState.AGREED


_WAITING = (OutboxStatus.PENDING, OutboxStatus.SENDING, OutboxStatus.DEAD)


def _is_undecided(rows: Mapping[System, Version], decided_until: datetime | None) -> bool:
    """Whether a side says something else than what was agreed, and no run has seen that.

    What a run saw and left so is within the tolerance, or a person's decision. The ERP's word is
    of when it changed; Salesforce's is of when it was read, which may be long after.
    """
    since = {System.ERP: "modified_at", System.CRM: "known_at"}
    for system, instant in since.items():
        row = rows.get(system)
        if row is None or (row.digest == rows[System.AGREED].digest and not row.deleted):
            continue
        if row.partial or decided_until is None or getattr(row, instant) > decided_until:
            return True
    return False
