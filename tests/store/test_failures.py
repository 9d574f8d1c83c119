"""What the database says when it fails."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError, TimeoutError

from bridge.store.engine import open_engine
from bridge.store.failures import failure_of, reason_of
from bridge.store.settings import DatabaseSettings


def failing(path: Path, statement: str) -> SQLAlchemyError:
    """The error of a statement on this SQLite file."""
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{path}", busy_timeout_seconds=0))
    with pytest.raises(SQLAlchemyError) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    return caught.value


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Told in the database's own words."""
    (tmp_path / "bridge.db").write_text("spoiled " * 100)
    error = failing(tmp_path / "bridge.db", "SELECT 1")
    assert failure_of(error) == "the database failed: file is not a database"


def test_a_database_that_others_hold(tmp_path: Path) -> None:
    """Without the statement that had to wait, and its values."""
    with sqlite3.connect(tmp_path / "bridge.db", isolation_level=None) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        error = failing(tmp_path / "bridge.db", "SELECT 'hush'")
    assert failure_of(error) == "the database failed: database is locked"


def test_no_connection_is_free() -> None:
    """That is the pool's word, and as good as the database's."""
    assert failure_of(TimeoutError("QueuePool limit reached\nmore")) == (
        "the database failed: QueuePool limit reached"
    )


def test_what_is_no_failure(tmp_path: Path) -> None:
    """A row that the rules of a table forbid, and any other error, are somebody's mistake."""
    double = "INSERT INTO one SELECT 1 UNION ALL SELECT 1"
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/bridge.db"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE one (number INTEGER UNIQUE)"))
    engine.dispose()
    assert failure_of(failing(tmp_path / "bridge.db", double)) is None
    assert failure_of(failing(tmp_path / "bridge.db", "SELECT 1 FROM nowhere")) is None
    assert failure_of(ValueError("no")) is None


def test_an_error_without_words() -> None:
    """Has its name."""
    assert reason_of(TimeoutError("")) == "TimeoutError"
