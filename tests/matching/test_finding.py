"""Finding links on real databases: who is unlinked, what is kept, what a no means."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Customer, System
from bridge.matching.finding import Found, find_links, make_links, read_sides
from bridge.matching.looking import look_ahead
from bridge.matching.proposing import Matcher
from bridge.matching.settings import MatchingSettings
from bridge.store.models import LinkStatus
from bridge.store.proposals import evidence_of, proposals, settle
from tests.builders import crm_record, customer
from tests.storing import row_of, save_crm, save_erp, version_of

MATCHER = Matcher(MatchingSettings(scored=False))


def have(session: Session, *records: Customer) -> list[str]:
    """Salesforce has these without ERP keys; their ids."""
    page = [crm_record(one, erp_key=None) for one in records]
    save_crm(session, *page)
    return [one.salesforce_id for one in page]


def found(sessions: sessionmaker[Session], matcher: Matcher = MATCHER) -> Found:
    return look_ahead(sessions, matcher).found


def pairs(found: Found) -> list[tuple[str, str, str]]:
    return [(one.pair.erp, one.pair.crm, str(one.certainty)) for one in found.proposals]


def test_a_link_moves_the_version(sessions: sessionmaker[Session], now: datetime) -> None:
    """The ERP's record gets the Account and its version; the row of its own is gone."""
    with sessions.begin() as session:
        save_erp(session, customer())
        (one,) = have(session, customer(phone="+49 30 99"))
        summary = make_links(session, find_links(read_sides(session), MATCHER), now=now)
    assert (summary.linked, summary.suggested) == (1, 0)
    assert summary.links == [f"C1 = {one}: the same tax number"]
    with sessions() as session:
        version = version_of(session, customer(), System.CRM)
        assert version is not None
        assert (row_of(session, customer()).salesforce_id, version.key_pending) == (one, True)
        ((row, _),) = proposals(session, status=LinkStatus.LINKED)
        assert evidence_of(row)[0].crm == "DE123456789"
    assert found(sessions) == Found(unlinked=0)


def test_who_is_not_unlinked(sessions: sessionmaker[Session]) -> None:
    """Neither who carries another key, nor what is gone on either side."""
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2"))
        save_erp(session, customer(number="C3"), deleted=True)
        save_crm(session, crm_record(customer(number="C2")))
        save_crm(session, crm_record(customer(), erp_key=None, deleted=True))
        save_crm(session, crm_record(customer(), erp_key="C9"))
    assert found(sessions) == Found(unlinked=1)


def test_suggestions_stand_in_for_the_ones_before(
    sessions: sessionmaker[Session], now: datetime
) -> None:
    """Found again they keep their number; not found they are gone."""
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2", tax_number="DE987654321"))
        one, *_ = have(
            session, customer(name="Other"), customer(name="New", tax_number="DE987654321")
        )
    for expected in (2, 1):
        with sessions.begin() as session:
            summary = make_links(session, find_links(read_sides(session), MATCHER), now=now)
            assert summary.suggested == expected
            numbers = {row.salesforce_id: row.id for row, _ in proposals(session, status=None)}
        assert (len(numbers), numbers[one]) == (expected, 1)
        with sessions.begin() as session:
            save_erp(session, customer(number="C2", tax_number=None, billing_postal_code=None))


def test_a_no_stays_a_no(sessions: sessionmaker[Session], now: datetime) -> None:
    """Until one of the two says something else of itself than it said then."""
    with sessions.begin() as session:
        save_erp(session, customer())
        (one,) = have(session, customer(name="Other"))
        make_links(session, find_links(read_sides(session), MATCHER), now=now)
        ((row, _),) = proposals(session, status=LinkStatus.SUGGESTED)
        settle(session, row.id, status=LinkStatus.REJECTED, by="ada", reason="no", now=now)
    assert pairs(found(sessions)) == []
    with sessions.begin() as session:
        save_erp(session, customer(name="MUSTER gmbh", credit_limit=None))
    assert pairs(found(sessions)) == []
    with sessions.begin() as session:
        save_erp(session, customer(name="Other"))
    assert pairs(found(sessions)) == [("C1", one, "LINK")]


def test_switched_off(sessions: sessionmaker[Session]) -> None:
    """Nothing is looked for."""
    with sessions.begin() as session:
        save_erp(session, customer())
        have(session, customer())
    settings = MATCHER.settings.model_copy(update={"enabled": False})
    assert found(sessions, replace(MATCHER, settings=settings)) == Found(unlinked=0)
