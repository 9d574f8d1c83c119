"""An operator asks how things stand: jobs, breaks, corrections."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordKey, RecordType, System
from bridge.domain.totals import TotalsRow, side_by_side
from bridge.store import breaks as break_store
from bridge.store import outbox as outbox_store
from bridge.store.audit import Deed, append_deed
from bridge.store.engine import reading
from bridge.store.models import OutboxStatus, Run, RunStatus
from bridge.store.runs import find_run, last_success, latest_runs, request_run
from bridge.store.totals import totals_of_run


class UnknownRun(BridgeError):
    """No run has this id."""


class UnknownDeadLetter(BridgeError):
    """No dead letter has this id."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job and its newest run, if it ever ran."""

    job: str
    status: RunStatus | None
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How things stand."""

    jobs: tuple[JobState, ...]
    open_breaks: dict[tuple[RecordType, BreakKind], int]
    breaks_not_counted_yet: int
    corrections: dict[tuple[System, OutboxStatus], int]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A correction that was given up."""

    id: int
    key: RecordKey
    target: System
    fields: tuple[str, ...]
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. `summary` is what its job said of it, as JSON knows it."""

    id: int
    job: str
    status: RunStatus
    summary: Mapping[str, Any]
    error: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in (RunStatus.REQUESTED, RunStatus.RUNNING)


def get_overview(
    sessions: sessionmaker[Session], *, jobs: Sequence[str], now: datetime
) -> Overview:
    """The newest run of each of these jobs, and what is open."""
    with reading(sessions) as session:
        runs = latest_runs(session)
        return Overview(
            jobs=tuple(_job_state(name, runs.get(name)) for name in jobs),
            open_breaks=break_store.count_open(session, now=now),
            breaks_not_counted_yet=sum(
                break_store.count_open(session, now=now, waiting=True).values()
            ),
            corrections=outbox_store.count_by_status(session),
        )


def latest_totals(sessions: sessionmaker[Session], *, jobs: Sequence[str]) -> list[TotalsRow]:
    """Both sides' control totals as the last successful runs of these jobs left them."""
    with reading(sessions) as session:
        runs = [run for job in jobs if (run := last_success(session, job)) is not None]
        found = [total for run in runs for total in totals_of_run(session, run.id)]
    return side_by_side(found)


def list_dead_letters(sessions: sessionmaker[Session], *, limit: int = 100) -> list[DeadLetter]:
    """Given-up corrections, newest first."""
    with reading(sessions) as session:
        found = outbox_store.dead_letters(session, limit=limit)
    return [
        DeadLetter(
            id=staged.id,
            key=staged.key,
            target=staged.target,
            fields=tuple(field.name for field in staged.fields),
            attempts=staged.attempts,
            error=error,
        )
        for staged, error in found
    ]


def replay_dead_letter(
    sessions: sessionmaker[Session], *, letter_id: int, by: str, now: datetime
) -> None:
    """Makes a dead letter due again. Raises UnknownDeadLetter."""
    with sessions.begin() as session:
        if not outbox_store.replay(session, letter_id, now=now):
            raise UnknownDeadLetter(f"there is no dead letter {letter_id}")
        subject = f"dead letter {letter_id}"
        append_deed(session, Deed(at=now, actor=by, action="replay", subject=subject, detail=""))


def ask_for_run(sessions: sessionmaker[Session], *, job: str, now: datetime) -> int:
    """Asks the scheduler to run a job now; gives the id of the run that will."""
    with sessions.begin() as session:
        return request_run(session, job=job, now=now)


def get_run(sessions: sessionmaker[Session], *, run_id: int) -> RunView:
    """One run, with its summary. Raises UnknownRun."""
    with reading(sessions) as session:
        run = find_run(session, run_id)
    if run is None:
        raise UnknownRun(f"there is no run {run_id}")
    summary = json.loads(run.summary) if run.summary else {}
    return RunView(run.id, run.job, run.status, summary, run.error)


def _job_state(job: str, run: Run | None) -> JobState:
    if run is None:
        return JobState(job, None, None, None, None)
    return JobState(job, run.status, run.started_at, run.finished_at, run.error)
