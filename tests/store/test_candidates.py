"""Finding the records that need a decision."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import (
    Record,
    RecordKey,
    RecordType,
    System,
    Value,
    key_of,
    record_type_of,
)
from bridge.store.candidates import Candidate, candidates, count_records, move_agreed
from bridge.store.models import Version
from tests.builders import EARLY, compared, crm_record, crm_values, customer, invoice, rules
from tests.storing import save, save_crm, save_erp, values_in, version_of

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def found(session: Session, record_type: RecordType = RecordType.CUSTOMER) -> list[Candidate]:
    return [one for page in candidates(session, rules(record_type)) for one in page]


def agreed(session: Session, record: Record, **changes: Value | None) -> None:
    """All three versions hold the record; AGREED differs as said."""
    save_erp(session, record)
    save_crm(session, crm_record(record), record_type=record_type_of(record))
    save(session, System.AGREED, key_of(record), crm_values(record, **changes))


def test_what_agrees_everywhere_is_not_read(sessions: Sessions) -> None:
    """Three equal versions need no decision."""
    with sessions.begin() as session:
        agreed(session, customer())
        agreed(session, invoice())
        assert found(session) == []
        assert found(session, RecordType.INVOICE) == []


def test_looks_do_not_make_a_candidate(sessions: Sessions) -> None:
    """A difference in spaces or zeros is none."""
    with sessions.begin() as session:
        agreed(session, customer())
        save_erp(session, customer(name=" Muster  GmbH ", credit_limit=Decimal("5000.00")))
        assert found(session) == []


def test_each_side_that_differs_makes_a_candidate(sessions: Sessions) -> None:
    """The ERP's, the CRM's and the agreed version come with all their values."""
    with sessions.begin() as session:
        agreed(session, customer(number="same"))
        agreed(session, customer(number="agreed"), phone="0")
        agreed(session, customer(number="erp"))
        save_erp(session, customer(number="erp", phone="1"), at=LATER)
        save(
            session,
            System.CRM,
            RecordKey(RecordType.CUSTOMER, "", "new"),
            crm_values(customer(number="new")),
        )
        by_number = {
            one.versions.key.number: one.versions for one in found(session) if one.versions.key
        }
        assert set(by_number) == {"agreed", "erp", "new"}
        changed = by_number["erp"]
        assert changed.erp is not None
        assert changed.crm is not None
        assert changed.erp.values["phone"] == "1"
        assert (changed.erp.modified_at, changed.crm.modified_at) == (LATER, EARLY)
        assert changed.agreed == crm_values(customer(number="erp"))
        assert changed.crm_key == "erp"
        assert by_number["new"].erp is None
        assert by_number["new"].agreed is None


@pytest.mark.parametrize("system", [System.ERP, System.CRM])
def test_what_is_gone_is_a_candidate(sessions: Sessions, system: System) -> None:
    """A deletion is a difference though the values agree."""
    with sessions.begin() as session:
        agreed(session, customer())
        values = crm_values(customer())
        save(session, system, key_of(customer()), values, deleted=True)
        (one,) = found(session)
        version = one.versions.erp if system is System.ERP else one.versions.crm
        assert version is not None
        assert version.deleted


def test_what_is_gone_from_both_sides_is_not_read(sessions: Sessions) -> None:
    """Nobody has anything to decide any more, whether both ever had it or one alone."""
    with sessions.begin() as session:
        agreed(session, customer())
        for system in (System.ERP, System.CRM):
            save(session, system, key_of(customer()), crm_values(customer()), deleted=True)
        save_erp(session, customer(number="C2"), deleted=True)
        assert found(session) == []


@pytest.mark.parametrize("erp_key", ["C9", None])
def test_a_changed_key_is_a_candidate(sessions: Sessions, erp_key: str | None) -> None:
    """The External ID is compared though it is no field."""
    with sessions.begin() as session:
        agreed(session, invoice())
        assert found(session, RecordType.INVOICE) == []
        row = version_of(session, invoice(), System.CRM)
        assert row is not None
        row.crm_key = erp_key
        session.flush()
        (one,) = found(session, RecordType.INVOICE)
        assert one.versions.crm_key == erp_key


def test_a_value_that_could_not_be_read_is_a_candidate(sessions: Sessions) -> None:
    """Even where the other versions hold nothing: unread is not empty."""
    values = crm_values(customer(phone=None))
    del values["phone"]
    with sessions.begin() as session:
        agreed(session, customer(phone=None))
        save(session, System.CRM, key_of(customer()), values)
        assert len(found(session)) == 1


def test_prospects_are_not_read(sessions: Sessions) -> None:
    """An Account without an ERP key is nobody's business; a document without one is a candidate."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer(), erp_key=None))
        save_crm(session, crm_record(invoice(), erp_key=None), record_type=RecordType.INVOICE)
        assert found(session) == []
        (one,) = found(session, RecordType.INVOICE)
        assert one.versions.key is None


