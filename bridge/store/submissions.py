"""Accepted SOAP writes: claiming a message id, and the receipt to give again."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType
from bridge.store.models import Submission
from bridge.store.statements import insert_into


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
    statement = (
        insert_into(session, Submission)
        .values(
            consumer=consumer,
            message_id=message_id,
            record_type=record_type,
            payload_digest=payload_digest,
            received_at=now,
            results="[]",
        )
        .on_conflict_do_nothing(index_elements=["consumer", "message_id"])
        .returning(Submission.id)
    )
    return session.scalar(statement)


def find_submission(session: Session, *, consumer: str, message_id: str) -> Submission | None:
    """The submission that a consumer made under this message id."""
    return session.scalar(
        select(Submission).where(
            Submission.consumer == consumer, Submission.message_id == message_id
        )
    )


def store_results(session: Session, submission_id: int, results: str) -> None:
    """Keeps the receipt's results (JSON) with the submission."""
    session.execute(
        update(Submission).where(Submission.id == submission_id).values(results=results)
    )


def purge_submissions(session: Session, *, before: datetime) -> int:
    """Forgets submissions received before this instant; tells how many."""
    result = session.execute(delete(Submission).where(Submission.received_at < before))
    return int(getattr(result, "rowcount", 0))
