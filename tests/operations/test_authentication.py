"""Telling who calls, and remembering it for a minute."""

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs

from bridge.operations.admission import ServerBusy
from bridge.operations.authentication import (
    ApiKey,
    Authenticator,
    Certificate,
    Consumer,
    Credentials,
    Secret,
    SecretDigest,
    WrongCredentials,
)
from bridge.operations.brake import Brake
from bridge.operations.consumers import (
    create_consumer,
    disable_consumer,
    enable_consumer,
    rotate_certificate,
)
from bridge.operations.entrance import Entrance
from bridge.operations.proving import Proof, Prover, Refusal
from bridge.store import models
from tests.operations.conftest import CountingHasher

Sessions = sessionmaker[Session]
pytestmark = pytest.mark.usefixtures("hasher")


def authenticate(authenticator: Authenticator, credentials: Credentials, now: datetime) -> Consumer:
    return authenticator.authenticate(credentials, address="192.0.2.1", now=now)


def disable_all(sessions: Sessions, now: datetime) -> None:
    with sessions.begin() as session:
        session.execute(update(models.Consumer).values(disabled_at=now))


def test_one_secret_serves_by_name_and_as_an_api_key(sessions: Sessions, now: datetime) -> None:
    """The secret that was shown once tells who calls."""
    create_consumer(sessions, name="other", now=now)
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)
    for credentials in (Secret("erp", secret), ApiKey(f"2.{secret}")):
        assert authenticate(authenticator, credentials, now) == Consumer("erp")


def test_a_verified_secret_is_remembered_for_a_minute(
    sessions: Sessions, now: datetime, hasher: CountingHasher
) -> None:
    """Hashing again and again would cost more than the calls themselves."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)

    def verified_at(seconds: int) -> int:
        authenticate(authenticator, Secret("erp", secret), now + timedelta(seconds=seconds))
        return hasher.verified

    assert [verified_at(seconds) for seconds in (0, 1, 59, 60, 61, 119, 120)] == [
        1, 1, 1, 2, 2, 2, 3,
    ]  # fmt: skip


def test_who_proved_it_a_moment_ago_is_recognised(
    sessions: Sessions, now: datetime, hasher: CountingHasher
) -> None:
    """Without proving anything anew, so that anybody may ask as often as they like."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    authenticator = Authenticator(sessions)
    assert authenticator.recognise(secret, now=now) is None
    authenticate(authenticator, secret, now)
    hashed = hasher.verified
    assert authenticator.recognise(secret, now=now) == "erp"
    assert authenticator.recognise(Secret("erp", "wrong"), now=now) is None
    assert authenticator.recognise(secret, now=now + timedelta(seconds=60)) is None
    assert hasher.verified == hashed


def test_a_wrong_secret_is_remembered_as_wrong(
    sessions: Sessions, now: datetime, hasher: CountingHasher
) -> None:
    """Who tries it again costs no hashing for a minute; the right one stays right."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions)
    authenticate(authenticator, Secret("erp", secret), now)
    hashed = []
    for seconds in (0, 1, 59, 60):
        with pytest.raises(WrongCredentials):
            authenticate(authenticator, Secret("erp", "no"), now + timedelta(seconds=seconds))
        hashed.append(hasher.verified)
    assert hashed[0] == hashed[1] == hashed[2] < hashed[3]
    authenticate(authenticator, Secret("erp", secret), now)


def test_a_flood_of_wrong_secrets_drives_no_right_one_out(
    sessions: Sessions, now: datetime, hasher: CountingHasher
) -> None:
    """The owner's calls cost no hashing meanwhile, and the memory of the flood is bounded."""
    secret = create_consumer(sessions, name="erp", now=now)
    authenticator = Authenticator(sessions, brake=Brake(pause=lambda _seconds: None))
    authenticate(authenticator, Secret("erp", secret), now)
    for number in range(2_000):
        with pytest.raises(WrongCredentials):
            authenticate(authenticator, Secret("erp", f"guess {number}"), now)
    before = hasher.verified
    authenticate(authenticator, Secret("erp", secret), now)
    assert hasher.verified == before
    assert len(authenticator._wrong) == 1_000


def test_a_flood_of_secrets_keeps_no_consumer_out(
    sessions: Sessions, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While strangers wait to be proved, one more is told to come back, and consumers are not.

    Neither those that are recognised, nor those that were proved from the same address lately.
    """
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    authenticator = Authenticator(sessions, entrance=Entrance(most_strangers=2))
    authenticate(authenticator, secret, now)
    for guess in ("a", "b"):
        with pytest.raises(WrongCredentials):
            authenticate(authenticator, Secret("erp", guess), now)
    prove, inside, over = Prover.prove, threading.Semaphore(0), threading.Event()

    def waiting(prover: Prover, credentials: Credentials, at: datetime) -> Proof | Refusal:
        if credentials != secret:
            inside.release()
            assert over.wait(30)
        return prove(prover, credentials, at)

    monkeypatch.setattr(Prover, "prove", waiting)
    with ThreadPoolExecutor(2) as pool:
        guesses = [Secret("erp", f"guess {number}") for number in range(2)]
        flood = [
            pool.submit(authenticator.authenticate, one, address="198.51.100.1", now=now)
            for one in guesses
        ]
        for _ in guesses:
            assert inside.acquire(timeout=30)
        with pytest.raises(ServerBusy):
            authenticator.authenticate(Secret("erp", "x"), address="198.51.100.2", now=now)
        for later in (now, now + timedelta(hours=1)):
            assert authenticate(authenticator, secret, later) == Consumer("erp")
        over.set()
        assert all(isinstance(one.exception(), WrongCredentials) for one in flood)


def test_callers_who_show_the_same_at_once_are_proved_once(
    sessions: Sessions, now: datetime, hasher: CountingHasher
) -> None:
    """A consumer whose minute is over may have many calls under way."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    authenticator = Authenticator(sessions, entrance=Entrance(most_strangers=1))
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: authenticate(authenticator, secret, now), range(32))
        assert set(found) == {Consumer("erp")}
    assert hasher.verified == 1


