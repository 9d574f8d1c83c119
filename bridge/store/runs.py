"""Runs of jobs, from the request to the end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bridge.store.models import Run, RunStatus
from bridge.store.statements import insert_into, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended.

    `until` is the watermark it reached, `settings_digest` names the settings that it read with,
    `summary` is JSON-able, `error` one line for a person, `salesforce_answered` how it found
    Salesforce (None: it did not call it), `salesforce_rests_until` until when it leaves it alone.
    """

    status: RunStatus
    summary: Mapping[str, Any] | None = None
    until: datetime | None = None
    settings_digest: str | None = None
    error: str | None = None
    salesforce_answered: bool | None = None
    salesforce_rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastWord:
    """How a run found Salesforce, when, and until when it leaves it alone."""

    run_id: int
    at: datetime
    answered: bool
    rests_until: datetime | None


def request_run(session: Session, *, job: str, now: datetime) -> int:
    """Asks for a run of a job; one that is already asked for serves. Gives the run's id.

    Of several that ask at once, one asks: the others join it, or ask anew if it began meanwhile.
    """
    waiting = select(Run.id).where(Run.job == job, Run.status == RunStatus.REQUESTED)
    row = {"job": job, "status": RunStatus.REQUESTED, "requested_at": now}
    while (run_id := session.scalar(waiting)) is None:
        session.execute(insert_into(session, Run).values(row).on_conflict_do_nothing())
    return run_id


def requested_jobs(session: Session) -> list[str]:
    """The jobs that someone asked to run now, oldest request first."""
    query = select(Run.job).where(Run.status == RunStatus.REQUESTED)
    return list(session.scalars(query.group_by(Run.job).order_by(func.min(Run.id))))


def start_run(session: Session, *, job: str, now: datetime) -> int:
    """Opens a run, taking a requested one if there is. The caller holds the job's lock.

    A run of the job still marked RUNNING belongs to a process that died: it becomes FAILED.
    """
    session.execute(
        update(Run)
        .where(Run.job == job, Run.status == RunStatus.RUNNING)
        .values(
            status=RunStatus.FAILED,
            finished_at=now,
            error="interrupted: its process ended before it did",
        )
    )
    requested = session.scalar(
        select(Run).where(Run.job == job, Run.status == RunStatus.REQUESTED).order_by(Run.id)
    )
    run = requested or Run(job=job, requested_at=now)
    run.status, run.started_at = RunStatus.RUNNING, now
    session.add(run)
    session.flush()
    return run.id


def finish_run(session: Session, run_id: int, ending: Ending, *, now: datetime) -> None:
    """Closes a run."""
    summary = None if ending.summary is None else json.dumps(ending.summary)
    session.execute(
        update(Run)
        .where(Run.id == run_id)
        .values(
            status=ending.status,
            finished_at=now,
            until=ending.until,
            settings_digest=ending.settings_digest,
            summary=summary,
            error=ending.error,
            salesforce_answered=ending.salesforce_answered,
            salesforce_rests_until=ending.salesforce_rests_until,
        )
    )


def last_success(session: Session, job: str) -> Run | None:
    """The last run of a job that succeeded: its `until` is the watermark."""
    query = select(Run).where(Run.job == job, Run.status == RunStatus.SUCCEEDED)
    return session.scalar(query.order_by(Run.id.desc()).limit(1))


def last_ended(session: Session, job: str) -> Run | None:
    """The last run of a job that ended, however it did."""
    query = select(Run).where(Run.job == job, Run.finished_at.is_not(None))
    return session.scalar(query.order_by(Run.id.desc()).limit(1))


def last_word_of_salesforce(session: Session) -> LastWord | None:
    """What the run found that called Salesforce and ended last."""
    row = session.connection().execute(_LAST_WORD).first()
    return None if row is None else LastWord(*row)


_run = table_of(Run)
_LAST_WORD = (
    select(_run.c.id, _run.c.finished_at, _run.c.salesforce_answered, _run.c.salesforce_rests_until)
    .where(_run.c.salesforce_answered.is_not(None))
    .order_by(_run.c.finished_at.desc(), _run.c.id.desc())
    .limit(1)
)


def latest_runs(session: Session) -> dict[str, Run]:
    """The newest run of each job."""
    newest = select(func.max(Run.id)).group_by(Run.job)
    return {run.job: run for run in session.scalars(select(Run).where(Run.id.in_(newest)))}


def list_runs(
    session: Session,
    *,
    job: str | None = None,
    status: RunStatus | None = None,
    up_to: int | None = None,
    limit: int,
) -> list[Run]:
    """Runs, the newest first, from the one with the id `up_to` back."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    if job is not None:
        query = query.where(Run.job == job)
    if status is not None:
        query = query.where(Run.status == status)
    if up_to is not None:
        query = query.where(Run.id <= up_to)
    return list(session.scalars(query))


def find_run(session: Session, run_id: int) -> Run | None:
    """A run by its id."""
    return session.get(Run, run_id)


def purge_runs(session: Session, *, before: datetime) -> int:
    """Forgets runs that ended before this instant, but each job's last success. Tells how many."""
    kept = select(func.max(Run.id)).where(Run.status == RunStatus.SUCCEEDED).group_by(Run.job)
    result = session.execute(
        delete(Run)
        .where(Run.finished_at < before, Run.id.not_in(kept))
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))
