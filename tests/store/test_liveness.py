"""Connections that were kept while PostgreSQL ended them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from bridge.store import liveness
from bridge.store.engine import open_engine
from bridge.store.settings import DatabaseSettings


@pytest.fixture
def pool(postgres_url: str) -> Iterator[Engine]:
    """An engine on PostgreSQL with connections of its own."""
    engine = open_engine(DatabaseSettings(url=postgres_url))
    yield engine
    engine.dispose()


def end(postgres_url: str, backend: int) -> None:
    """Ends a connection from outside the pool."""
    engine = open_engine(DatabaseSettings(url=postgres_url))
    with engine.connect() as other:
        query = text(f"SELECT pg_terminate_backend({backend}, 5000)")
        assert other.execute(query).scalar_one()
    engine.dispose()


def backend_of(engine: Engine) -> int:
    """The server's process behind the connection that the pool gives."""
    with engine.connect() as connection:
        pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return pid


def pings(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that the server is asked about from now on."""
    asked: list[object] = []
    ping = engine.dialect.do_ping

    def note(connection: object) -> bool:
        asked.append(connection)
        return ping(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.dialect, "do_ping", note)
    return asked


def test_an_ended_connection_is_replaced_at_once(
    pool: Engine, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one that was in use a moment ago: no caller gets it."""
    monkeypatch.setattr(liveness, "_TRUSTED_SECONDS", 60.0)
    ended = backend_of(pool)
    end(postgres_url, ended)
    assert backend_of(pool) != ended


def test_a_connection_in_use_is_not_asked(pool: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs a round trip, which a quiet one is spared."""
    monkeypatch.setattr(liveness, "_TRUSTED_SECONDS", 60.0)
    asked = pings(pool, monkeypatch)
    backends = {backend_of(pool) for _ in range(3)}
    assert (len(backends), asked) == (1, [])


def test_a_connection_that_rested_is_asked(pool: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall may have forgotten it without a word."""
    asked = pings(pool, monkeypatch)
    backend = backend_of(pool)
    monkeypatch.setattr(liveness, "_TRUSTED_SECONDS", -1.0)
    assert backend_of(pool) == backend
    assert len(asked) == 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where SQLite's file is."""
    return tmp_path / "bridge.db"


@pytest.fixture
def file(path: Path) -> Iterator[Engine]:
    """An engine on SQLite's file, with a table and a connection that is kept."""
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{path}"))
    write(engine, "CREATE TABLE told (number INTEGER)")
    yield engine
    engine.dispose()


def write(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        found: int = connection.execute(text("SELECT count(*) FROM told")).scalar_one()
        return found


def test_a_file_that_was_taken_away_takes_nothing_more(file: Engine, path: Path) -> None:
    """Nobody is told that something is stored which is lost, and no empty file takes its place."""
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(OperationalError, match=r"bridge.db was taken away or exchanged: put it"):
        write(file, "INSERT INTO told VALUES (1)")
    assert not path.exists()
    path.with_name("elsewhere.db").rename(path)
    write(file, "INSERT INTO told VALUES (1)")
    assert count(file) == 1


def test_a_file_that_was_exchanged_is_left_alone(file: Engine, path: Path) -> None:
    """What was not yet in the old file must not get into the one that was moved to its place."""
    other = path.with_name("other.db")
    shutil.copy(path, other)
    write(file, "INSERT INTO told VALUES (1)")
    other.rename(path)
    with pytest.raises(OperationalError, match="if that is meant, restart"):
        count(file)
