"""Consumers: adding them, what they may do, exchanging what proves them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.audit import list_audit
from bridge.operations.certificates import BadCertificate
from bridge.operations.consumers import (
    BadConsumerName,
    CertificateTaken,
    RotationUnderWay,
    UnknownConsumer,
    create_consumer,
    disable_consumer,
    enable_consumer,
    get_consumer,
    list_consumers,
    permit_consumer,
    reseal_secrets,
    rotate_certificate,
    rotate_secret,
)
from bridge.operations.credentials import ApiKey, Certificate, Credentials, Secret
from bridge.operations.kept_secrets import NoDigestKey, Seal, make_key
from bridge.operations.proving import Proof, Prover
from bridge.operations.rights import Rights
from bridge.operations.settings import ConsumerSettings
from bridge.store.calls import add_calls
from bridge.store.consumers import credentials_of, find_consumer
from bridge.store.models import CredentialKind
from tests.callers import CALL, WITH_KEY, digest_of, stamp

Sessions = sessionmaker[Session]
pytestmark = pytest.mark.usefixtures("hasher")
SEAL = Seal(WITH_KEY)
NO_SEAL = Seal(ConsumerSettings())
DAY = timedelta(days=1)
ONE, TWO = "ab" * 32, "cd" * 32
SECRET, DIGEST_SECRET, CERTIFICATE = CredentialKind


def proves(sessions: Sessions, credentials: Credentials, now: datetime) -> bool:
    return isinstance(Prover(sessions, WITH_KEY).prove(credentials, now), Proof)


def rotate(sessions: Sessions, now: datetime, overlap: timedelta = DAY, seal: Seal = SEAL) -> str:
    return rotate_secret(sessions, name="erp", overlap=overlap, now=now, seal=seal)


def kinds(sessions: Sessions) -> list[CredentialKind]:
    return [one.kind for one in get_consumer(sessions, name="erp").credentials]


# Adding


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


def test_a_digest_consumer_s_secret_is_kept_encrypted(sessions: Sessions, now: datetime) -> None:
    """Beside its hash, which serves the other ways."""
    secret = create_consumer(sessions, name="erp", now=now, seal=SEAL)
    with sessions() as session:
        encrypted, hashed = credentials_of(session, 1)
        assert (encrypted.kind, hashed.kind) == (DIGEST_SECRET, SECRET)
        assert secret not in encrypted.value
        assert SEAL.open(encrypted.value) == secret
    for credentials in (
        Secret("erp", secret),
        ApiKey(f"1.{secret}"),
        digest_of(secret, stamp(now)),
    ):
        assert proves(sessions, credentials, now)


def test_a_digest_consumer_needs_the_key(sessions: Sessions, now: datetime) -> None:
    """Without one nobody is added, and the reason names the setting."""
    with pytest.raises(NoDigestKey, match="ERP_BRIDGE_CONSUMERS__DIGEST_KEY_FILE"):
        create_consumer(sessions, name="erp", now=now, seal=NO_SEAL)
    assert list_consumers(sessions) == []


@pytest.mark.parametrize("name", ["", "x" * 81, "a:b", "a\nb", "a\x00b", "\ud800"])
def test_names_that_cannot_travel_are_refused(sessions: Sessions, now: datetime, name: str) -> None:
    """HTTP Basic divides name and secret by a colon, and a log line by its end."""
    with pytest.raises(BadConsumerName, match="1 to 80 printable characters and no colon"):
        create_consumer(sessions, name=name, now=now)
    assert list_consumers(sessions) == []


def test_a_name_is_taken_once(sessions: Sessions, now: datetime) -> None:
    """The second of a name is refused, and the first keeps its secret."""
    secret = create_consumer(sessions, name="erp", now=now)
    with pytest.raises(BadConsumerName, match="there is a consumer 'erp' already"):
        create_consumer(sessions, name="erp", now=now)
    assert proves(sessions, Secret("erp", secret), now)


def test_of_two_that_add_a_name_at_once_one_is_refused(sessions: Sessions, now: datetime) -> None:
    """In words, though both found it free."""
    start = Barrier(8)

    def add(_: int) -> str:
        start.wait()
        try:
            return create_consumer(sessions, name="erp", now=now)
        except BadConsumerName as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(add, range(8)), key=len)
    assert answers.count("there is a consumer 'erp' already") == 7
    (secret,) = [one for one in answers if len(one) == 32 and " " not in one]
    assert proves(sessions, Secret("erp", secret), now)


def test_a_certificate_proves_one_consumer(sessions: Sessions, now: datetime) -> None:
    """Whoever shows it is that one; it cannot be another's."""
    create_consumer(sessions, name="erp", now=now, certificate=ONE.upper())
    assert proves(sessions, Certificate(ONE), now)
    with pytest.raises(CertificateTaken):
        create_consumer(sessions, name="other", now=now, certificate=ONE)
    with pytest.raises(BadCertificate):
        create_consumer(sessions, name="other", now=now, certificate="ab")
    assert [one.name for one in list_consumers(sessions)] == ["erp"]


