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

from sqlalchemy import select
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


def append_deed(session: Session, deed: Deed) -> bytes:
    """Writes a deed down, in the transaction that does it; gives the chain's new digest."""
    hold_audit(session)
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.position.desc()).limit(1))
    position = 1 if last is None else last.position + 1
    digest = digest_of(position, deed, BEGINNING if last is None else last.digest)
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


def entries(session: Session, *, after: int = 0) -> Iterator[AuditEntry]:
    """The trail past a position, in order, read in pages."""
    while True:
        query = select(AuditEntry).where(AuditEntry.position > after)
        page = session.scalars(query.order_by(AuditEntry.position).limit(_PAGE)).all()
        if not page:
            return
        yield from page
        after = page[-1].position


def latest_entries(session: Session, *, limit: int) -> list[AuditEntry]:
    """The newest entries, the newest first."""
    query = select(AuditEntry).order_by(AuditEntry.position.desc()).limit(limit)
    return list(session.scalars(query))


def entry_of_run(session: Session, run_id: int) -> AuditEntry | None:
    """A run's entry in the trail."""
    return session.scalar(select(AuditEntry).where(AuditEntry.run_id == run_id))


def deed_of(entry: AuditEntry) -> Deed:
    """What an entry says."""
    return Deed(
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        run_id=entry.run_id,
    )


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


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)
