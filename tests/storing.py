"""What tests of the store and of what stands on it put into the database, and take out again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.domain.content import decode_values
from bridge.domain.crm import CrmRecord
from bridge.domain.decisions import Correction, FieldCorrection, Reason
from bridge.domain.records import (
    Record,
    RecordKey,
    RecordType,
    System,
    Value,
    Values,
    key_of,
    record_type_of,
    values_of,
)
from bridge.store import models
from bridge.store.crm import PageOutcome, save_crm_page
from bridge.store.models import Outbox, OutboxStatus, Version
from bridge.store.outbox import claim_batch
from bridge.store.outbox_fields import decode_fields
from bridge.store.records import ensure_records, find_records
from bridge.store.runs import start_run
from bridge.store.staging import stage_corrections, withdraw_unwanted
from bridge.store.versions import NewVersion, save_versions
from tests.builders import EARLY, compared, customer

LATER = EARLY + timedelta(hours=1)


def save(
    session: Session,
    system: System,
    key: RecordKey,
    values: Values,
    *,
    at: datetime = EARLY,
    deleted: bool = False,
) -> int:
    """Saves one system's version of a record; gives the record's id."""
    record_id = ensure_records(session, [key])[key]
    version = _version(record_id, system, key, values, at, deleted)
    fields = compared(key.record_type)
    save_versions(session, [version], record_type=key.record_type, compared=fields)
    return record_id


def save_erp(
    session: Session, *records: Record, at: datetime = EARLY, deleted: bool = False
) -> list[int]:
    """Saves what the ERP says; gives the records' ids."""
    ids = ensure_records(session, map(key_of, records))
    versions: dict[RecordType, list[NewVersion]] = {}
    for one in records:
        key = key_of(one)
        version = _version(ids[key], System.ERP, key, values_of(one), at, deleted)
        versions.setdefault(key.record_type, []).append(version)
    for record_type, some in versions.items():
        save_versions(session, some, record_type=record_type, compared=compared(record_type))
    return [ids[key_of(one)] for one in records]


def save_crm(
    session: Session,
    *page: CrmRecord,
    record_type: RecordType = RecordType.CUSTOMER,
    read_at: datetime = EARLY,
    touch: bool = False,
) -> PageOutcome:
    """Saves a page that was read from Salesforce."""
    return save_crm_page(
        session,
        record_type=record_type,
        page=page,
        compared=compared(record_type),
        read_at=read_at,
        touch=touch,
    )


def version_of(session: Session, record: Record, system: System) -> Version | None:
    """One system's version of the record with this record's key, as it stands in the database."""
    key = key_of(record)
    record_id = find_records(session, [key]).get(key)
    query = select(Version).where(Version.record_id == record_id, Version.system == system)
    return session.scalar(query.execution_options(populate_existing=True))


def values_in(session: Session, record: Record, system: System) -> dict[str, Value | None] | None:
    """The values of that version, None where there is none."""
    version = version_of(session, record, system)
    return None if version is None else decode_values(record_type_of(record), version.content)


def row_of(session: Session, record: Record) -> models.Record:
    """The crosswalk row of the record's key."""
    key = key_of(record)
    query = select(models.Record).where(models.Record.id == find_records(session, [key])[key])
    return session.scalars(query.execution_options(populate_existing=True)).one()


def new_run(session: Session, now: datetime, job: str = "reconcile-customers") -> int:
    """Opens a run."""
    return start_run(session, job=job, now=now)


def wish(
    target: System = System.CRM,
    *,
    old: Mapping[str, Value | None] | None = None,
    **changes: Value | None,
) -> Correction:
    """A correction that sets these fields; what they replace is in `old`, where it matters."""
    fields = [
        FieldCorrection(name, (old or {}).get(name), value, Reason.SURVIVED)
        for name, value in changes.items()
    ]
    return Correction(target, tuple(fields))


def outbox(session: Session) -> list[Outbox]:
    """All staged corrections, oldest first, as they stand in the database; no copies of them."""
    query = select(Outbox).where(Outbox.status != OutboxStatus.UNANSWERED).order_by(Outbox.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def states(session: Session) -> list[OutboxStatus]:
    """Where all staged corrections stand, oldest first."""
    return [row.status for row in outbox(session)]


def _version(
    record_id: int, system: System, key: RecordKey, values: Values, at: datetime, deleted: bool
) -> NewVersion:
    return NewVersion(
        record_id=record_id,
        system=system,
        values=values,
        modified_at=at,
        known_at=at,
        deleted=deleted,
        crm_key=str(key) if system is System.CRM else None,
    )


class Stage:
    """A session in which customer C1 gets corrections."""

    def __init__(self, session: Session) -> None:
        self.session = session
        (self.record_id,) = save_erp(session, customer())

    def run(
        self, *corrections: Correction, at: datetime = EARLY, record_id: int | None = None
    ) -> Counter[tuple[System, str]]:
        """One run of the reconciliation that wants exactly these, and withdraws the rest."""
        run_id = new_run(self.session, at)
        staged = stage_corrections(
            self.session,
            record_type=RecordType.CUSTOMER,
            corrections=[(record_id or self.record_id, one) for one in corrections],
            run_id=run_id,
            now=at,
        )
        withdraw_unwanted(self.session, record_type=RecordType.CUSTOMER, run_id=run_id)
        return Counter((target, outcome) for (_, target), outcome in staged.items())

    def claim(self, now: datetime = LATER) -> list[int]:
        batch = claim_batch(self.session, record_type=RecordType.CUSTOMER, limit=200, now=now)
        return [one.id for one in batch]

    def wishes(self) -> list[dict[str, Any]]:
        """What each staged correction sets, oldest first."""
        return [
            {field.name: field.new for field in decode_fields(row.record_type, row.fields)}
            for row in outbox(self.session)
        ]

    @property
    def states(self) -> Sequence[OutboxStatus]:
        return states(self.session)
