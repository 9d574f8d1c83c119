"""Deletions that no query shows: of records that were purged before the next window was read.

`queryAll` shows what is in the recycle bin, and for about a day what was emptied out of it;
`getDeleted` lists what was deleted within 15 days, wherever it is. Source: SOAP API Developer
Guide, "getDeleted()" and "emptyRecycleBin()".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bridge.salesforce import RETRIEVE_LIMIT, SalesforceError
from bridge.salesforce import Mapping as FieldMapping
from bridge.store.crm import live_among, mark_deleted
from bridge.store.engine import reading
from bridge.store.orgs import known_org, note_deletions, note_full_read
from bridge.store.statements import chunks
from jobs.context import JobContext, Scope

log = structlog.get_logger(__name__)

_OUT_OF_REACH = frozenset({"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"})


def follow_deletions(context: JobContext, scope: Scope, until: datetime) -> int:
    """Marks records as deleted that Salesforce lists so and does not give out. Tells how many.

    Asks only where that was not done lately. What the list cannot tell any more is left to the next
    fetch, which reads all. Raises SalesforceError.
    """
    with reading(context.sessions) as session:
        org = known_org(session)
    known = org.deletions_until if org else None
    if known is None:
        return 0
    if until - known < timedelta(seconds=context.settings.deletions_every_seconds):
        return 0
    since = known - timedelta(seconds=context.settings.lookback_seconds)
    covered, gone = until, 0
    try:
        for mapping in context.mappings.values():
            listed = context.salesforce.deleted_ids(mapping.sobject, since, until)
            gone += _mark(context, scope, mapping, listed.ids)
            covered = min(covered, listed.covered_until)
    except SalesforceError as error:
        if error.code not in _OUT_OF_REACH:
            raise
        log.warning("deletions cannot be listed", reason=str(error))
        with scope.transaction() as session:
            note_full_read(session, None)
        covered = until
    with scope.transaction() as session:
        note_deletions(session, max(covered, known))
    return gone


def _mark(context: JobContext, scope: Scope, mapping: FieldMapping, listed: Sequence[str]) -> int:
    read_at = context.clock()
    with reading(context.sessions) as session:
        suspects = live_among(session, record_type=mapping.record_type, salesforce_ids=listed)
    gone = [
        salesforce_id
        for some in chunks(suspects, RETRIEVE_LIMIT)
        for salesforce_id, row in zip(
            some, context.salesforce.retrieve(mapping.sobject, ["Id"], some), strict=True
        )
        if row is None  # else it was undeleted, and the next window shows that
    ]
    if not gone:
        return 0
    with scope.transaction() as session:
        return mark_deleted(
            session, record_type=mapping.record_type, salesforce_ids=gone, read_at=read_at
        )