# Looking


def test_consumers_are_listed(sessions: Sessions, now: datetime) -> None:
    """By name: since when, whether they may call, and when they last did."""
    for name in ("zoo", "erp"):
        create_consumer(sessions, name=name, now=now)
    disable_consumer(sessions, name="zoo", now=now)
    with sessions.begin() as session:
        add_calls(session, [replace(CALL, at=now)])
    assert [
        (one.id, one.name, one.added_at, one.enabled, one.last_call_at)
        for one in list_consumers(sessions)
    ] == [(2, "erp", now, True, now), (1, "zoo", now, False, None)]


def test_a_consumer_is_shown_without_its_secrets(sessions: Sessions, now: datetime) -> None:
    """Only a certificate's fingerprint, which is no secret."""
    create_consumer(sessions, name="erp", now=now, certificate=ONE, seal=SEAL)
    found = get_consumer(sessions, name="erp")
    assert [(one.kind, one.fingerprint) for one in found.credentials] == [
        (CERTIFICATE, ONE),
        (DIGEST_SECRET, None),
        (SECRET, None),
    ]


@pytest.mark.parametrize(
    ("name", "hint"), [("erb", ", did you mean 'erp'?"), ("xyzzy", ""), ("", ""), ("e\x00", "")]
)
def test_an_unknown_consumer_is_told(
    sessions: Sessions, now: datetime, name: str, hint: str
) -> None:
    """With the nearest name, if any is near."""
    create_consumer(sessions, name="erp", now=now)
    for use in (
        lambda: get_consumer(sessions, name=name),
        lambda: permit_consumer(sessions, name=name, change=lambda rights: rights, now=now),
        lambda: rotate_secret(sessions, name=name, overlap=DAY, now=now, seal=SEAL),
        lambda: rotate_certificate(sessions, name=name, certificate=ONE, overlap=DAY, now=now),
        lambda: disable_consumer(sessions, name=name, now=now),
        lambda: enable_consumer(sessions, name=name, now=now),
    ):
        with pytest.raises(UnknownConsumer) as told:
            use()  # type: ignore[no-untyped-call]
        assert str(told.value) == f"there is no consumer {name!r}{hint}"


# Rights


def test_rights_are_given_and_changed(sessions: Sessions, now: datetime) -> None:
    """Each by itself; what is not named stays."""
    rights = Rights(operations=frozenset({"Ping"}), calls_per_minute=60)
    secret = create_consumer(sessions, name="erp", now=now, rights=rights)
    assert get_consumer(sessions, name="erp").rights == rights
    changed = permit_consumer(
        sessions, name="erp", change=lambda one: replace(one, calls_per_minute=None), now=now
    )
    assert (
        changed
        == get_consumer(sessions, name="erp").rights
        == replace(rights, calls_per_minute=None)
    )
    proof = Prover(sessions, WITH_KEY).prove(Secret("erp", secret), now)
    assert isinstance(proof, Proof)
    assert proof.consumer.rights == changed


