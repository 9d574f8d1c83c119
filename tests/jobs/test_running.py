"""Running a job: the lock, the run row, the end of it whatever happens."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.operations.audit import list_audit, verify_audit
from bridge.operations.health import check_health
from bridge.salesforce import SalesforceError
from bridge.store.consumers import add_consumer, list_consumers
from bridge.store.engine import job_lock
from bridge.store.models import Run, RunStatus
from bridge.store.runs import request_run
from jobs.context import JobContext, Refused, RunReport, Scope
from jobs.running import JobBusy, JobFunction, run_job
from tests.jobs.conftest import Lines
from tests.jobs.world import Clock, World, build_world
from tests.salesforce.scripted import Reply, Server, settings_for, timestamp_reply

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All that a summary may hold."""

    amounts: dict[RecordType, Decimal]
    until: datetime
    names: tuple[str, ...] = ()
    nothing: None = None


def write(session: Session, context: JobContext) -> None:
    add_consumer(session, name="written", now=context.clock())


def succeeding(context: JobContext, scope: Scope) -> None:
    """Writes something and ends well."""
    with scope.transaction() as session:
        write(session, context)
        amounts = {RecordType.INVOICE: Decimal("1.50")}
        scope.succeed(
            session,
            Summary(amounts=amounts, until=context.clock(), names=("a",)),
            until=context.clock(),
            settings_digest="d",
        )


def raising(error: Callable[[], BaseException]) -> JobFunction:
    """A job that writes something, and then comes to grief."""

    def job(context: JobContext, scope: Scope) -> None:
        with scope.transaction() as session:
            write(session, context)
            raise error()

    return job


def run(world: World, function: JobFunction, **options: bool) -> RunReport:
    return run_job(world.context, "test", function, **options)


def runs(world: World) -> list[Run]:
    with world.sessions() as session:
        return list(session.scalars(select(Run).order_by(Run.id)))


def written(world: World) -> int:
    with world.sessions() as session:
        return len(list_consumers(session))


def test_success_is_kept_and_reported(world: World) -> None:
    """Summary, watermark and times stand in the run's row; the report says the same."""
    report = run(world, succeeding)
    (row,) = runs(world)
    assert (report.run_id, report.job, report.status) == (row.id, "test", RunStatus.SUCCEEDED)
    assert (row.status, row.until, row.settings_digest) == (
        RunStatus.SUCCEEDED,
        world.clock(),
        "d",
    )
    assert (row.started_at, row.finished_at) == (world.clock(), world.clock())
    assert json.loads(row.summary or "") == report.summary == {
        "amounts": {"INVOICE": "1.50"},
        "until": world.clock().isoformat(),
        "names": ["a"],
        "nothing": None,
        "salesforce_calls": {"queries": 0, "upserts": 0, "other": 0},
        "salesforce_retries": {},
    }  # fmt: skip
    assert written(world) == 1


def test_calls_to_salesforce_are_counted(world: World) -> None:
    """Those of this run: not those before it, nor those of a run beside it."""
    world.crm.server_timestamp()

    def calling(context: JobContext, scope: Scope) -> None:
        context.salesforce.server_timestamp()
        if not scope.force:
            other = run_job(context, "other", calling, force=True)
            assert other.summary["salesforce_calls"] == {"queries": 0, "upserts": 0, "other": 1}
        with scope.transaction() as session:
            scope.succeed(session, {})

    report = run(world, calling)
    assert report.summary["salesforce_calls"] == {"queries": 0, "upserts": 0, "other": 1}


def calling_until(count: int) -> JobFunction:
    """A job that makes so many calls, unless it is stopped."""

    def job(context: JobContext, scope: Scope) -> None:
        for _ in range(count):
            context.salesforce.server_timestamp()
        with scope.transaction() as session:
            scope.succeed(session, {})

    return job


@ON_SQLITE
def test_a_run_that_would_take_too_many_calls_is_refused(
    engine: Engine, scripted: Server, clock: Clock
) -> None:
    """It stops at its share of the org's allowance, and tells why and what it used."""
    scripted.answer = timestamp_reply  # 7 of 15,000 used
    settings = settings_for(scripted, max_share_per_run=0.001)
    world = build_world(engine, clock, settings)
    report = run(world, calling_until(16))
    assert report.status is RunStatus.REFUSED
    assert "this run has made 15 calls, and may make 0.001 of the" in (report.error or "")
    (row,) = runs(world)
    assert json.loads(row.summary or "")["salesforce_calls"]["other"] == 15
    assert row.salesforce_answered
    assert run(world, calling_until(15)).status is RunStatus.SUCCEEDED
    world.crm.close()


