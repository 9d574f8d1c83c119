"""Salesforce tells of records that changed, by outbound messages.

A message is Salesforce's word that something happened and no more: it may come twice, late, out of
order or never. What it says of a record is not looked at, and the records are read from Salesforce
by a job, as they are in its windows.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.crm import Notification
from bridge.operations.admission import NotPermitted
from bridge.operations.credentials import Consumer
from bridge.store.calls import OK, CallCount, count_outcomes
from bridge.store.engine import reading
from bridge.store.models import NotificationStatus
from bridge.store.notifications import (
    NotificationCount,
    add_notifications,
    count_notifications,
)
from bridge.store.orgs import known_org

__all__ = [
    "NOTIFICATIONS",
    "ForeignOrganization",
    "NotificationReused",
    "NotificationsView",
    "OutboundMessage",
    "UnmappedObject",
    "UnreadOrganization",
    "get_notifications_view",
    "take_notifications",
]

log = structlog.get_logger(__name__)

NOTIFICATIONS = "notifications"
"""The operation, by Salesforce's name. Who sends messages needs the right to it by its name."""


class ForeignOrganization(BridgeError):
    """A message of an org other than the one that is read."""


class UnreadOrganization(BridgeError):
    """A message that came before any org was read: whose ids are known here is not known."""


class UnmappedObject(BridgeError):
    """A message about a kind of record that no mapping names."""


class NotificationReused(BridgeError):
    """A notification whose id was one of another record before."""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What Salesforce sent: its org, 18 characters, and the records that it tells of."""

    organization_id: str
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True)
class NotificationsView:
    """What came of notifications, and of the calls that brought them, refused ones too."""

    notifications: tuple[NotificationCount, ...]
    calls: tuple[CallCount, ...]

    @property
    def waiting(self) -> tuple[NotificationCount, ...]:
        """The ones whose records are to be read yet."""
        return tuple(one for one in self.notifications if one.status is NotificationStatus.WAITING)

    @property
    def refused(self) -> tuple[CallCount, ...]:
        """The calls of which nothing was stored."""
        return tuple(one for one in self.calls if one.outcome != OK)


def take_notifications(
    sessions: sessionmaker[Session],
    *,
    consumer: Consumer,
    message: OutboundMessage,
    sobjects: Collection[str],
    now: datetime,
) -> None:
    """Stores what a message tells of these kinds of records; what was told before is stored once.

    Raises NotPermitted, UnreadOrganization, ForeignOrganization, UnmappedObject or
    NotificationReused; then nothing of it is stored.
    """
    if NOTIFICATIONS not in consumer.rights.operations:
        raise NotPermitted(
            f"{consumer.name} may send no notifications: its rights have to name them"
        )
    told = _by_id(message.notifications)
    with sessions.begin() as session:
        _require_known(session, message)
        _require_mapped(message.notifications, sobjects)
        stored = add_notifications(session, list(told.values()), now=now)
        for one in stored:
            _require_same(one, told[one.id])
    log.info("notifications taken", **Counter(one.sobject for one in told.values()))


def get_notifications_view(
    sessions: sessionmaker[Session], *, since: datetime
) -> NotificationsView:
    """What came since an instant."""
    with reading(sessions) as session:
        return NotificationsView(
            tuple(count_notifications(session, since=since)),
            tuple(count_outcomes(session, operation=NOTIFICATIONS, since=since)),
        )


def _by_id(notifications: Sequence[Notification]) -> dict[str, Notification]:
    told: dict[str, Notification] = {}
    for one in notifications:
        _require_same(told.setdefault(one.id, one), one)
    return told


def _require_known(session: Session, message: OutboundMessage) -> None:
    org = known_org(session)
    if org is None:
        raise UnreadOrganization("no org has been read yet: run `erp-bridge job run fetch`")
    if org.organization_id != message.organization_id:
        raise ForeignOrganization(
            f"the message comes from the org {message.organization_id}, which is not the one that"
            " is read here"
        )


def _require_mapped(notifications: Sequence[Notification], sobjects: Collection[str]) -> None:
    for one in notifications:
        if one.sobject not in sobjects:
            raise UnmappedObject(
                f"no mapping names {one.sobject[:80]}: there are {', '.join(sorted(sobjects))}"
            )


def _require_same(known: Notification, told: Notification) -> None:
    if known != told:
        raise NotificationReused(
            f"the notification {told.id} was one of {known.sobject} {known.salesforce_id} before"
        )
