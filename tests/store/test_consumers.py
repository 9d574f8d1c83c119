"""Who may call the service, and how each proves it."""

from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from bridge.store.consumers import (
    add_consumer,
    add_credential,
    claim_nonce,
    credentials_of,
    expire_credentials,
    find_certificate,
    find_claimed,
    forget_expired,
    purge_nonces,
)
from bridge.store.models import CredentialKind
from tests.builders import EARLY

Sessions = sessionmaker[Session]
HOUR = timedelta(hours=1)
SECRET, DIGEST_SECRET, CERTIFICATE = CredentialKind


def consumer(session: Session, name: str = "erp") -> int:
    """A consumer with a secret."""
    consumer_id = add_consumer(session, name=name, now=EARLY)
    assert consumer_id is not None
    assert credential(session, consumer_id)
    return consumer_id


def credential(
    session: Session, consumer_id: int, kind: CredentialKind = SECRET, value: str = "hash"
) -> bool:
    return add_credential(session, consumer_id=consumer_id, kind=kind, value=value, now=EARLY)


def test_a_name_is_taken_once(sessions: Sessions) -> None:
    """In the same transaction as in another; letters of either case differ."""
    with sessions.begin() as session:
        consumer(session)
        assert add_consumer(session, name="erp", now=EARLY) is None
    with sessions.begin() as session:
        assert add_consumer(session, name="erp", now=EARLY) is None
        assert add_consumer(session, name="ERP", now=EARLY) is not None


def test_a_consumer_is_found_with_what_it_claims_to_prove(sessions: Sessions) -> None:
    """By name or by id, with its proofs of one kind, newest first."""
    with sessions.begin() as session:
        one, other = consumer(session), consumer(session, "other")
        credential(session, one, value="newer")
        credential(session, one, DIGEST_SECRET)
    with sessions() as session:
        for who in ("erp", one):
            found = find_claimed(session, who, kind=SECRET)
            assert found is not None
            assert found[0].name == "erp"
            assert [proof.value for proof in found[1]] == ["newer", "hash"]
        found = find_claimed(session, other, kind=DIGEST_SECRET)
        assert found is not None
        assert found[1] == []
        assert find_claimed(session, "nobody", kind=SECRET) is None
        assert find_claimed(session, 99, kind=SECRET) is None


def test_a_certificate_is_one_consumer_s(sessions: Sessions) -> None:
    """Secrets of equal hash are no matter."""
    with sessions.begin() as session:
        one, other = consumer(session), consumer(session, "other")
        assert credential(session, one, CERTIFICATE, "ab")
        assert not credential(session, other, CERTIFICATE, "ab")
        found = find_certificate(session, "ab", now=EARLY)
        assert found is not None
        assert found[0].id == one
        assert find_certificate(session, "hash", now=EARLY) is None


def test_proofs_end_where_they_do_not_end_before(sessions: Sessions) -> None:
    """Of the kinds that are named."""
    with sessions.begin() as session:
        one = consumer(session)
        expire_credentials(session, one, kinds=[SECRET], at=EARLY + HOUR)
        credential(session, one, value="newer")
        credential(session, one, CERTIFICATE, "ab")
        expire_credentials(session, one, kinds=[SECRET], at=EARLY + 2 * HOUR)
    with sessions() as session:
        ends = {proof.value: proof.expires_at for proof in credentials_of(session, one)}
        assert ends == {"hash": EARLY + HOUR, "newer": EARLY + 2 * HOUR, "ab": None}


def test_expired_proofs_are_forgotten(sessions: Sessions) -> None:
    """From the moment on at which they prove nothing."""
    with sessions.begin() as session:
        one = consumer(session)
        credential(session, one, CERTIFICATE, "ab")
        expire_credentials(session, one, kinds=[CERTIFICATE], at=EARLY + HOUR)
        forget_expired(session, now=EARLY + HOUR - timedelta(microseconds=1))
        assert find_certificate(session, "ab", now=EARLY) is not None
        assert find_certificate(session, "ab", now=EARLY + HOUR) is None
        forget_expired(session, now=EARLY + HOUR)
        assert [proof.kind for proof in credentials_of(session, one)] == [SECRET]


def test_nonces_are_taken_once_and_forgotten(sessions: Sessions) -> None:
    """By each consumer; the oldest go first, so many at a time."""
    with sessions.begin() as session:
        one, other = consumer(session), consumer(session, "other")
        for hours, digest in ((2, b"b"), (1, b"a"), (3, b"c")):
            seen = EARLY + hours * HOUR
            assert claim_nonce(session, consumer_id=one, digest=digest, now=seen)
            assert not claim_nonce(session, consumer_id=one, digest=digest, now=seen)
        assert claim_nonce(session, consumer_id=other, digest=b"a", now=EARLY + 5 * HOUR)
        before = EARLY + 3 * HOUR
        assert [purge_nonces(session, before=before, limit=1) for _ in range(3)] == [1, 1, 0]
        assert claim_nonce(session, consumer_id=one, digest=b"a", now=EARLY)
        assert not claim_nonce(session, consumer_id=one, digest=b"c", now=EARLY)
        assert not claim_nonce(session, consumer_id=other, digest=b"a", now=EARLY)
