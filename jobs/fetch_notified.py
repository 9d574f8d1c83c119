"""Fetch-notified: what Salesforce told of is read at once, and not with the next window.

A notification says no more than that a record changed. The record is read from Salesforce and
stored as the windows do it, and they show it once more: nothing depends on notifications.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.crm import CrmRecord
from bridge.domain.records import RecordType
from bridge.salesforce import Mapping as FieldMapping
from bridge.salesforce import read_by_id
from bridge.store.crm import PageOutcome
from bridge.store.engine import reading
from bridge.store.merges import follow_merges
from bridge.store.models import NotificationStatus, Run, RunStatus
from bridge.store.notifications import (
    DueNotification,
    close_notifications,
    due_notifications,
    is_any_due,
    postpone_notifications,
)
from bridge.store.runs import last_ended
from jobs.context import JobContext, Scope
from jobs.org import require_org
from jobs.storing import store_pages

NAME = "fetch-notified"

_AT_ONCE = 10_000
_SHORTEST_PAUSE = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class FetchNotifiedSummary:
    """What notifications brought. `not_found` were given up: Salesforce shows no such records."""

    notifications: int
    records: dict[RecordType, PageOutcome] = field(default_factory=dict)
    merged: int = 0
    not_found: int = 0
    postponed: int = 0
    """Not shown yet: they are looked for again."""
    fewest_calls: int = 0


def has_notified(context: JobContext) -> bool:
    """Whether a run would find something to do; not for a while after one that failed."""
    now = context.clock()
    pause = timedelta(seconds=context.settings.fetch_notified_retry_seconds)
    with reading(context.sessions) as session:
        if _failed_after(now - pause, last_ended(session, NAME)):
            return False
        return is_any_due(session, sobjects=_sobjects(context), now=now)


def fetch_notified(context: JobContext, scope: Scope) -> None:
    """Reads the records that Salesforce told of and stores them; closes the notifications.

    A record that Salesforce does not show yet is looked for as long as windows look back. Raises
    Refused for another org, or one that does not fit the mappings, and SalesforceError; what was
    not read by then still waits.
    """
    with reading(context.sessions) as session:
        due = due_notifications(
            session, sobjects=_sobjects(context), now=context.clock(), limit=_AT_ONCE
        )
    summary = FetchNotifiedSummary(notifications=len(due))
    if due:
        require_org(context)
    for mapping in context.mappings.values():
        told = [one for one in due if one.notification.sobject == mapping.sobject]
        if told:
            _follow(context, scope, mapping, told, summary)
    with scope.transaction() as session:
        scope.succeed(session, summary)


def _failed_after(moment: datetime, run: Run | None) -> bool:
    if run is None or run.finished_at is None or run.status is RunStatus.SUCCEEDED:
        return False
    return run.finished_at > moment


def _follow(
    context: JobContext,
    scope: Scope,
    mapping: FieldMapping,
    told: Sequence[DueNotification],
    summary: FetchNotifiedSummary,
) -> None:
    ids = sorted({one.notification.salesforce_id for one in told})
    found: set[str] = set()
    read_at = context.clock()  # what the bridge learns from here on is newer than these pages
    context.progress.start(f"reading {mapping.sobject}", len(ids))
    pages = _noting(read_by_id(context.salesforce, mapping, ids), found)
    summary.records[mapping.record_type] = store_pages(
        context, scope, mapping, pages, read_at=read_at
    )
    summary.fewest_calls += -(-len(ids) // context.salesforce.settings.page_size)
    if mapping.mergeable:
        with scope.transaction() as session:
            summary.merged += follow_merges(session, record_type=mapping.record_type)
    _close(context, scope, told, found, summary)


def _noting(pages: Iterable[list[CrmRecord]], found: set[str]) -> Iterator[list[CrmRecord]]:
    for page in pages:
        found.update(record.salesforce_id for record in page)
        yield page


def _close(
    context: JobContext,
    scope: Scope,
    told: Sequence[DueNotification],
    found: set[str],
    summary: FetchNotifiedSummary,
) -> None:
    now = context.clock()
    patience = timedelta(seconds=context.settings.lookback_seconds)
    missing = [one for one in told if one.notification.salesforce_id not in found]
    given_up = {one.notification.id for one in missing if now - one.received_at >= patience}
    later = {
        one.notification.id: _next_look(one, now)
        for one in missing
        if one.notification.id not in given_up
    }
    fetched = {one.notification.id for one in told} - given_up - later.keys()
    with scope.transaction() as session:
        close_notifications(session, fetched, status=NotificationStatus.FETCHED)
        close_notifications(session, given_up, status=NotificationStatus.NOT_FOUND)
        postpone_notifications(session, later)
    summary.not_found += len(given_up)
    summary.postponed += len(later)


def _next_look(one: DueNotification, now: datetime) -> datetime:
    """After as long again as it has waited."""
    return now + max(now - one.received_at, _SHORTEST_PAUSE)


def _sobjects(context: JobContext) -> set[str]:
    return {mapping.sobject for mapping in context.mappings.values()}
