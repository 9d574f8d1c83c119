"""Consumers: adding them and looking at them."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.authentication import Authenticator, Secret
from bridge.operations.consumers import BadConsumerName, consumer_names, create_consumer
from bridge.store.consumers import credentials_of, find_consumer

Sessions = sessionmaker[Session]


def test_the_secret_is_kept_nowhere(sessions: Sessions, now: datetime) -> None:
    """Only its argon2 hash is, and two secrets are never alike."""
    secret = create_consumer(sessions, name="erp", now=now)
    assert len(secret) >= 32
    assert secret != create_consumer(sessions, name="erp2", now=now)
    with sessions() as session:
        found = find_consumer(session, "erp")
        assert found is not None
        (kept,) = credentials_of(session, found.id)
        assert kept.value.startswith("$argon2id$")
        assert secret not in kept.value


@pytest.mark.parametrize("name", ["", "x" * 81, "a:b", "a\nb", "a\x00b"])
def test_names_that_cannot_travel_are_refused(sessions: Sessions, now: datetime, name: str) -> None:
    """HTTP Basic divides name and secret by a colon, and a log line by its end."""
    with pytest.raises(BadConsumerName, match="1 to 80 printable characters and no colon"):
        create_consumer(sessions, name=name, now=now)
    assert consumer_names(sessions) == []


def test_a_name_is_taken_once(sessions: Sessions, now: datetime) -> None:
    """The second of a name is refused, and the first keeps its secret."""
    secret = create_consumer(sessions, name="erp", now=now)
    with pytest.raises(BadConsumerName, match="there is a consumer 'erp' already"):
        create_consumer(sessions, name="erp", now=now)
    assert Authenticator(sessions).authenticate(Secret("erp", secret), address="", now=now)


def test_consumers_are_listed(sessions: Sessions, now: datetime) -> None:
    """By name: since when, and whether they may call."""
    for name in ("zoo", "erp"):
        create_consumer(sessions, name=name, now=now)
    with sessions.begin() as session:
        zoo = find_consumer(session, "zoo")
        assert zoo is not None
        zoo.disabled_at = now
    assert consumer_names(sessions) == [("erp", now, True), ("zoo", now, False)]
