"""Looking before writing: customers are read, then matched, and then it is seen whether that holds.

Matching many customers takes minutes, and on SQLite one transaction writes at a time. So nothing is
held meanwhile; what was found is kept by a short transaction that makes sure of three things: each
customer that the ERP alone has was looked for as it is now, the Accounts that are proposed are as
they were, and nobody has said no to a pair since. Accounts that came later are found the next time.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.matching.finding import Found, LinkSummary, Sides, find_links, make_links, read_sides
from bridge.matching.proposing import Matcher
from bridge.store.engine import reading
from bridge.store.linking import digests_in_crm, digests_in_erp
from bridge.store.proposals import settled_pairs, suggested_pairs


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: digests of both sides' unlinked customers, and what people said no to."""

    erp: Mapping[str, str] = field(default_factory=dict)
    crm: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[tuple[int, str], tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and what was found; or what an earlier run made of the very same."""

    seen: Seen
    found: Found
    before: LinkSummary | None = None


@contextmanager
def looked(
    sessions: sessionmaker[Session],
    matcher: Matcher,
    transaction: Callable[[], AbstractContextManager[Session]],
    *,
    before: LinkSummary | None = None,
) -> Iterator[tuple[Session, Look]]:
    """A transaction, and a look that holds in it. Matching is done before the transaction begins.

    Where that no longer holds it is done once more, and then within the transaction: customers that
    keep changing must not keep all others waiting for ever. It is left out where nothing has
    changed since `before`.
    """
    look = look_ahead(sessions, matcher, before=before)
    with transaction() as session:
        if _holds(session, matcher, look):
            yield session, look
            return
    look = look_ahead(sessions, matcher, before=before)
    with transaction() as session:
        if not _holds(session, matcher, look):
            look = Look(_see(session, matcher), find_links(read_sides(session), matcher))
        yield session, look


def look_ahead(
    sessions: sessionmaker[Session], matcher: Matcher, *, before: LinkSummary | None = None
) -> Look:
    """Reads what is unlinked, and matches it; writes nothing."""
    with reading(sessions) as session:
        seen = _see(session, matcher)
        if before is not None and before.mark == _mark(session, matcher, seen):
            return Look(seen, Found(unlinked=len(seen.erp)), before)
        sides = read_sides(session) if seen.erp else Sides()
    return Look(seen, find_links(sides, matcher))


def keep(session: Session, matcher: Matcher, look: Look, *, now: datetime) -> LinkSummary:
    """Makes the links that are certain, keeps the others as suggestions, and tells."""
    if look.before is not None:
        return replace(look.before, linked=0, links=[])
    made = make_links(session, look.found, now=now)
    return replace(made, mark=_mark(session, matcher, look.seen))


def _see(session: Session, matcher: Matcher) -> Seen:
    if not matcher.settings.enabled:
        return Seen()
    erp = digests_in_erp(session, RecordType.CUSTOMER)
    if not erp:
        return Seen()
    return Seen(erp, digests_in_crm(session, RecordType.CUSTOMER), settled_pairs(session))


def _holds(session: Session, matcher: Matcher, look: Look) -> bool:
    if not matcher.settings.enabled:
        return True
    seen, wanted = look.seen, {one.pair.crm for one in look.found.proposals}
    there = digests_in_crm(session, RecordType.CUSTOMER, among=wanted)
    return (
        digests_in_erp(session, RecordType.CUSTOMER) == seen.erp
        and (not seen.erp or settled_pairs(session) == seen.settled)
        and all(there.get(one) == seen.crm[one] for one in wanted)
    )


def _mark(session: Session, matcher: Matcher, seen: Seen) -> str:
    """Names all that proposals follow from, and those that wait for an answer."""
    parts = (
        matcher.fingerprint,
        sorted(seen.erp.items()),
        sorted(seen.crm.items()),
        sorted(seen.settled.items()),
        suggested_pairs(session),
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
