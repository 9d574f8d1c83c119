"""Proposed links: what was found, what people said of it, and what it rested on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from bridge.domain.matching import Certainty, Evidence, Proposal
from bridge.domain.records import RecordType, System
from bridge.store.bulk import upsert
from bridge.store.linking import unlink
from bridge.store.models import LinkProposal, LinkStatus, Record, Version
from bridge.store.statements import one_of

_SETTLED = (LinkStatus.REJECTED, LinkStatus.UNLINKING, LinkStatus.UNLINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """A proposal to keep, of the record that it is about; fingerprints as they are now."""

    record_id: int
    proposal: Proposal
    status: LinkStatus
    erp_fingerprint: str
    crm_fingerprint: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is said of a record's link, and is not done yet."""

    status: LinkStatus
    salesforce_id: str


@dataclass(frozen=True, slots=True)
class EndedLink:
    """A link that a person took back."""

    record_id: int
    salesforce_id: str
    fingerprints: tuple[str, str]
    status: LinkStatus
    by: str
    reason: str


def settled_pairs(session: Session) -> Mapping[tuple[int, str], tuple[str, str]]:
    """Pairs that a person said no to: (record id, Salesforce id) -> both fingerprints then."""
    query = select(LinkProposal).where(LinkProposal.status.in_(_SETTLED))
    return {
        (row.record_id, row.salesforce_id): (row.erp_fingerprint, row.crm_fingerprint)
        for row in session.scalars(query)
    }


def suggested_pairs(session: Session) -> list[tuple[int, str]]:
    """Pairs that wait for an answer: (record id, Salesforce id), in order."""
    query = select(LinkProposal.record_id, LinkProposal.salesforce_id).where(
        LinkProposal.status == LinkStatus.SUGGESTED
    )
    return sorted((row[0], row[1]) for row in session.execute(query))


def save_proposals(session: Session, found: Sequence[NewProposal], *, now: datetime) -> None:
    """Keeps what was found, in the place of all suggestions before.

    A suggestion that is found again keeps its number.
    """
    kept = {(one.record_id, one.proposal.pair.crm) for one in found}
    before = session.execute(
        select(LinkProposal.id, LinkProposal.record_id, LinkProposal.salesforce_id).where(
            LinkProposal.status == LinkStatus.SUGGESTED
        )
    )
    gone = [row.id for row in before if (row.record_id, row.salesforce_id) not in kept]
    if gone:
        session.execute(delete(LinkProposal).where(one_of(LinkProposal.id, gone)))
    upsert(
        session,
        LinkProposal,
        [_row(one, now) for one in found],
        key=("record_id", "salesforce_id"),
    )


def standing(session: Session, record_ids: Sequence[int]) -> dict[int, Standing]:
    """What waits for a person, or for Salesforce to let the key go: record id -> that."""
    query = select(LinkProposal.record_id, LinkProposal.status, LinkProposal.salesforce_id).where(
        one_of(LinkProposal.record_id, record_ids),
        LinkProposal.status.in_((LinkStatus.SUGGESTED, LinkStatus.UNLINKING)),
    )
    return {row[0]: Standing(row[1], row[2]) for row in session.execute(query)}


def finish_unlinking(session: Session, record_type: RecordType) -> None:
    """Takes links back whose ERP key Salesforce's record no longer carries, or that is gone.

    One that is another's by now, of which nobody said anything, stays.
    """
    moved = Record.salesforce_id.is_distinct_from(LinkProposal.salesforce_id)
    query = (
        select(LinkProposal, moved)
        .join(Record, Record.id == LinkProposal.record_id)
        .outerjoin(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
        .where(
            LinkProposal.status == LinkStatus.UNLINKING,
            Record.record_type == record_type,
            or_(moved, Version.deleted, Version.crm_key.is_distinct_from(Record.number)),
        )
    )
    for row, has_moved in session.execute(query).all():
        if not has_moved:
            unlink(session, row.record_id)
        row.status = LinkStatus.UNLINKED
    session.flush()


def proposals(
    session: Session, *, status: LinkStatus | None, limit: int | None = None
) -> list[tuple[LinkProposal, Record]]:
    """Proposals of a status, or of any, with the ERP's record; the oldest first."""
    query = select(LinkProposal, Record).join(Record, Record.id == LinkProposal.record_id)
    if status is not None:
        query = query.where(LinkProposal.status == status)
    found = session.execute(query.order_by(LinkProposal.id).limit(limit))
    return [(row[0], row[1]) for row in found]


def find_proposal(session: Session, proposal_id: int) -> tuple[LinkProposal, Record] | None:
    """A proposal with the ERP's record."""
    query = select(LinkProposal, Record).join(Record, Record.id == LinkProposal.record_id)
    row = session.execute(query.where(LinkProposal.id == proposal_id)).first()
    return None if row is None else (row[0], row[1])


def save_ended(session: Session, ended: EndedLink, *, now: datetime) -> None:
    """Keeps that a person took a link back, whoever or whatever had made it."""
    decided = {
        "status": ended.status,
        "erp_fingerprint": ended.fingerprints[0],
        "crm_fingerprint": ended.fingerprints[1],
        "decided_at": now,
        "decided_by": ended.by,
        "reason": ended.reason,
    }
    pair = {"record_id": ended.record_id, "salesforce_id": ended.salesforce_id}
    before = session.scalar(select(LinkProposal).filter_by(**pair))
    if before is not None:
        session.execute(update(LinkProposal).filter_by(**pair).values(**decided))
        return
    why = "linked by its external id"
    new = {"certainty": Certainty.LINK, "centibits": None, "why": why, "evidence": "[]"}
    session.add(LinkProposal(**pair, **new, proposed_at=now, **decided))
    session.flush()


def settle(
    session: Session,
    proposal_id: int,
    *,
    status: LinkStatus,
    by: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Keeps what a person said of a proposal."""
    session.execute(
        update(LinkProposal)
        .where(LinkProposal.id == proposal_id)
        .values(status=status, decided_by=by, decided_at=now, reason=reason)
    )


def evidence_of(row: LinkProposal) -> list[Evidence]:
    """What each field told when the pair was found."""
    return [Evidence(**plain) for plain in json.loads(row.evidence)]


def _row(one: NewProposal, now: datetime) -> dict[str, object]:
    pair = one.proposal.pair
    linked = one.status is LinkStatus.LINKED
    return {
        "record_id": one.record_id,
        "salesforce_id": pair.crm,
        "certainty": one.proposal.certainty,
        "status": one.status,
        "centibits": None if pair.bits is None else round(pair.bits * 100),
        "why": one.proposal.why,
        "evidence": json.dumps([asdict(part) for part in pair.evidence], ensure_ascii=False),
        "erp_fingerprint": one.erp_fingerprint,
        "crm_fingerprint": one.crm_fingerprint,
        "proposed_at": now,
        "decided_at": now if linked else None,
        "decided_by": None,
        "reason": None,
    }
