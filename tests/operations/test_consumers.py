"""Consumers: adding them, and telling who calls."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import argon2
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations import consumers
from bridge.operations.consumers import (
    Authenticator,
    BadConsumerName,
    Consumer,
    WrongCredentials,
    consumer_names,
    create_consumer,
)
from bridge.store import models
from bridge.store.consumers import find_consumer

Sessions = sessionmaker[Session]


class CountingHasher(argon2.PasswordHasher):
    """A real hasher, of little effort, that counts how often it had to work."""

    verified = 0

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        type(self).verified += 1
        return super().verify(hash, password)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[CountingHasher]]:
    """Hashing is slow on purpose: these tests make it fast, and count it."""
    CountingHasher.verified = 0
    monkeypatch.setattr(consumers, "_HASHER", CountingHasher())
    return CountingHasher  # type: ignore[return-value]


def test_a_consumer_calls_with_its_secret(sessions: Sessions, now: datetime) -> None:
    """The secret that was shown once tells who calls."""
    secret = create_consumer(sessions, name="erp", now=now)
    who = Authenticator(sessions).authenticate(name="erp", secret=secret, now=now)
    assert who == Consumer("erp")


def test_the_secret_is_kept_nowhere(sessions: Sessions, now: datetime) -> None:
    """Only its argon2 hash is, and two secrets are never alike."""
    secret = create_consumer(sessions, name="erp", now=now)
    assert len(secret) >= 32
    assert secret != create_consumer(sessions, name="erp2", now=now)
    with sessions() as session:
        found = find_consumer(session, "erp")
        assert found is not None
        assert found.secret_hash.startswith("$argon2id$")
        assert secret not in found.secret_hash


@pytest.mark.parametrize(
    ("name", "change"),
    [("erp", "x"), ("ERP", ""), ("nobody", ""), ("", ""), ("erp ", "")],
)
def test_wrong_names_and_secrets_are_refused_alike(
    sessions: Sessions, now: datetime, name: str, change: str
) -> None:
    """The answer does not tell which of them was wrong, and takes as long either way."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)
    before = CountingHasher.verified
    with pytest.raises(WrongCredentials) as caught:
        authenticator.authenticate(name=name, secret=secret + change, now=now)
    assert str(caught.value) == "wrong name or secret"
    assert CountingHasher.verified == before + 1


def test_an_empty_secret_is_wrong(sessions: Sessions, now: datetime) -> None:
    """Of a consumer that exists and of one that does not."""
    create_consumer(sessions, name="erp", now=now)
    for name in ("erp", "nobody"):
        with pytest.raises(WrongCredentials):
            Authenticator(sessions).authenticate(name=name, secret="", now=now)


def test_a_verified_pair_is_remembered_for_a_minute(sessions: Sessions, now: datetime) -> None:
    """Hashing again and again would cost more than the calls themselves."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)

    def verified_at(seconds: int) -> int:
        authenticator.authenticate(name="erp", secret=secret, now=now + timedelta(seconds=seconds))
        return CountingHasher.verified

    assert [verified_at(seconds) for seconds in (0, 1, 59, 60, 61, 119, 120)] == [
        1, 1, 1, 2, 2, 2, 3,
    ]  # fmt: skip


def test_a_wrong_secret_is_remembered_as_wrong(sessions: Sessions, now: datetime) -> None:
    """Who tries it again costs no hashing for a minute; the right one stays right."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)
    authenticator.authenticate(name="erp", secret=secret, now=now)
    for seconds in (0, 1, 59, 60):
        later = now + timedelta(seconds=seconds)
        with pytest.raises(WrongCredentials):
            authenticator.authenticate(name="erp", secret="wrong", now=later)
    assert CountingHasher.verified == 3
    authenticator.authenticate(name="erp", secret=secret, now=now)


def test_a_flood_of_wrong_secrets_is_hashed_two_at_a_time(
    sessions: Sessions, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing takes memory by design: sixteen callers must not take sixteen times it."""
    at_once: list[int] = []
    busy = threading.Semaphore(0)

    class Watched(CountingHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            busy.release()
            at_once.append(busy._value)
            time.sleep(0.01)
            busy.acquire()
            return super().verify(hash, password)

    monkeypatch.setattr(consumers, "_HASHER", Watched())
    authenticator = Authenticator(sessions)

    def attack(number: int) -> None:
        with pytest.raises(WrongCredentials):
            authenticator.authenticate(name="erp", secret=f"guess {number}", now=now)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(attack, range(32)))
    assert len(at_once) == 32
    assert max(at_once) <= 2


def test_a_disabled_consumer_is_refused(sessions: Sessions, now: datetime) -> None:
    """At once where it was not verified before, within a minute where it was."""
    secret = create_consumer(sessions, name="erp", now=now)
    knows = Authenticator(sessions)
    knows.authenticate(name="erp", secret=secret, now=now)
    with sessions.begin() as session:
        session.execute(update(models.Consumer).values(disabled_at=now))
    with pytest.raises(WrongCredentials):
        Authenticator(sessions).authenticate(name="erp", secret=secret, now=now)
    with pytest.raises(WrongCredentials):
        knows.authenticate(name="erp", secret=secret, now=now + timedelta(seconds=60))


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
    assert Authenticator(sessions).authenticate(name="erp", secret=secret, now=now)


def test_consumers_are_listed(sessions: Sessions, now: datetime) -> None:
    """By name: since when, and whether they may call."""
    for name in ("zoo", "erp"):
        create_consumer(sessions, name=name, now=now)
    with sessions.begin() as session:
        zoo = find_consumer(session, "zoo")
        assert zoo is not None
        zoo.disabled_at = now
    assert consumer_names(sessions) == [("erp", now, True), ("zoo", now, False)]
