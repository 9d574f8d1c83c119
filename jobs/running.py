"""Running a job: the lock, the run row, the end of it whatever happens."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.salesforce import CircuitOpen, OverBudget, SalesforceError
from bridge.store.audit import append_ended_runs
from bridge.store.engine import held_types, job_lock
from bridge.store.failures import failure_of, reason_of
from bridge.store.models import RunStatus
from bridge.store.runs import Ending, finish_run, start_run
from jobs.context import JobContext, Refused, RunReport, Scope

log = structlog.get_logger(__name__)

JobFunction = Callable[[JobContext, Scope], None]


class JobBusy(BridgeError):
    """The job is running already, here or in another process."""


def run_job(
    context: JobContext,
    name: str,
    function: JobFunction,
    *,
    dry_run: bool = False,
    force: bool = False,
    reason: str = "",
) -> RunReport:
    """Runs a job once and reports how it ended; errors of its own making end it FAILED.

    So does KeyboardInterrupt, which goes on to whoever called.

    `reason` says why it is forced, and is kept with the run.

    Raises JobBusy where the job is running already.
    """
    with job_lock(context.engine, name) as held:
        if not held:
            raise JobBusy(f"{name} is running already")
        context = replace(context, salesforce=context.salesforce.for_run())
        scope = _Scope(context, name, dry_run=dry_run, force=force, reason=reason)
        scope.open()
        with structlog.contextvars.bound_contextvars(job=name, run=scope.run_id):
            report = _run(context, function, scope)
            scope.write_down()
            return report


def _run(context: JobContext, function: JobFunction, scope: "_Scope") -> RunReport:
    started = context.clock()
    try:
        function(context, scope)
    except (Refused, OverBudget) as refusal:
        scope.fail(RunStatus.REFUSED, str(refusal))
    except SalesforceError as error:
        rests_until = error.until if isinstance(error, CircuitOpen) else None
        scope.fail(
            RunStatus.FAILED,
            str(error),
            salesforce_answered=False,
            salesforce_rests_until=rests_until,
        )
    except BridgeError as error:
        scope.fail(RunStatus.FAILED, str(error))
    except Exception as error:
        scope.fail(RunStatus.FAILED, _told(error))
    except KeyboardInterrupt:
        scope.fail(RunStatus.FAILED, "interrupted: somebody stopped it")
        raise
    report = scope.report(seconds=(context.clock() - started).total_seconds())
    say = log.info if report.error is None else log.warning
    say("run ended", status=report.status, error=report.error, **report.summary)
    return report


def _told(error: Exception) -> str:
    if failure := failure_of(error):
        return failure
    log.exception("job failed unexpectedly")
    return f"unexpected {type(error).__name__}, see the log"


class _Scope:
    """One run of one job (jobs.context.Scope)."""

    def __init__(
        self, context: JobContext, job: str, *, dry_run: bool, force: bool, reason: str
    ) -> None:
        self.dry_run, self.force = dry_run, force
        self._forced = {"forced": reason} if force and reason else {}
        self.run_id: int | None = None
        self._context, self._job = context, job
        self._status = RunStatus.RUNNING
        self._summary: dict[str, Any] = {}
        self._error: str | None = None

    def open(self) -> None:
        if not self.dry_run:
            with self._context.sessions.begin() as session:
                self.run_id = start_run(session, job=self._job, now=self._context.clock())

    @contextmanager
    def transaction(self, *deciding: RecordType) -> Iterator[Session]:
        with (
            held_types(self._context.engine, deciding) as bind,
            self._context.sessions(bind=bind) as session,
            session.begin() as transaction,
        ):
            yield session
            if self.dry_run:
                transaction.rollback()

    def run_in(self, session: Session) -> int:
        if self.run_id is not None:
            return self.run_id
        return start_run(session, job=self._job, now=self._context.clock())

    def succeed(
        self,
        session: Session,
        summary: Any,
        *,
        until: datetime | None = None,
        settings_digest: str | None = None,
    ) -> None:
        self._status = RunStatus.SUCCEEDED
        self._summary = {**_plain(summary), **self._calls(), **self._forced}
        if self.run_id is not None:
            ending = Ending(
                status=self._status,
                summary=self._summary,
                until=until,
                settings_digest=settings_digest,
                salesforce_answered=self._answered(),
            )
            finish_run(session, self.run_id, ending, now=self._context.clock())

    def fail(
        self,
        status: RunStatus,
        error: str,
        *,
        salesforce_answered: bool | None = None,
        salesforce_rests_until: datetime | None = None,
    ) -> None:
        self._status, self._error = status, error
        if salesforce_answered is None:
            salesforce_answered = self._answered()
        if self.run_id is not None:
            with self._context.sessions.begin() as session:
                ending = Ending(
                    status=status,
                    summary=self._calls(),
                    error=error,
                    salesforce_answered=salesforce_answered,
                    salesforce_rests_until=salesforce_rests_until,
                )
                finish_run(session, self.run_id, ending, now=self._context.clock())

    def write_down(self) -> None:
        """Puts the run, as it ended, into the audit trail."""
        if self.dry_run:
            return
        try:
            with self._context.sessions.begin() as session:
                append_ended_runs(session)
        except OperationalError as error:
            log.warning("the run is not in the audit trail yet", error=reason_of(error))

    def report(self, *, seconds: float) -> RunReport:
        return RunReport(
            job=self._job,
            run_id=self.run_id,
            status=self._status,
            summary=self._summary or self._calls(),
            error=self._error,
            seconds=seconds,
        )

    def _answered(self) -> bool | None:
        """That Salesforce was called and nobody complained of it."""
        return True if any(self._context.salesforce.calls) else None

    def _calls(self) -> dict[str, dict[str, int]]:
        client = self._context.salesforce
        return {
            "salesforce_calls": client.calls._asdict(),
            "salesforce_retries": client.retries,
        }


def _plain(value: Any) -> Any:
    """A summary dataclass as JSON knows it; exact amounts become texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Enum):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
