"""Consumers: adding them, and telling who calls."""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.store.consumers import add_consumer, find_consumer, list_consumers
from bridge.store.engine import reading

log = structlog.get_logger(__name__)

_CACHE_TIME = timedelta(seconds=60)
_REMEMBERED = 1_000
_AT_ONCE = 2
# Secrets are 192 random bits, so the lightest of OWASP's argon2id settings is ample (Password
# Storage Cheat Sheet): 19 MiB each, and no more than _AT_ONCE of them in a process.
_HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


class WrongCredentials(BridgeError):
    """Name or secret is wrong, or the consumer is disabled. Says no more than that."""


class BadConsumerName(BridgeError):
    """A name that cannot be a consumer's, or is taken."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who calls."""

    name: str


def create_consumer(sessions: sessionmaker[Session], *, name: str, now: datetime) -> str:
    """Adds a consumer and gives its secret, which is kept nowhere. Raises BadConsumerName."""
    if not name or len(name) > 80 or ":" in name or not name.isprintable():
        raise BadConsumerName("a consumer's name has 1 to 80 printable characters and no colon")
    secret = secrets.token_urlsafe(24)
    secret_hash = _HASHER.hash(secret)
    with sessions.begin() as session:
        if find_consumer(session, name) is not None:
            raise BadConsumerName(f"there is a consumer {name!r} already")
        add_consumer(session, name=name, secret_hash=secret_hash, now=now)
    return secret


def consumer_names(sessions: sessionmaker[Session]) -> list[tuple[str, datetime, bool]]:
    """All consumers: name, when added, whether they may call."""
    with reading(sessions) as session:
        found = list_consumers(session)
    return [(one.name, one.created_at, one.disabled_at is None) for one in found]


class Authenticator:
    """Tells who calls, by HTTP Basic's name and secret.

    Argon2 is slow on purpose, so what a pair turned out to be is remembered for a minute: as a
    keyed hash, with a key that lives in this process only. Few pairs are verified at a time, so
    that a flood of wrong ones takes neither the memory nor the other callers' time.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[bool, datetime]] = {}
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._decoy = _HASHER.hash(secrets.token_urlsafe(24))

    def authenticate(self, *, name: str, secret: str, now: datetime) -> Consumer:
        """The consumer of this name and secret. Raises WrongCredentials."""
        pair = hmac.digest(self._key, f"{name}:{secret}".encode(), hashlib.sha256)
        right, until = self._known.get(pair, (False, now))
        if until <= now:
            with self._places:
                right = self._verify(name, secret)
            self._remember(pair, right, now)
        if not right:
            log.warning("login refused", name_tried=name[:80])
            raise WrongCredentials("wrong name or secret")
        return Consumer(name)

    def _verify(self, name: str, secret: str) -> bool:
        with reading(self._sessions) as session:
            found = find_consumer(session, name)
        enabled = found is not None and found.disabled_at is None
        # An unknown name costs as much time as a wrong secret, and so tells nothing.
        secret_hash = found.secret_hash if found is not None and enabled else self._decoy
        try:
            return _HASHER.verify(secret_hash, secret) and enabled
        except VerificationError:
            return False

    def _remember(self, pair: bytes, right: bool, now: datetime) -> None:
        with self._lock:
            fresh = {one: what for one, what in self._known.items() if what[1] > now}
            kept = dict(list(fresh.items())[-_REMEMBERED:])
            self._known = {**kept, pair: (right, now + _CACHE_TIME)}
