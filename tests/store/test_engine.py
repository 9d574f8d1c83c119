"""Opening databases: migrations, locks, and clear words where it fails."""

from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.engine import (
    DatabaseUnavailable,
    SchemaOutdated,
    check_schema,
    glancing,
    job_lock,
    open_engine,
    upgrade_schema,
)
from bridge.store.models import Base, Consumer
from bridge.store.settings import DatabaseSettings


def test_migrations_make_what_the_models_say(engine: Engine) -> None:
    """After all migrations, the database differs in nothing from the models."""
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_whatever_refers_to_a_row_is_found_by_an_index(engine: Engine) -> None:
    """Else the night that forgets old runs reads all breaks, and all corrections, for each."""
    found = inspect(engine)
    for table in found.get_table_names():
        indexes = found.get_indexes(table)
        whole = [one for one in indexes if "_where" not in str(one.get("dialect_options"))]
        first = {one["column_names"][0] for one in whole}
        first |= {one["column_names"][0] for one in found.get_unique_constraints(table)}
        first |= set(found.get_pk_constraint(table)["constrained_columns"][:1])
        for key in found.get_foreign_keys(table):
            assert key["constrained_columns"][0] in first, (table, key["constrained_columns"])


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    """A second upgrade finds the schema up to date."""
    upgrade_schema(engine)
    check_schema(engine)


def test_an_empty_database_is_outdated(database_url: str) -> None:
    """A database that was never migrated is told apart, with the command that helps."""
    engine = open_engine(DatabaseSettings(url=database_url))
    with pytest.raises(SchemaOutdated, match="erp-bridge db upgrade"):
        check_schema(engine)
    engine.dispose()


def test_a_job_has_one_holder(engine: Engine) -> None:
    """Only one holder has a job's lock; another job's lock is free, and so it is afterwards."""
    with job_lock(engine, "one") as first, job_lock(engine, "one") as second:
        assert (first, second) == (True, False)
        with job_lock(engine, "other") as other:
            assert other
    with job_lock(engine, "one") as again:
        assert again


def test_a_connection_that_glanced_writes_whole_transactions(
    sessions: sessionmaker[Session], now: datetime
) -> None:
    """Reading by one statement sees what is committed, and leaves the connection as it was."""

    def consumers() -> list[str]:
        with glancing(sessions) as session:
            return list(session.scalars(select(Consumer.name)))

    assert consumers() == []
    with sessions() as session:
        session.add(Consumer(name="a", created_at=now))
        session.flush()
        session.rollback()
    assert consumers() == []
    with sessions.begin() as session:
        session.add(Consumer(name="b", created_at=now))
    assert consumers() == ["b"]


def test_instants_come_back_aware(sessions: sessionmaker[Session], now: datetime) -> None:
    """What is stored as an instant comes back equal, in UTC."""
    with sessions.begin() as session:
        session.add(Consumer(name="erp", created_at=now))
    with sessions() as session:
        found = session.query(Consumer).one().created_at
    assert found == now
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "no database URL"),
        ("mysql://x/y", "neither sqlite nor postgresql"),
        ("sqlite://", "needs a file"),
    ],
)
def test_unusable_urls_are_told(url: str, reason: str) -> None:
    """A URL that cannot work is refused in one line."""
    with pytest.raises(DatabaseUnavailable, match=reason):
        open_engine(DatabaseSettings(url=url))


def test_a_file_that_cannot_be_opened_is_told_in_the_system_s_words(tmp_path: Path) -> None:
    """SQLite itself says no more than that it cannot."""
    (tmp_path / "bridge.db").mkdir()
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/bridge.db"))
    with pytest.raises(DatabaseUnavailable, match=r"bridge.db: Is a directory$"):
        check_schema(engine)


def test_an_unreachable_database_is_told_without_its_password() -> None:
    """The message names the place and hides the password."""
    engine = open_engine(
        DatabaseSettings(url="postgresql://erp:geheim@127.0.0.1:1/bridge?connect_timeout=1")
    )
    with pytest.raises(DatabaseUnavailable) as caught:
        check_schema(engine)
    assert "127.0.0.1" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_what_fails_tells_no_values(engine: Engine) -> None:
    """A statement that fails is told without the values it was given: they may be customers'."""
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as failed:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": "Müller AG"})
    assert "nowhere" in str(failed.value)
    assert "Müller" not in str(failed.value)


def test_sqlite_runs_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    """Readers never wait for writers, and references are kept."""
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/new/bridge.db"))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    engine.dispose()
