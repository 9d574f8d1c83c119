"""SQLite's writers of one process wait in line."""

import gc
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from bridge.store.engine import open_engine, reading, session_factory
from bridge.store.settings import DatabaseSettings
from bridge.store.turns import AT_ONCE

WRITE = text("INSERT INTO numbers VALUES (1)")


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """A database with a table."""
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/turns.db"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (number INTEGER)"))
    yield engine
    engine.dispose()


class Writer(threading.Thread):
    """Writes in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self._engine = engine

    def run(self) -> None:
        """Writes one row."""
        with self._engine.begin() as connection:
            connection.execute(WRITE)


def is_free(engine: Engine) -> bool:
    """Whether a writer gets its turn."""
    writer = Writer(engine)
    writer.start()
    writer.join(5)
    return not writer.is_alive()


def test_a_writer_waits_for_the_one_before(sqlite: Engine) -> None:
    """It asks the database for nothing until then, and writes as soon as that one is done."""
    asked: list[str] = []
    event.listen(sqlite, "before_cursor_execute", lambda *call: asked.append(call[2]))
    second = Writer(sqlite)
    with sqlite.begin() as connection:
        connection.execute(WRITE)
        second.start()
        second.join(0.2)
        assert asked == ["BEGIN IMMEDIATE", WRITE.text]
    second.join(5)
    assert asked == ["BEGIN IMMEDIATE", WRITE.text] * 2


def test_a_turn_ends_with_its_transaction(sqlite: Engine) -> None:
    """By a commit, by a rollback, and by an error."""
    with sqlite.begin() as connection:
        connection.execute(WRITE)
    assert is_free(sqlite)
    with sqlite.connect() as connection:
        connection.execute(WRITE)
        connection.rollback()
        assert is_free(sqlite)
    with pytest.raises(OperationalError), sqlite.begin() as connection:
        connection.execute(text("INSERT INTO nothing VALUES (1)"))
    assert is_free(sqlite)


def test_a_connection_that_is_forgotten_keeps_no_turn(sqlite: Engine) -> None:
    """The pool takes it back, and the next one writes."""
    connection = sqlite.connect()
    connection.execute(WRITE)
    del connection
    gc.collect()
    assert is_free(sqlite)


def test_a_statement_that_a_signal_ends(sqlite: Engine) -> None:
    """What the signal raised is what comes out, and the turn is free again."""
    slow = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt), sqlite.begin() as connection:
            connection.execute(text(f"{slow} SELECT count(*) FROM n"))
    finally:
        signal.signal(signal.SIGALRM, before)
    gc.collect()  # the error's traceback holds the cursor, and that the lock of the file
    assert is_free(sqlite)


def test_another_process_is_waited_for_in_vain(sqlite: Engine) -> None:
    """The database tells that it is locked, and the turn is free again."""
    ours = open_engine(DatabaseSettings(url=str(sqlite.url), busy_timeout_seconds=1))
    with sqlite.begin() as connection:
        connection.execute(WRITE)
        with pytest.raises(OperationalError, match="locked"), ours.begin():
            pass
    assert is_free(ours)
    ours.dispose()


def test_who_writes_at_once_waits_for_nobody(sqlite: Engine) -> None:
    """Neither for a writer of the process nor of another, and is patient again afterwards."""
    at_once = sqlite.execution_options(**{AT_ONCE: True})
    other = open_engine(DatabaseSettings(url=str(sqlite.url)))
    for holder in (sqlite, other):
        with holder.begin() as connection:
            connection.execute(WRITE)
            started = time.monotonic()
            with pytest.raises(OperationalError, match="locked"), at_once.begin():
                pass
            assert time.monotonic() - started < 10
    with at_once.begin() as connection:
        connection.execute(WRITE)
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 60_000
    assert is_free(sqlite)
    other.dispose()


def test_readers_wait_for_nobody(sqlite: Engine) -> None:
    """They read beside a writer what was there before."""
    with sqlite.begin() as connection:
        connection.execute(WRITE)
        with reading(session_factory(sqlite)) as session:
            assert session.scalar(text("SELECT count(*) FROM numbers")) == 0
