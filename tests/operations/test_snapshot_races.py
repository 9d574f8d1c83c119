"""Snapshots of callers that meet: nothing is lost, and nothing concluded that is no longer true."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import System, key_of
from bridge.operations.snapshot_overview import list_snapshots
from bridge.operations.snapshots import ClosedSnapshot, SnapshotClosed, join_snapshot
from bridge.store.models import Snapshot, SnapshotStatus
from bridge.store.records import find_records
from bridge.store.snapshots import (
    end_snapshot,
    hold_missing,
    hold_snapshot,
    mark_missing_as_gone,
    save_members,
)
from bridge.store.versions import contents_of, touch_versions
from tests.builders import invoice
from tests.operations.test_snapshots import ERP, at, begin, close, gone, invoices, tell
from tests.operations.test_submissions import submit
from tests.store.test_concurrency import meanwhile

T = TypeVar("T")
Sessions = sessionmaker[Session]
CALLERS = 6


def two_told(sessions: Sessions) -> str:
    """Two invoices were sent; a snapshot holds the first."""
    submit(sessions, *invoices("I1", "I2"))
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I1"))
    return snapshot_id


def held(session: Session, snapshot_id: str) -> Snapshot:
    """The snapshot as a close holds it."""
    snapshot = hold_snapshot(session, consumer="erp", public_id=snapshot_id, shared=False)
    assert snapshot is not None
    return snapshot


def at_once(call: Callable[[int], T]) -> list[T]:
    """What CALLERS get who call at the same time."""
    meet = Barrier(CALLERS)

    def caller(number: int) -> T:
        meet.wait()
        return call(number)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


def test_a_close_waits_for_submissions_under_way(sessions: Sessions) -> None:
    """What is being stored in the snapshot counts, though it is committed after the close came."""
    snapshot_id = two_told(sessions)
    with sessions() as session:
        snapshot = join_snapshot(session, consumer=ERP, snapshot_id=snapshot_id)
        save_members(session, snapshot, invoices("I2"))
        with meanwhile(lambda: close(sessions, snapshot_id, 2, EUR="238")) as closed:
            session.commit()
            assert closed.result().gone == 0


def test_a_submission_waits_for_a_close_under_way(sessions: Sessions) -> None:
    """It finds the snapshot closed then, and nothing of it is stored."""
    snapshot_id = two_told(sessions)

    def late() -> None:
        tell(sessions, snapshot_id, invoice(number="I9"), message_id="late")

    with sessions() as session:
        end_snapshot(session, held(session, snapshot_id), SnapshotStatus.CLOSED, now=at(3))
        with meanwhile(late) as refused:
            session.commit()
            with pytest.raises(SnapshotClosed):
                refused.result()
    with sessions() as session:
        assert find_records(session, [key_of(invoice(number="I9"))]) == {}


def test_what_is_being_submitted_is_not_concluded_gone(sessions: Sessions) -> None:
    """A close waits for a submission of what it leaves out, and leaves it alone then."""
    snapshot_id = two_told(sessions)
    with sessions() as session:
        ids = list(find_records(session, [key_of(invoice(number="I2"))]).values())
        contents_of(session, ids, System.ERP)
        touch_versions(session, ids, System.ERP, known_at=at(2.7))
        with meanwhile(lambda: close(sessions, snapshot_id, 1, EUR="119")) as closed:
            session.commit()
            assert closed.result().gone == 0
    assert gone(sessions, invoices("I1", "I2")) == []


def test_what_is_submitted_during_a_close_comes_back(sessions: Sessions) -> None:
    """Unchanged or not: the submission waits for the close, and has the last word."""
    snapshot_id = two_told(sessions)
    with sessions() as session:
        snapshot = held(session, snapshot_id)
        assert hold_missing(session, snapshot).gone == 1
        mark_missing_as_gone(session, snapshot, now=at(3))
        with meanwhile(lambda: submit(sessions, invoice(number="I2"), message_id="m")) as told:
            session.commit()
            told.result()
    assert gone(sessions, invoices("I1", "I2")) == []


def test_closing_at_once_is_closing_once(sessions: Sessions) -> None:
    """One of the callers closes, the others get its answer."""
    snapshot_id = two_told(sessions)

    def closes(number: int) -> ClosedSnapshot:
        return close(sessions, snapshot_id, 1, now=at(3 + number), EUR="119")

    answers = at_once(closes)
    assert sorted(one.replayed for one in answers) == [False] + [True] * (CALLERS - 1)
    assert len({(one.members, one.gone, one.closed_at) for one in answers}) == 1


@pytest.mark.parametrize("older", [0, 1])
def test_beginning_at_once_leaves_one_open(sessions: Sessions, older: int) -> None:
    """Each of the others was superseded by the next, once."""
    first = [begin(sessions).snapshot_id for _ in range(older)]
    begun = at_once(lambda _: begin(sessions))
    states = {one.snapshot_id: one.status for one in list_snapshots(sessions)}
    (left,) = [one for one, status in states.items() if status is SnapshotStatus.OPEN]
    ended = sorted(one.superseded for one in begun if one.superseded)
    assert ended == sorted({*states} - {left})
    assert len(states) == CALLERS + len(first)


def test_submitting_at_once_loses_no_member(sessions: Sessions) -> None:
    """The same records in opposite orders, by several callers: nobody waits in a circle."""
    snapshot_id = begin(sessions).snapshot_id
    numbers = [f"I{n}" for n in range(100)]

    def tells(number: int) -> None:
        order = numbers if number % 2 else numbers[::-1]
        tell(sessions, snapshot_id, *invoices(*order), message_id=f"by {number}")

    at_once(tells)
    assert close(sessions, snapshot_id, 100, EUR="11900").members == 100
