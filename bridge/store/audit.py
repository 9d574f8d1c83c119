"""The audit trail: deeds in a chain, each with the digest of itself and of the one before it.

Whoever changes, drops or slips in an entry breaks the chain from there on. Whoever writes the whole
chain anew is found by a digest that was kept elsewhere (a printed statement).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bridge.store.engine import hold_audit
from bridge.store.models import AuditEntry, ControlTotal, ExplainedTotal, Run, RunStatus

_PAGE = 5_000
_ENDED = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.REFUSED)
BEGINNING = bytes(32)
"""What the first entry has in the place of a digest before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did: `action` is a word, `subject` names what it was done to."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that somebody has written over with what no entry holds."""

    position: int


def append_deed(session: Session, deed: Deed) -> bytes:
    """Writes a deed down, in the transaction that does it; gives the chain's new digest."""
    hold_audit(session)
    newest = select(AuditEntry.position, AuditEntry.digest).order_by(AuditEntry.position.desc())
    last, before = session.execute(newest.limit(1)).one_or_none() or (0, BEGINNING)
    position = last + 1
    digest = digest_of(position, deed, _as_digest(before))
    session.add(
        AuditEntry(
            position=position,
            at=deed.at,
            actor=deed.actor,
            action=deed.action,
            subject=deed.subject,
            detail=deed.detail,
            run_id=deed.run_id,
            digest=digest,
        )
    )
    session.flush()
    return digest


def append_ended_runs(session: Session) -> None:
    """Writes down the runs that have ended and are not in the trail yet.

    Not in the transaction that ends a run: that one may see an older moment of the trail. A run
    whose process dies in between is written down by the next one.
    """
    hold_audit(session)
    written = select(AuditEntry.run_id).where(AuditEntry.run_id == Run.id)
    ended = select(Run).where(Run.status.in_(_ENDED), ~written.exists()).order_by(Run.id)
    for run in session.scalars(ended).all():
        detail = {"status": run.status, "figures": figures_digest(session, run)}
        if forced := json.loads(run.summary or "{}").get("forced"):
            detail["forced"] = forced
        append_deed(
            session,
            Deed(
                at=run.finished_at or run.requested_at,
                actor="jobs",
                action="run",
                subject=run.job,
                detail=json.dumps(detail),
                run_id=run.id,
            ),
        )


def entries(session: Session, *, after: int = 0) -> Iterator[AuditEntry | Unreadable]:
    """The trail past a position, in order, read in pages."""
    while True:
        query = select(AuditEntry).where(AuditEntry.position > after)
        page = _read(session, query.order_by(AuditEntry.position).limit(_PAGE))
        if not page:
            return
        yield from page
        after = page[-1].position


def latest_entries(session: Session, *, limit: int) -> list[AuditEntry | Unreadable]:
    """The newest entries, the newest first."""
    return _read(session, select(AuditEntry).order_by(AuditEntry.position.desc()).limit(limit))


def digest_of_run(session: Session, run_id: int) -> tuple[int, bytes] | None:
    """The position and the digest of a run's entry in the trail."""
    query = select(AuditEntry.position, AuditEntry.digest).where(AuditEntry.run_id == run_id)
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], _as_digest(row[1]))


def is_whole(entry: AuditEntry, before: bytes) -> bool:
    """Whether an entry is what was written, after one with the digest `before`."""
    deed = Deed(
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        run_id=entry.run_id,
    )
    return digest_of(entry.position, deed, before) == entry.digest


def digest_of(position: int, deed: Deed, before: bytes) -> bytes:
    """The digest of an entry: SHA-256 over all it says and the digest before it."""
    said = [
        position,
        deed.at.astimezone(UTC).isoformat(),
        deed.actor,
        deed.action,
        deed.subject,
        deed.detail,
        deed.run_id,
    ]
    return hashlib.sha256(before + json.dumps(said).encode()).digest()


def figures_digest(session: Session, run: Run) -> str:
    """Names what a run said of itself and all its totals, in 64 hexadecimal digits."""
    digest = hashlib.sha256(json.dumps([run.job, run.summary, run.error]).encode())
    for table in (ControlTotal, ExplainedTotal):
        columns = list(table.__table__.columns)
        query = select(*columns).where(table.run_id == run.id)
        for row in session.execute(query.order_by(*table.__table__.primary_key)):
            digest.update(json.dumps([_plain(value) for value in row]).encode())
    return digest.hexdigest()


def _read(session: Session, query: Select[Any]) -> list[AuditEntry | Unreadable]:
    """The entries of a query, one by one where they cannot be read together."""
    try:
        return [_sound(entry) for entry in session.scalars(query)]
    except (ValueError, TypeError):
        positions = session.scalars(query.with_only_columns(AuditEntry.position)).all()
        return [_read_one(session, position) for position in positions]


def _read_one(session: Session, position: int) -> AuditEntry | Unreadable:
    try:
        query = select(AuditEntry).where(AuditEntry.position == position)
        return _sound(session.scalars(query).one())
    except (ValueError, TypeError):
        return Unreadable(position)


def _sound(entry: AuditEntry) -> AuditEntry | Unreadable:
    """SQLite keeps bytes in the place of a text, and a text in the place of bytes."""
    texts = (entry.actor, entry.action, entry.subject, entry.detail)
    fit = isinstance(entry.digest, bytes) and all(isinstance(one, str) for one in texts)
    return entry if fit else Unreadable(entry.position)


def _as_digest(kept: object) -> bytes:
    """A digest that somebody wrote over is as good as none; the check of the trail tells it."""
    return kept if isinstance(kept, bytes) else BEGINNING


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)
