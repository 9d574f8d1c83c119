"""Salesforce tells of records: what is taken, and what is refused."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.crm import Notification
from bridge.operations.admission import NotPermitted
from bridge.operations.credentials import Consumer
from bridge.operations.notifications import (
    NOTIFICATIONS,
    ForeignOrganization,
    NotificationReused,
    OutboundMessage,
    UnmappedObject,
    UnreadOrganization,
    get_notifications_view,
    take_notifications,
)
from bridge.operations.rights import UNRESTRICTED, Rights
from bridge.store.calls import CallCount, add_calls
from bridge.store.orgs import adopt_org
from tests.builders import EARLY
from tests.callers import CALL, STRANGERS_CALL
from tests.outbound import ORG, OTHER_ORG, notification

Sessions = sessionmaker[Session]
SALESFORCE = Consumer("salesforce", Rights(operations=frozenset({NOTIFICATIONS})))
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def known(sessions: Sessions, now: datetime) -> Sessions:
    """A database that knows its org."""
    with sessions.begin() as session:
        adopt_org(session, ORG, now=now)
    return sessions


def take(
    sessions: Sessions, *told: Notification, org: str = ORG, consumer: Consumer = SALESFORCE
) -> None:
    take_notifications(
        sessions,
        consumer=consumer,
        message=OutboundMessage(org, told),
        sobjects={"Account", "ERP_Payment__c"},
        now=EARLY,
    )


def waiting(sessions: Sessions) -> tuple[int, int]:
    """How many wait, and how often they were repeated."""
    view = get_notifications_view(sessions, since=EARLY)
    return sum(one.count for one in view.waiting), sum(one.repeated for one in view.waiting)


def test_what_is_told_is_stored(known: Sessions) -> None:
    """Each once, however often it is told, in one message or in two."""
    take(known, notification(1), notification(2), notification(1))
    take(known, notification(2), notification(3))
    assert waiting(known) == (3, 1)


def test_an_empty_message_is_taken(known: Sessions) -> None:
    """Its records were deleted before it was sent."""
    take(known)
    assert waiting(known) == (0, 0)


def test_the_right_has_to_be_given_by_name(known: Sessions) -> None:
    """A consumer that may do everything else may not send notifications."""
    with pytest.raises(NotPermitted, match="erp may send no notifications"):
        take(known, notification(1), consumer=Consumer("erp", UNRESTRICTED))
    assert waiting(known) == (0, 0)


def test_another_orgs_messages_are_refused(known: Sessions) -> None:
    """Whoever made them up, or copied the settings to a second org."""
    with pytest.raises(ForeignOrganization, match=OTHER_ORG):
        take(known, notification(1), org=OTHER_ORG)
    assert waiting(known) == (0, 0)


def test_nothing_is_taken_before_an_org_was_read(sessions: Sessions) -> None:
    """Salesforce repeats it, and it is taken then."""
    with pytest.raises(UnreadOrganization, match="fetch"):
        take(sessions, notification(1))


def test_an_unknown_kind_of_record_is_refused(known: Sessions) -> None:
    """With all that came with it."""
    with pytest.raises(UnmappedObject, match="no mapping names Contact: there are Account, ERP_P"):
        take(known, notification(1), notification(2, sobject="Contact"))
    assert waiting(known) == (0, 0)


@pytest.mark.parametrize("before", [True, False])
def test_a_notification_is_of_one_record(known: Sessions, before: bool) -> None:
    """Salesforce never gives its id to another one's, in two messages or in one."""
    if before:
        take(known, notification(1))
    told = [notification(1)] if not before else []
    with pytest.raises(NotificationReused, match="was one of Account 001000000000001AAA before"):
        take(known, *told, notification(2), notification(1, record=2))
    assert waiting(known) == (int(before), 0)


def test_the_view_counts_refused_messages_by_reason(sessions: Sessions) -> None:
    """And tells when and from where the last of each came."""
    rows = [
        (CALL, "ok", NOTIFICATIONS, "a"),
        (CALL, "ForeignOrganization", NOTIFICATIONS, "a"),
        (CALL, "ForeignOrganization", NOTIFICATIONS, "b"),
        (STRANGERS_CALL, "WrongCredentials", NOTIFICATIONS, "c"),
        (CALL, "ok", "Ping", "d"),
    ]
    with sessions.begin() as session:
        add_calls(
            session,
            [
                replace(row, outcome=outcome, operation=operation, address=address)
                for row, outcome, operation, address in rows
            ],
        )
    assert get_notifications_view(sessions, since=EARLY).calls == (
        CallCount("ForeignOrganization", 2, EARLY, "b"),
        CallCount("WrongCredentials", 1, EARLY, "c"),
        CallCount("ok", 1, EARLY, "a"),
    )
