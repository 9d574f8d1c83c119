"""Whether credentials prove a consumer."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs

from bridge.operations import kept_secrets
from bridge.operations.consumers import create_consumer, disable_consumer
from bridge.operations.credentials import ApiKey, Certificate, Credentials, Secret, SecretDigest
from bridge.operations.kept_secrets import Seal, make_key
from bridge.operations.proving import Proof, Prover, Refusal
from bridge.operations.settings import ConsumerSettings
from bridge.store.consumers import add_credential, find_consumer
from bridge.store.models import Credential, CredentialKind, Nonce
from tests.callers import NONCE, WITH_KEY, digest_of, stamp
from tests.operations.conftest import CountingHasher

Sessions = sessionmaker[Session]
pytestmark = pytest.mark.usefixtures("hasher")


def proves(prover: Prover, credentials: Credentials, now: datetime) -> bool:
    found = prover.prove(credentials, now)
    return isinstance(found, Proof) and found.consumer.name == "erp"


def add(sessions: Sessions, now: datetime, name: str = "erp") -> str:
    """Adds a consumer that may send digests."""
    return create_consumer(sessions, name=name, now=now, seal=Seal(WITH_KEY))


def expire(sessions: Sessions, at: datetime) -> None:
    with sessions.begin() as session:
        session.execute(update(Credential).values(expires_at=at))


# Secrets


@pytest.mark.parametrize(
    ("name", "change"),
    [("erp", "x"), ("ERP", ""), ("nobody", ""), ("", ""), ("erp ", ""), ("e\x00rp", "")],
)
def test_wrong_names_and_secrets_take_as_long(
    sessions: Sessions, now: datetime, hasher: CountingHasher, name: str, change: str
) -> None:
    """Who asks cannot tell which of them was wrong."""
    secret = create_consumer(sessions, name="erp", now=now)
    assert not proves(Prover(sessions, WITH_KEY), Secret(name, secret + change), now)
    assert hasher.verified == 2


def test_an_empty_secret_is_wrong(sessions: Sessions, now: datetime) -> None:
    """Of a consumer that exists and of one that does not."""
    create_consumer(sessions, name="erp", now=now)
    for wrong in (Secret("erp", ""), Secret("nobody", ""), ApiKey("1."), ApiKey("9."), ApiKey("")):
        assert not proves(Prover(sessions, WITH_KEY), wrong, now)


@pytest.mark.parametrize(
    "number", ["", "0", "-1", "1 ", " 1", "²", "١", "0x1", "9" * 30, "9" * 18, "1_0", "\x00"]
)
def test_an_api_key_of_no_number_is_wrong(sessions: Sessions, now: datetime, number: str) -> None:
    """Whatever digits a script has."""
    secret = add(sessions, now)
    prover = Prover(sessions, WITH_KEY)
    assert proves(prover, ApiKey(f"1.{secret}"), now)
    assert not proves(prover, ApiKey(f"{number}.{secret}"), now)


def test_a_secret_of_broken_characters_is_wrong(sessions: Sessions, now: datetime) -> None:
    """Half a surrogate pair cannot be encoded, and is no reason to fail."""
    create_consumer(sessions, name="erp", now=now)
    for wrong in (Secret("erp", "\ud800"), Secret("\ud800", "x"), ApiKey("1.\ud800")):
        assert not proves(Prover(sessions, WITH_KEY), wrong, now)


def test_a_proof_tells_when_it_expires(sessions: Sessions, now: datetime) -> None:
    """And proves nothing from then on."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now))
    end = now + timedelta(hours=1)
    expire(sessions, end)
    prover = Prover(sessions, WITH_KEY)
    proof = prover.prove(secret, end - timedelta(microseconds=1))
    assert isinstance(proof, Proof)
    assert proof.expires_at == end
    assert prover.prove(secret, end) == Refusal("erp")


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

    monkeypatch.setattr(kept_secrets, "_HASHER", Watched())
    prover = Prover(sessions, WITH_KEY)
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda n: prover.prove(Secret("erp", f"guess {n}"), now), range(16))
        assert set(found) == {Refusal(None)}
    assert len(at_once) == 32
    assert max(at_once) <= 2


# Digests


def test_a_digest_proves_its_consumer(sessions: Sessions, now: datetime) -> None:
    """Whose secret serves as it is, too."""
    secret = add(sessions, now)
    prover = Prover(sessions, WITH_KEY)
    assert proves(prover, digest_of(secret, stamp(now)), now)
    assert proves(prover, Secret("erp", secret), now)