@ON_SQLITE
def test_an_org_that_does_not_answer_is_left_alone(
    engine: Engine, scripted: Server, clock: Clock
) -> None:
    """Runs fail without a call, Ping says until when, and then they go on."""
    settings = settings_for(scripted, attempts=1, circuit_failures=2, circuit_pause_seconds=90)
    world = build_world(engine, clock, settings)
    scripted.answer = lambda _: Reply(503)
    for _ in range(2):
        assert "HTTP_ERROR" in (run(world, calling_until(1)).error or "")
    report = run(world, calling_until(1))
    assert report.status is RunStatus.FAILED
    assert "CIRCUIT_OPEN" in (report.error or "")
    assert len(scripted.operations()) == 2
    told = check_health(world.sessions, now=world.clock())
    assert told.salesforce.startswith("left alone until 05:07:37Z")
    scripted.answer = timestamp_reply
    world.tick(seconds=90)
    assert run(world, calling_until(1)).status is RunStatus.SUCCEEDED
    assert check_health(world.sessions, now=world.clock()).salesforce == "OK"
    world.crm.close()


@pytest.mark.parametrize(
    ("error", "calls", "answered"),
    [
        (None, True, True),
        (None, False, None),
        (lambda: SalesforceError("UNREACHABLE", "no route"), True, False),
        (lambda: SalesforceError("UNREACHABLE", "no route"), False, False),
        (lambda: OperationalError("SELECT", {}, Exception("disk full")), False, None),
        (lambda: OperationalError("SELECT", {}, Exception("disk full")), True, True),
        (lambda: Refused("it would do harm"), False, None),
    ],
)
def test_a_run_tells_how_it_found_salesforce(
    world: World, error: Callable[[], Exception] | None, calls: bool, answered: bool | None
) -> None:
    """Only what Salesforce itself did counts: a database that fails says nothing of it."""

    def job(context: JobContext, scope: Scope) -> None:
        if calls:
            context.salesforce.server_timestamp()
        if error is not None:
            raise error()
        with scope.transaction() as session:
            scope.succeed(session, {})

    run(world, job)
    (row,) = runs(world)
    assert row.salesforce_answered is answered


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (lambda: BridgeError("the reason in one line"), RunStatus.FAILED, "the reason in one line"),
        (lambda: Refused("it would do harm"), RunStatus.REFUSED, "it would do harm"),
        (
            lambda: ValueError("a secret\nin two lines"),
            RunStatus.FAILED,
            "unexpected ValueError, see the log",
        ),
    ],
)
def test_an_error_ends_the_run(
    world: World, error: Callable[[], Exception], status: RunStatus, words: str
) -> None:
    """Its row and report say why, in one line without a traceback; what it wrote is undone."""
    report = run(world, raising(error))
    (row,) = runs(world)
    assert (report.status, report.error) == (status, words)
    assert (row.status, row.error, row.finished_at) == (status, words, world.clock())
    assert (row.until, written(world)) == (None, 0)


def test_a_run_that_somebody_stops(world: World) -> None:
    """By Ctrl-C, say: it does not look as if it were under way, and the next one is free."""
    with pytest.raises(KeyboardInterrupt):
        run(world, raising(KeyboardInterrupt))
    (row,) = runs(world)
    assert (row.status, row.error) == (RunStatus.FAILED, "interrupted: somebody stopped it")
    assert (row.finished_at, written(world)) == (world.clock(), 0)
    assert run(world, succeeding).status is RunStatus.SUCCEEDED