def test_a_disabled_consumer_is_refused(sessions: Sessions, now: datetime) -> None:
    """At once where it was not verified before, within a minute where it was."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    knows = Authenticator(sessions)
    authenticate(knows, secret, now)
    disable_all(sessions, now)
    with pytest.raises(WrongCredentials):
        authenticate(Authenticator(sessions), secret, now)
    with pytest.raises(WrongCredentials):
        authenticate(knows, secret, now + timedelta(seconds=60))


@pytest.mark.parametrize("by_certificate", [False, True])
def test_an_enabled_consumer_is_let_in_at_once(
    sessions: Sessions, now: datetime, by_certificate: bool
) -> None:
    """That it was refused while it was disabled is not remembered."""
    fingerprint = "ab" * 32
    secret = create_consumer(sessions, name="erp", now=now, certificate=fingerprint)
    shown = Certificate(fingerprint) if by_certificate else Secret("erp", secret)
    authenticator = Authenticator(sessions)
    disable_consumer(sessions, name="erp", now=now)
    with capture_logs() as logs, pytest.raises(WrongCredentials):
        authenticate(authenticator, shown, now)
    assert (logs[0]["consumer"], logs[0]["disabled"]) == ("erp", True)
    enable_consumer(sessions, name="erp", now=now)
    assert authenticate(authenticator, shown, now).name == "erp"


def test_a_new_certificate_proves_at_once(sessions: Sessions, now: datetime) -> None:
    """That nobody had it a moment ago is not remembered."""
    create_consumer(sessions, name="erp", now=now)
    authenticator, shown = Authenticator(sessions), Certificate("ab" * 32)
    with pytest.raises(WrongCredentials):
        authenticate(authenticator, shown, now)
    rotate_certificate(
        sessions, name="erp", certificate=shown.fingerprint, overlap=timedelta(0), now=now
    )
    assert authenticate(authenticator, shown, now).name == "erp"


def test_a_clock_that_is_set_back_prolongs_nothing(sessions: Sessions, now: datetime) -> None:
    """A disabled consumer would else call on for an hour."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    authenticator = Authenticator(sessions)
    authenticate(authenticator, secret, now)
    disable_all(sessions, now)
    with pytest.raises(WrongCredentials):
        authenticate(authenticator, secret, now - timedelta(hours=1))


def test_a_refusal_is_logged_without_the_secret(sessions: Sessions, now: datetime) -> None:
    """Who tried, from where, and nothing that could be used."""
    create_consumer(sessions, name="erp", now=now)
    tried: list[Credentials] = [
        Secret("erp", "hush"),
        Secret("hush", "hush"),
        SecretDigest("erp", b"hush", b"hush", "2026"),
        ApiKey("1.hush"),
        ApiKey("hush.hush"),
        ApiKey("hush"),
    ]
    assert "hush" not in repr([one for one in tried if one != Secret("hush", "hush")])
    with capture_logs() as logs:
        for credentials in tried:
            with pytest.raises(WrongCredentials, match="wrong name or secret"):
                authenticate(Authenticator(sessions), credentials, now)
    assert [(line["by"], line["consumer"]) for line in logs] == [
        ("name and secret", "erp"),
        ("name and secret", None),
        ("digest", "erp"),
        ("API key", "erp"),
        ("API key", None),
        ("API key", None),
    ]
    assert {line["address"] for line in logs} == {"192.0.2.1"}
    assert "hush" not in str(logs)


def test_a_certificate_that_nobody_has_proves_nothing(sessions: Sessions, now: datetime) -> None:
    """Whatever stands in the header."""
    for fingerprint in ("", "00" * 32, "x\x00y", "é" * 1000):
        with pytest.raises(WrongCredentials):
            authenticate(Authenticator(sessions), Certificate(fingerprint), now)


def test_failures_are_slowed_down_and_told(sessions: Sessions, now: datetime) -> None:
    """By address and by name; who knows the secret waits for none of it."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    pauses: list[float] = []
    authenticator = Authenticator(sessions, brake=Brake(pause=pauses.append))
    with capture_logs() as logs:
        for number in range(6):
            with pytest.raises(WrongCredentials):
                authenticator.authenticate(
                    Secret("erp", "no"), address=f"2001:db8::{number}", now=now
                )
            assert authenticate(authenticator, secret, now)
    assert [line["failures"] for line in logs] == [1, 2, 3, 4, 5, 6]
    assert pauses == [0.2, 0.4, 0.8]


def test_ten_thousand_wrong_logins_take_bounded_memory(
    sessions: Sessions, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever names, secrets and addresses they come with."""
    monkeypatch.setattr(
        Prover, "prove", lambda *_: Refusal(None)
    )  # a database would only take time
    authenticator = Authenticator(sessions, brake=Brake(pause=lambda _seconds: None))

    def attack(first: int) -> int:
        for number in range(first, first + 5_000):
            tried = Secret(f"{number}" * 100, f"{number}" * 100)
            with pytest.raises(WrongCredentials):
                authenticator.authenticate(tried, address=f"10.0.{number >> 8}.1", now=now)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        after_half, after_all = attack(0), attack(5_000)
    finally:
        tracemalloc.stop()
    assert after_all - after_half < 500_000