def test_the_profile_s_formula(sessions: Sessions, now: datetime) -> None:
    """A digest that another implementation computed: SHA-1 of nonce, created and password."""
    # printf '%s' '0123456789abcdef2026-03-04T05:06:07Zhush' | openssl sha1
    digest = bytes.fromhex("704d68a6ae72e62fe6242d2369eac75baac29dde")
    create_consumer(sessions, name="erp", now=now)
    with sessions.begin() as session:
        found = find_consumer(session, "erp")
        assert found is not None
        kind, value = CredentialKind.DIGEST_SECRET, Seal(WITH_KEY).close("hush")
        add_credential(session, consumer_id=found.id, kind=kind, value=value, now=now)
    given = SecretDigest("erp", digest, NONCE, "2026-03-04T05:06:07Z")
    assert proves(Prover(sessions, WITH_KEY), given, now)


def test_a_digest_of_anything_else_is_wrong(sessions: Sessions, now: datetime) -> None:
    """Another secret, name, nonce or time than the one it covers; and none of them is used up."""
    secret = add(sessions, now)
    create_consumer(sessions, name="plain", now=now)
    at = stamp(now)
    right = digest_of(secret, at)
    prover = Prover(sessions, WITH_KEY)
    for wrong in (
        digest_of(secret + "x", at),
        digest_of("", at),
        digest_of(secret, at, name="ERP"),
        digest_of(secret, at, name="plain"),
        digest_of(secret, at, name="e\x00"),
        SecretDigest("erp", right.digest, b"another", at),
        SecretDigest("erp", right.digest, NONCE, stamp(now + timedelta(seconds=1))),
        SecretDigest("erp", right.digest[:19], NONCE, at),
        SecretDigest("erp", b"", NONCE, at),
    ):
        assert isinstance(prover.prove(wrong, now), Refusal)
    assert nonces(sessions) == 0
    assert proves(prover, right, now)


