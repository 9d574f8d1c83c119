"""An auditor checks that nobody has written history anew."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.store import audit as store
from bridge.store.engine import reading
from bridge.store.models import AuditEntry
from bridge.store.runs import find_run


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """An entry of the trail. `digest` is hexadecimal. `at` is None where it cannot be read."""

    position: int
    at: datetime | None
    actor: str
    action: str
    subject: str
    detail: str
    run_id: int | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What the check of the trail found.

    `entries` were checked, `runs` of them with the figures that are still kept. `problems` says
    what does not fit, one line each; `head` is the digest of the newest entry, to be kept
    elsewhere.
    """

    entries: int
    runs: int
    head: str
    problems: tuple[str, ...]


def list_audit(sessions: sessionmaker[Session], *, limit: int = 50) -> list[AuditLine]:
    """The newest entries, the newest first."""
    with reading(sessions) as session:
        return [_line(entry) for entry in store.latest_entries(session, limit=limit)]


def verify_audit(sessions: sessionmaker[Session], *, head: str | None = None) -> AuditReport:
    """Checks every digest of the trail, and every run's figures against what was written down.

    `head` is a digest that was kept elsewhere: one that is not in the trail means that its end was
    cut off, or that all of it was written anew.
    """
    problems: list[str] = []
    before, position, runs, digests = store.BEGINNING, 0, 0, set()
    with reading(sessions) as session:
        for entry in store.entries(session):
            if entry.position != position + 1:
                problems.append(f"entries {position + 1} to {entry.position - 1} are missing")
            position = entry.position
            if isinstance(entry, store.Unreadable):
                problems.append(f"entry {position} was written over: it cannot be read")
                before = store.BEGINNING
                continue
            if not store.is_whole(entry, before):
                problems.append(f"entry {position} is not what was written, or follows one")
            before = entry.digest
            digests.add(entry.digest.hex())
            if entry.run_id is not None:
                runs += _check_run(session, entry, problems)
    if head is not None and head.lower() not in digests:
        problems.append(f"there is no entry with the digest {head}")
    return AuditReport(entries=position, runs=runs, head=before.hex(), problems=tuple(problems))


def _check_run(session: Session, entry: AuditEntry, problems: list[str]) -> bool:
    """Whether the run's figures are still kept; they are checked then."""
    run = find_run(session, entry.run_id or 0)
    if run is None:
        return False
    if _figures(entry) != store.figures_digest(session, run):
        problems.append(f"the figures of run {run.id} are not what entry {entry.position} saw")
    return True


def _figures(entry: AuditEntry) -> object:
    """The digest that a run's entry holds; none where somebody has written over it."""
    try:
        detail = json.loads(entry.detail)
    except ValueError:
        return None
    return detail.get("figures") if isinstance(detail, dict) else None


def _line(entry: AuditEntry | store.Unreadable) -> AuditLine:
    if isinstance(entry, store.Unreadable):
        return AuditLine(
            position=entry.position,
            at=None,
            actor="",
            action="",
            subject="",
            detail="written over: it cannot be read",
            run_id=None,
            digest="",
        )
    return AuditLine(
        position=entry.position,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        run_id=entry.run_id,
        digest=entry.digest.hex(),
    )
