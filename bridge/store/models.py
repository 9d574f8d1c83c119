"""The tables. One class each; the words are DESIGN's."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bridge.domain.causes import Cause
from bridge.domain.reconcile import BreakKind
from bridge.domain.records import RecordType, System
from bridge.domain.rulings import Verdict
from bridge.store.types import BigId, Code, Instant, ScaledAmount, ScaledSum


class Base(DeclarativeBase):
    """All tables' metadata."""


class RunStatus(StrEnum):
    """Where a run stands. REFUSED: it would have done harm, and says why in `error`."""

    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REFUSED = "REFUSED"


class OutboxStatus(StrEnum):
    """Where a staged correction stands. DEAD is a dead letter: a person replays or drops it."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class BreakStatus(StrEnum):
    """Whether a difference still waits for someone."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class BreakResolution(StrEnum):
    """How a break was closed. SELF_CLEARED: a later run no longer found it."""

    CORRECTED = "CORRECTED"
    ACCEPTED = "ACCEPTED"
    SELF_CLEARED = "SELF_CLEARED"


class CredentialKind(StrEnum):
    """What proves a consumer. DIGEST_SECRET is a SECRET kept so that digests can be computed."""

    SECRET = "SECRET"  # noqa: S105 - a kind, no secret
    DIGEST_SECRET = "DIGEST_SECRET"  # noqa: S105
    CERTIFICATE = "CERTIFICATE"


class SnapshotStatus(StrEnum):
    """Where a snapshot stands: only an OPEN one takes records, only a CLOSED one concludes."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


class Consumer(Base):
    """An ERP that may call the service. `rights` is the JSON of its rights."""

    __tablename__ = "consumer"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    rights: Mapped[str] = mapped_column(Text, default="{}")
    created_at: Mapped[datetime] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class Credential(Base):
    """One proof of a consumer, good until `expires_at`.

    `value` is a secret's argon2 hash, a digest secret encrypted, or a certificate's fingerprint
    (SHA-256 of its DER, in hexadecimal digits), which names one consumer alone.
    """

    __tablename__ = "credential"
    __table_args__ = (
        Index("credential_by_consumer", "consumer_id"),
        Index(
            "credential_one_certificate",
            "value",
            unique=True,
            sqlite_where=sql("kind = 'CERTIFICATE'"),
            postgresql_where=sql("kind = 'CERTIFICATE'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    consumer_id: Mapped[int] = mapped_column(BigId, ForeignKey("consumer.id", ondelete="CASCADE"))
    kind: Mapped[CredentialKind] = mapped_column(Code(CredentialKind))
    value: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class Nonce(Base):
    """A digest that was accepted, and is not again. `digest` is SHA-256 of nonce and created."""

    __tablename__ = "nonce"
    __table_args__ = (Index("nonce_by_age", "seen_at"),)

    consumer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("consumer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class Call(Base):
    """One answered call. `outcome` is "ok" or the fault's code; `consumer` is None where nobody
    was recognised; `envelope` is the request without its secrets, compressed (zlib).
    """

    __tablename__ = "call"
    __table_args__ = (
        Index("call_by_age", "at"),
        Index("call_by_consumer", "consumer", "id"),
        Index(
            "call_with_envelope",
            "at",
            sqlite_where=sql("envelope IS NOT NULL"),
            postgresql_where=sql("envelope IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    consumer: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(60))
    operation: Mapped[str | None] = mapped_column(String(80))
    message_id: Mapped[str | None] = mapped_column(String(80))
    request_bytes: Mapped[int] = mapped_column(BigInteger)
    answer_bytes: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    outcome: Mapped[str] = mapped_column(String(80))
    correlation_id: Mapped[str] = mapped_column(String(100))
    envelope: Mapped[bytes | None] = mapped_column(LargeBinary)


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
    """

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("record_type", "company_code", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    company_code: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[str | None] = mapped_column(String(60))
    salesforce_id: Mapped[str | None] = mapped_column(String(18), unique=True)
    key_hash: Mapped[int] = mapped_column(BigInteger)


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
        Index("version_by_customer", "customer_number"),
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
    crm_key: Mapped[str | None] = mapped_column(String(120))
    key_pending: Mapped[bool] = mapped_column(default=False)
    customer_number: Mapped[str | None] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(String(7))
    due_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    net_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    tax_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)
    open_amount: Mapped[Decimal | None] = mapped_column(ScaledAmount)


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


class Run(Base):
    """One execution of a job. `until` is the watermark it reached, set when it succeeded.

    `salesforce_answered` tells how the run found Salesforce; None where it did not call it.
    `salesforce_rests_until` is when it is called again after too many failures in a row.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("run_by_job", "job", "status", "id"),
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
    run_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("run.id", ondelete="SET NULL"))
    staged_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)
    duplicates: Mapped[str | None] = mapped_column(Text)


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
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(String(80))
    run_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("run.id", ondelete="SET NULL"))


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
    """What a person decided of a break (bridge.domain.rulings), one per record and field.

    Values are texts as breaks hold them. One that `needs_approval` waits until a second person is
    `approved_by`. `run_id` is the last run that obeyed it; one that a run did not obey is over.
    """

    __tablename__ = "ruling"
    __table_args__ = (UniqueConstraint("record_id", "field"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("record.id", ondelete="CASCADE"))
    record_type: Mapped[RecordType] = mapped_column(Code(RecordType))
    break_id: Mapped[int] = mapped_column(BigId, ForeignKey("break.id", ondelete="CASCADE"))
    kind: Mapped[BreakKind] = mapped_column(Code(BreakKind))
    field: Mapped[str] = mapped_column(String(40))
    erp_value: Mapped[str | None] = mapped_column(Text)
    crm_value: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[Verdict] = mapped_column(Code(Verdict))
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime] = mapped_column(Instant)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    approved_by: Mapped[str | None] = mapped_column(String(80))
    run_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("run.id", ondelete="SET NULL"))


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


class AuditEntry(Base):
    """One deed in the audit trail; each carries the digest of itself and of all before it.

    `position` counts from 1 without gaps. `run_id` names the run that a run's entry is of; what
    such an entry says of the run's figures is in `detail`, as a digest.
    """

    __tablename__ = "audit_entry"

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    run_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class Comparison(Base):
    """Which fields the stored digests of a record type cover; another list makes them anew."""

    __tablename__ = "comparison"

    record_type: Mapped[RecordType] = mapped_column(Code(RecordType), primary_key=True)
    fields: Mapped[str] = mapped_column(Text)
