"""Relay: corrections staged for Salesforce are sent, in batches, until each has landed or died.

First Salesforce is looked at once more: a correction that somebody has overtaken there would take
that change back, and is dropped. Claim in one transaction, call, settle in another. A process that
dies in between leaves rows SENDING; the next relay sends them again, which does no harm: what is
new is found by its external id, the rest by its own.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from bridge.domain.records import RecordType
from bridge.salesforce import BatchRefused
from bridge.salesforce import Mapping as FieldMapping
from bridge.store.outbox import claim_batch, count_due, count_waiting, release_interrupted
from bridge.store.stale import drop_stale
from jobs.context import JobContext, Scope
from jobs.fetch import look_again
from jobs.sending import Sender, Tally

NAME = "relay"


@dataclass(slots=True, kw_only=True)
class RelaySummary:
    """What became of the corrections for Salesforce that were due."""

    due: dict[RecordType, int]
    delivered: int = 0
    postponed: int = 0
    dead: int = 0
    overtaken: int = 0
    """Dropped, because Salesforce has changed since: the next reconciliation decides anew."""
    waiting: int = 0
    """Still pending afterwards: not due yet, or waiting for their customer."""
    fewest_calls: int = 0
    """What sending what was due takes at least: a look at each kind of sObject, full batches."""


def relay(context: JobContext, scope: Scope) -> None:
    """Sends what is due, customers first.

    Raises Refused for another org, or one that does not fit the mappings, and SalesforceError where
    a whole call fails: at once, or after the other types where only the calls of one are refused.
    """
    with scope.transaction() as session:
        release_interrupted(session, now=context.clock())
        due = count_due(session, now=context.clock())
    tally, overtaken = Tally(), 0
    if due and not scope.dry_run:
        sender = Sender(context)
        overtaken = _drop_overtaken(context, scope, due)
        tally = _send(context, sender, due)
    batch_size = context.salesforce.settings.batch_size
    with scope.transaction() as session:
        summary = RelaySummary(
            due=due,
            overtaken=overtaken,
            waiting=count_waiting(session),
            fewest_calls=sum(1 + -(-count // batch_size) for count in due.values()) + bool(due),
            **asdict(tally),
        )
        scope.succeed(session, summary)


def _drop_overtaken(context: JobContext, scope: Scope, due: Iterable[RecordType]) -> int:
    look_again(context, scope, due)
    dropped = 0
    for record_type in due:
        with scope.transaction() as session:
            dropped += drop_stale(session, record_type=record_type)
    return dropped


def _send(context: JobContext, sender: Sender, due: dict[RecordType, int]) -> Tally:
    context.progress.start("delivering", sum(due.values()))
    refused: list[BatchRefused] = []
    for mapping in context.mappings.values():
        try:
            _send_type(context, sender, mapping)
        except BatchRefused as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return sender.tally


def _send_type(context: JobContext, sender: Sender, mapping: FieldMapping) -> None:
    while True:
        with context.sessions.begin() as session:
            batch = claim_batch(
                session,
                record_type=mapping.record_type,
                limit=context.salesforce.settings.batch_size,
                now=context.clock(),
            )
        if not batch:
            return
        sender.deliver(mapping, batch)
        context.progress.advance(len(batch))
