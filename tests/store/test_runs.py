"""Runs of jobs, from the request to the end."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.engine import session_factory
from bridge.store.models import Run, RunStatus
from bridge.store.runs import (
    _LAST_WORD,
    Ending,
    find_run,
    finish_run,
    last_success,
    last_word_of_salesforce,
    latest_runs,
    purge_runs,
    request_run,
    requested_jobs,
    start_run,
)
from tests.builders import EARLY

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def end(session: Session, run_id: int, status: RunStatus = RunStatus.SUCCEEDED) -> int:
    finish_run(session, run_id, Ending(status=status, until=EARLY), now=LATER)
    return run_id


def run(session: Session, run_id: int) -> Run:
    query = select(Run).where(Run.id == run_id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def test_a_run_opens_and_ends(sessions: Sessions) -> None:
    """When it started, how it ended, what it said and how far it came are kept."""
    with sessions.begin() as session:
        run_id = start_run(session, job="fetch", now=EARLY)
        started = run(session, run_id)
        assert (started.status, started.started_at) == (RunStatus.RUNNING, EARLY)
        assert started.finished_at is None
        ending = Ending(
            status=RunStatus.SUCCEEDED,
            summary={"read": 7},
            until=EARLY,
            settings_digest="abc",
        )
        finish_run(session, run_id, ending, now=LATER)
        ended = run(session, run_id)
        assert (ended.status, ended.finished_at) == (RunStatus.SUCCEEDED, LATER)
        assert (ended.until, ended.settings_digest) == (EARLY, "abc")
        assert json.loads(ended.summary or "") == {"read": 7}


def test_requests_at_once_are_one(sessions: Sessions) -> None:
    """Of many that ask for a run at the same moment, one asks and the others join it."""
    together = Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        with sessions.begin() as session:
            return request_run(session, job="fetch", now=EARLY)

    with ThreadPoolExecutor(8) as pool:
        asked = set(pool.map(ask, range(8)))
    with sessions() as session:
        assert session.scalars(select(Run.id)).all() == list(asked)


def test_a_request_that_is_not_stored_yet_is_waited_for(engine: Engine) -> None:
    """Who asks while another's request is being stored gets that one, or asks itself if it fails.

    On SQLite one transaction writes at a time anyway.
    """
    sessions = session_factory(engine)
    for kept in (True, False):
        with ThreadPoolExecutor(1) as pool:
            session = sessions()
            session.begin()
            first = request_run(session, job="relay", now=EARLY)
            asking = pool.submit(ask_for, sessions, "relay")
            time.sleep(0.2)
            assert not asking.done()
            session.commit() if kept else session.rollback()
            session.close()
            assert (asking.result(timeout=30) == first) or not kept
        with sessions.begin() as session:
            session.execute(delete(Run))


def ask_for(sessions: Sessions, job: str) -> int:
    with sessions.begin() as session:
        return request_run(session, job=job, now=EARLY)


def test_the_last_word_of_salesforce_is_that_of_the_run_that_ended_last(
    sessions: Sessions,
) -> None:
    """Runs that did not call it have no say; a long one that ends late has."""
    with sessions.begin() as session:
        assert last_word_of_salesforce(session) is None
        slow, quick, silent = (start_run(session, job=job, now=EARLY) for job in ("a", "b", "c"))
        failed = Ending(status=RunStatus.FAILED, salesforce_answered=False)
        finish_run(session, quick, Ending(status=RunStatus.SUCCEEDED), now=LATER)
        finish_run(session, silent, Ending(status=RunStatus.FAILED), now=LATER)
        assert last_word_of_salesforce(session) is None
        answered = Ending(status=RunStatus.SUCCEEDED, salesforce_answered=True)
        finish_run(session, quick, answered, now=EARLY)
        finish_run(session, slow, failed, now=LATER)
        last = last_word_of_salesforce(session)
        assert last is not None
        assert (last.run_id, last.answered) == (slow, False)


def test_the_last_word_of_salesforce_is_found_by_an_index(sessions: Sessions) -> None:
    """Each Ping asks for it, and ninety days hold a hundred thousand runs."""
    with sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))  # it would read so few rows
            explain = "EXPLAIN"
        else:
            explain = "EXPLAIN QUERY PLAN"
        query = _LAST_WORD.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = str(session.execute(text(f"{explain} {query}")).all())
    assert "run_that_called_salesforce" in plan
    assert "Sort" not in plan
    assert "B-TREE" not in plan


def test_a_requested_run_is_taken(sessions: Sessions) -> None:
    """Whoever starts the job next runs the one that was asked for."""
    with sessions.begin() as session:
        asked = request_run(session, job="fetch", now=EARLY)
        assert requested_jobs(session) == ["fetch"]
        assert start_run(session, job="fetch", now=LATER) == asked
        assert (run(session, asked).requested_at, run(session, asked).started_at) == (EARLY, LATER)
        assert requested_jobs(session) == []


def test_asking_twice_is_asking_once(sessions: Sessions) -> None:
    """A request that waits serves everybody; one that runs serves nobody who asks later."""
    with sessions.begin() as session:
        first = request_run(session, job="fetch", now=EARLY)
        assert request_run(session, job="fetch", now=LATER) == first
        assert request_run(session, job="relay", now=LATER) != first
        start_run(session, job="fetch", now=LATER)
        assert request_run(session, job="fetch", now=LATER) != first


def test_requests_are_served_in_their_order(sessions: Sessions) -> None:
    """The job that was asked for first comes first, whatever its name."""
    with sessions.begin() as session:
        for job in ("relay", "fetch", "relay", "purge"):
            request_run(session, job=job, now=EARLY)
        assert requested_jobs(session) == ["relay", "fetch", "purge"]


def test_a_run_whose_process_died_fails(sessions: Sessions) -> None:
    """The next run of that job says so; other jobs' runs are not touched."""
    with sessions.begin() as session:
        dead = start_run(session, job="fetch", now=EARLY)
        other = start_run(session, job="relay", now=EARLY)
        start_run(session, job="fetch", now=LATER)
        assert run(session, dead).status is RunStatus.FAILED
        assert run(session, dead).finished_at == LATER
        assert run(session, dead).error == "interrupted: its process ended before it did"
        assert run(session, other).status is RunStatus.RUNNING


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.REFUSED])
def test_only_success_moves_the_watermark(sessions: Sessions, status: RunStatus) -> None:
    """The last success counts, whatever failed after it."""
    with sessions.begin() as session:
        assert last_success(session, "fetch") is None
        end(session, start_run(session, job="fetch", now=EARLY))
        good = end(session, start_run(session, job="fetch", now=EARLY))
        end(session, start_run(session, job="fetch", now=EARLY), status)
        start_run(session, job="fetch", now=EARLY)
        end(session, start_run(session, job="relay", now=EARLY))
        found = last_success(session, "fetch")
        assert found is not None
        assert found.id == good


