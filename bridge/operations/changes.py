"""The ERP fetches what it has to change, and says when it has."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordKey, RecordType, Value
from bridge.store.change_feed import acknowledgeable, mark_offered, offered_changes
from bridge.store.deliveries import Accepted, apply_accepted
from bridge.store.outbox import mark_delivered


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value in the ERP as the bridge knows it, and the one to set."""

    name: str
    old: Value | None
    new: Value | None


@dataclass(frozen=True, slots=True)
class Change:
    """One record's change. `sequence` grows; a record may come again with a later one."""

    sequence: int
    key: RecordKey
    salesforce_id: str | None
    staged_at: datetime
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the change feed: ask again after `next` while there are `more`."""

    changes: tuple[Change, ...]
    next: int
    more: bool


def fetch_changes(
    sessions: sessionmaker[Session],
    *,
    record_type: RecordType,
    after: int,
    limit: int,
    companies: frozenset[str] = frozenset(),
) -> ChangePage:
    """Changes past `after` that the ERP has not acknowledged, oldest first.

    Of the companies, or of all where there are none; of customers, who have no company, all. A
    change that was shown does not change any more; a newer wish comes as a change of its own.
    """
    with sessions.begin() as session:
        found = offered_changes(
            session, record_type=record_type, companies=companies, after=after, limit=limit + 1
        )
        shown = found[:limit]
        mark_offered(session, [one.id for one in shown])
    changes = tuple(
        Change(
            sequence=one.id,
            key=one.key,
            salesforce_id=one.salesforce_id,
            staged_at=one.staged_at,
            fields=tuple(FieldChange(field.name, field.old, field.new) for field in one.fields),
        )
        for one in shown
    )
    last = shown[-1].id if shown else after
    return ChangePage(changes, next=last, more=len(found) > limit)


def acknowledge_changes(
    sessions: sessionmaker[Session],
    *,
    record_type: RecordType,
    up_to: int,
    companies: frozenset[str] = frozenset(),
    now: datetime,
) -> int:
    """The ERP has made all changes it was shown up to this sequence. Tells how many are news.

    Those of the companies, or all where there are none; of customers, all. What was never shown
    stays in the feed, whatever its sequence.
    """
    with sessions.begin() as session:
        done = acknowledgeable(session, record_type=record_type, companies=companies, up_to=up_to)
        accepted = [Accepted(correction) for correction in done]
        apply_accepted(session, record_type=record_type, accepted=accepted, now=now)
        mark_delivered(session, [correction.id for correction in done], now=now)
    return len(done)
