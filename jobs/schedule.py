"""The one table: job -> trigger -> function; and the scheduler that follows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from bridge import BridgeError
from bridge.store.engine import reading
from bridge.store.failures import reason_of
from bridge.store.runs import requested_jobs
from jobs import fetch, fetch_notified, purge, reconcile, relay
from jobs.context import JobContext, RunReport, Scope
from jobs.running import JobBusy, JobFunction, run_job
from jobs.settings import ScheduleSettings

_FIRST_SECONDS = 5

log = structlog.get_logger(__name__)


class UnknownJob(BridgeError):
    """No job has this name."""


@dataclass(frozen=True, slots=True)
class Job:
    """An entry of the schedule. `interval` names the setting that says how often it runs.

    The clock starts no run where `has_work` says that it would find nothing to do.
    """

    name: str
    interval: str
    function: JobFunction
    purpose: str
    has_work: Callable[[JobContext], bool] = lambda _context: True


_TABLE = (
    Job(fetch.NAME, "fetch_seconds", fetch.fetch, "read what changed in Salesforce"),
    Job(
        fetch_notified.NAME,
        "fetch_notified_seconds",
        fetch_notified.fetch_notified,
        "read what Salesforce told of",
        fetch_notified.has_notified,
    ),
    Job(
        reconcile.CUSTOMERS,
        "reconcile_customers_seconds",
        reconcile.reconcile_customers,
        "compare and decide customers",
    ),
    Job(
        reconcile.FINANCIALS,
        "reconcile_financials_seconds",
        reconcile.reconcile_financials,
        "compare and decide invoices, payments and credit memos",
    ),
    Job(relay.NAME, "relay_seconds", relay.relay, "send corrections to Salesforce"),
    Job(purge.NAME, "purge_seconds", purge.purge, "forget what is old enough"),
)

JOBS: Mapping[str, Job] = MappingProxyType({job.name: job for job in _TABLE})
"""All jobs by name, in the order in which a night's work runs them."""


def run_now(
    context: JobContext, name: str, *, dry_run: bool = False, force: bool = False, reason: str = ""
) -> RunReport:
    """Runs a job in this process. Raises UnknownJob and JobBusy."""
    function = _function(name)
    return run_job(context, name, function, dry_run=dry_run, force=force, reason=reason)


def build_scheduler(context: JobContext, settings: ScheduleSettings) -> BackgroundScheduler:
    """A scheduler that runs the table, and whatever people ask for; not started yet.

    Each job first runs soon after the start, one after the other in the table's order: a server
    that is restarted every night still gets through all of them.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(len(JOBS) + 1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for position, job in enumerate(JOBS.values(), start=1):
        if seconds := getattr(settings, job.interval):
            trigger = IntervalTrigger(seconds=seconds, jitter=min(seconds // 10, 30) or None)
            first = datetime.now(UTC) + timedelta(seconds=min(seconds, _FIRST_SECONDS * position))
            scheduler.add_job(
                _run_by_clock,
                trigger,
                (context, job),
                id=job.name,
                name=job.name,  # what the scheduler itself logs
                next_run_time=first,
            )
    every = IntervalTrigger(seconds=settings.requests_seconds)
    scheduler.add_job(_run_requested, every, (context,), id="requests", name="requests")
    return scheduler


def _run_by_clock(context: JobContext, job: Job) -> None:
    try:
        has_work = job.has_work(context)
    except SQLAlchemyError as error:
        log.warning("job could not start", job=job.name, error=reason_of(error))
        return
    if has_work:
        _run_quietly(context, job.name)


def _run_requested(context: JobContext) -> None:
    try:
        with reading(context.sessions) as session:
            wanted = requested_jobs(session)
    except SQLAlchemyError as error:
        log.warning("requests cannot be read", error=reason_of(error))
        return
    for name in wanted:
        _run_quietly(context, name)


def _run_quietly(context: JobContext, name: str) -> None:
    """Runs a job for the clock: nobody waits for the outcome, the run row and the log have it."""

    def function(context: JobContext, scope: Scope) -> None:
        _function(name)(context, scope)  # a job that does not exist fails its run

    try:
        run_job(context, name, function)
    except JobBusy:
        log.debug("job is running already", job=name)
    except BridgeError as error:
        log.warning("job could not start", job=name, error=str(error))
    except SQLAlchemyError as error:
        log.warning("job could not run", job=name, error=reason_of(error))


def _function(name: str) -> JobFunction:
    job = JOBS.get(name)
    if job is None:
        raise UnknownJob(f"there is no job {name!r}; there are {', '.join(JOBS)}")
    return job.function