def test_a_record_that_claims_a_key_is_a_candidate(sessions: Sessions) -> None:
    """Also one whose key another record holds."""
    with sessions.begin() as session:
        agreed(session, customer())
        save_crm(session, crm_record(customer()), read_at=LATER)
        (one,) = found(session)
        assert (one.versions.key, one.versions.crm_key) == (None, "C1")


def test_documents_know_whether_their_customer_is_reachable(sessions: Sessions) -> None:
    """Sent by the ERP and not deleted in Salesforce."""
    with sessions.begin() as session:
        save_erp(session, customer(number="C1"))
        save_erp(session, invoice(number="a"), invoice(number="b", customer_number="C2"))
        known = {
            one.versions.key.number: one.versions.customer_known
            for one in found(session, RecordType.INVOICE)
            if one.versions.key
        }
        assert known == {"a": True, "b": False}


def test_pages_leave_nothing_out(sessions: Sessions) -> None:
    """More than a page is read once each, in order."""
    with sessions.begin() as session:
        save_crm(session, *(crm_record(customer(number=f"N{n}")) for n in range(2_100)))
        pages = list(candidates(session, rules()))
        assert [len(page) for page in pages] == [1_000, 1_000, 100]
        ids = [one.record_id for page in pages for one in page]
        assert ids == sorted(set(ids))
        assert count_records(session, RecordType.CUSTOMER) == 2_100
        assert count_records(session, RecordType.INVOICE) == 0


def move(session: Session, moved: list[tuple[Candidate, dict[str, Value | None]]]) -> None:
    move_agreed(
        session,
        record_type=RecordType.CUSTOMER,
        moved=moved,
        compared=compared(RecordType.CUSTOMER),
        now=LATER,
    )


def test_agreements_are_made_and_moved(sessions: Sessions) -> None:
    """New ones are stored, old ones replaced; what then agrees is no candidate any more."""
    one, other = customer(number="one"), customer(number="other")
    with sessions.begin() as session:
        agreed(session, one, phone="0")
        save_erp(session, other)
        save_crm(session, crm_record(other))
        pair = found(session)
        move(session, list(zip(pair, (crm_values(one), crm_values(other)), strict=True)))
        assert found(session) == []
        version = version_of(session, one, System.AGREED)
        assert version is not None
        assert (version.modified_at, version.known_at) == (LATER, LATER)


@pytest.mark.parametrize("before", [None, "0"])
def test_an_agreement_that_moved_meanwhile_stays(sessions: Sessions, before: str | None) -> None:
    """What an acknowledgement agreed on after the run had read is not overwritten."""
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, crm_record(customer()))
        if before is not None:
            save(session, System.AGREED, key_of(customer()), {"phone": before})
        (one,) = found(session)
        save(session, System.AGREED, key_of(customer()), {"phone": "acknowledged"})
        move(session, [(one, {"phone": "decided"})])
        session.expire_all()
        assert values_in(session, customer(), System.AGREED) == {"phone": "acknowledged"}


def test_candidates_are_read_anew_each_time(sessions: Sessions, now: datetime) -> None:
    """A session that looked before sees what was written since."""
    with sessions.begin() as session:
        save_erp(session, customer())
        held = session.scalars(select(Version)).all()
        save_erp(session, customer(phone="1"), at=now)
        (one,) = found(session)
        assert len(held) == 1
        assert one.versions.erp is not None
        assert one.versions.erp.values["phone"] == "1"
