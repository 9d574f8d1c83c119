"""Sessions: opaque tokens, kept as digests, that end after a time without use."""

import hashlib
import secrets

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.org import Org

_TOUCH_EVERY_SECONDS = 60


def open_session(org: Org) -> str:
    """A new session of the user; sessions that have ended are forgotten."""
    token = f"{org.id[:15]}!{secrets.token_urlsafe(72)}"
    now = org.seconds()
    with org.database.writing() as connection:
        connection.execute("DELETE FROM _session WHERE last_used <= ?", (now - _lifetime(org),))
        connection.execute(
            "INSERT INTO _session VALUES (?, ?, ?)", (_digest(token), org.user_id, now)
        )
    return token


def check_session(org: Org, token: str) -> str:
    """The id of the session's user. Raises ApiFault INVALID_SESSION_ID."""
    now = org.seconds()
    with org.database.reading() as connection:
        found = connection.execute(
            "SELECT user_id, last_used FROM _session WHERE digest = ?", (_digest(token),)
        ).fetchone()
    if found is None or found[1] <= now - _lifetime(org):
        raise ApiFault(
            "INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session"
        )
    if found[1] <= now - min(_TOUCH_EVERY_SECONDS, _lifetime(org) // 10):
        with org.database.writing() as connection:
            connection.execute(
                "UPDATE _session SET last_used = ? WHERE digest = ?", (now, _digest(token))
            )
    return str(found[0])


def close_session(org: Org, token: str) -> None:
    with org.database.writing() as connection:
        connection.execute("DELETE FROM _session WHERE digest = ?", (_digest(token),))


def _lifetime(org: Org) -> int:
    return int(org.limits.session_lifetime.total_seconds())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
