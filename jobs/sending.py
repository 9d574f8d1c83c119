"""Claimed corrections sent to Salesforce, and what becomes of each written down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from bridge.salesforce import (
    BatchRefused,
    Remedy,
    RowError,
    RowResult,
    SalesforceError,
    SObject,
    UnwritableValue,
    refusals,
    send_in_parts,
)
from bridge.salesforce import Mapping as FieldMapping
from bridge.store.deliveries import Accepted, apply_accepted, linked_elsewhere
from bridge.store.engine import hold_record_type
from bridge.store.outbox import (
    StagedCorrection,
    bury,
    drop_overtaken,
    mark_delivered,
    postpone,
    put_back,
)
from jobs.context import JobContext
from jobs.org import require_org

log = structlog.get_logger(__name__)

_Row = tuple[StagedCorrection, SObject]
_Judged = tuple[StagedCorrection, RowResult]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of corrections."""

    delivered: int = 0
    postponed: int = 0
    dead: int = 0


@dataclass
class Sender:
    """Sends corrections that were claimed, in one run. Raises Refused for an unfit org."""

    context: JobContext
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._schema = require_org(self.context)
        self._asked_anew = False

    def deliver(self, mapping: FieldMapping, batch: Sequence[StagedCorrection]) -> None:
        """Sends a batch of one kind of record, and settles each of its rows.

        What Salesforce is sure to refuse is not sent. Raises SalesforceError where a call fails
        that is not about rows, BatchRefused where one fails whatever its rows; what was not settled
        by then is due again.
        """
        rows, refused = self._prepared(mapping, batch)
        self._settle(mapping, refused)
        unsettled = {correction.id for correction, _ in rows}
        try:
            for creates in (False, True):
                some = [row for row in rows if row[0].creates is creates]
                for part, results in self._parts(mapping, some, creates=creates):
                    judged = [(row[0], it) for row, it in zip(part, results, strict=True)]
                    self._settle(mapping, judged)
                    unsettled -= {correction.id for correction, _ in judged}
        except SalesforceError as error:
            self._put_back(mapping, sorted(unsettled), error)
            raise

    def _prepared(
        self, mapping: FieldMapping, batch: Sequence[StagedCorrection]
    ) -> tuple[list[_Row], list[_Judged]]:
        """The rows to send, and those that are refused here: by what the org says of itself now."""
        rows, refused = self._judged(mapping, batch)
        if refused and not self._asked_anew:
            self.context.salesforce.forget_schema()
            self._schema, self._asked_anew = require_org(self.context), True
            rows, refused = self._judged(mapping, batch)
        return rows, refused

    def _judged(
        self, mapping: FieldMapping, batch: Sequence[StagedCorrection]
    ) -> tuple[list[_Row], list[_Judged]]:
        rows, refused = [], []
        described = self._schema[mapping.sobject]
        for correction in batch:
            try:
                row = _row(mapping, correction)
                errors = refusals(row, described, creates=correction.creates)
            except UnwritableValue as error:
                errors = (RowError("UNWRITABLE_VALUE", str(error)),)
            if errors:
                refused.append((correction, RowResult.refused(*errors)))
            else:
                rows.append((correction, row))
        return rows, refused

    def _parts(
        self, mapping: FieldMapping, rows: Sequence[_Row], *, creates: bool
    ) -> Iterable[tuple[Sequence[_Row], list[RowResult]]]:
        def send(some: Sequence[_Row]) -> list[RowResult]:
            sobjects = [row for _, row in some]
            if creates:
                key = mapping.external_id_field
                return self.context.salesforce.upsert(mapping.sobject, key, sobjects)
            return self.context.salesforce.update(sobjects)

        return send_in_parts(rows, send) if rows else ()

    def _put_back(
        self, mapping: FieldMapping, outbox_ids: Sequence[int], error: SalesforceError
    ) -> None:
        """No row is to blame for a call that failed as a whole: none is the worse for it."""
        due_at = None
        if isinstance(error, BatchRefused):
            pause = self.context.settings.delivery_refused_pause_seconds
            due_at = self.context.clock() + timedelta(seconds=pause)
        with self.context.sessions.begin() as session:
            hold_record_type(session, mapping.record_type)
            put_back(
                session,
                outbox_ids,
                now=self.context.clock(),
                error=str(error),
                next_attempt_at=due_at,
            )

    def _settle(self, mapping: FieldMapping, judged: Sequence[_Judged]) -> None:
        if not judged:
            return
        now = self.context.clock()
        accepted = [
            Accepted(correction, salesforce_id=result.id, created=result.created)
            for correction, result in judged
            if result.success
        ]
        with self.context.sessions.begin() as session:
            hold_record_type(session, mapping.record_type)
            astray = linked_elsewhere(session, accepted)
            landed = [one for one in accepted if one.correction.id not in astray]
            apply_accepted(session, record_type=mapping.record_type, accepted=landed, now=now)
            mark_delivered(session, [one.correction.id for one in landed], now=now)
            for outbox_id, key in astray.items():
                error = (
                    f"Salesforce keeps this External ID on the record of {key}: correct it there"
                )
                self.tally.dead += bury(session, outbox_id, now=now, error=error)
            for correction, result in judged:
                if not result.success:
                    self._settle_failure(session, correction, result)
        self.tally.delivered += len(landed)

    def _settle_failure(
        self, session: Session, correction: StagedCorrection, result: RowResult
    ) -> None:
        settings, now = self.context.settings, self.context.clock()
        error = "; ".join(str(one) for one in result.errors) or "refused without a reason"
        log.warning("not delivered", key=str(correction.key), error=error, remedy=result.remedy)
        final = result.remedy is Remedy.GIVE_UP
        if final or correction.attempts + 1 >= settings.delivery_attempts:
            self.tally.dead += bury(
                session, correction.id, now=now, error=error, duplicates=result.duplicates
            )
        elif drop_overtaken(session, [correction.id]):
            next_attempt_at = now + _pause(self.context, correction.attempts)
            postpone(session, correction.id, next_attempt_at=next_attempt_at, error=error)
            self.tally.postponed += 1


def _row(mapping: FieldMapping, correction: StagedCorrection) -> SObject:
    if correction.gives_key:
        key = None if correction.takes_key else correction.key
        return mapping.write_key(key, str(correction.salesforce_id))
    if correction.creates:
        return mapping.write(correction.key, correction.changes)
    # Not by key: an upsert would create again what was deleted or merged since it was read.
    return mapping.write_changes(str(correction.salesforce_id), correction.changes)


def _pause(context: JobContext, attempts: int) -> timedelta:
    """Doubles with each attempt, up to the longest pause."""
    seconds = context.settings.delivery_first_pause_seconds * 2 ** min(attempts, 20)
    return timedelta(seconds=min(seconds, context.settings.delivery_longest_pause_seconds))
