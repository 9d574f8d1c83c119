"""What is told of records: the crosswalk, its versions, and the submissions they came by."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.records import RecordType, System
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant, ScaledAmount


class Submission(Base):
    """One accepted SOAP write: the idempotency key, and the receipt to give again."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("consumer", "message_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    consumer: Mapped[str] = mapped_column(String(80))
    message_id: Mapped[str] = mapped_column(String(80))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    payload_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[datetime] = mapped_column(Instant, index=True)
    results: Mapped[str] = mapped_column(Text)


class Record(Base):
    """One row of the crosswalk: a record known by its ERP key, its Salesforce id, or both.

    A row with both is a link. Company code is empty where the record type has none.
    `key_hash` is the record's share in hash totals.

    The digests are copies that triggers keep (the first migration), so that one row tells whether
    CRM and AGREED are the same: those of its versions, NULL where there is none or it is deleted,
    and empty for one that the CRM holds under another key. The ERP's has none here: submissions
    would write rows that a run decides, and each had to wait for the other.
    """

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("record_type", "company_code", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    company_code: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[str | None] = mapped_column(String(60))
    salesforce_id: Mapped[str | None] = mapped_column(String(18), unique=True)
    key_hash: Mapped[int] = mapped_column(BigInteger)
    crm_digest: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    agreed_digest: Mapped[bytes | None] = mapped_column(LargeBinary(16))


class Version(Base):
    """What one system says of a record.

    `content` is the canonical JSON of its values, `digest` covers the compared ones alone.
    `modified_at` is when it changed there, `known_at` when the bridge last learned it (by being
    told, by reading or by writing it). `partial`: what the bridge wrote is known, the rest is not
    read yet. `merged_into` is the Salesforce id of the record that won, where this one was deleted
    by a merge. `crm_key` is the External ID's value as Salesforce holds it; it is `key_pending`
    where the record took over the link of one that lost, and does not carry the key yet. The
    currency, period and amounts stand beside the content so that the database can add them up.
    """

    __tablename__ = "version"
    __table_args__ = (
        # With the amount: documents that look alike are found by both (bridge.store.twins).
        Index("version_by_customer", "customer_number", "amount"),
        Index(
            "version_of_erp",
            "record_id",
            "digest",
            sqlite_where=sql("system = 'ERP' AND NOT deleted"),
            postgresql_where=sql("system = 'ERP' AND NOT deleted"),
        ),
        Index(
            "version_merged",
            "merged_into",
            sqlite_where=sql("merged_into IS NOT NULL"),
            postgresql_where=sql("merged_into IS NOT NULL"),
        ),
    )

    record_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("record.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    system: Mapped[System] = mapped_column(Code(System), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16))
    content: Mapped[str] = mapped_column(Text)
    deleted: Mapped[bool] = mapped_column(default=False)
    partial: Mapped[bool] = mapped_column(default=False)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    known_at: Mapped[datetime] = mapped_column(Instant)
    merged_into: Mapped[str | None] = mapped_column(String(18))
    crm_key: Mapped[str | None] = mapped_column(String(255))  # a Salesforce text's length
    key_pending: Mapped[bool] = mapped_column(default=False)
    customer_number: Mapped[str | None] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(String(7))
    due_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    net_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    tax_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    open_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)


class Comparison(Base):
    """Which fields the stored digests of a record type cover, and in which form of their values.

    Another list or form makes them anew.
    """

    __tablename__ = "comparison"

    record_type: Mapped[RecordType] = mapped_column(Code(RecordType), primary_key=True)
    fields: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(Text)
