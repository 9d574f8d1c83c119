"""Finding links: who is unlinked, what looks alike, who gets whom, and keeping that."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.domain.identity import identity_of
from bridge.domain.matching import Certainty, Proposal
from bridge.domain.records import RecordType
from bridge.matching.exact import Known
from bridge.matching.proposing import Matcher, propose
from bridge.store.linking import Unlinked, link, unlinked_in_crm, unlinked_in_erp
from bridge.store.models import LinkStatus
from bridge.store.proposals import NewProposal, save_proposals, settled_pairs

_MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Sides:
    """All customers that the ERP alone has, all Accounts without an ERP key, and refused pairs.

    A pair that a person said no to is left out for as long as both say what they said then.
    """

    erp: Sequence[Known] = ()
    crm: Sequence[Known] = ()
    refused: Collection[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What matching proposes for the customers that one side alone has.

    `unlinked` counts those of the ERP. `notes` tell what was left out, one line each.
    """

    unlinked: int = 0
    proposals: Sequence[Proposal] = ()
    erp: Mapping[str, Known] = field(default_factory=dict)
    crm: Mapping[str, Known] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def of(self, certainty: Certainty) -> list[Proposal]:
        """The proposals of which this is said."""
        return [one for one in self.proposals if one.certainty is certainty]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSummary:
    """What a run made of them: `links` tells the first ones that it made, a line each.

    `mark` names all that this followed from (bridge.matching.looking).
    """

    linked: int = 0
    suggested: int = 0
    links: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mark: str = ""


def read_sides(session: Session) -> Sides:
    """What links are to be found for."""
    erp = _known(unlinked_in_erp(session, RecordType.CUSTOMER))
    crm = _known(unlinked_in_crm(session, RecordType.CUSTOMER)) if erp else []
    return Sides(erp, crm, _refused(session, erp, {one.known_as: one for one in crm}))


def find_links(sides: Sides, matcher: Matcher) -> Found:
    """Looks for the other side of all customers that the ERP alone has."""
    if not sides.crm:
        return Found(unlinked=len(sides.erp))
    proposals, notes = propose(matcher, sides.erp, sides.crm, refused=sides.refused)
    return Found(
        unlinked=len(sides.erp),
        proposals=proposals,
        erp={one.known_as: one for one in sides.erp},
        crm={one.known_as: one for one in sides.crm},
        notes=notes,
    )


def make_links(session: Session, found: Found, *, now: datetime) -> LinkSummary:
    """Makes the links that are certain, and keeps the others as suggestions."""
    certain, likely = found.of(Certainty.LINK), found.of(Certainty.SUGGEST)
    _save(session, found, now, linked=certain, suggested=likely)
    link(session, [(found.erp[one.pair.erp].record_id, one.pair.crm) for one in certain])
    return LinkSummary(
        linked=len(certain),
        suggested=len(likely),
        links=[_line(one) for one in certain[:_MOST_EXAMPLES]],
        notes=list(found.notes),
    )


def keep_suggestions(session: Session, found: Found, *, now: datetime) -> None:
    """Keeps all that was found for people to look at; the next run makes the certain links."""
    _save(session, found, now, linked=(), suggested=found.proposals)


def _known(side: Iterable[Unlinked]) -> list[Known]:
    return [Known(one.record_id, one.known_as, identity_of(one.values)) for one in side]


def _refused(
    session: Session, erp: Iterable[Known], crm: Mapping[str, Known]
) -> set[tuple[str, str]]:
    """Pairs that a person said no to, of records that still say what they said then."""
    by_record = {one.record_id: one for one in erp}
    return {
        (by_record[record_id].known_as, salesforce_id)
        for (record_id, salesforce_id), fingerprints in settled_pairs(session).items()
        if record_id in by_record
        and salesforce_id in crm
        and fingerprints
        == (
            by_record[record_id].identity.fingerprint,
            crm[salesforce_id].identity.fingerprint,
        )
    }


def _save(
    session: Session,
    found: Found,
    now: datetime,
    *,
    linked: Sequence[Proposal],
    suggested: Sequence[Proposal],
) -> None:
    kept = [(one, LinkStatus.LINKED) for one in linked]
    kept += [(one, LinkStatus.SUGGESTED) for one in suggested]
    rows = [
        NewProposal(
            record_id=found.erp[one.pair.erp].record_id,
            proposal=one,
            status=status,
            erp_fingerprint=found.erp[one.pair.erp].identity.fingerprint,
            crm_fingerprint=found.crm[one.pair.crm].identity.fingerprint,
        )
        for one, status in kept
    ]
    save_proposals(session, rows, now=now)


def _line(one: Proposal) -> str:
    return f"{one.pair.erp} = {one.pair.crm}: {one.why}"
