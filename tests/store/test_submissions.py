"""Accepted SOAP writes: the idempotency key."""

from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.store.submissions import (
    claim_submission,
    find_submission,
    purge_submissions,
    store_results,
)
from tests.builders import EARLY

Sessions = sessionmaker[Session]


def claim(session: Session, message_id: str = "m1", consumer: str = "erp") -> int | None:
    return claim_submission(
        session,
        consumer=consumer,
        message_id=message_id,
        record_type=RecordType.INVOICE,
        payload_digest=b"d" * 32,
        now=EARLY,
    )


def test_a_message_id_is_taken_once(sessions: Sessions) -> None:
    """The second claim finds it taken; another consumer's, or another id, is free."""
    with sessions.begin() as session:
        first = claim(session)
        assert first is not None
        assert claim(session) is None
        assert claim(session, consumer="other") not in (None, first)
        assert claim(session, "m2") not in (None, first)


def test_a_claim_that_is_rolled_back_is_free_again(sessions: Sessions) -> None:
    """A submission that failed stores nothing, so that it may be sent again."""
    with sessions() as session:
        assert claim(session) is not None
        session.rollback()
    with sessions.begin() as session:
        assert find_submission(session, consumer="erp", message_id="m1") is None
        assert claim(session) is not None


def test_a_submission_keeps_what_it_was(sessions: Sessions) -> None:
    """Type, digest, time and results, to answer the same again."""
    with sessions.begin() as session:
        submission_id = claim(session)
        assert submission_id is not None
        store_results(session, submission_id, '[{"a":1}]')
    with sessions() as session:
        found = find_submission(session, consumer="erp", message_id="m1")
        assert found is not None
        assert (found.record_type, found.payload_digest) == (RecordType.INVOICE, b"d" * 32)
        assert (found.received_at, found.results) == (EARLY, '[{"a":1}]')
        assert find_submission(session, consumer="other", message_id="m1") is None


def test_message_ids_differ_in_every_letter(sessions: Sessions) -> None:
    """Case and spaces count."""
    with sessions.begin() as session:
        assert None not in {claim(session, text) for text in ("m", "M", "m ", " m")}


def test_old_submissions_are_forgotten(sessions: Sessions) -> None:
    """After the retention time a message id is free again."""
    with sessions.begin() as session:
        claim(session)
        assert purge_submissions(session, before=EARLY) == 0
        assert purge_submissions(session, before=EARLY + timedelta(seconds=1)) == 1
        assert claim(session) is not None
