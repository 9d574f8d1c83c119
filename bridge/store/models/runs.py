"""Runs of jobs, the org they read, and the totals they found."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.records import RecordType, System
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant, ScaledSum


class RunStatus(StrEnum):
    """Where a run stands. REFUSED: it would have done harm, and says why in `error`."""

    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REFUSED = "REFUSED"


class Run(Base):
    """One execution of a job. `until` is the watermark it reached, set when it succeeded.

    `salesforce_answered` tells how the run found Salesforce; None where it did not call it.
    `salesforce_rests_until` is when it is called again after too many failures in a row.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("run_by_job", "job", "status", "id"),
        Index(  # for each Ping, among the runs of months
            "run_that_called_salesforce",
            "finished_at",
            "id",
            sqlite_where=sql("salesforce_answered IS NOT NULL"),
            postgresql_where=sql("salesforce_answered IS NOT NULL"),
        ),
        Index(
            "run_one_requested",
            "job",
            unique=True,
            sqlite_where=sql("status = 'REQUESTED'"),
            postgresql_where=sql("status = 'REQUESTED'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job: Mapped[str] = mapped_column(String(40))
    status: Mapped[RunStatus] = mapped_column(Code(RunStatus))
    requested_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    settings_digest: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    salesforce_answered: Mapped[bool | None] = mapped_column(Boolean)
    salesforce_rests_until: Mapped[datetime | None] = mapped_column(Instant)


class Org(Base):
    """The Salesforce org that is read; one row, none before the first reading.

    `read_in_full_at` is when all of it was read, which finds what no window shows;
    `deletions_until` how far its list of deletions is known.
    """

    __tablename__ = "org"

    organization_id: Mapped[str] = mapped_column(String(18), primary_key=True)
    adopted_at: Mapped[datetime] = mapped_column(Instant)
    read_in_full_at: Mapped[datetime | None] = mapped_column(Instant)
    deletions_until: Mapped[datetime | None] = mapped_column(Instant)


class _SumsOfRun:
    """The sums of one run in one place (bridge.domain.totals)."""

    run_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True
    )
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType), primary_key=True)
    company_code: Mapped[str] = mapped_column(String(20), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(ScaledSum)
    net_amount: Mapped[Decimal] = mapped_column(ScaledSum)
    tax_amount: Mapped[Decimal] = mapped_column(ScaledSum)
    open_amount: Mapped[Decimal] = mapped_column(ScaledSum)
    hash_total: Mapped[int] = mapped_column(BigInteger)


class ControlTotal(_SumsOfRun, Base):
    """What one system holds."""

    __tablename__ = "control_total"

    system: Mapped[System] = mapped_column(Code(System), primary_key=True)


class ExplainedTotal(_SumsOfRun, Base):
    """What the run explained of the difference between both systems, by reason."""

    __tablename__ = "explained_total"

    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
