"""Notifications: stored once, found when they are due, forgotten in time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.crm import Notification
from bridge.store.models import NotificationStatus
from bridge.store.notifications import (
    NotificationCount,
    add_notifications,
    close_notifications,
    count_notifications,
    due_notifications,
    is_any_due,
    postpone_notifications,
    purge_notifications,
)
from bridge.store.orgs import adopt_org
from tests.builders import EARLY
from tests.outbound import ORG, OTHER_ORG, notification

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(minutes=1)
ACCOUNTS = ["Account"]


def add(sessions: Sessions, *told: Notification, later: int = 0) -> list[Notification]:
    with sessions.begin() as session:
        return add_notifications(session, told, now=EARLY + timedelta(seconds=later))


def due(
    sessions: Sessions, sobjects: Sequence[str] = ACCOUNTS, limit: int = 9
) -> list[Notification]:
    with sessions() as session:
        found = due_notifications(session, sobjects=sobjects, now=LATER, limit=limit)
        assert is_any_due(session, sobjects=sobjects, now=LATER) == bool(found)
        return [one.notification for one in found]


def counts(sessions: Sessions) -> list[NotificationCount]:
    with sessions() as session:
        return count_notifications(session, since=EARLY)


def test_each_is_stored_once(sessions: Sessions) -> None:
    """However often it is told; how often, is counted."""
    assert add(sessions, notification(2), notification(1)) == [notification(1), notification(2)]
    for _ in range(2):
        add(sessions, notification(2), notification(3), later=5)
    assert due(sessions) == [notification(1), notification(2), notification(3)]
    assert counts(sessions) == [
        NotificationCount("Account", NotificationStatus.WAITING, 3, 3, EARLY)
    ]


def test_what_is_stored_is_told(sessions: Sessions) -> None:
    """An id that was another record's stays that one's."""
    add(sessions, notification(1))
    assert add(sessions, notification(1, record=2)) == [notification(1)]
    assert due(sessions) == [notification(1)]


def test_repetitions_that_meet_are_one(sessions: Sessions) -> None:
    """Two messages at once, of the same notifications in another order, wait for each other."""
    told = [notification(number) for number in range(600)]
    with ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(add, sessions, *each) for each in (told, told[::-1])]
        assert all(sorted(one.result(), key=lambda n: n.id) == told for one in sent)
    (count,) = counts(sessions)
    assert (count.count, count.repeated) == (600, 600)


def test_the_oldest_are_due_first(sessions: Sessions) -> None:
    """Of the kinds that are asked for, so many at most."""
    add(sessions, notification(3), later=2)
    add(sessions, notification(1, sobject="ERP_Payment__c"), notification(2), later=1)
    assert due(sessions, limit=1) == [notification(2)]
    assert due(sessions) == [notification(2), notification(3)]
    assert due(sessions, ["Contact"]) == []


def test_what_is_closed_or_postponed_is_not_due(sessions: Sessions) -> None:
    """One that is told again after it was closed stays closed."""
    add(sessions, *[notification(number) for number in range(4)])
    ids = [notification(number).id for number in range(4)]
    with sessions.begin() as session:
        close_notifications(session, ids[:1], status=NotificationStatus.FETCHED)
        close_notifications(session, ids[1:2], status=NotificationStatus.NOT_FOUND)
        postpone_notifications(session, {ids[2]: LATER + timedelta(seconds=1), ids[3]: LATER})
        postpone_notifications(session, {})
    add(sessions, notification(0), notification(1))
    assert due(sessions) == [notification(3)]
    assert {one.status: (one.count, one.repeated) for one in counts(sessions)} == {
        NotificationStatus.FETCHED: (1, 1),
        NotificationStatus.NOT_FOUND: (1, 1),
        NotificationStatus.WAITING: (2, 0),
    }


def test_old_ones_are_counted_while_they_wait(sessions: Sessions) -> None:
    """What is done and older than asked for is not."""
    add(sessions, notification(1), notification(2))
    with sessions.begin() as session:
        close_notifications(session, [notification(1).id], status=NotificationStatus.FETCHED)
        (count,) = count_notifications(session, since=LATER)
    assert (count.status, count.count) == (NotificationStatus.WAITING, 1)


def test_old_ones_are_forgotten_in_batches(sessions: Sessions) -> None:
    """The oldest first, whether they wait or not."""
    for number in range(5):
        add(sessions, notification(number), later=number)
    with sessions.begin() as session:
        close_notifications(session, [notification(0).id], status=NotificationStatus.FETCHED)
    before = EARLY + timedelta(seconds=3)
    gone = []
    for _ in range(3):
        with sessions.begin() as session:
            gone.append(purge_notifications(session, before=before, limit=2))
    assert gone == [2, 1, 0]
    assert due(sessions) == [notification(3), notification(4)]


def test_another_org_begins_anew(sessions: Sessions) -> None:
    """What the one before told is forgotten with it."""
    with sessions.begin() as session:
        adopt_org(session, ORG, now=EARLY)
    add(sessions, notification(1))
    with sessions.begin() as session:
        adopt_org(session, ORG, now=EARLY)
    assert due(sessions) == [notification(1)]
    with sessions.begin() as session:
        adopt_org(session, OTHER_ORG, now=EARLY)
    assert due(sessions) == []