def test_two_that_change_rights_at_once_lose_nothing(sessions: Sessions, now: datetime) -> None:
    """The second one's change is made to what the first one left."""
    create_consumer(sessions, name="erp", now=now)
    start = Barrier(6)

    def permit(number: int) -> None:
        start.wait()
        code = frozenset({str(number)})
        permit_consumer(
            sessions,
            name="erp",
            change=lambda one: replace(one, company_codes=one.company_codes | code),
            now=now,
        )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(permit, range(6)))
    assert get_consumer(sessions, name="erp").rights.company_codes == set("012345")


def test_changes_are_in_the_audit_trail(sessions: Sessions, now: datetime) -> None:
    """Who let whom do what; never a secret."""
    secret = create_consumer(sessions, name="erp", now=now, by="anna")
    other = rotate_secret(sessions, name="erp", overlap=DAY, now=now, seal=Seal(WITH_KEY), by="ben")
    disable_consumer(sessions, name="erp", now=now, by="ben")
    lines = list_audit(sessions)
    assert [(one.actor, one.action, one.subject) for one in reversed(lines)] == [
        ("anna", "add consumer", "erp"),
        ("ben", "rotate secret", "erp"),
        ("ben", "disable consumer", "erp"),
    ]
    assert not any(text in one.detail for one in lines for text in (secret, other))


# Rotation


def test_both_secrets_work_during_the_overlap(sessions: Sessions, now: datetime) -> None:
    """Until its end to the moment; then the new one alone."""
    old = Secret("erp", create_consumer(sessions, name="erp", now=now))
    new = Secret("erp", rotate(sessions, now, overlap=DAY))
    last = now + DAY - timedelta(microseconds=1)
    for at, works in ((now, True), (last, True), (now + DAY, False)):
        assert proves(sessions, old, at) is works
        assert proves(sessions, new, at)


def test_without_an_overlap_the_old_secret_ends_at_once(sessions: Sessions, now: datetime) -> None:
    """For a secret that has become known."""
    old = Secret("erp", create_consumer(sessions, name="erp", now=now))
    new = Secret("erp", rotate(sessions, now, overlap=timedelta(0)))
    assert not proves(sessions, old, now)
    assert proves(sessions, new, now)


def test_rotating_again_during_an_overlap_is_refused(sessions: Sessions, now: datetime) -> None:
    """With the time until which it is; without an overlap it ends both, and is possible."""
    first = Secret("erp", create_consumer(sessions, name="erp", now=now))
    second = Secret("erp", rotate(sessions, now))
    later = now + timedelta(hours=1)
    with pytest.raises(RotationUnderWay, match="until 2026-03-05 05:06:07Z"):
        rotate(sessions, later)
    assert proves(sessions, first, later)
    assert proves(sessions, second, later)
    third = Secret("erp", rotate(sessions, later, overlap=timedelta(0)))
    assert not proves(sessions, first, later)
    assert not proves(sessions, second, later)
    assert proves(sessions, third, later)


def test_after_the_overlap_it_may_be_rotated_again(sessions: Sessions, now: datetime) -> None:
    """The secret that has expired is forgotten, so that there never are more than two."""
    create_consumer(sessions, name="erp", now=now)
    for days in range(5):
        rotate(sessions, now + days * DAY)
        assert kinds(sessions) == [SECRET, SECRET]


def test_of_two_that_rotate_at_once_one_is_refused(sessions: Sessions, now: datetime) -> None:
    """There would be three secrets."""
    create_consumer(sessions, name="erp", now=now)
    start = Barrier(4)

    def one(_: int) -> bool:
        start.wait()
        try:
            rotate(sessions, now)
        except RotationUnderWay:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    assert kinds(sessions) == [SECRET, SECRET]


