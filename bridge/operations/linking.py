"""People look for the other side of customers, and say yes or no to what was found."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.identity import identity_of
from bridge.domain.matching import Certainty, Evidence
from bridge.domain.records import RecordKey, RecordType
from bridge.matching.finding import Found, keep_suggestions
from bridge.matching.looking import look_ahead, looked
from bridge.matching.proposing import Matcher
from bridge.operations.people import known_name
from bridge.store import proposals as store
from bridge.store.audit import Deed, append_deed
from bridge.store.engine import hold_record_type, reading
from bridge.store.linking import is_leaving, link, linked_side, unlink, unlinked_among
from bridge.store.models import LinkProposal, LinkStatus, Record
from bridge.store.records import find_records


class UnknownProposal(BridgeError):
    """No proposed link has this number."""


class BadLink(BridgeError):
    """A link cannot be made, or taken back, as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A proposed link, what it rests on, and what became of it."""

    id: int
    number: str
    salesforce_id: str
    certainty: Certainty
    status: LinkStatus
    bits: float | None
    why: str
    names: tuple[str, str]
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who says something of a link, when and why. `people` may; where there are none, anybody."""

    by: str
    now: datetime
    reason: str | None = None
    people: Collection[str] = ()


def suggest_links(
    sessions: sessionmaker[Session], *, matcher: Matcher, now: datetime, dry_run: bool = False
) -> Found:
    """Looks for the other side of all customers that the ERP alone has, and keeps what it finds.

    Nothing is linked: the next reconciliation does that with those that are certain.
    """
    if dry_run:
        return look_ahead(sessions, matcher).found
    with looked(sessions, matcher, partial(_deciding, sessions)) as (session, look):
        keep_suggestions(session, look.found, now=now)
    return look.found


def list_proposals(
    sessions: sessionmaker[Session], *, status: LinkStatus | None, limit: int | None = None
) -> list[ProposalView]:
    """Proposed links of a status, or all, the oldest first."""
    with reading(sessions) as session:
        return [_view(*row) for row in store.proposals(session, status=status, limit=limit)]


def get_proposal(sessions: sessionmaker[Session], *, proposal_id: int) -> ProposalView:
    """One proposed link. Raises UnknownProposal."""
    with reading(sessions) as session:
        return _view(*_find(session, proposal_id))


def confirm_link(sessions: sessionmaker[Session], *, proposal_id: int, word: Word) -> None:
    """Links both records of a suggestion; the next reconciliation gives Salesforce's the key.

    Raises UnknownProposal, BadLink, UnknownPerson.
    """
    with _answering(sessions, proposal_id, word, LinkStatus.LINKED) as (session, row, record):
        if not unlinked_among(session, [(row.record_id, row.salesforce_id)]):
            raise BadLink(
                f"customer {record.number} or {row.salesforce_id} is gone, changed hands or is on"
                " its way: look again with erp-bridge links suggest"
            )
        link(session, [(row.record_id, row.salesforce_id)])


def reject_link(sessions: sessionmaker[Session], *, proposal_id: int, word: Word) -> None:
    """Says that both are different customers; the pair is not proposed again until one changes.

    Raises UnknownProposal, BadLink, UnknownPerson.
    """
    with _answering(sessions, proposal_id, word, LinkStatus.REJECTED):
        pass


def unlink_customer(sessions: sessionmaker[Session], *, number: str, word: Word) -> bool:
    """Takes a customer's link back; False where Salesforce has to let go of the ERP key first.

    The next reconciliation and relay see to that. Raises BadLink, UnknownPerson.
    """
    by = known_name(word.by, word.people)
    with _deciding(sessions) as session:
        record = _linked(session, number)
        salesforce_id = str(record.salesforce_id)
        erp, crm, carries_key = linked_side(session, record.id)
        if erp is None or crm is None:
            raise BadLink(f"customer {number} is gone from one side: there is nothing to take back")
        if is_leaving(session, record.id):
            raise BadLink(f"customer {number} is on its way to Salesforce: try again in a minute")
        fingerprints = identity_of(erp).fingerprint, identity_of(crm).fingerprint
        status = LinkStatus.UNLINKING if carries_key else LinkStatus.UNLINKED
        ended = store.EndedLink(
            record.id, salesforce_id, fingerprints, status, by, word.reason or ""
        )
        store.save_ended(session, ended, now=word.now)
        if not carries_key:
            unlink(session, record.id)
        _write_down(session, record, salesforce_id, f"unlinked: {word.reason}", by, word.now)
    return not carries_key


@contextmanager
def _deciding(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions.begin() as session:
        hold_record_type(session, RecordType.CUSTOMER)
        yield session


@contextmanager
def _answering(
    sessions: sessionmaker[Session], proposal_id: int, word: Word, status: LinkStatus
) -> Iterator[tuple[Session, LinkProposal, Record]]:
    """An open proposal, which has this status in the end; written down in the audit trail."""
    by = known_name(word.by, word.people)
    with _deciding(sessions) as session:
        row, record = _find_open(session, proposal_id)
        yield session, row, record
        store.settle(session, row.id, status=status, by=by, reason=word.reason, now=word.now)
        said = "linked" if status is LinkStatus.LINKED else f"not the same: {word.reason}"
        _write_down(session, record, row.salesforce_id, said, by, word.now)


def _find(session: Session, proposal_id: int) -> tuple[LinkProposal, Record]:
    found = store.find_proposal(session, proposal_id)
    if found is None:
        raise UnknownProposal(
            f"there is no proposed link {proposal_id}: see erp-bridge links list --all"
        )
    return found


def _find_open(session: Session, proposal_id: int) -> tuple[LinkProposal, Record]:
    row, record = _find(session, proposal_id)
    if row.status is not LinkStatus.SUGGESTED:
        by = f" by {row.decided_by}" if row.decided_by else ""
        raise BadLink(f"link {proposal_id} is {row.status}{by} already")
    return row, record


def _linked(session: Session, number: str) -> Record:
    key = RecordKey(RecordType.CUSTOMER, "", number)
    record_id = find_records(session, [key]).get(key)
    record = None if record_id is None else session.get(Record, record_id)
    if record is None or record.salesforce_id is None:
        raise BadLink(f"customer {number} is linked to nothing")
    return record


def _write_down(
    session: Session, record: Record, salesforce_id: str, text: str, by: str, now: datetime
) -> None:
    subject = f"CUSTOMER {record.number} and {salesforce_id}"
    append_deed(session, Deed(at=now, actor=by[:80], action="link", subject=subject, detail=text))


def _view(row: LinkProposal, record: Record) -> ProposalView:
    evidence = tuple(store.evidence_of(row))
    names: Sequence[Evidence] = [one for one in evidence if one.field == "name"]
    return ProposalView(
        id=row.id,
        number=str(record.number),
        salesforce_id=row.salesforce_id,
        certainty=row.certainty,
        status=row.status,
        bits=None if row.centibits is None else row.centibits / 100,
        why=row.why,
        names=(names[0].erp, names[0].crm) if names else ("", ""),
        proposed_at=row.proposed_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        evidence=evidence,
    )
