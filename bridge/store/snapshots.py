"""Snapshots: who is in one, what they add up to, and marking the others as gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.orm import Session

from bridge.domain.money import from_scaled, sum_to_scaled
from bridge.domain.records import Record as AnyRecord
from bridge.domain.records import System
from bridge.domain.snapshots import Scope, SnapshotTotals, amount_in_totals
from bridge.store.bulk import upsert
from bridge.store.engine import hold, hold_record_type
from bridge.store.models import Record, Snapshot, SnapshotMember, SnapshotStatus, Version

_SPLIT = 10**11
"""Parts a scaled amount, so that the sums of either part stay within 64 bits."""


def scope_of(snapshot: Snapshot) -> Scope:
    """What a snapshot is the whole of."""
    return Scope(snapshot.record_type, snapshot.company_code)


def begin_snapshot(
    session: Session,
    *,
    public_id: str,
    consumer: str,
    scope: Scope,
    as_of: datetime,
    now: datetime,
) -> str | None:
    """Opens a snapshot; the public id of an older one of this consumer and scope that it ends."""
    hold(session, f"begin a snapshot of {scope} by {consumer}")
    older = session.scalar(
        select(Snapshot)
        .where(
            Snapshot.consumer == consumer,
            Snapshot.record_type == scope.record_type,
            Snapshot.company_code == scope.company_code,
            Snapshot.status == SnapshotStatus.OPEN,
        )
        .with_for_update()  # submissions under way are still taken
    )
    if older is not None:
        end_snapshot(session, older, SnapshotStatus.SUPERSEDED, now=now)
    session.add(
        Snapshot(
            public_id=public_id,
            consumer=consumer,
            record_type=scope.record_type,
            company_code=scope.company_code,
            status=SnapshotStatus.OPEN,
            as_of=as_of,
            begun_at=now,
        )
    )
    return older.public_id if older is not None else None


def hold_snapshot(
    session: Session, *, consumer: str, public_id: str, shared: bool
) -> Snapshot | None:
    """A consumer's snapshot, which stays as it is found until the transaction ends.

    Submissions hold it `shared`, side by side; whoever ends it waits for them, and they for him.
    """
    return session.scalar(
        select(Snapshot)
        .where(Snapshot.public_id == public_id, Snapshot.consumer == consumer)
        .with_for_update(read=shared)
        .execution_options(populate_existing=True)
    )


def save_members(session: Session, snapshot: Snapshot, records: Sequence[AnyRecord]) -> None:
    """Takes records of the snapshot's scope in; one that is in already counts as it is now."""
    rows = [_member_row(snapshot, record) for record in records]
    rows.sort(key=lambda row: row["number"])  # one order, so no deadlock
    upsert(session, SnapshotMember, rows, key=("snapshot_id", "number"))


def totals_of(session: Session, snapshot: Snapshot) -> SnapshotTotals:
    """The totals of what was told in a snapshot, exact."""
    query = (
        select(
            SnapshotMember.currency,
            func.count(),
            func.sum(SnapshotMember.amount_high),
            func.sum(SnapshotMember.amount_low),
        )
        .where(SnapshotMember.snapshot_id == snapshot.id)
        .group_by(SnapshotMember.currency)
    )
    count, sums = 0, {}
    for currency, members, high, low in session.execute(query):
        count += members
        sums[currency] = from_scaled(int(high) * _SPLIT + int(low))
    return SnapshotTotals(count, {name: amount for name, amount in sums.items() if amount})


@dataclass(frozen=True, slots=True)
class Missing:
    """How many records of a scope the ERP had sent, and how many of them a snapshot leaves out."""

    held: int
    gone: int