def test_a_digest_consumer_goes_on_with_digests(sessions: Sessions, now: datetime) -> None:
    """By both secrets during the overlap; without the key nothing is rotated."""
    old = create_consumer(sessions, name="erp", now=now, seal=SEAL)
    with pytest.raises(NoDigestKey):
        rotate(sessions, now, seal=NO_SEAL)
    assert kinds(sessions) == [DIGEST_SECRET, SECRET]
    new = rotate(sessions, now)
    assert proves(sessions, digest_of(old, stamp(now)), now)
    assert proves(sessions, digest_of(new, stamp(now), nonce=b"another"), now)
    late = now + DAY
    assert not proves(sessions, digest_of(old, stamp(late)), late)
    assert proves(sessions, digest_of(new, stamp(late)), late)


def test_a_consumer_without_digests_gets_none_by_rotation(
    sessions: Sessions, now: datetime
) -> None:
    """Its new secret is kept as a hash alone, key or not."""
    create_consumer(sessions, name="erp", now=now)
    rotate(sessions, now)
    assert kinds(sessions) == [SECRET, SECRET]


def test_a_certificate_is_exchanged(sessions: Sessions, now: datetime) -> None:
    """Both work during the overlap, and the secret is not touched."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now, certificate=ONE))
    rotate_certificate(sessions, name="erp", certificate=TWO, overlap=DAY, now=now)
    for at, works in ((now, True), (now + DAY, False)):
        assert proves(sessions, Certificate(ONE), at) is works
        assert proves(sessions, Certificate(TWO), at)
        assert proves(sessions, secret, at)


def test_a_certificate_that_is_in_use_is_not_taken(sessions: Sessions, now: datetime) -> None:
    """Not twice by one consumer either; once it has expired, it may be used again."""
    create_consumer(sessions, name="erp", now=now, certificate=ONE)
    create_consumer(sessions, name="other", now=now)
    for name in ("erp", "other"):
        with pytest.raises(CertificateTaken):
            rotate_certificate(sessions, name=name, certificate=ONE, overlap=DAY, now=now)
    assert get_consumer(sessions, name="erp").credentials[0].expires_at is None
    rotate_certificate(sessions, name="erp", certificate=TWO, overlap=DAY, now=now)
    rotate_certificate(sessions, name="other", certificate=ONE, overlap=DAY, now=now + DAY)
    assert proves(sessions, Certificate(ONE), now + DAY)


# Disabling


def test_a_disabled_consumer_may_be_enabled_again(sessions: Sessions, now: datetime) -> None:
    """With what proved it before."""
    secret = Secret("erp", create_consumer(sessions, name="erp", now=now, certificate=ONE))
    for at in (now, now + DAY):
        disable_consumer(sessions, name="erp", now=at)
        assert not proves(sessions, secret, now)
        assert not proves(sessions, Certificate(ONE), now)
    with sessions() as session:
        found = find_consumer(session, "erp")
        assert found is not None
        assert found.disabled_at == now
    enable_consumer(sessions, name="erp", now=now)
    assert proves(sessions, secret, now)


# The digest key


def test_the_digest_key_is_exchanged(sessions: Sessions, now: datetime) -> None:
    """The new one before the old one, the secrets encrypted anew, and the old one may go."""
    old_key, new_key = make_key(), make_key()
    old, both, new = (
        ConsumerSettings(digest_key=SecretStr(keys))
        for keys in (old_key, f"{new_key}\n{old_key}", new_key)
    )
    secret = create_consumer(sessions, name="erp", now=now, seal=Seal(old))
    create_consumer(sessions, name="plain", now=now)
    with pytest.raises(NoDigestKey, match="encrypted with another key"):
        reseal_secrets(sessions, seal=Seal(new))
    assert reseal_secrets(sessions, seal=Seal(both)) == 1
    assert isinstance(Prover(sessions, new).prove(digest_of(secret, stamp(now)), now), Proof)
