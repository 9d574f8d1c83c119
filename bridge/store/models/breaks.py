"""Differences that wait for someone, and what people decided of them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.causes import Cause
from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordType
from bridge.domain.rulings import Verdict
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant, ScaledAmount


class BreakStatus(StrEnum):
    """Whether a difference still waits for someone."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class BreakResolution(StrEnum):
    """How a break was closed. SELF_CLEARED: a later run no longer found it."""

    CORRECTED = "CORRECTED"
    ACCEPTED = "ACCEPTED"
    SELF_CLEARED = "SELF_CLEARED"


class Break(Base):
    """A difference that someone must close; found again it stays the same row.

    `cause`, `evidence`, `amount` and `currency` are what the last run knew of it
    (bridge.domain.causes). `assignee` has it, `closed_by` closed it.
    """

    __tablename__ = "break"
    __table_args__ = (
        Index(
            "break_one_open",
            "record_id",
            "kind",
            "field",
            unique=True,
            sqlite_where=sql("status = 'OPEN'"),
            postgresql_where=sql("status = 'OPEN'"),
        ),
        Index("break_by_state", "status", "record_type"),
        Index("break_by_record", "record_id"),  # and what a record that goes takes with it
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("record.id", ondelete="CASCADE"))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    kind: Mapped[BreakKind] = mapped_column(Code(BreakKind))
    field: Mapped[str] = mapped_column(String(40))
    status: Mapped[BreakStatus] = mapped_column(Code(BreakStatus))
    resolution: Mapped[BreakResolution | None] = mapped_column(Code(BreakResolution))
    erp_value: Mapped[str | None] = mapped_column(Text)
    crm_value: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    cause: Mapped[Cause] = mapped_column(Code(Cause))
    evidence: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    currency: Mapped[str | None] = mapped_column(String(3))
    assignee: Mapped[str | None] = mapped_column(String(80))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    counts_from: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(String(80))
    run_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="SET NULL"), index=True
    )


class BreakNote(Base):
    """What people did with a break, and said of it; never changed."""

    __tablename__ = "break_note"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    break_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("break.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class Ruling(Base):
    """What a person decided of a break (bridge.domain.rulings).

    One per record and field; of whole records, one per kind of break. Values are texts as breaks
    hold them. One that `needs_approval` waits until a second person is `approved_by`. `run_id` is
    the last run that obeyed it; one that a run did not obey is over.
    """

    __tablename__ = "ruling"
    __table_args__ = (UniqueConstraint("record_id", "kind", "field"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("record.id", ondelete="CASCADE"))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    break_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("break.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[BreakKind] = mapped_column(Code(BreakKind))
    field: Mapped[str] = mapped_column(String(40))
    erp_value: Mapped[str | None] = mapped_column(Text)
    crm_value: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[Verdict] = mapped_column(Code(Verdict))
    value: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    currency: Mapped[str | None] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime] = mapped_column(Instant)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    approved_by: Mapped[str | None] = mapped_column(String(80))
    run_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="SET NULL"), index=True
    )
