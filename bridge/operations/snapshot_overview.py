"""An admin looks at snapshots, and allows one that the bridge does not believe."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.snapshots import Scope
from bridge.operations.snapshots import UnknownSnapshot, decode_sums
from bridge.store import snapshots as store
from bridge.store.audit import Deed, append_deed
from bridge.store.engine import reading
from bridge.store.models import SnapshotStatus


class NoReason(BridgeError):
    """A decision without a reason."""


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A snapshot as an admin sees it. `members` are those so far; `gone` is known once closed."""

    snapshot_id: str
    consumer: str
    scope: Scope
    status: SnapshotStatus
    as_of: datetime
    begun_at: datetime
    ended_at: datetime | None
    members: int
    gone: int | None
    totals: Mapping[str, Decimal]
    allowed: bool


def list_snapshots(sessions: sessionmaker[Session], *, limit: int = 100) -> list[SnapshotView]:
    """The newest snapshots, newest first."""
    with reading(sessions) as session:
        found = store.latest_snapshots(session, limit=limit)
    return [
        SnapshotView(
            snapshot_id=one.public_id,
            consumer=one.consumer,
            scope=store.scope_of(one),
            status=one.status,
            as_of=one.as_of,
            begun_at=one.begun_at,
            ended_at=one.ended_at,
            members=members,
            gone=one.gone,
            totals=decode_sums(one.totals),
            allowed=one.allowed_at is not None,
        )
        for one, members in found
    ]


def allow_snapshot(
    sessions: sessionmaker[Session], *, snapshot_id: str, by: str, reason: str, now: datetime
) -> None:
    """A person allows an open snapshot to leave out whatever it does, once the ERP closes it.

    Raises UnknownSnapshot where none of this id is open, NoReason.
    """
    if not reason.strip():
        raise NoReason("allowing a snapshot has a reason: say why it is right")
    with sessions.begin() as session:
        if not store.allow_snapshot(session, public_id=snapshot_id, now=now):
            raise UnknownSnapshot(f"there is no open snapshot {snapshot_id}")
        subject = f"snapshot {snapshot_id}"
        deed = Deed(at=now, actor=by[:80], action="allow", subject=subject, detail=reason)
        append_deed(session, deed)
