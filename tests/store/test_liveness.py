"""Connections that were kept while PostgreSQL ended them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

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