def test_an_unknown_name_is_decrypted_for_too(
    sessions: Sessions, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes as long as a wrong digest of a known one."""
    add(sessions, now)
    prover = Prover(sessions, WITH_KEY)
    opened: list[str] = []
    original = Seal.open

    def counted(seal: Seal, sealed: str) -> str:
        opened.append(sealed)
        return original(seal, sealed)

    monkeypatch.setattr(Seal, "open", counted)
    counts = []
    for name in ("erp", "nobody"):
        opened.clear()
        assert not proves(prover, digest_of("wrong", stamp(now), name=name), now)
        counts.append(len(opened))
    assert counts == [2, 2]


@pytest.mark.parametrize("seconds", [-300, 0, 300])
@pytest.mark.parametrize("form", ["Z", "+00:00", "-05:00", ".1234567Z", ""])
def test_a_time_near_enough_is_taken(
    sessions: Sessions, now: datetime, seconds: int, form: str
) -> None:
    """In each form that a dateTime has; without a zone it is UTC's."""
    secret = add(sessions, now)
    at = now + timedelta(seconds=seconds - (1 if form.startswith(".") and seconds > 0 else 0))
    if form == "-05:00":
        at = at.astimezone(timezone(timedelta(hours=-5)))
    created = f"{at:%Y-%m-%dT%H:%M:%S}{form}"
    assert proves(Prover(sessions, WITH_KEY), digest_of(secret, created), now)


@pytest.mark.parametrize(
    "created",
    [
        "2026-03-04T05:01:06Z",
        "2026-03-04T05:11:08Z",
        "2026-03-04T05:06:07+01:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-03-04",
        "",
        "now",
        "2026-03-04T05:06:07Z" + " " * 30,
        "\ud800",
        "2026-02-30T00:00:00Z",
    ],
)
def test_a_time_too_far_or_none_at_all_is_refused(
    sessions: Sessions, now: datetime, created: str
) -> None:
    """Five minutes either way are the default: nonces need not be kept for ever."""
    add(sessions, now)
    given = SecretDigest("erp", b"x" * 20, NONCE, created)
    assert Prover(sessions, WITH_KEY).prove(given, now) == Refusal("erp")


def test_how_old_a_digest_may_be_is_a_setting(sessions: Sessions, now: datetime) -> None:
    """For ERPs whose clock is not kept."""
    secret = add(sessions, now)
    given = digest_of(secret, stamp(now - timedelta(minutes=30)))
    assert not proves(Prover(sessions, WITH_KEY), given, now)
    lenient = WITH_KEY.model_copy(update={"digest_max_age_seconds": 1800})
    assert proves(Prover(sessions, lenient), given, now)


@pytest.mark.parametrize("nonce", [b"", b"x" * 129])
def test_a_nonce_that_is_none_is_refused(sessions: Sessions, now: datetime, nonce: bytes) -> None:
    """Empty, or longer than anyone's."""
    secret = add(sessions, now)
    given = digest_of(secret, stamp(now), nonce=nonce)
    assert not proves(Prover(sessions, WITH_KEY), given, now)


def test_a_digest_is_good_once(sessions: Sessions, now: datetime) -> None:
    """For all servers together; another nonce, or another time, makes another."""
    secret = add(sessions, now)
    given = digest_of(secret, stamp(now))
    assert proves(Prover(sessions, WITH_KEY), given, now)
    for prover in (Prover(sessions, WITH_KEY), Prover(sessions, WITH_KEY)):
        assert not proves(prover, given, now)
    assert proves(prover, digest_of(secret, stamp(now), nonce=b"another"), now)
    assert proves(prover, digest_of(secret, stamp(now + timedelta(seconds=1))), now)


def test_why_a_digest_is_refused_is_logged(sessions: Sessions, now: datetime) -> None:
    """For the operator: its caller is told nothing of it."""
    secret = create_consumer(sessions, name="plain", now=now)
    late = digest_of(add(sessions, now), stamp(now - timedelta(hours=1)))
    replayed = digest_of(add(sessions, now, "other"), stamp(now), name="other")
    prover = Prover(sessions, WITH_KEY)
    assert isinstance(prover.prove(replayed, now), Proof)
    unknown = replace(late, name="hush")
    with capture_logs() as logs:
        for given in (digest_of(secret, stamp(now), name="plain"), late, unknown, replayed):
            assert isinstance(prover.prove(given, now), Refusal)
    assert [(line["event"], line["consumer"]) for line in logs] == [
        ("digest of a consumer without a digest secret", "plain"),
        ("digest out of time", "erp"),
        ("digest out of time", None),
        ("digest sent again", "other"),
    ]


def test_a_name_that_no_consumer_has_is_kept_nowhere(sessions: Sessions, now: datetime) -> None:
    """It may be a secret, typed into the wrong field: a refusal names consumers alone."""
    secret = add(sessions, now)
    prover = Prover(sessions, WITH_KEY)
    with capture_logs() as logs:
        for given in (
            Secret(secret, ""),
            ApiKey(secret),
            ApiKey(f"{secret[:10]}.{secret[10:]}"),
            digest_of(secret, stamp(now), name=secret),
        ):
            assert prover.prove(given, now) == Refusal(None)
        broken = Prover(sessions, ConsumerSettings(digest_key=SecretStr(make_key())))
        assert broken.prove(digest_of(secret, stamp(now)), now) == Refusal("erp")
    assert secret[:10] not in str(logs)


def test_a_disabled_consumer_is_told_from_a_wrong_secret(sessions: Sessions, now: datetime) -> None:
    """By each kind of proof; to the caller it is the same."""
    secret = create_consumer(
        sessions, name="erp", now=now, seal=Seal(WITH_KEY), certificate="ab" * 32
    )
    disable_consumer(sessions, name="erp", now=now)
    prover = Prover(sessions, WITH_KEY)
    for right in (
        Secret("erp", secret),
        ApiKey(f"1.{secret}"),
        digest_of(secret, stamp(now)),
        Certificate("ab" * 32),
    ):
        assert prover.prove(right, now) == Refusal("erp", disabled=True)
    assert prover.prove(Secret("erp", "no"), now) == Refusal("erp")


def test_a_nonce_is_its_consumer_s(sessions: Sessions, now: datetime) -> None:
    """Two consumers may have the same, by chance or because their toolkit counts."""
    secrets = {name: add(sessions, now, name) for name in ("erp", "other")}
    prover = Prover(sessions, WITH_KEY)
    for name, secret in secrets.items():
        assert isinstance(prover.prove(digest_of(secret, stamp(now), name=name), now), Proof)


def test_a_digest_sent_twenty_times_at_once_is_good_once(sessions: Sessions, now: datetime) -> None:
    """Whoever replays it is as fast as its owner."""
    given = digest_of(add(sessions, now), stamp(now))
    start = threading.Barrier(20)
    provers = [Prover(sessions, WITH_KEY) for _ in range(4)]

    def send(number: int) -> bool:
        start.wait()
        return proves(provers[number % 4], given, now)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(send, range(20))) == 1
    assert nonces(sessions) == 1


def test_without_the_key_no_digest_is_good(sessions: Sessions, now: datetime) -> None:
    """With none, and with another; the secret as it is goes on working."""
    secret = add(sessions, now)
    given = digest_of(secret, stamp(now))
    for settings in (ConsumerSettings(), ConsumerSettings(digest_key=SecretStr(make_key()))):
        prover = Prover(sessions, settings)
        assert not proves(prover, given, now)
        assert proves(prover, Secret("erp", secret), now)


# Certificates


@pytest.mark.parametrize("form", ["ab" * 32, "AB" * 32, ":".join(["AB"] * 32)])
def test_a_certificate_proves_its_consumer(sessions: Sessions, now: datetime, form: str) -> None:
    """However its fingerprint is written, until it expires here."""
    create_consumer(sessions, name="erp", now=now)
    with sessions.begin() as session:
        kind = CredentialKind.CERTIFICATE
        assert add_credential(session, consumer_id=1, kind=kind, value="ab" * 32, now=now)
    prover = Prover(sessions, WITH_KEY)
    assert proves(prover, Certificate(form), now)
    expire(sessions, now)
    assert not proves(prover, Certificate(form), now)


def nonces(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Nonce)) or 0
