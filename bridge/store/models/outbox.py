"""Corrections on their way."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.records import RecordType, System
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant


class OutboxStatus(StrEnum):
    """Where a staged correction stands. DEAD is a dead letter: a person replays or drops it.

    UNANSWERED is a copy of one that was sent, until Salesforce is read (bridge.store.unanswered).
    """

    PENDING = "PENDING"
    SENDING = "SENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"
    UNANSWERED = "UNANSWERED"


class Outbox(Base):
    """A correction on its way: to the CRM by the relay, to the ERP through the change feed.

    `fields` is a JSON list of {name, old, new, reason}; `run_id` the last run that wanted it.
    For the ERP, SENDING means fetched but not yet acknowledged. `duplicates` are the Salesforce ids
    of records that a dead letter would have doubled, with blanks between them.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "outbox_one_pending",
            "record_id",
            "target",
            unique=True,
            sqlite_where=sql("status = 'PENDING'"),
            postgresql_where=sql("status = 'PENDING'"),
        ),
        Index("outbox_by_state", "status", "target", "record_type", "id"),
        Index("outbox_by_record", "record_id", "target"),
        # The change feed's sequence: a number that was shown never means another change.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("record.id"))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    target: Mapped[System] = mapped_column(Code(System))
    status: Mapped[OutboxStatus] = mapped_column(Code(OutboxStatus))
    fields: Mapped[str] = mapped_column(Text)
    run_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="SET NULL"), index=True
    )
    staged_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)
    duplicates: Mapped[str | None] = mapped_column(Text)
