"""Purge: forget what is old enough."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from bridge.store.calls import purge_calls, purge_envelopes
from bridge.store.consumers import purge_nonces
from bridge.store.notifications import purge_notifications
from bridge.store.outbox import purge_delivered
from bridge.store.runs import purge_runs
from bridge.store.snapshots import expire_snapshots, purge_snapshots
from bridge.store.submissions import purge_submissions
from jobs.context import JobContext, Scope

NAME = "purge"

_NONCES_KEPT = timedelta(days=1)
"""Far longer than a digest is good for, whatever the setting was when it came."""
_BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeSummary:
    """How many were forgotten, and how many open snapshots expired."""

    submissions: int
    corrections: int
    runs: int
    calls: int
    envelopes: int
    nonces: int
    notifications: int
    snapshots: int
    snapshots_expired: int


def purge(context: JobContext, scope: Scope) -> None:
    """Forgets what ended before its retention time. Records, links and breaks stay."""
    now, settings = context.clock(), context.settings
    before = now - timedelta(days=settings.keep_days)
    envelopes_before = now - timedelta(days=settings.keep_envelopes_days)
    envelopes = _forget_all(scope, purge_envelopes, envelopes_before)
    calls = _forget_all(scope, purge_calls, now - timedelta(days=settings.keep_calls_days))
    nonces = _forget_all(scope, purge_nonces, now - _NONCES_KEPT)
    notifications_before = now - timedelta(days=settings.keep_notifications_days)
    notifications = _forget_all(scope, purge_notifications, notifications_before)
    abandoned = now - timedelta(hours=settings.snapshot_open_hours)
    with scope.transaction() as session:
        summary = PurgeSummary(
            submissions=purge_submissions(session, before=before),
            corrections=purge_delivered(session, before=before),
            runs=purge_runs(session, before=before),
            calls=calls,
            envelopes=envelopes,
            nonces=nonces,
            notifications=notifications,
            snapshots=purge_snapshots(session, before=before),
            snapshots_expired=expire_snapshots(session, begun_before=abandoned, now=now),
        )
        scope.succeed(session, summary)


def _forget_all(scope: Scope, forget: Callable[..., int], before: datetime) -> int:
    """Batch after batch, each in a transaction of its own: there may be millions.

    A dry run takes all of them back at once, or it would find the same ones again and again.
    """
    some: Callable[[Session], int] = partial(forget, before=before, limit=_BATCH)
    if scope.dry_run:
        with scope.transaction() as session:
            return sum(iter(lambda: some(session), 0))

    def batch() -> int:
        with scope.transaction() as session:
            return some(session)

    return sum(iter(batch, 0))
