"""Accepted SOAP writes: claiming a message id, and the receipt to give again."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType
from bridge.store.models import Submission
from bridge.store.statements import Inserting, table_of


def claim_submission(
    session: Session,
    *,
    consumer: str,
    message_id: str,
    record_type: RecordType,
    payload_digest: bytes,
    now: datetime,
) -> int | None:
    """Takes a message id for this transaction: the new row's id, or None where it is taken.

    A second caller with the same message id waits here until the first has committed.
    """
    row = {
        "consumer": consumer,
        "message_id": message_id,
        "record_type": record_type,
        "payload_digest": payload_digest,
        "received_at": now,
        "results": "[]",
    }
    submission_id: int | None = session.scalar(_CLAIM.on(session), row)
    return submission_id


def find_submission(session: Session, *, consumer: str, message_id: str) -> Submission | None:
    """The submission that a consumer made under this message id."""
    return session.scalar(
        select(Submission).where(
            Submission.consumer == consumer, Submission.message_id == message_id
        )
    )


def store_results(session: Session, submission_id: int, results: str) -> None:
    """Keeps the receipt's results (JSON) with the submission."""
    session.execute(_STORE, {"submission_id": submission_id, "results": results})


def purge_submissions(session: Session, *, before: datetime) -> int:
    """Forgets submissions received before this instant; tells how many."""
    result = session.execute(delete(Submission).where(Submission.received_at < before))
    return int(getattr(result, "rowcount", 0))


_submission = table_of(Submission)
_CLAIM = Inserting(
    Submission,
    lambda insert: insert.on_conflict_do_nothing(
        index_elements=["consumer", "message_id"]
    ).returning(_submission.c.id),
)
_STORE = (
    update(_submission)
    .where(_submission.c.id == bindparam("submission_id"))
    .values(results=bindparam("results"))
)
