"""Someone asks whether the bridge is well."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs

from bridge import __version__
from bridge.operations.health import check_health
from bridge.store.engine import open_engine, session_factory
from bridge.store.models import RunStatus
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.settings import DatabaseSettings
from bridge.wording import in_utc

Sessions = sessionmaker[Session]


def ran(sessions: Sessions, now: datetime, *, answered: bool | None) -> None:
    status = RunStatus.FAILED if answered is False else RunStatus.SUCCEEDED
    with sessions.begin() as session:
        run_id = start_run(session, job="fetch", now=now)
        finish_run(session, run_id, Ending(status=status, salesforce_answered=answered), now=now)


def test_a_fresh_bridge_is_ready(sessions: Sessions, now: datetime) -> None:
    """The database is all that submissions need."""
    health = check_health(sessions, now=now)
    assert (health.version, health.time) == (__version__, now)
    assert (health.database, health.salesforce) == ("OK", "not asked yet")
    assert health.ready


def test_salesforce_is_as_the_last_call_found_it(sessions: Sessions, now: datetime) -> None:
    """The run that called it and ended last tells, whichever job it was."""
    ran(sessions, now, answered=False)
    health = check_health(sessions, now=now)
    assert health.salesforce == (f"failing since {in_utc(now)}: see `erp-bridge job status`")
    assert health.ready
    ran(sessions, now, answered=True)
    assert check_health(sessions, now=now).salesforce == "OK"
    ran(sessions, now, answered=False)
    assert check_health(sessions, now=now).salesforce.startswith("failing since")


def test_salesforce_that_is_left_alone(sessions: Sessions, now: datetime) -> None:
    """It says until when; after that, it is as failing as before."""
    ending = Ending(
        status=RunStatus.FAILED,
        salesforce_answered=False,
        salesforce_rests_until=now + timedelta(minutes=1),
    )
    with sessions.begin() as session:
        finish_run(session, start_run(session, job="fetch", now=now), ending, now=now)
    told = check_health(sessions, now=now).salesforce
    assert told.startswith("left alone until 05:07:07Z, since too many calls failed")
    later = now + timedelta(minutes=1)
    assert check_health(sessions, now=later).salesforce.startswith("failing since")


def test_runs_that_do_not_call_salesforce_tell_nothing_of_it(
    sessions: Sessions, now: datetime
) -> None:
    """Nor does a run that failed before it called, or one still under way."""
    ran(sessions, now, answered=False)
    ran(sessions, now, answered=None)
    with sessions.begin() as session:
        start_run(session, job="relay", now=now)
    assert check_health(sessions, now=now).salesforce.startswith("failing since")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{folder}/not/there/bridge.db",
        "postgresql://erp:geheim@127.0.0.1:1/bridge?connect_timeout=1",
    ],
)
def test_a_database_that_cannot_be_reached(tmp_path: Path, now: datetime, url: str) -> None:
    """Not ready, and no word of where it is or how one logs in."""
    (tmp_path / "not").write_text("a file where a folder should be")
    engine = open_engine(DatabaseSettings(url=url.format(folder=tmp_path)))
    health = check_health(session_factory(engine), now=now)
    engine.dispose()
    assert not health.ready
    assert (health.database, health.salesforce) == ("the database cannot be reached", "unknown")


def test_a_database_that_can_only_be_read(sessions: Sessions, now: datetime) -> None:
    """As on a full disk, or a standby: submissions would fail. As soon as it can be written, well.

    Why it cannot is for the log, since anyone may ask.
    """
    bind = sessions.kw["bind"]
    only_read = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET default_transaction_read_only = on",
    }

    def forbid(connection: Any, *_: object) -> None:
        connection.execute(only_read[bind.dialect.name])
        connection.commit()

    event.listen(bind, "checkout", forbid)
    with capture_logs() as logs:
        health = check_health(sessions, now=now)
    assert (health.ready, health.database) == (False, "the database cannot be written: see the log")
    assert health.salesforce == "not asked yet"
    assert [line["event"] for line in logs] == ["the database cannot be written"]
    assert "read" in logs[0]["error"]
    event.remove(bind, "checkout", forbid)
    bind.dispose()
    assert check_health(sessions, now=now).ready
