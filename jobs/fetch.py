"""Fetch: what changed in Salesforce since the last watermark becomes the CRM's versions."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.records import RecordType
from bridge.salesforce import Mapping as FieldMapping
from bridge.salesforce import read_everything, read_window
from bridge.store.crm import PageOutcome, mark_unseen_as_deleted
from bridge.store.engine import reading
from bridge.store.merges import follow_merges
from bridge.store.orgs import known_org, note_deletions, note_full_read
from bridge.store.runs import last_success
from jobs.context import JobContext, Scope
from jobs.deletions import follow_deletions
from jobs.org import settle_org
from jobs.storing import store_pages

NAME = "fetch"


@dataclass(slots=True, kw_only=True)
class FetchSummary:
    """What a fetch brought. `full` tells whether everything was read, not only a window.

    `fewest_calls` is what reading so many records takes at least: full pages, and the clock.
    """

    full: bool
    since: datetime | None
    until: datetime
    records: dict[RecordType, PageOutcome] = field(default_factory=dict)
    merged: int = 0
    """Links that moved to the record that won a merge."""
    purged: int = 0
    """Records that left Salesforce without showing up in its recycle bin."""
    fewest_calls: int = 1


def fetch(context: JobContext, scope: Scope) -> None:
    """Reads all mapped objects' window, page by page, each stored in its own transaction.

    The watermark is the server's clock at the start; it moves with the run's success alone, so a
    fetch that dies is repeated whole, which changes nothing twice. Raises Refused for another org,
    unless forced, and for one that does not fit the mappings.
    """
    settle_org(context, scope)
    settings_digest = _settings_digest(context)
    until = context.salesforce.server_timestamp()
    since = None if scope.force else _watermark(context, settings_digest, until)
    summary = FetchSummary(full=since is None, since=since, until=until)
    for record_type, mapping in context.mappings.items():
        outcome = _fetch_type(context, scope, mapping, since, until)
        summary.records[record_type] = outcome
        if mapping.mergeable:
            with scope.transaction() as session:
                summary.merged += follow_merges(session, record_type=record_type)
        summary.fewest_calls += max(1, -(-outcome.read // context.salesforce.settings.page_size))
    if since is not None:
        summary.purged = follow_deletions(context, scope, until)
    with scope.transaction() as session:
        if since is None:
            note_full_read(session, until)
            note_deletions(session, until)
        scope.succeed(session, summary, until=until, settings_digest=settings_digest)


def look_again(context: JobContext, scope: Scope, record_types: Iterable[RecordType]) -> None:
    """Reads what changed since the last fetch in what is about to be written. The watermark stays.

    Raises SalesforceError.
    """
    with reading(context.sessions) as session:
        last = last_success(session, NAME)
    if last is None or last.until is None:
        return
    since = last.until - timedelta(seconds=context.settings.lookback_seconds)
    until = context.salesforce.server_timestamp()
    for record_type in record_types:
        mapping = context.mappings[record_type]
        _fetch_type(context, scope, mapping, since, until)
        if mapping.mergeable:
            with scope.transaction() as session:
                follow_merges(session, record_type=record_type)


def _fetch_type(
    context: JobContext,
    scope: Scope,
    mapping: FieldMapping,
    since: datetime | None,
    until: datetime,
) -> PageOutcome:
    # What the bridge writes from here on is newer than anything this window shows.
    read_at = context.clock()
    context.progress.start(f"reading {mapping.sobject}", None)
    if since is None:
        pages = read_everything(context.salesforce, mapping)
    else:
        pages = read_window(context.salesforce, mapping, since=since, until=until)
    outcome = store_pages(context, scope, mapping, pages, read_at=read_at, full=since is None)
    if since is None and not scope.dry_run:  # a dry run has marked nothing as seen
        with scope.transaction() as session:
            outcome.deleted += mark_unseen_as_deleted(
                session, record_type=mapping.record_type, read_since=read_at
            )
    return outcome


def _watermark(context: JobContext, settings_digest: str, until: datetime) -> datetime | None:
    """Where to start, overlap included; None where everything has to be read."""
    with reading(context.sessions) as session:
        last, org = last_success(session, NAME), known_org(session)
    if last is None or last.until is None or last.settings_digest != settings_digest:
        return None
    if last.until < context.clock() - timedelta(days=context.settings.full_read_after_days):
        return None
    if org is None or org.read_in_full_at is None:
        return None
    every = timedelta(days=context.settings.full_read_every_days)
    if every and until - org.read_in_full_at >= every:
        return None
    return last.until - timedelta(seconds=context.settings.lookback_seconds)


def _settings_digest(context: JobContext) -> str:
    """Names what is read, and where: other fields, or another org, want a full read."""
    fields = [
        context.salesforce.settings.login_url,
        *(
            f"{mapping.sobject}.{name}"
            for mapping in context.mappings.values()
            for name in mapping.select()
        ),
    ]
    return hashlib.blake2b("\n".join(fields).encode(), digest_size=16).hexdigest()
