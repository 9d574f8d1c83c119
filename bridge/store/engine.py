"""Opening the database: engines, sessions, migrations, and the lock that a job holds."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.store.failures import reason_of
from bridge.store.liveness import keep_to_file, replace_dead_connections
from bridge.store.settings import DatabaseSettings
from bridge.store.turns import READ_ONLY, WriteTurns


class DatabaseUnavailable(BridgeError):
    """The database cannot be opened or reached."""


class SchemaOutdated(BridgeError):
    """The database's schema is not the one this version needs."""


def open_engine(settings: DatabaseSettings) -> Engine:
    """An engine for the settings' URL; it connects on first use. Raises DatabaseUnavailable."""
    try:
        url = make_url(settings.url)
    except ArgumentError as error:
        raise DatabaseUnavailable(
            "database.url is no database URL: see config/bridge.toml"
        ) from error
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(settings)
    if url.get_backend_name() != "postgresql":
        raise DatabaseUnavailable(
            f"database.url: {url.drivername} is neither sqlite nor postgresql"
        )
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=settings.pool_size,
            connect_args={"connect_timeout": 10},
            hide_parameters=True,  # customers' data has no place in a log
        )
    except ModuleNotFoundError as error:
        raise DatabaseUnavailable(
            "PostgreSQL's driver is not installed: pip install 'erp-bridge[postgres]'"
        ) from error
    replace_dead_connections(engine)
    return engine


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after their transaction."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that only reads: on SQLite it never waits for a writer."""
    with sessions() as session:
        session.connection(execution_options={READ_ONLY: True})
        yield session


@contextmanager
def glancing(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that reads by statements of which each may see another moment.

    PostgreSQL needs no transaction for one: beginning and ending one takes as long as the
    statement, each.
    """
    with sessions() as session:
        options: dict[str, Any] = {READ_ONLY: True}
        if session.get_bind().dialect.name == "postgresql":
            options["isolation_level"] = "AUTOCOMMIT"
        session.connection(execution_options=options)
        yield session


def upgrade_schema(engine: Engine) -> bool:
    """Migrates the database to this version's schema; whether it was empty before.

    Raises DatabaseUnavailable and SchemaOutdated.
    """
    with _migrations() as config, _connected(engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # Several nodes may start at once; the lock goes with the transaction.
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key("schema")}
            )
        config.attributes["connection"] = connection
        was_empty = MigrationContext.configure(connection).get_current_revision() is None
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaOutdated(
                "the database was migrated by another version of the bridge: install that version,"
                f" or restore the database from before ({error})"
            ) from error
    return was_empty


def check_schema(engine: Engine) -> None:
    """Raises SchemaOutdated where `erp-bridge db upgrade` is due."""
    with _migrations() as config, _connected(engine) as connection:
        head = ScriptDirectory.from_config(config).get_current_head()
        found = MigrationContext.configure(connection).get_current_revision()
    if found != head:
        raise SchemaOutdated(
            f"the database's schema is {found or 'empty'}, this version needs {head}:"
            " run `erp-bridge db upgrade`"
        )


@contextmanager
def job_lock(engine: Engine, job: str) -> Iterator[bool]:
    """Holds the lock of a job while the block runs; yields False where another process has it.

    The lock dies with its holder (a file lock beside SQLite's file, an advisory lock on
    PostgreSQL), so whoever gets it knows that an older run still marked RUNNING is dead.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(f"{engine.url.database}.{job}.lock")) as held:
            yield held
    else:
        with _advisory_lock(engine, job) as held:
            yield held


def hold_record_type(session: Session, record_type: RecordType) -> None:
    """Waits for the others that decide or settle records of this type, and keeps them out.

    Until the transaction ends. Each of them reads and writes many versions and corrections in an
    order of its own: without this, two that meet on PostgreSQL would act on what has just changed,
    or wait in a circle. Submissions stay free: they write the ERP's versions alone, all in one
    order.
    """
    hold(session, f"decide {record_type}")


def hold(session: Session, name: str) -> None:
    """Waits for the others that hold this name, and keeps them out until the transaction ends.

    On SQLite one transaction writes at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key(name)})


def hold_audit(session: Session) -> None:
    """Keeps others from writing to the audit trail until the transaction ends.

    What is read after it is the newest there is: the transaction must not be one that sees one
    moment throughout (`held_types`).
    """
    hold(session, "audit")


@contextmanager
def held_types(engine: Engine, record_types: Sequence[RecordType]) -> Iterator[Engine | Connection]:
    """Where to open a transaction that decides these types, and sees one moment throughout.

    On PostgreSQL that takes Repeatable Read, whose snapshot is taken with its first statement: the
    locks of `hold_record_type` have to be there before, or the transaction would look at what was
    before the one it waited for. On SQLite a transaction that writes is alone.
    """
    if not record_types or engine.dialect.name == "sqlite":
        yield engine
        return
    keys = [{"key": _lock_key(f"decide {record_type}")} for record_type in record_types]
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), keys)
        connection.commit()
        try:
            yield connection.execution_options(isolation_level="REPEATABLE READ")
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), keys)
            connection.commit()


def _open_sqlite(settings: DatabaseSettings) -> Engine:
    path = make_url(settings.url).database
    if not path or path == ":memory:":
        raise DatabaseUnavailable(
            "database.url: SQLite needs a file, as in sqlite:///var/bridge.db"
        )
    with suppress(OSError):  # connecting will say what is wrong
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # customers' data: nobody else's
    engine = create_engine(
        settings.url,
        pool_size=settings.pool_size,
        connect_args={"timeout": settings.busy_timeout_seconds},
        hide_parameters=True,  # customers' data has no place in a log
    )
    keep_to_file(engine, Path(path))
    event.listen(engine, "connect", _prepare_sqlite)
    WriteTurns(engine, settings.busy_timeout_seconds)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by WriteTurns
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}").close()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        reason = _refusal_of_file(engine) or reason_of(error)
        raise DatabaseUnavailable(f"cannot open {where}: {reason}") from error
    with connection:
        yield connection


def _refusal_of_file(engine: Engine) -> str | None:
    """What the system says of SQLite's file, where it lets nobody open it; SQLite tells no more."""
    if engine.dialect.name != "sqlite":
        return None
    try:
        os.close(os.open(str(engine.url.database), os.O_RDWR))
    except OSError as error:
        return error.strerror
    return None


@contextmanager
def _migrations() -> Iterator[Config]:
    with as_file(files("bridge.store") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        yield config


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(f"cannot open the lock {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def _advisory_lock(engine: Engine, job: str) -> Iterator[bool]:
    with engine.connect() as connection:
        key = {"key": _lock_key(job)}
        held = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one()
        connection.commit()
        try:
            yield bool(held)
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                connection.commit()


def _lock_key(name: str) -> int:
    digest = hashlib.blake2b(f"erp-bridge {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
