"""Who may call the service, and how each proves it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, tuple_, update
from sqlalchemy.orm import Session

from bridge.store.models import Consumer, Credential, CredentialKind, Nonce
from bridge.store.statements import insert_into


def add_consumer(session: Session, *, name: str, rights: str = "{}", now: datetime) -> int | None:
    """Adds a consumer; its id, or None where the name is taken."""
    statement = (
        insert_into(session, Consumer)
        .values(name=name, rights=rights, created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Consumer.id)
    )
    return session.scalar(statement)


def find_consumer(session: Session, name: str, *, hold: bool = False) -> Consumer | None:
    """A consumer by name, disabled ones included; nobody else changes one that is held."""
    query = select(Consumer).where(Consumer.name == name)
    return session.scalar(query.with_for_update() if hold else query)


def list_consumers(session: Session) -> list[Consumer]:
    """All consumers by name."""
    return list(session.scalars(select(Consumer).order_by(Consumer.name)))


def add_credential(
    session: Session, *, consumer_id: int, kind: CredentialKind, value: str, now: datetime
) -> bool:
    """Adds a proof; False where it is the certificate of some consumer already."""
    statement = (
        insert_into(session, Credential)
        .values(consumer_id=consumer_id, kind=kind, value=value, added_at=now)
        .on_conflict_do_nothing()
        .returning(Credential.id)
    )
    return session.scalar(statement) is not None


def credentials_of(session: Session, consumer_id: int) -> list[Credential]:
    """A consumer's proofs, expired ones included, newest first."""
    query = select(Credential).where(Credential.consumer_id == consumer_id)
    return list(session.scalars(query.order_by(Credential.id.desc())))


def credentials_of_kind(session: Session, kind: CredentialKind) -> list[Credential]:
    """All consumers' proofs of a kind, held until the transaction ends."""
    query = select(Credential).where(Credential.kind == kind).order_by(Credential.id)
    return list(session.scalars(query.with_for_update()))


def find_claimed(
    session: Session, who: str | int, *, kind: CredentialKind
) -> tuple[Consumer, list[Credential]] | None:
    """A consumer by name or by id, and its proofs of a kind, newest first.

    Disabled and expired ones included. One query, so that an unknown name takes as long.
    """
    query = (
        select(Consumer, Credential)
        .outerjoin(Credential, (Credential.consumer_id == Consumer.id) & (Credential.kind == kind))
        .where(Consumer.name == who if isinstance(who, str) else Consumer.id == who)
        .order_by(Credential.id.desc())
    )
    rows = session.execute(query).all()
    return (rows[0][0], [row[1] for row in rows if row[1]]) if rows else None


def find_certificate(
    session: Session, fingerprint: str, *, now: datetime
) -> tuple[Consumer, Credential] | None:
    """A certificate that has not expired, and whose it is, disabled ones included."""
    query = (
        select(Consumer, Credential)
        .join(Credential, Credential.consumer_id == Consumer.id)
        .where(
            Credential.kind == CredentialKind.CERTIFICATE,
            Credential.value == fingerprint,
            _lives(now),
        )
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def expire_credentials(
    session: Session, consumer_id: int, *, kinds: Sequence[CredentialKind], at: datetime
) -> None:
    """Ends a consumer's proofs of these kinds at an instant, those that do not end before."""
    session.execute(
        update(Credential)
        .where(Credential.consumer_id == consumer_id, Credential.kind.in_(kinds), _lives(at))
        .values(expires_at=at)
    )


def forget_expired(session: Session, *, now: datetime) -> None:
    """Forgets proofs that have expired."""
    session.execute(delete(Credential).where(Credential.expires_at <= now))


def claim_nonce(session: Session, *, consumer_id: int, digest: bytes, now: datetime) -> bool:
    """Takes a nonce for this transaction; False where a call has used it."""
    statement = (
        insert_into(session, Nonce)
        .values(consumer_id=consumer_id, digest=digest, seen_at=now)
        .on_conflict_do_nothing(index_elements=["consumer_id", "digest"])
        .returning(Nonce.seen_at)
    )
    return session.scalar(statement) is not None


def purge_nonces(session: Session, *, before: datetime, limit: int) -> int:
    """Forgets the oldest nonces before this instant, so many at most; tells how many."""
    key = (Nonce.consumer_id, Nonce.digest)
    oldest = select(*key).where(Nonce.seen_at < before).order_by(Nonce.seen_at).limit(limit)
    result = session.execute(delete(Nonce).where(tuple_(*key).in_(oldest)))
    return int(getattr(result, "rowcount", 0))


def _lives(at: datetime) -> ColumnElement[bool]:
    return or_(Credential.expires_at.is_(None), Credential.expires_at > at)