def test_the_newest_run_of_each_job(sessions: Sessions) -> None:
    """Jobs that never ran have none."""
    with sessions.begin() as session:
        assert latest_runs(session) == {}
        end(session, start_run(session, job="fetch", now=EARLY))
        newest = start_run(session, job="fetch", now=EARLY)
        relay = start_run(session, job="relay", now=EARLY)
        assert {job: one.id for job, one in latest_runs(session).items()} == {
            "fetch": newest,
            "relay": relay,
        }


def test_a_run_is_found_by_its_id(sessions: Sessions) -> None:
    """Or not at all."""
    with sessions.begin() as session:
        run_id = start_run(session, job="fetch", now=EARLY)
        found = find_run(session, run_id)
        assert found is not None
        assert found.job == "fetch"
        assert find_run(session, run_id + 1) is None


def test_purging_keeps_each_jobs_last_success(sessions: Sessions) -> None:
    """Watermarks outlive the retention time; so do runs that have not ended."""
    with sessions.begin() as session:
        end(session, start_run(session, job="fetch", now=EARLY))
        kept = end(session, start_run(session, job="fetch", now=EARLY))
        end(session, start_run(session, job="fetch", now=EARLY), RunStatus.FAILED)
        running = start_run(session, job="relay", now=EARLY)
        asked = request_run(session, job="purge", now=EARLY)
        assert purge_runs(session, before=LATER) == 0
        assert purge_runs(session, before=LATER + timedelta(seconds=1)) == 2
        assert set(session.scalars(select(Run.id))) == {kept, running, asked}
