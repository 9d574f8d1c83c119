"""An ERP tells the whole of a record type of a company, and what it no longer has is concluded.

Between BeginSnapshot and CloseSnapshot it submits all records that it holds, naming the snapshot,
and closes with its own count and sums. Every key that was submitted is a member, rejected ones too,
once, as it was submitted last. If the totals agree, whatever the ERP had sent before the snapshot's
instant and is no member is gone from the ERP. What was submitted since then is left alone, and what
is submitted again comes back to life.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.money import trimmed
from bridge.domain.records import Record, RecordKey, RecordType
from bridge.domain.snapshots import (
    SUMMED,
    Difference,
    Scope,
    SnapshotTotals,
    differences,
    leaves_too_little,
)
from bridge.domain.validation import Problem, ProblemCode
from bridge.operations.admission import NotPermitted, require_company
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.store import snapshots as store
from bridge.store.audit import Deed, append_deed
from bridge.store.models import Snapshot, SnapshotStatus
from bridge.wording import in_utc


class UnfitSnapshot(BridgeError):
    """A snapshot that cannot be begun, or totals that cannot be its own."""


class UnknownSnapshot(BridgeError):
    """No snapshot of this consumer has this id."""


class SnapshotClosed(BridgeError):
    """The snapshot is closed: it takes no more records, and no other totals."""


class SnapshotSuperseded(BridgeError):
    """The consumer has begun a newer snapshot of the same."""


class SnapshotExpired(BridgeError):
    """The snapshot was left open for too long."""


class SnapshotDiffers(BridgeError):
    """The ERP's totals are not those of what it submitted. Nothing is concluded."""

    def __init__(self, found: Sequence[Difference]) -> None:
        shown = "; ".join(str(one) for one in found[:_DIFFERENCES_SHOWN])
        others = len(found) - _DIFFERENCES_SHOWN
        more = f" (and {others} more)" if others > 0 else ""
        super().__init__(
            f"{shown}{more}. Nothing is concluded, and the snapshot stays open: submit what was"
            " lost and close it again"
        )
        self.differences = tuple(found)


class SnapshotNotBelieved(BridgeError):
    """The snapshot leaves out so much that it looks like a wrong selection."""


_DIFFERENCES_SHOWN = 3
_ENDED: Mapping[SnapshotStatus, tuple[type[BridgeError], str]] = {
    SnapshotStatus.CLOSED: (SnapshotClosed, "was closed on {}: begin a new one"),
    SnapshotStatus.SUPERSEDED: (SnapshotSuperseded, "gave way on {} to a newer one of the same"),
    SnapshotStatus.EXPIRED: (SnapshotExpired, "was left open and expired on {}: begin a new one"),
}


