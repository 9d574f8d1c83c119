"""Who calls: consumers, what proves them, and what they called."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant


class CredentialKind(StrEnum):
    """What proves a consumer. DIGEST_SECRET is a SECRET kept so that digests can be computed."""

    SECRET = "SECRET"  # noqa: S105 - a kind, no secret
    DIGEST_SECRET = "DIGEST_SECRET"  # noqa: S105
    CERTIFICATE = "CERTIFICATE"


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
