"""Whole record types as consumers tell them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.records import RecordType
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant


class SnapshotStatus(StrEnum):
    """Where a snapshot stands: only an OPEN one takes records, only a CLOSED one concludes."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


class Snapshot(Base):
    """The whole of a record type of a company, as a consumer tells it (bridge.domain.snapshots).

    `public_id` is what consumers know it by. `members`, `gone` and `totals` (JSON: currency to
    amount as text) are what a CLOSED one found; `allowed_at` is when a person allowed it to leave
    out more than the settings do.
    """

    __tablename__ = "snapshot"
    __table_args__ = (
        Index(
            "snapshot_one_open",
            "consumer",
            "record_type",
            "company_code",
            unique=True,
            sqlite_where=sql("status = 'OPEN'"),
            postgresql_where=sql("status = 'OPEN'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    consumer: Mapped[str] = mapped_column(String(80))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    company_code: Mapped[str] = mapped_column(String(20))
    status: Mapped[SnapshotStatus] = mapped_column(Code(SnapshotStatus))
    as_of: Mapped[datetime] = mapped_column(Instant)
    begun_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    allowed_at: Mapped[datetime | None] = mapped_column(Instant)
    members: Mapped[int | None] = mapped_column(BigInteger)
    gone: Mapped[int | None] = mapped_column(BigInteger)
    totals: Mapped[str | None] = mapped_column(Text)


class SnapshotMember(Base):
    """A record that was told in an open snapshot, stored or rejected: its number and amount.

    The scaled amount is `amount_high` * SPLIT + `amount_low` (bridge.store.snapshots): what was
    rejected may be greater than 64 bits hold.
    """

    __tablename__ = "snapshot_member"
    __table_args__ = ({"sqlite_with_rowid": False},)

    snapshot_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[str] = mapped_column(String(60), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    amount_high: Mapped[int] = mapped_column(BigInteger)
    amount_low: Mapped[int] = mapped_column(BigInteger)
