"""Notifications of Salesforce: stored when they come, closed when their records were fetched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from bridge.domain.crm import Notification
from bridge.store import models
from bridge.store.models import NotificationStatus
from bridge.store.statements import chunks, insert_into, one_of

_Row = models.Notification


@dataclass(frozen=True, slots=True)
class DueNotification:
    """One that waits to be followed, and since when."""

    notification: Notification
    received_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationCount:
    """How many of a kind of record stand so, how often those were repeated, the oldest of them."""

    sobject: str
    status: NotificationStatus
    count: int
    repeated: int
    oldest_at: datetime


def add_notifications(
    session: Session, notifications: Sequence[Notification], *, now: datetime
) -> list[Notification]:
    """Stores those that did not come before, and counts the others once more.

    Gives the ones of these ids that are stored now, which may be of other records than told here.
    No id may stand twice.
    """
    # In one order always, or two messages that meet could wait in a circle.
    ordered = sorted(notifications, key=lambda one: one.id)
    stored = []
    for some in chunks(ordered):
        statement = insert_into(session, _Row).values([_new(one, now) for one in some])
        again = statement.on_conflict_do_update(
            index_elements=[_Row.id], set_={"times": _Row.times + 1}
        ).returning(_Row.id, _Row.sobject, _Row.salesforce_id)
        stored += [Notification(*row) for row in session.execute(again)]
    return stored


def due_notifications(
    session: Session, *, sobjects: Collection[str], now: datetime, limit: int
) -> list[DueNotification]:
    """The ones about these kinds of records that wait and are due, the oldest first."""
    query = (
        select(_Row.id, _Row.sobject, _Row.salesforce_id, _Row.received_at)
        .where(*_due(sobjects, now))
        .order_by(_Row.received_at, _Row.id)
        .limit(limit)
    )
    return [
        DueNotification(Notification(*told), received_at)
        for *told, received_at in session.execute(query)
    ]


def is_any_due(session: Session, *, sobjects: Collection[str], now: datetime) -> bool:
    """Whether one of these kinds waits and is due."""
    found = session.scalars(select(_Row.id).where(*_due(sobjects, now)).limit(1))
    return found.first() is not None


def close_notifications(
    session: Session, ids: Collection[str], *, status: NotificationStatus
) -> None:
    """These wait no longer."""
    session.execute(
        update(_Row)
        .where(one_of(_Row.id, ids))
        .values(status=status)
        .execution_options(synchronize_session=False)
    )


def postpone_notifications(session: Session, due: Mapping[str, datetime]) -> None:
    """These are due at other instants, by their ids."""
    if due:
        rows = [{"id": one, "due_at": at} for one, at in sorted(due.items())]
        session.execute(update(_Row), rows)


def count_notifications(session: Session, *, since: datetime) -> list[NotificationCount]:
    """How many came since an instant, or wait since before it, by kind of record and status."""
    count = func.count()
    query = (
        select(
            _Row.sobject,
            _Row.status,
            count,
            func.sum(_Row.times) - count,
            func.min(_Row.received_at),
        )
        .where((_Row.received_at >= since) | (_Row.status == NotificationStatus.WAITING))
        .group_by(_Row.sobject, _Row.status)
        .order_by(_Row.sobject, _Row.status)
    )
    return [NotificationCount(*row) for row in session.execute(query)]


def forget_notifications(session: Session) -> None:
    """Forgets all: another org's ids mean nothing here."""
    session.execute(delete(_Row))


def purge_notifications(session: Session, *, before: datetime, limit: int) -> int:
    """Forgets those that came before an instant, so many at most, waiting or not: by then the
    windows have shown what they told of. Tells how many.
    """
    oldest = select(_Row.id).where(_Row.received_at < before).order_by(_Row.received_at)
    result = session.execute(delete(_Row).where(_Row.id.in_(oldest.limit(limit))))
    return int(getattr(result, "rowcount", 0))


def _new(one: Notification, now: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "sobject": one.sobject,
        "salesforce_id": one.salesforce_id,
        "status": NotificationStatus.WAITING,
        "received_at": now,
        "due_at": now,
        "times": 1,
    }


def _due(sobjects: Collection[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        # Not as a parameter: PostgreSQL's plan for any value would not use the index of this one.
        _Row.status == bindparam(None, NotificationStatus.WAITING, literal_execute=True),
        _Row.due_at <= now,
        _Row.sobject.in_(sobjects),
    )
