"""Whether the database can be written."""

import time
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.engine import glancing
from bridge.store.heartbeat import beat, has_beaten

Sessions = sessionmaker[Session]


def beats(sessions: Sessions, now: datetime) -> bool:
    with glancing(sessions) as session:
        return has_beaten(session, now=now)


def test_a_beat_is_seen_for_seconds(sessions: Sessions, now: datetime) -> None:
    """By everybody, and a clock that was put back does not make it last."""
    assert not beats(sessions, now)
    beat(sessions, now=now)
    assert beats(sessions, now + timedelta(seconds=9))
    assert not beats(sessions, now + timedelta(seconds=10))
    assert not beats(sessions, now - timedelta(seconds=10))
    beat(sessions, now=now + timedelta(minutes=1))
    assert beats(sessions, now + timedelta(minutes=1))


def test_another_writer_is_not_waited_for(sessions: Sessions, now: datetime) -> None:
    """It is well, too, where somebody writes for a long time."""
    with sessions.begin() as session:
        session.execute(text("DELETE FROM heartbeat"))
        started = time.monotonic()
        beat(sessions, now=now)
        assert time.monotonic() - started < 10
