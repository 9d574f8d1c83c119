"""Telling who calls: by a secret, a digest of it, an API key, or a certificate."""

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.operations.addresses import site_of
from bridge.operations.brake import Brake
from bridge.operations.credentials import (
    ApiKey,
    Certificate,
    Consumer,
    Credentials,
    Secret,
    SecretDigest,
)
from bridge.operations.entrance import Entrance
from bridge.operations.proving import Proof, Prover, Refusal
from bridge.operations.remembering import Remembered
from bridge.operations.settings import ConsumerSettings

__all__ = [
    "ApiKey",
    "Authenticator",
    "Certificate",
    "Consumer",
    "Credentials",
    "Secret",
    "SecretDigest",
    "WrongCredentials",
]

log = structlog.get_logger(__name__)

_CACHE_TIME = timedelta(seconds=60)
_NO_STRANGER_FOR = timedelta(days=1)
_DEFAULTS = ConsumerSettings()


class WrongCredentials(BridgeError):
    """They prove no consumer, or one that is disabled. Says no more than that."""


class Authenticator:
    """Tells who calls.

    Proving is slow on purpose, so what credentials turned out to be is remembered for a minute: by
    a keyed hash, with a key that lives in this process only. So a consumer that is disabled, or
    whose rights change, calls as before for that long; a proof that expires is good no longer than
    that. What proves nobody is remembered as far as no admin can change that: not where a consumer
    is disabled, nor of certificates, which it may be given. A digest differs each time, and is
    proved each time. Failures are slowed down. While a flood of wrong secrets has to be looked at,
    those of names that were not proved from the same address within a day have to come again.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        settings: ConsumerSettings = _DEFAULTS,
        *,
        brake: Brake | None = None,
        entrance: Entrance | None = None,
    ) -> None:
        self._prover = Prover(sessions, settings)
        self._brake = brake or Brake()
        self._entrance = entrance or Entrance()
        self._key = secrets.token_bytes(32)
        # Apart, so that a flood of wrong ones does not drive out the right ones.
        self._right: Remembered[bytes, Proof] = Remembered()
        self._wrong: Remembered[bytes, Refusal] = Remembered()
        self._proved_at: Remembered[tuple[str, str], bool] = Remembered()

    def authenticate(self, credentials: Credentials, *, address: str, now: datetime) -> Consumer:
        """The consumer that these prove, from an IP address.

        Raises WrongCredentials, ServerBusy.
        """
        if isinstance(credentials, SecretDigest):
            found = self._prover.prove(credentials, now)
        else:
            found = self._recall(credentials, site_of(address), now)
        if isinstance(found, Proof):
            return found.consumer
        self._tell(credentials, found, address, now)
        raise WrongCredentials("wrong name or secret")

    def recognise(self, credentials: Credentials, *, now: datetime) -> str | None:
        """The consumer that these have proved within the last minute; proves nothing anew."""
        if isinstance(credentials, SecretDigest):
            return None
        known = self._right.get(self._keyed_hash(credentials), now)
        return known.consumer.name if known else None

    def _tell(
        self, credentials: Credentials, refusal: Refusal, address: str, now: datetime
    ) -> None:
        """Slows a failure down, and logs it: of names only a consumer's, see `Refusal`."""
        failures = self._brake.slow(address=site_of(address), name=_named(credentials), now=now)
        log.warning(
            "login refused",
            address=address,
            by=_KINDS[type(credentials)],
            consumer=refusal.name,
            disabled=refusal.disabled,
            failures=failures,
        )

    def _recall(
        self, credentials: Secret | ApiKey | Certificate, site: str, now: datetime
    ) -> Proof | Refusal:
        key, whence = self._keyed_hash(credentials), (_named(credentials), site)
        if known := self._known(key, now):
            return known
        is_slow = not isinstance(credentials, Certificate)
        is_stranger = is_slow and self._proved_at.get(whence, now) is None
        found = self._entrance.look_at(
            key,
            lambda: self._known(key, now) or self._prove(credentials, key, now),
            is_stranger=is_stranger,
            now=now,
        )
        if isinstance(found, Proof):
            self._proved_at.put(whence, True, now=now, until=now + _NO_STRANGER_FOR)
        return found

    def _known(self, key: bytes, now: datetime) -> Proof | Refusal | None:
        return self._right.get(key, now) or self._wrong.get(key, now)

    def _prove(
        self, credentials: Secret | ApiKey | Certificate, key: bytes, now: datetime
    ) -> Proof | Refusal:
        found = self._prover.prove(credentials, now)
        until = now + _CACHE_TIME
        if isinstance(found, Proof):
            self._right.put(key, found, now=now, until=min(until, found.expires_at or until))
        elif not (found.disabled or isinstance(credentials, Certificate)):
            self._wrong.put(key, found, now=now, until=until)
            self._entrance.tell_wrong(now)
        return found

    def _keyed_hash(self, credentials: Secret | ApiKey | Certificate) -> bytes:
        match credentials:
            case Secret(name, secret):
                parts = ["secret", name, secret]
            case ApiKey(key):
                parts = ["key", key]
            case Certificate(fingerprint):
                parts = ["certificate", fingerprint]
        return hashlib.blake2b(repr(parts).encode(), key=self._key, digest_size=32).digest()


def _named(credentials: Credentials) -> str:
    """Whom credentials claim, for the brake."""
    match credentials:
        case Secret(name) | SecretDigest(name):
            return name[:80]
        case ApiKey(key):
            return f"API key {key.partition('.')[0][:20]}"
        case Certificate(fingerprint):
            return f"certificate {fingerprint[:100]}"


_KINDS = {
    Secret: "name and secret",
    SecretDigest: "digest",
    ApiKey: "API key",
    Certificate: "certificate",
}
