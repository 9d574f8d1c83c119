"""The org whose ids a database holds."""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import System
from bridge.store.orgs import KnownOrg, adopt_org, known_org, note_deletions, note_full_read
from tests.builders import crm_record, customer
from tests.storing import row_of, save_crm, version_of

OLD, NEW = "00D000000000001EAA", "00D000000000002EAA"


def test_the_first_org_is_adopted(sessions: sessionmaker[Session], now: datetime) -> None:
    """It is known from then on, however often it is adopted."""
    with sessions.begin() as session:
        assert known_org(session) is None
        adopt_org(session, OLD, now=now)
    with sessions.begin() as session:
        save_crm(session, crm_record(customer()))
        adopt_org(session, OLD, now=now)
        assert known_org(session) == KnownOrg(OLD, None, None)
        here = version_of(session, customer(), System.CRM)
        assert here is not None
        assert not here.deleted


def test_another_org_gives_keys_free(sessions: sessionmaker[Session], now: datetime) -> None:
    """What the old one held is gone, and a record of the new one takes the link."""
    with sessions.begin() as session:
        adopt_org(session, OLD, now=now)
        note_full_read(session, now)
        note_deletions(session, now)
        assert known_org(session) == KnownOrg(OLD, now, now)
        save_crm(session, crm_record(customer()))
    with sessions.begin() as session:
        adopt_org(session, NEW, now=now)
        assert known_org(session) == KnownOrg(NEW, None, None)
        gone = version_of(session, customer(), System.CRM)
        assert gone is not None
        assert gone.deleted
        record = crm_record(customer())
        save_crm(session, record)
        assert row_of(session, customer()).salesforce_id == record.salesforce_id
