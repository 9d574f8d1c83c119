"""What was found out of pairs: which record of Salesforce is, or may be, which of the ERP."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.matching import Certainty
from bridge.store.models.base import Base
from bridge.store.types import BigId, Code, Instant


class LinkStatus(StrEnum):
    """Where a proposed link stands.

    UNLINKING: a person took it back, and Salesforce's record still carries the ERP key. REJECTED
    and UNLINKED pairs are not proposed again, unless their records change.
    """

    SUGGESTED = "SUGGESTED"
    LINKED = "LINKED"
    REJECTED = "REJECTED"
    UNLINKING = "UNLINKING"
    UNLINKED = "UNLINKED"


class LinkProposal(Base):
    """A record of the ERP and one of Salesforce that may be the same (bridge.domain.matching).

    `evidence` is the JSON of what each field told, kept as it was when the pair was found. Its
    score is in hundredths of bits, None where only exact keys were compared. The fingerprints name
    what both sides said then. `decided_by` is None where a run made the link by itself.
    """

    __tablename__ = "link_proposal"
    __table_args__ = (
        UniqueConstraint("record_id", "salesforce_id"),
        Index("link_proposal_by_status", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, ForeignKey("record.id", ondelete="CASCADE"))
    salesforce_id: Mapped[str] = mapped_column(String(18))
    certainty: Mapped[Certainty] = mapped_column(Code(Certainty))
    status: Mapped[LinkStatus] = mapped_column(Code(LinkStatus))
    centibits: Mapped[int | None] = mapped_column(Integer)
    why: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    erp_fingerprint: Mapped[str] = mapped_column(String(32))
    crm_fingerprint: Mapped[str] = mapped_column(String(32))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
