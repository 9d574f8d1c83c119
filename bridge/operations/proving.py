"""Whether credentials prove a consumer. Slow on purpose, and asked anew each time."""

import hashlib
import hmac
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.certificates import BadCertificate, normal_fingerprint
from bridge.operations.credentials import (
    ApiKey,
    Certificate,
    Consumer,
    Credentials,
    Secret,
    SecretDigest,
)
from bridge.operations.kept_secrets import NoDigestKey, Seal, hash_secret, is_hash_of, new_secret
from bridge.operations.rights import decode_rights
from bridge.operations.settings import ConsumerSettings
from bridge.store import models
from bridge.store.consumers import claim_nonce, find_certificate, find_claimed
from bridge.store.engine import reading
from bridge.store.models import Credential, CredentialKind

log = structlog.get_logger(__name__)

SECRETS_AT_MOST = 2
"""The new one and the one before it, while both work. A wrong secret costs as many hashes."""

_HASHED_AT_ONCE = 2
_LONGEST_NONCE = 128
_LONGEST_CREATED = 40
_GREATEST_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Proof:
    """A consumer that was proved, and until when the proof is good."""

    consumer: Consumer
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Credentials that prove nobody who may call.

    `name` is that of the consumer they name, as far as there is one: what else stood in its place
    may be a secret. `disabled` where they prove it, and it may not call for now.
    """

    name: str | None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The consumer that credentials name, and its proofs of the kind they ask for."""

    id: int
    consumer: Consumer
    enabled: bool
    proofs: list[Credential]

    def proof(self, expires_at: datetime | None = None) -> "Proof | Refusal":
        """What comes of it where it is proved."""
        if not self.enabled:
            return Refusal(self.consumer.name, disabled=True)
        return Proof(self.consumer, expires_at)


class Prover:
    """Proves credentials against what is kept.

    An unknown name takes as long as a wrong secret, and so tells nothing. Few secrets are hashed at
    a time: a flood of wrong ones takes neither the memory nor the other callers' time.
    """

    def __init__(self, sessions: sessionmaker[Session], settings: ConsumerSettings) -> None:
        self._sessions = sessions
        self._max_age = timedelta(seconds=settings.digest_max_age_seconds)
        self._seal = Seal(settings)
        self._places = threading.BoundedSemaphore(_HASHED_AT_ONCE)
        self._decoy = hash_secret(new_secret())
        self._sealed_decoys = [self._seal.close(new_secret())] if self._seal.has_keys else []

    def prove(self, credentials: Credentials, now: datetime) -> Proof | Refusal:
        """The proof, or whose it is not."""
        match credentials:
            case Secret(name, secret):
                return self._by_secret(self._claimed(name, CredentialKind.SECRET, now), secret)
            case ApiKey(key):
                number, _, secret = key.partition(".")
                claimed = self._claimed(_id_of(number), CredentialKind.SECRET, now)
                return self._by_secret(claimed, secret)
            case SecretDigest():
                return self._by_digest(credentials, now)
            case Certificate(fingerprint):
                return self._by_certificate(fingerprint, now)

    def _claimed(self, who: str | int, kind: CredentialKind, now: datetime) -> _Claimed | None:
        if isinstance(who, str) and not who.isprintable():
            return None  # no consumer has such a name, and PostgreSQL takes no NUL
        with reading(self._sessions) as session:
            found = find_claimed(session, who, kind=kind)
        if found is None:
            return None
        row, proofs = found
        live = [one for one in proofs if one.expires_at is None or now < one.expires_at]
        return _Claimed(row.id, _consumer(row), row.disabled_at is None, live)

    def _by_secret(self, claimed: _Claimed | None, secret: str) -> Proof | Refusal:
        proofs = claimed.proofs if claimed else []
        with self._places:
            for proof in proofs:
                if is_hash_of(proof.value, secret) and claimed:
                    return claimed.proof(proof.expires_at)
            for _ in range(SECRETS_AT_MOST - len(proofs)):
                is_hash_of(self._decoy, secret)
        return _refusal(claimed)

    def _by_digest(self, given: SecretDigest, now: datetime) -> Proof | Refusal:
        claimed = self._claimed(given.name, CredentialKind.DIGEST_SECRET, now)
        name = claimed.consumer.name if claimed else None
        if not self._is_fresh(given, name, now):
            return _refusal(claimed)
        if claimed and not claimed.proofs:
            log.warning("digest of a consumer without a digest secret", consumer=name)
        proofs = claimed.proofs if claimed else []
        if not self._is_digest_of_any(given, name, proofs) or not claimed:
            return _refusal(claimed)
        # What a digest covers must not come again, however it is divided into nonce and time.
        used = hashlib.sha256(given.nonce + given.created.encode()).digest()
        with self._sessions.begin() as session:
            if not claim_nonce(session, consumer_id=claimed.id, digest=used, now=now):
                log.warning("digest sent again", consumer=name)
                return _refusal(claimed)
        return claimed.proof()

    def _is_fresh(self, given: SecretDigest, name: str | None, now: datetime) -> bool:
        if not 0 < len(given.nonce) <= _LONGEST_NONCE or len(given.created) > _LONGEST_CREATED:
            return False
        try:
            created = datetime.fromisoformat(given.created)
        except ValueError:
            return False
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        if abs(now - created) > self._max_age:
            log.warning("digest out of time", consumer=name, created=given.created)
            return False
        return True

    def _is_digest_of_any(
        self, given: SecretDigest, name: str | None, proofs: list[Credential]
    ) -> bool:
        decoys = self._sealed_decoys * (SECRETS_AT_MOST - len(proofs))
        try:
            kept = [self._seal.open(sealed) for sealed in (*(p.value for p in proofs), *decoys)]
        except NoDigestKey as error:
            log.warning("a digest cannot be verified", consumer=name, reason=str(error))
            return False
        covered = given.nonce + given.created.encode()
        # SHA-1 is what the profile demands; it stands in HMAC's place, not in a signature's.
        digests = (
            hashlib.sha1(covered + secret.encode(), usedforsecurity=False).digest()
            for secret in kept
        )
        return sum(hmac.compare_digest(digest, given.digest) for digest in digests) > 0

    def _by_certificate(self, fingerprint: str, now: datetime) -> Proof | Refusal:
        try:
            digits = normal_fingerprint(fingerprint)
        except BadCertificate:
            return Refusal(None)
        with reading(self._sessions) as session:
            found = find_certificate(session, digits, now=now)
        if found is None:
            return Refusal(None)
        row, certificate = found
        claimed = _Claimed(row.id, _consumer(row), row.disabled_at is None, [certificate])
        return claimed.proof(certificate.expires_at)


def _refusal(claimed: _Claimed | None) -> Refusal:
    return Refusal(claimed.consumer.name if claimed else None)


def _id_of(number: str) -> int:
    fit = number.isascii() and number.isdecimal() and len(number) <= _GREATEST_ID_DIGITS
    return int(number) if fit else 0


def _consumer(row: models.Consumer) -> Consumer:
    return Consumer(row.name, decode_rights(row.rights))
