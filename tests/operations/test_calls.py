"""The trail of calls: written behind the callers' backs."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs

from bridge.operations import calls
from bridge.operations.calls import (
    MAX_ENVELOPE_BYTES,
    CallRow,
    CallTrail,
    UnknownCall,
    get_call,
    list_calls,
)
from tests.callers import CALL, STRANGERS_CALL

Sessions = sessionmaker[Session]


@pytest.fixture
def trail(sessions: Sessions) -> Iterator[CallTrail]:
    """A trail, closed at the end."""
    trail = CallTrail(sessions)
    yield trail
    trail.close()


def row(number: int = 1) -> CallRow:
    return replace(CALL, correlation_id=f"c-{number}", envelope=None)


def ids(sessions: Sessions) -> list[str]:
    return [one.row.correlation_id for one in list_calls(sessions, limit=5_000)][::-1]


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@contextmanager
def nobody_writes(sessions: Sessions) -> Iterator[None]:
    """Someone else holds the table while the block runs, as a long transaction does on SQLite."""
    with sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text('LOCK TABLE "call" IN EXCLUSIVE MODE'))
        else:
            session.execute(text("SELECT 1"))  # BEGIN IMMEDIATE takes the write lock
        yield


def test_a_call_is_written_soon(sessions: Sessions, trail: CallTrail) -> None:
    """Without anybody's doing."""
    trail.write(row())
    until(lambda: ids(sessions) == ["c-1"])
    assert ids(sessions) == ["c-1"]


def test_closing_writes_what_waits(sessions: Sessions, trail: CallTrail) -> None:
    """In the order in which they came; a later call starts anew."""
    for number in range(450):
        trail.write(row(number))
    trail.close()
    assert ids(sessions) == [f"c-{number}" for number in range(450)]
    trail.close()
    trail.write(row(450))
    trail.close()
    assert ids(sessions)[-1] == "c-450"


def test_calls_do_not_wait_for_the_database(sessions: Sessions, trail: CallTrail) -> None:
    """While a long transaction lets nobody write, calls gather; then all of them are written."""
    with nobody_writes(sessions):
        trail.write(row(0))
        started = time.monotonic()
        for number in range(1, 400):
            trail.write(row(number))
        assert time.monotonic() - started < 5
        assert ids(sessions) == []
    trail.close(timeout_seconds=60)
    assert len(ids(sessions)) == 400


def test_where_too_many_wait_the_next_one_waits(
    sessions: Sessions, trail: CallTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory that waiting calls take is bounded, and none of them is lost."""
    monkeypatch.setattr(calls, "_WAITING_AT_MOST", 5)
    monkeypatch.setattr(calls, "_BATCH", 5)
    written = threading.Event()

    def write() -> None:
        for number in range(20):
            trail.write(row(number))
        written.set()

    with ThreadPoolExecutor(1) as pool, nobody_writes(sessions):
        pool.submit(write)
        assert not written.wait(0.7)
    trail.close(timeout_seconds=60)
    assert len(ids(sessions)) == 20


def test_many_threads_write(sessions: Sessions, trail: CallTrail) -> None:
    """Each call once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(trail.write, map(row, range(600))))
    trail.close()
    assert sorted(ids(sessions)) == sorted(f"c-{number}" for number in range(600))


def test_what_cannot_be_stored_is_told(sessions: Sessions, trail: CallTrail) -> None:
    """In the log, all but its envelope; the next call is stored again."""
    with sessions.begin() as session:
        session.execute(text('ALTER TABLE "call" RENAME TO gone'))
    with capture_logs() as logs:
        trail.write(replace(CALL, correlation_id="lost"))
        trail.close()
    (lost,) = [line for line in logs if line["event"] == "call not recorded"]
    assert (lost["correlation_id"], lost["outcome"], lost["envelope"]) == ("lost", "ok", None)
    with sessions.begin() as session:
        session.execute(text('ALTER TABLE gone RENAME TO "call"'))
    trail.write(row())
    trail.close()
    assert ids(sessions) == ["c-1"]


def test_closing_takes_no_longer_than_it_may(sessions: Sessions, trail: CallTrail) -> None:
    """A server that is told to stop, stops, and says what it leaves."""
    with nobody_writes(sessions), capture_logs() as logs:
        trail.write(row())
        started = time.monotonic()
        trail.close(timeout_seconds=0.5)
        assert 0.4 < time.monotonic() - started < 10
    assert "the last calls are not recorded: the database takes too long" in {
        line["event"] for line in logs
    }
    until(lambda: ids(sessions) == ["c-1"])


def test_an_envelope_is_kept_up_to_a_size(sessions: Sessions, trail: CallTrail) -> None:
    """However much was sent."""
    trail.write(replace(CALL, envelope=b"x" * (MAX_ENVELOPE_BYTES + 1)))
    trail.close()
    assert get_call(sessions, call_id=1).row.envelope == b"x" * MAX_ENVELOPE_BYTES


def test_an_unknown_call_is_told(sessions: Sessions) -> None:
    """Never there, or forgotten."""
    with pytest.raises(UnknownCall, match="there is no call 7, or it is forgotten"):
        get_call(sessions, call_id=7)


def test_a_flood_of_strangers_is_not_written_down(
    sessions: Sessions, trail: CallTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty a minute are; whoever is recognised always is."""
    seconds = 6_000.0
    monkeypatch.setattr(calls.time, "monotonic", lambda: seconds)
    for minute in range(2):
        seconds = 6_000.0 + 60 * minute
        for _ in range(100):
            trail.write(STRANGERS_CALL)
        trail.write(row())
    monkeypatch.undo()
    trail.close()
    found = list_calls(sessions, limit=500)
    assert [one.row.consumer for one in found].count(None) == 120
    assert len(found) == 122


def test_the_server_s_processes_share_the_strangers(sessions: Sessions) -> None:
    """Each writes its part of the sixty, rounded up."""
    trail = CallTrail(sessions, 7)
    for _ in range(60):
        trail.write(STRANGERS_CALL)
    trail.close()
    assert len(list_calls(sessions)) in (9, 18)  # the minute may turn meanwhile
