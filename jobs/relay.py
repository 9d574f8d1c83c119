"""Relay: corrections staged for Salesforce are sent, in batches, until each has landed or died.

Claim in one transaction, call, settle in another. A process that dies in between leaves rows
SENDING; the next relay sends them again, which an upsert by external id makes harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType
from bridge.salesforce import Mapping as FieldMapping
from bridge.salesforce import Remedy, RowResult, SalesforceError
from bridge.store.deliveries import Accepted, apply_accepted, linked_elsewhere
from bridge.store.engine import hold_record_type
from bridge.store.outbox import (
    StagedCorrection,
    bury,
    claim_batch,
    count_due,
    count_waiting,
    drop_overtaken,
    mark_delivered,
    postpone,
    put_back,
    release_interrupted,
)
from jobs.context import JobContext, Scope
from jobs.org import require_org

log = structlog.get_logger(__name__)

NAME = "relay"


@dataclass(slots=True, kw_only=True)
class RelaySummary:
    """What became of the corrections for Salesforce that were due."""

    due: dict[RecordType, int]
    delivered: int = 0
    postponed: int = 0
    dead: int = 0
    waiting: int = 0
    """Still pending afterwards: not due yet, or waiting for their customer."""
    fewest_calls: int = 0
    """What sending what was due takes at least: full batches, one kind of sObject each."""


def relay(context: JobContext, scope: Scope) -> None:
    """Sends what is due, customers first.

    Raises Refused for another org, or one that does not fit the mappings, and SalesforceError where
    a whole call fails.
    """
    with scope.transaction() as session:
        release_interrupted(session)
        summary = RelaySummary(due=count_due(session, now=context.clock()))
    batch_size = context.salesforce.settings.batch_size
    summary.fewest_calls = sum(-(-due // batch_size) for due in summary.due.values())
    if summary.due and not scope.dry_run:
        require_org(context)
        context.progress.start("delivering", sum(summary.due.values()))
        for record_type, mapping in context.mappings.items():
            _relay_type(context, record_type, mapping, summary)
    with scope.transaction() as session:
        summary.waiting = count_waiting(session)
        scope.succeed(session, summary)


def _relay_type(
    context: JobContext, record_type: RecordType, mapping: FieldMapping, summary: RelaySummary
) -> None:
    while True:
        with context.sessions.begin() as session:
            batch = claim_batch(
                session,
                record_type=record_type,
                limit=context.salesforce.settings.batch_size,
                now=context.clock(),
            )
        if not batch:
            return
        for gives_key in (True, False):
            part = [correction for correction in batch if correction.gives_key is gives_key]
            if part:
                _deliver(context, mapping, part, summary)
        context.progress.advance(len(batch))


def _deliver(
    context: JobContext,
    mapping: FieldMapping,
    batch: Sequence[StagedCorrection],
    summary: RelaySummary,
) -> None:
    try:
        results = _send(context, mapping, batch)
    except SalesforceError as error:
        if error.remedy is Remedy.SHRINK and len(batch) > 1:
            middle = len(batch) // 2
            _deliver(context, mapping, batch[:middle], summary)
            _deliver(context, mapping, batch[middle:], summary)
            return
        _put_back(context, mapping.record_type, batch, error)
        raise
    _settle(context, mapping.record_type, batch, results, summary)


def _send(
    context: JobContext, mapping: FieldMapping, batch: Sequence[StagedCorrection]
) -> list[RowResult]:
    if batch[0].gives_key:
        return context.salesforce.update(
            [mapping.write_key(one.key, str(one.salesforce_id)) for one in batch]
        )
    rows = [mapping.write(correction.key, correction.changes) for correction in batch]
    return context.salesforce.upsert(mapping.sobject, mapping.external_id_field, rows)


def _put_back(
    context: JobContext,
    record_type: RecordType,
    batch: Sequence[StagedCorrection],
    error: SalesforceError,
) -> None:
    """No row is to blame for a call that failed as a whole: all are due again, none for worse."""
    with context.sessions.begin() as session:
        hold_record_type(session, record_type)
        put_back(session, [correction.id for correction in batch], error=str(error))


def _settle(
    context: JobContext,
    record_type: RecordType,
    batch: Sequence[StagedCorrection],
    results: Sequence[RowResult],
    summary: RelaySummary,
) -> None:
    now = context.clock()
    accepted = [
        Accepted(correction, salesforce_id=result.id, created=result.created)
        for correction, result in zip(batch, results, strict=True)
        if result.success
    ]
    with context.sessions.begin() as session:
        hold_record_type(session, record_type)
        astray = linked_elsewhere(session, accepted)
        landed = [one for one in accepted if one.correction.id not in astray]
        apply_accepted(session, record_type=record_type, accepted=landed, now=now)
        mark_delivered(session, [one.correction.id for one in landed], now=now)
        for outbox_id, key in astray.items():
            error = f"Salesforce keeps this External ID on the record of {key}: correct it there"
            summary.dead += bury(session, outbox_id, now=now, error=error)
        for correction, result in zip(batch, results, strict=True):
            if not result.success:
                _settle_failure(context, session, correction, result, summary, now)
    summary.delivered += len(landed)


def _settle_failure(
    context: JobContext,
    session: Session,
    correction: StagedCorrection,
    result: RowResult,
    summary: RelaySummary,
    now: datetime,
) -> None:
    error = "; ".join(str(one) for one in result.errors) or "refused without a reason"
    log.warning("not delivered", key=str(correction.key), error=error, remedy=result.remedy)
    final = result.remedy is Remedy.GIVE_UP
    if final or correction.attempts + 1 >= context.settings.delivery_attempts:
        summary.dead += bury(session, correction.id, now=now, error=error)
    elif drop_overtaken(session, [correction.id]):
        pause = _pause(context, correction.attempts)
        postpone(session, correction.id, next_attempt_at=now + pause, error=error)
        summary.postponed += 1


def _pause(context: JobContext, attempts: int) -> timedelta:
    """Doubles with each attempt, up to the longest pause."""
    seconds = context.settings.delivery_first_pause_seconds * 2 ** min(attempts, 20)
    return timedelta(seconds=min(seconds, context.settings.delivery_longest_pause_seconds))
