"""Consumers: adding them and looking at them."""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.operations.kept_secrets import Seal, hash_secret, new_secret
from bridge.store import consumers as store
from bridge.store.engine import reading
from bridge.store.models import CredentialKind


class BadConsumerName(BridgeError):
    """A name that cannot be a consumer's, or is taken."""


def create_consumer(
    sessions: sessionmaker[Session], *, name: str, now: datetime, seal: Seal | None = None
) -> str:
    """Adds a consumer and gives its secret, which is kept nowhere.

    With a seal it is kept encrypted too, so that the consumer may send digests. Raises
    BadConsumerName, and NoDigestKey where the seal has no key.
    """
    if not name or len(name) > 80 or ":" in name or not name.isprintable():
        raise BadConsumerName("a consumer's name has 1 to 80 printable characters and no colon")
    secret = new_secret()
    kept = {CredentialKind.SECRET: hash_secret(secret)}
    if seal is not None:
        kept[CredentialKind.DIGEST_SECRET] = seal.close(secret)
    with sessions.begin() as session:
        consumer_id = store.add_consumer(session, name=name, now=now)
        if consumer_id is None:
            raise BadConsumerName(f"there is a consumer {name!r} already")
        for kind, value in kept.items():
            store.add_credential(session, consumer_id=consumer_id, kind=kind, value=value, now=now)
    return secret


def consumer_names(sessions: sessionmaker[Session]) -> list[tuple[str, datetime, bool]]:
    """All consumers: name, when added, whether they may call."""
    with reading(sessions) as session:
        found = store.list_consumers(session)
    return [(one.name, one.created_at, one.disabled_at is None) for one in found]