def hold_missing(session: Session, snapshot: Snapshot) -> Missing:
    """Counts what the snapshot leaves out, and keeps it as it is until the transaction ends.

    What was submitted since the snapshot's instant is not missing from it, member or not.
    """
    hold_record_type(session, snapshot.record_type)
    alive = select(func.count()).select_from(Record).join(*_ERP_VERSION)
    # In the order in which submissions lock them, so that nobody waits in a circle.
    missing = _missing(snapshot).order_by(Version.record_id).with_for_update(of=Version).subquery()
    return Missing(
        held=session.scalar(alive.where(*_alive(snapshot))) or 0,
        gone=session.scalar(select(func.count()).select_from(missing)) or 0,
    )


def mark_missing_as_gone(session: Session, snapshot: Snapshot, *, now: datetime) -> int:
    """The ERP no longer has what the snapshot leaves out, since the snapshot's instant.

    Tells how many. The caller holds them by `hold_missing`.
    """
    result = session.execute(
        update(Version)
        .where(Version.system == System.ERP, Version.record_id.in_(_missing(snapshot)))
        .values(deleted=True, modified_at=snapshot.as_of, known_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


def end_snapshot(
    session: Session, snapshot: Snapshot, status: SnapshotStatus, *, now: datetime
) -> None:
    """Ends an open snapshot, and forgets its members."""
    snapshot.status, snapshot.ended_at = status, now
    session.flush()
    session.execute(delete(SnapshotMember).where(SnapshotMember.snapshot_id == snapshot.id))


def expire_snapshots(session: Session, *, begun_before: datetime, now: datetime) -> int:
    """Ends open snapshots that were begun before this instant; tells how many."""
    abandoned = session.scalars(
        select(Snapshot)
        .where(Snapshot.status == SnapshotStatus.OPEN, Snapshot.begun_at < begun_before)
        .order_by(Snapshot.id)
        .with_for_update()
    ).all()
    for snapshot in abandoned:
        end_snapshot(session, snapshot, SnapshotStatus.EXPIRED, now=now)
    return len(abandoned)


def purge_snapshots(session: Session, *, before: datetime) -> int:
    """Forgets snapshots that ended before this instant; tells how many."""
    result = session.execute(delete(Snapshot).where(Snapshot.ended_at < before))
    return int(getattr(result, "rowcount", 0))


def latest_snapshots(session: Session, *, limit: int) -> list[tuple[Snapshot, int]]:
    """The newest snapshots, newest first, with how many members each has or had."""
    inside = select(func.count()).where(SnapshotMember.snapshot_id == Snapshot.id).scalar_subquery()
    query = select(Snapshot, func.coalesce(Snapshot.members, inside))
    return [
        (row[0], row[1]) for row in session.execute(query.order_by(Snapshot.id.desc()).limit(limit))
    ]


def allow_snapshot(session: Session, *, public_id: str, now: datetime) -> bool:
    """A person allows an open snapshot to leave out as much as it does; False: none of this id."""
    result = session.execute(
        update(Snapshot)
        .where(Snapshot.public_id == public_id, Snapshot.status == SnapshotStatus.OPEN)
        .values(allowed_at=now)
    )
    return bool(getattr(result, "rowcount", 0))


def _member_row(snapshot: Snapshot, record: AnyRecord) -> dict[str, Any]:
    currency, amount = amount_in_totals(record)
    high, low = divmod(sum_to_scaled(amount), _SPLIT)
    return {
        "snapshot_id": snapshot.id,
        "number": record.number,
        "currency": currency,
        "amount_high": high,
        "amount_low": low,
    }


def _missing(snapshot: Snapshot) -> Select[int]:
    told = exists().where(
        SnapshotMember.snapshot_id == snapshot.id, SnapshotMember.number == Record.number
    )
    return (
        select(Version.record_id)
        .select_from(Record)
        .join(*_ERP_VERSION)
        .where(*_alive(snapshot), Version.known_at < snapshot.as_of, ~told)
    )


def _alive(snapshot: Snapshot) -> tuple[ColumnElement[bool], ...]:
    return (
        Record.record_type == snapshot.record_type,
        Record.company_code == snapshot.company_code,
        Version.deleted.is_(False),
    )


_ERP_VERSION = (Version, (Version.record_id == Record.id) & (Version.system == System.ERP))
