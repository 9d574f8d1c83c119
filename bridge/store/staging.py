"""Staging what runs want, against what is staged already.

Staging the same wish for a record and target again keeps the row, another wish replaces one that
has not left yet, and a wish that no run repeats is withdrawn. Each run wants the whole of what a
record still needs, so a newer row says all that an older one did.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from bridge.domain.decisions import Correction
from bridge.domain.records import RecordType, System
from bridge.store.bulk import insert_new
from bridge.store.models import Outbox, OutboxStatus
from bridge.store.outbox_fields import encode_fields
from bridge.store.statements import one_of

_OPEN = (OutboxStatus.PENDING, OutboxStatus.SENDING, OutboxStatus.DEAD)


class Staging:
    """What staging did, by outcome."""

    STAGED, KEPT, DEAD = "staged", "kept", "dead"


def stage_corrections(
    session: Session,
    *,
    record_type: RecordType,
    corrections: Sequence[tuple[int, Correction]],
    run_id: int,
    now: datetime,
) -> dict[tuple[int, System], str]:
    """Stages (record id, correction) pairs of one type; tells the outcome by record and target.

    A wish that is already live is KEPT; one that ended as a dead letter is not tried again by
    itself (DEAD): a person replays it, or the wish changes.
    """
    outcomes: dict[tuple[int, System], str] = {}
    new_rows = []
    older = _open_rows(session, [record_id for record_id, _ in corrections])
    for record_id, correction in corrections:
        fields = encode_fields(correction.fields)
        rows = older.get((record_id, correction.target), [])
        outcome = _restage(session, rows, fields, run_id, now)
        outcomes[record_id, correction.target] = outcome or Staging.STAGED
        if outcome is None:
            new_rows.append(
                {
                    "record_id": record_id,
                    "record_type": record_type,
                    "target": correction.target,
                    "status": OutboxStatus.PENDING,
                    "fields": fields,
                    "run_id": run_id,
                    "staged_at": now,
                    "next_attempt_at": now,
                }
            )
    insert_new(session, Outbox, new_rows)
    return outcomes


def withdraw_unwanted(session: Session, *, record_type: RecordType, run_id: int) -> int:
    """Takes back what has not left and this run did not want again. Tells how many."""
    result = session.execute(
        delete(Outbox).where(
            Outbox.record_type == record_type,
            Outbox.status.in_((OutboxStatus.PENDING, OutboxStatus.DEAD)),
            or_(Outbox.run_id.is_(None), Outbox.run_id != run_id),
        )
    )
    return int(getattr(result, "rowcount", 0))


def _restage(
    session: Session, rows: Sequence[Outbox], fields: str, run_id: int, now: datetime
) -> str | None:
    """Settles a wish against the record's open rows, newest first; None: it needs a new row."""
    if not rows:
        return None
    newest = rows[0]
    if _wish(newest.fields) == _wish(fields):
        newest.run_id = run_id
        return Staging.DEAD if newest.status is OutboxStatus.DEAD else Staging.KEPT
    if newest.status is OutboxStatus.SENDING:
        return None
    newest.fields, newest.run_id, newest.staged_at = fields, run_id, now
    newest.status, newest.attempts, newest.next_attempt_at = OutboxStatus.PENDING, 0, now
    newest.error = newest.finished_at = newest.duplicates = None
    return Staging.STAGED


def _wish(fields: str) -> dict[str, Any]:
    return {plain["name"]: plain["new"] for plain in json.loads(fields)}


def _open_rows(
    session: Session, record_ids: Sequence[int]
) -> Mapping[tuple[int, System], list[Outbox]]:
    found: dict[tuple[int, System], list[Outbox]] = {}
    query = select(Outbox).where(one_of(Outbox.record_id, record_ids), Outbox.status.in_(_OPEN))
    for row in session.scalars(query.order_by(Outbox.id.desc())):
        found.setdefault((row.record_id, row.target), []).append(row)
    return found
