"""Telling who calls: by a secret, a digest of it, an API key, or a certificate."""

import hashlib
import hmac
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
from bridge.operations.proving import Proof, Prover
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
_DEFAULTS = ConsumerSettings()


class WrongCredentials(BridgeError):
    """They prove no consumer, or one that is disabled. Says no more than that."""


class Authenticator:
    """Tells who calls.

    Proving is slow on purpose, so what credentials turned out to be is remembered for a minute: by
    a keyed hash, with a key that lives in this process only. So a consumer that is disabled, or
    whose rights change, calls as before for that long; a proof that expires is good no longer than
    that. A digest differs each time, and is proved each time. Failures are slowed down.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        settings: ConsumerSettings = _DEFAULTS,
        *,
        brake: Brake | None = None,
    ) -> None:
        self._prover = Prover(sessions, settings)
        self._brake = brake or Brake()
        self._key = secrets.token_bytes(32)
        # Apart, so that a flood of wrong ones does not drive out the right ones.
        self._right: Remembered[bytes, Proof] = Remembered()
        self._wrong: Remembered[bytes, bool] = Remembered()

    def authenticate(self, credentials: Credentials, *, address: str, now: datetime) -> Consumer:
        """The consumer that these prove, from an IP address. Raises WrongCredentials."""
        if isinstance(credentials, SecretDigest):
            proof = self._prover.prove(credentials, now)
        else:
            proof = self._recall(credentials, now)
        if proof is None:
            name = _named(credentials)
            failures = self._brake.slow(address=site_of(address), name=name, now=now)
            log.warning("login refused", address=address, name_tried=name, failures=failures)
            raise WrongCredentials("wrong name or secret")
        return proof.consumer

    def _recall(self, credentials: Secret | ApiKey | Certificate, now: datetime) -> Proof | None:
        key = self._keyed_hash(credentials)
        proof = self._right.get(key, now)
        if proof is not None or self._wrong.get(key, now):
            return proof
        proof = self._prover.prove(credentials, now)
        until = now + _CACHE_TIME
        if proof is None:
            self._wrong.put(key, True, now=now, until=until)
        else:
            self._right.put(key, proof, now=now, until=min(until, proof.expires_at or until))
        return proof

    def _keyed_hash(self, credentials: Secret | ApiKey | Certificate) -> bytes:
        match credentials:
            case Secret(name, secret):
                parts = ["secret", name, secret]
            case ApiKey(key):
                parts = ["key", key]
            case Certificate(fingerprint):
                parts = ["certificate", fingerprint]
        return hmac.digest(self._key, repr(parts).encode(), hashlib.sha256)


def _named(credentials: Credentials) -> str:
    """Whom credentials claim, for a log line."""
    match credentials:
        case Secret(name) | SecretDigest(name):
            return name[:80]
        case ApiKey(key):
            number, dot, _ = key.partition(".")  # without a dot it may be a secret
            return f"API key of consumer {number[:20] if dot else '?'}"
        case Certificate(fingerprint):
            return f"certificate {fingerprint[:100]}"
