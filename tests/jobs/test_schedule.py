"""The table of jobs, and the scheduler that follows it."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import event

from bridge.operations.overview import ask_for_run, get_run
from bridge.store.engine import job_lock
from bridge.store.models import RunStatus
from bridge.store.notifications import add_notifications
from jobs.schedule import JOBS, UnknownJob, build_scheduler, run_now
from jobs.settings import ScheduleSettings
from tests.jobs.conftest import Lines
from tests.jobs.world import World
from tests.outbound import TOLD

# Requests are tested on each database with the store.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_REQUEST = ScheduleSettings(
    fetch_seconds=0,
    fetch_notified_seconds=0,
    reconcile_customers_seconds=0,
    reconcile_financials_seconds=0,
    relay_seconds=0,
    purge_seconds=0,
    requests_seconds=1,
)
EACH_SECOND = {"fetch_seconds": 1}


@contextmanager
def scheduled(world: World, settings: ScheduleSettings) -> Iterator[BackgroundScheduler]:
    scheduler = build_scheduler(world.context, settings)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown()


def wait_for(world: World, run_id: int) -> RunStatus:
    """How a run ended, within seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        run = get_run(world.sessions, run_id=run_id)
        if run.ended:
            return run.status
        time.sleep(0.05)
    return run.status


def test_the_table_is_complete() -> None:
    """Every job of the design, in the order of a night's work, each with its setting."""
    assert list(JOBS) == [
        "fetch",
        "fetch-notified",
        "reconcile-customers",
        "reconcile-financials",
        "relay",
        "purge",
    ]
    intervals = [job.interval for job in JOBS.values()]
    assert {*intervals, "requests_seconds"} == set(ScheduleSettings.model_fields)
    assert all(job.purpose and job.name == name for name, job in JOBS.items())


@ON_SQLITE
def test_each_job_has_its_interval(world: World) -> None:
    """As the settings say, with a little chance so that nodes do not all start at once."""
    scheduler = build_scheduler(world.context, ScheduleSettings(fetch_seconds=100, relay_seconds=7))
    triggers = {job.id: job.trigger for job in scheduler.get_jobs()}
    assert set(triggers) == {*JOBS, "requests"}
    assert triggers["fetch"].interval == timedelta(seconds=100)
    assert triggers["fetch"].jitter == 10
    assert triggers["purge"].jitter == 30
    assert triggers["relay"].jitter is None


@ON_SQLITE
def test_zero_leaves_a_job_to_people(world: World) -> None:
    """Only requests are looked for."""
    scheduler = build_scheduler(world.context, ON_REQUEST)
    assert [job.id for job in scheduler.get_jobs()] == ["requests"]


@ON_SQLITE
def test_an_unknown_job_is_told_with_the_known(world: World) -> None:
    """Whoever mistypes sees the choice."""
    with pytest.raises(UnknownJob, match="there is no job 'fetsch'; there are fetch, fetch-n"):
        run_now(world.context, "fetsch")


@ON_SQLITE
def test_the_scheduler_runs_what_was_asked_for(world: World) -> None:
    """A requested run starts within the setting's seconds."""
    asked = [ask_for_run(world.sessions, job=job, now=world.clock()) for job in ("purge", "fetch")]
    with scheduled(world, ON_REQUEST):
        assert [wait_for(world, run_id) for run_id in asked] == [RunStatus.SUCCEEDED] * 2


@ON_SQLITE
def test_a_request_for_an_unknown_job_fails_alone(world: World) -> None:
    """Its run says so, and those asked for after it are served."""
    unknown = ask_for_run(world.sessions, job="fetsch", now=world.clock())
    known = ask_for_run(world.sessions, job="purge", now=world.clock())
    with scheduled(world, ON_REQUEST):
        assert wait_for(world, known) is RunStatus.SUCCEEDED
    run = get_run(world.sessions, run_id=unknown)
    assert run.status is RunStatus.FAILED
    assert (run.error or "").startswith("there is no job 'fetsch'; there are fetch")


@ON_SQLITE
def test_the_scheduler_runs_by_the_clock(world: World) -> None:
    """Without anybody asking."""
    with scheduled(world, ON_REQUEST.model_copy(update=EACH_SECOND)):
        assert wait_for_any(world)


@ON_SQLITE
def test_the_clock_starts_no_run_for_nothing(world: World) -> None:
    """What Salesforce told of is read within seconds; before it told, nothing runs."""
    world.do("fetch")
    before = world.counts()["run"]
    with scheduled(world, ON_REQUEST.model_copy(update={"fetch_notified_seconds": 1})):
        time.sleep(1.5)
        assert world.counts()["run"] == before
        with world.sessions.begin() as session:
            add_notifications(session, [TOLD], now=world.clock())
        assert wait_for_any(world, before)


def wait_for_any(world: World, before: int = 0) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if world.counts()["run"] > before:
            return True
        time.sleep(0.05)
    return False


@ON_SQLITE
def test_a_request_waits_for_a_busy_job(world: World) -> None:
    """It stays requested while the job runs elsewhere, and runs as soon as that has ended."""
    run_id = ask_for_run(world.sessions, job="purge", now=world.clock())
    with scheduled(world, ON_REQUEST):
        with job_lock(world.context.engine, "purge"):
            time.sleep(1.3)
            assert get_run(world.sessions, run_id=run_id).status is RunStatus.REQUESTED
        assert wait_for(world, run_id) is RunStatus.SUCCEEDED


@ON_SQLITE
def test_a_job_that_cannot_run_says_why(world: World, logs: Lines) -> None:
    """A database that lets nobody write has its own words for it."""

    def forbid(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(world.context.engine, "checkout", forbid)
    with scheduled(world, ON_REQUEST.model_copy(update=EACH_SECOND)):
        deadline = time.monotonic() + 10
        while not logs and time.monotonic() < deadline:
            time.sleep(0.05)
    assert {line["event"] for line in logs} == {"job could not run"}
    assert (logs[0]["job"], logs[0]["error"]) == (
        "fetch",
        "attempt to write a readonly database",
    )


@ON_SQLITE
def test_the_scheduler_names_jobs_as_people_do(world: World) -> None:
    """Where it says in the log that a run was left out, since the one before is not done."""
    scheduler = build_scheduler(world.context, ScheduleSettings())
    assert {job.name for job in scheduler.get_jobs()} == {*JOBS, "requests"}
