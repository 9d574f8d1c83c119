"""The trail of deeds."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base
from bridge.store.types import BigId, Instant


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