@dataclass(frozen=True, slots=True)
class BegunSnapshot:
    """A snapshot that takes records now. `superseded` is the id of an older one that it ended."""

    snapshot_id: str
    begun_at: datetime
    superseded: str | None


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """The ERP's own sum in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ClosedSnapshot:
    """What a snapshot led to, the same each time it is closed alike but for `replayed`.

    `members` records are in it; `gone` others were found to be gone from the ERP.
    """

    snapshot_id: str
    members: int
    gone: int
    closed_at: datetime
    replayed: bool


def begin_snapshot(
    sessions: sessionmaker[Session],
    *,
    consumer: Consumer,
    record_type: RecordType,
    company_code: str | None,
    as_of: datetime,
    settings: SnapshotSettings,
    now: datetime,
) -> BegunSnapshot:
    """Opens a snapshot of what the ERP held at an instant; an open one of the same gives way.

    Raises UnfitSnapshot where the company code is missing or has no place, or the instant lies
    in the future, and NotPermitted. An instant within the tolerance for clocks is taken for now.
    """
    scope = _scope(record_type, company_code)
    _require_permitted(consumer, scope)
    if as_of > now + timedelta(seconds=settings.clock_tolerance_seconds):
        raise UnfitSnapshot(
            f"AsOf {in_utc(as_of)} lies in the future, here it is {now:%H:%M:%S}Z:"
            " give the instant at which the records were selected, with its zone"
        )
    public_id = uuid4().hex
    with sessions.begin() as session:
        superseded = store.begin_snapshot(
            session,
            public_id=public_id,
            consumer=consumer.name,
            scope=scope,
            as_of=min(as_of, now),
            now=now,
        )
    return BegunSnapshot(public_id, now, superseded)


def join_snapshot(session: Session, *, consumer: Consumer, snapshot_id: str) -> Snapshot:
    """The open snapshot that records are submitted to, held open until the transaction ends.

    Raises NotPermitted, UnknownSnapshot, SnapshotClosed, SnapshotSuperseded, SnapshotExpired.
    """
    snapshot = _hold(session, consumer, snapshot_id, shared=True)
    if snapshot.status is not SnapshotStatus.OPEN:
        raise _ended(snapshot)
    return snapshot


def enter_snapshot(
    session: Session, snapshot: Snapshot, records: Mapping[RecordKey, Record]
) -> dict[RecordKey, Problem]:
    """Makes records members, whatever else is wrong with them; those that cannot be are told."""
    scope = store.scope_of(snapshot)
    store.save_members(
        session, snapshot, [record for key, record in records.items() if scope.holds(key)]
    )
    message = f"the snapshot is of {scope}: submit this record without it"
    problem = Problem(ProblemCode.OUTSIDE_SNAPSHOT, "company_code", message)
    return {key: problem for key in records if not scope.holds(key)}


def close_snapshot(
    sessions: sessionmaker[Session],
    *,
    consumer: Consumer,
    snapshot_id: str,
    count: int,
    totals: Sequence[CurrencyTotal],
    settings: SnapshotSettings,
    now: datetime,
) -> ClosedSnapshot:
    """Closes a snapshot by the ERP's own totals, and marks as gone what it leaves out.

    The same close again gives the same answer. Raises what `join_snapshot` does; UnfitSnapshot
    for totals that cannot be the snapshot's, SnapshotDiffers where they are not, and
    SnapshotNotBelieved where too much would be gone: the snapshot stays open then.
    """
    with sessions.begin() as session:
        snapshot = _hold(session, consumer, snapshot_id, shared=False)
        stated = SnapshotTotals(count, _sums(snapshot.record_type, totals))
        if snapshot.status is SnapshotStatus.CLOSED and _closed_with(snapshot) == stated:
            return _closed(snapshot, replayed=True)
        if snapshot.status is not SnapshotStatus.OPEN:
            raise _ended(snapshot)
        if found := differences(stated, store.totals_of(session, snapshot)):
            raise SnapshotDiffers(found)
        _check_credible(snapshot, store.hold_missing(session, snapshot), count, settings)
        snapshot.members, snapshot.totals = count, _encode_sums(stated.sums)
        snapshot.gone = store.mark_missing_as_gone(session, snapshot, now=now)
        store.end_snapshot(session, snapshot, SnapshotStatus.CLOSED, now=now)
        append_deed(session, _deed(snapshot, now))
        return _closed(snapshot, replayed=False)


def _scope(record_type: RecordType, company_code: str | None) -> Scope:
    if record_type is RecordType.CUSTOMER and company_code:
        raise UnfitSnapshot("customers belong to no company: leave CompanyCode out")
    if record_type is not RecordType.CUSTOMER and not company_code:
        raise UnfitSnapshot(f"{record_type} records belong to a company: give its CompanyCode")
    return Scope(record_type, company_code or "")


def _require_permitted(consumer: Consumer, scope: Scope) -> None:
    require_company(consumer.rights.company_codes, scope.company_code)
    if consumer.rights.record_types and scope.record_type not in consumer.rights.record_types:
        raise NotPermitted(f"{consumer.name} may not tell the whole of {scope}")


def _hold(session: Session, consumer: Consumer, snapshot_id: str, *, shared: bool) -> Snapshot:
    snapshot = store.hold_snapshot(
        session, consumer=consumer.name, public_id=snapshot_id, shared=shared
    )
    if snapshot is None:
        raise UnknownSnapshot(f"you have no snapshot {snapshot_id!r}: begin one")
    _require_permitted(consumer, store.scope_of(snapshot))
    return snapshot


def _ended(snapshot: Snapshot) -> BridgeError:
    error, how = _ENDED[snapshot.status]
    assert snapshot.ended_at is not None, "open snapshots have not ended"
    when = in_utc(snapshot.ended_at)
    return error(f"snapshot {snapshot.public_id} {how.format(when)}")


def _sums(record_type: RecordType, totals: Sequence[CurrencyTotal]) -> dict[str, Decimal]:
    if totals and record_type not in SUMMED:
        raise UnfitSnapshot("customers are counted, not added up: leave Total out")
    named = Counter(total.currency for total in totals)
    twice = [currency for currency, times in named.items() if times > 1]
    if twice:
        raise UnfitSnapshot(f"Total stands twice for {twice[0]}: give one sum for each currency")
    return {total.currency: trimmed(total.amount) for total in totals if total.amount}


def _check_credible(
    snapshot: Snapshot, missing: store.Missing, members: int, settings: SnapshotSettings
) -> None:
    suspicious = leaves_too_little(
        members=members,
        held=missing.held,
        gone=missing.gone,
        below_share=settings.refuse_below_share,
        from_records=settings.refuse_from_records,
    )
    if suspicious and snapshot.allowed_at is None:
        raise SnapshotNotBelieved(
            f"{missing.gone} of the {missing.held} {store.scope_of(snapshot)} that you had sent are"
            " not in this snapshot, which looks like a wrong selection: nothing is concluded, and"
            " the snapshot stays open. If they are gone, have a person at the bridge run"
            f" `erp-bridge snapshots allow {snapshot.public_id} --reason …` and close it again"
        )


def _deed(snapshot: Snapshot, now: datetime) -> Deed:
    found = {
        "snapshot": snapshot.public_id,
        "members": snapshot.members,
        "gone": snapshot.gone,
        "totals": json.loads(snapshot.totals or "{}"),
    }
    return Deed(
        at=now,
        actor=snapshot.consumer,
        action="snapshot",
        subject=str(store.scope_of(snapshot)),
        detail=json.dumps(found),
    )


def _closed_with(snapshot: Snapshot) -> SnapshotTotals:
    return SnapshotTotals(snapshot.members or 0, decode_sums(snapshot.totals))


def _closed(snapshot: Snapshot, *, replayed: bool) -> ClosedSnapshot:
    assert snapshot.ended_at is not None
    return ClosedSnapshot(
        snapshot_id=snapshot.public_id,
        members=snapshot.members or 0,
        gone=snapshot.gone or 0,
        closed_at=snapshot.ended_at,
        replayed=replayed,
    )


def _encode_sums(sums: Mapping[str, Decimal]) -> str:
    return json.dumps({currency: f"{sums[currency]:f}" for currency in sorted(sums)})


def decode_sums(text: str | None) -> dict[str, Decimal]:
    """The sums by currency that a snapshot was closed with; none where it is not."""
    return {currency: Decimal(amount) for currency, amount in json.loads(text or "{}").items()}
