"""Records of Salesforce that name an ERP key get its link as soon as that is free."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.crm import CrmRecord
from bridge.domain.records import Customer, Invoice, RecordType, System, key_of
from bridge.store.crm import mark_deleted
from bridge.store.linking import link
from bridge.store.models import Record
from bridge.store.named_keys import link_named
from tests.builders import EARLY, crm_record, crm_values, customer, invoice
from tests.storing import row_of, save, save_crm, save_erp, values_in, version_of

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def second(**attributes: object) -> CrmRecord:
    """Another record of the same key."""
    return crm_record(customer(), changes={"phone": "2"}, **attributes)


def linked(session: Session) -> CrmRecord:
    """A customer of both sides, agreed on."""
    first = crm_record(customer())
    save_erp(session, customer())
    save_crm(session, first)
    save(session, System.AGREED, key_of(customer()), crm_values(customer()))
    return first


def link_now(session: Session) -> int:
    return link_named(session, record_type=RecordType.CUSTOMER)


@pytest.mark.parametrize("is_heir", [False, True])
def test_a_record_that_came_before_its_key_was_free(sessions: Sessions, is_heir: bool) -> None:
    """It has agreed on nothing yet, unless it won a merge over the one that is gone."""
    taker = second()
    with sessions.begin() as session:
        first = linked(session)
        save_crm(session, taker)
        assert row_of(session, customer()).salesforce_id == first.salesforce_id
        winner = taker.salesforce_id if is_heir else None
        gone = crm_record(
            customer(),
            salesforce_id=first.salesforce_id,
            deleted=True,
            master_record_id=winner,
            modified_at=LATER,
        )
        save_crm(session, gone, read_at=LATER)
        assert link_now(session) == 1
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == taker.salesforce_id
        assert (values_in(session, customer(), System.CRM) or {})["phone"] == "2"
        assert (values_in(session, customer(), System.AGREED) is not None) is is_heir
        assert session.query(Record).count() == 1


def test_one_that_is_marked_as_gone(sessions: Sessions) -> None:
    """A full read, and Salesforce's list of deletions, end with such marks."""
    taker = second()
    with sessions.begin() as session:
        first = linked(session)
        save_crm(session, taker)
        mark_deleted(
            session,
            record_type=RecordType.CUSTOMER,
            salesforce_ids=[first.salesforce_id],
            read_at=LATER,
        )
        assert (link_now(session), link_now(session)) == (1, 0)
        assert row_of(session, customer()).salesforce_id == taker.salesforce_id


def test_a_live_record_keeps_its_link(sessions: Sessions) -> None:
    """The other one stays a stranger, which is a break."""
    with sessions.begin() as session:
        first = linked(session)
        save_crm(session, second())
        assert link_now(session) == 0
        assert row_of(session, customer()).salesforce_id == first.salesforce_id


def test_a_record_that_was_to_get_the_key_gives_way(sessions: Sessions) -> None:
    """Salesforce has each key once: who carries it is it, and the other a stranger again."""
    waiting, taker = second(erp_key=None), second()
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        save_crm(session, waiting)
        link(session, [(record_id, waiting.salesforce_id)])
        save_crm(session, taker)
        assert link_now(session) == 1
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == taker.salesforce_id
        version = version_of(session, customer(), System.CRM)
        assert version is not None
        assert (version.crm_key, version.key_pending) == ("C1", False)
        ids = {one.salesforce_id: one.number for one in session.query(Record)}
        assert ids == {taker.salesforce_id: "C1", waiting.salesforce_id: None}


@pytest.mark.parametrize("record", [customer(), invoice()])
def test_a_record_that_names_another_key(sessions: Sessions, record: Customer | Invoice) -> None:
    """The ERP never had its first key, or has it no more: it takes the other key's link."""
    right, wrong = key_of(record), key_of(replace(record, number="X9"))
    of_type = right.record_type
    known, gone = replace(record, number="X1"), replace(record, number="X2")
    first = crm_record(record, erp_key=str(wrong))
    second = crm_record(gone, erp_key=str(key_of(gone)))
    with sessions.begin() as session:
        save_erp(session, record, known)
        save_erp(session, gone, deleted=True)
        save_crm(session, first, second, record_type=of_type)
        corrected = replace(first, erp_key=str(right)), replace(second, erp_key=str(key_of(known)))
        save_crm(session, *corrected, record_type=of_type, read_at=LATER)
        assert [link_named(session, record_type=of_type) for _ in range(2)] == [2, 0]
    with sessions() as session:
        assert row_of(session, record).salesforce_id == first.salesforce_id
        assert row_of(session, known).salesforce_id == second.salesforce_id
        assert row_of(session, gone).salesforce_id is None


@pytest.mark.parametrize(("deleted", "key"), [(False, "C9"), (False, None), (True, None)])
def test_whom_the_erp_had_sent_keeps_its_link(
    sessions: Sessions, deleted: bool, key: str | None
) -> None:
    """Another key is a break while the ERP has the record; one that was taken off may come back."""
    with sessions.begin() as session:
        first = linked(session)
        save_erp(session, customer(), deleted=deleted)
        save_crm(session, replace(first, erp_key=key), read_at=LATER)
        assert link_now(session) == 0
        assert row_of(session, customer()).salesforce_id == first.salesforce_id


def test_what_names_no_key_stays(sessions: Sessions) -> None:
    """Accounts without a key, and with one that is none."""
    with sessions.begin() as session:
        save_crm(session, second(erp_key=None), second(erp_key="  "))
        assert link_now(session) == 0


@pytest.mark.parametrize("characters", [61, 255])
def test_a_key_that_is_too_long_is_nobodys(sessions: Sessions, characters: int) -> None:
    """Salesforce's field may take more than an ERP's key has; all else goes on."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer(), erp_key="C" * characters))
        assert link_now(session) == 0
        assert session.scalars(select(Record.number)).all() == [None]
