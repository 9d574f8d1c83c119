"""What Salesforce tells by outbound messages."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base
from bridge.store.types import Code, Instant


class NotificationStatus(StrEnum):
    """What became of a notification. NOT_FOUND: Salesforce did not show the record for long."""

    WAITING = "WAITING"
    FETCHED = "FETCHED"
    NOT_FOUND = "NOT_FOUND"


class Notification(Base):
    """A record that changed, as Salesforce told (bridge.domain.crm.Notification).

    `times` is how often it was told so. One that waits is looked at when it is due.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("notification_by_age", "received_at"),
        Index(
            "notification_waiting",
            "due_at",
            sqlite_where=sql("status = 'WAITING'"),
            postgresql_where=sql("status = 'WAITING'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(18), primary_key=True)
    sobject: Mapped[str] = mapped_column(String(80))
    salesforce_id: Mapped[str] = mapped_column(String(18))
    status: Mapped[NotificationStatus] = mapped_column(Code(NotificationStatus))
    received_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    times: Mapped[int] = mapped_column(default=1)
