"""Purge: forget receipts, delivered corrections and runs that are old enough."""

from dataclasses import dataclass
from datetime import timedelta

from bridge.store.outbox import purge_delivered
from bridge.store.runs import purge_runs
from bridge.store.submissions import purge_submissions
from jobs.context import JobContext, Scope

NAME = "purge"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeSummary:
    """How many rows were forgotten."""

    submissions: int
    corrections: int
    runs: int


def purge(context: JobContext, scope: Scope) -> None:
    """Forgets what ended before the retention time. Records, links and breaks stay."""
    before = context.clock() - timedelta(days=context.settings.keep_days)
    with scope.transaction() as session:
        summary = PurgeSummary(
            submissions=purge_submissions(session, before=before),
            corrections=purge_delivered(session, before=before),
            runs=purge_runs(session, before=before),
        )
        scope.succeed(session, summary)
