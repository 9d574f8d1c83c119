"""People look at breaks: which there are, what is known of one, what was done with it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.causes import Cause
from bridge.domain.decisions import BreakKind
from bridge.domain.records import (
    RecordKey,
    RecordType,
)
from bridge.store import breaks as store
from bridge.store import rulings as ruling_store
from bridge.store.engine import reading
from bridge.store.models import Break, BreakResolution, BreakStatus, Record
from bridge.store.records import key_of_row


class UnknownBreak(BridgeError):
    """No break has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """A break. `key` is None where only Salesforce has the record.

    `erp` and `crm` are the values as text; `amount` is ERP less CRM, in `currency`. Before
    `counts_from`, if it is there, it does not count.
    """

    id: int
    key: RecordKey | None
    salesforce_id: str | None
    record_type: RecordType
    kind: BreakKind
    field: str
    erp: str | None
    crm: str | None
    detail: str
    cause: Cause
    evidence: str
    amount: Decimal | None
    currency: str | None
    assignee: str | None
    status: BreakStatus
    resolution: BreakResolution | None
    opened_at: datetime
    counts_from: datetime | None
    closed_at: datetime | None
    closed_by: str | None

    def waits(self, now: datetime) -> bool:
        """Whether it does not count yet: one side may be only late."""
        return self.counts_from is not None and now < self.counts_from


@dataclass(frozen=True, slots=True)
class Note:
    """What someone did with a break, or said of it."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class BreakHistory:
    """A break and all that was done with it, oldest first.

    `awaiting_approval_of` is who accepted it and waits for a second person.
    """

    found: BreakView
    notes: tuple[Note, ...]
    awaiting_approval_of: str | None


AGES = ((0, "0-3"), (4, "4-7"), (8, "8-30"), (31, "31-90"), (91, "over 90"))
"""Days from which a break belongs to an age, and what that age is called."""


def age_name(days: int) -> str:
    """The age that a break of so many days belongs to."""
    return [name for least, name in AGES if days >= least][-1]


def list_breaks(
    sessions: sessionmaker[Session],
    *,
    record_type: RecordType | None = None,
    kind: BreakKind | None = None,
    cause: Cause | None = None,
    assignee: str | None = None,
    closed: bool = False,
    limit: int | None = None,
) -> list[BreakView]:
    """Breaks, oldest first: the open ones, or with `closed` the others."""
    wanted = {"record_type": record_type, "kind": kind, "cause": cause, "assignee": assignee}
    status = BreakStatus.RESOLVED if closed else BreakStatus.OPEN
    with reading(sessions) as session:
        rows = store.breaks(
            session,
            status=status,
            limit=limit,
            **{name: value for name, value in wanted.items() if value is not None},
        )
    return [_view(row, record) for row, record in rows]


def get_break(sessions: sessionmaker[Session], *, break_id: int) -> BreakHistory:
    """One break with its history. Raises UnknownBreak."""
    with reading(sessions) as session:
        row, record = find_break(session, break_id)
        notes = store.notes_of(session, break_id)
        ruling = ruling_store.ruling_on(session, break_id)
    waiting = ruling is not None and ruling.needs_approval and ruling.approved_by is None
    return BreakHistory(
        _view(row, record),
        tuple(Note(note.at, note.author, note.text) for note in notes),
        ruling.decided_by if ruling is not None and waiting else None,
    )


def find_break(session: Session, break_id: int) -> tuple[Break, Record]:
    """A break with its record. Raises UnknownBreak."""
    found = store.find_break(session, break_id)
    if found is None:
        raise UnknownBreak(f"there is no break {break_id}")
    return found


def _view(row: Break, record: Record) -> BreakView:
    return BreakView(
        id=row.id,
        key=key_of_row(record),
        salesforce_id=record.salesforce_id,
        record_type=row.record_type,
        kind=row.kind,
        field=row.field,
        erp=row.erp_value,
        crm=row.crm_value,
        detail=row.detail,
        cause=row.cause,
        evidence=row.evidence,
        amount=row.amount,
        currency=row.currency,
        assignee=row.assignee,
        status=row.status,
        resolution=row.resolution,
        opened_at=row.opened_at,
        counts_from=row.counts_from,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