def test_a_failing_database_is_told_in_one_line(world: World, logs: Lines) -> None:
    """In the log too, as a warning; the statement and its parameters are told nowhere."""
    dialect = world.context.engine.dialect.name
    breaking = {
        "sqlite": "ATTACH '/nowhere/hush/bridge.db' AS hush",
        "postgresql": "SELECT 'hush', pg_terminate_backend(pg_backend_pid())",
    }

    def job(_: JobContext, scope: Scope) -> None:
        with scope.transaction() as session:
            session.execute(text(breaking[dialect]))

    report = run(world, job)
    assert report.status is RunStatus.FAILED
    assert (report.error or "").startswith("the database failed: ")
    (ended,) = [line for line in logs if line["event"] == "run ended"]
    assert (ended["log_level"], ended["error"]) == ("warning", report.error)
    assert not [line for line in logs if "exc_info" in line]
    assert breaking[dialect] not in (report.error or "")
    assert "\n" not in (report.error or "")
    assert runs(world)[0].status is RunStatus.FAILED


def test_a_job_runs_once_at_a_time(world: World) -> None:
    """Whoever comes second is told; other jobs are free, and so is this one afterwards."""
    with job_lock(world.context.engine, "test") as held:
        assert held
        with pytest.raises(JobBusy, match="test is running already"):
            run(world, succeeding)
        assert run_job(world.context, "other", succeeding).status is RunStatus.SUCCEEDED
    assert runs(world)[0].job == "other"
    assert run(world, lambda c, s: None).run_id == 2


def test_a_job_holds_its_lock_while_it_runs(world: World) -> None:
    """Also against itself, and until its end is recorded."""

    def again(context: JobContext, scope: Scope) -> None:
        with pytest.raises(JobBusy):
            run_job(context, "test", succeeding)
        succeeding(context, scope)

    assert run(world, again).status is RunStatus.SUCCEEDED
    assert len(runs(world)) == 1


def test_a_run_that_died_is_marked_by_the_next(world: World) -> None:
    """A process that was killed cannot say so itself."""

    class Killed(BaseException):
        """Not an Exception: nobody catches it, as nobody catches a kill."""

    def die(context: JobContext, scope: Scope) -> None:
        raise Killed

    with pytest.raises(Killed):
        run(world, die)
    assert runs(world)[0].status is RunStatus.RUNNING
    run(world, succeeding)
    assert [row.status for row in runs(world)] == [RunStatus.FAILED, RunStatus.SUCCEEDED]
    assert runs(world)[0].error == "interrupted: its process ended before it did"


def test_a_dry_run_leaves_nothing(world: World) -> None:
    """No row of a run and nothing that the job wrote; the report tells what would have been."""

    def job(context: JobContext, scope: Scope) -> None:
        with scope.transaction() as session:
            assert scope.run_in(session) > 0
        succeeding(context, scope)

    report = run(world, job, dry_run=True)
    assert (report.run_id, report.status) == (None, RunStatus.SUCCEEDED)
    assert report.summary["names"] == ["a"]
    assert (runs(world), written(world)) == ([], 0)


@pytest.mark.parametrize("error", [Refused("no"), ValueError("no")])
def test_a_dry_run_that_fails_leaves_nothing(world: World, error: Exception) -> None:
    """The report says how it would have ended."""
    report = run(world, raising(lambda: error), dry_run=True)
    assert report.error is not None
    assert (runs(world), written(world)) == ([], 0)


def test_a_dry_run_does_not_take_a_request(world: World) -> None:
    """Whoever asked for a run gets a real one."""
    with world.sessions.begin() as session:
        request_run(session, job="test", now=world.clock())
    run(world, succeeding, dry_run=True)
    assert [row.status for row in runs(world)] == [RunStatus.REQUESTED]
    assert run(world, succeeding).run_id == 1


def test_force_and_dry_run_reach_the_job(world: World) -> None:
    """The job sees what it was asked for."""
    seen = []

    def job(_: JobContext, scope: Scope) -> None:
        seen.append((scope.force, scope.dry_run))

    run(world, job, force=True)
    run(world, job, dry_run=True)
    assert seen == [(True, False), (False, True)]


def test_runs_are_in_the_audit_trail(world: World) -> None:
    """Each as it ended, with the reason where it was forced; dry runs did nothing."""
    world.do("fetch")
    world.run("reconcile-customers", dry_run=True)
    world.run("reconcile-customers", force=True, reason="half of them were sold")
    newest, oldest = list_audit(world.sessions)
    assert (oldest.subject, newest.subject) == ("fetch", "reconcile-customers")
    assert "half of them were sold" in newest.detail
    report = verify_audit(world.sessions)
    assert (report.entries, report.runs, report.problems) == (2, 2, ())
