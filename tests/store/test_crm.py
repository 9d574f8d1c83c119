"""Saving what was read from Salesforce."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Record, RecordKey, RecordType, System, key_of
from bridge.store import models
from bridge.store.crm import PageOutcome, mark_unseen_as_deleted
from bridge.store.models import Version
from bridge.store.records import find_records
from tests.builders import EARLY, crm_record, crm_values, customer, invoice, salesforce_id
from tests.storing import row_of, save, save_crm, save_erp, values_in, version_of

Sessions = sessionmaker[Session]
SOON = EARLY + timedelta(minutes=1)
LATER = EARLY + timedelta(hours=1)


def crm_version(session: Session, record: Record) -> Version:
    found = version_of(session, record, System.CRM)
    assert found is not None
    return found


def strangers(session: Session) -> list[str | None]:
    """The Salesforce ids of records without an ERP key."""
    query = select(models.Record.salesforce_id).where(models.Record.number.is_(None))
    return list(session.scalars(query.order_by(models.Record.id)))


# Links


def test_a_record_that_names_an_erp_key_is_linked(sessions: Sessions) -> None:
    """The External ID finds the row that the ERP's submission made."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        assert save_crm(session, seen) == PageOutcome(read=1, changed=1, deleted=0)
    with sessions() as session:
        row = row_of(session, customer())
        assert (row.id, row.salesforce_id) == (record_id, seen.salesforce_id)
        version = crm_version(session, customer())
        assert (version.crm_key, version.deleted) == ("C1", False)
        assert (version.modified_at, version.known_at) == (EARLY, EARLY)
        assert values_in(session, customer(), System.CRM) == crm_values(customer())


def test_a_key_that_the_erp_has_not_sent_gets_its_row(sessions: Sessions) -> None:
    """The row waits for the ERP under the key that Salesforce names."""
    with sessions.begin() as session:
        save_crm(session, crm_record(invoice()), record_type=RecordType.INVOICE)
    with sessions.begin() as session:
        row = row_of(session, invoice())
        assert row.salesforce_id is not None
        assert save_erp(session, invoice()) == [row.id]
        assert strangers(session) == []


@pytest.mark.parametrize("erp_key", [None, "no-company-code", "/"])
def test_a_record_without_a_readable_key_is_a_stranger(
    sessions: Sessions, erp_key: str | None
) -> None:
    """Salesforce alone knows it; what it claims as its key is kept for a person to see."""
    seen = crm_record(invoice(), erp_key=erp_key)
    with sessions.begin() as session:
        save_crm(session, seen, record_type=RecordType.INVOICE)
    with sessions() as session:
        assert strangers(session) == [seen.salesforce_id]
        assert session.scalars(select(Version)).one().crm_key == erp_key


def test_a_stranger_that_gets_its_key_moves_to_the_keys_row(sessions: Sessions) -> None:
    """Typing the External ID into Salesforce later links the record as if it had always stood."""
    seen = crm_record(customer(), erp_key=None)
    with sessions.begin() as session:
        save_crm(session, seen)
        (record_id,) = save_erp(session, customer())
        named = replace(seen, erp_key="C1", modified_at=SOON)
        assert save_crm(session, named, read_at=SOON).changed == 1
    with sessions() as session:
        assert strangers(session) == []
        assert row_of(session, customer()).id == record_id
        assert row_of(session, customer()).salesforce_id == seen.salesforce_id
        assert crm_version(session, customer()).crm_key == "C1"
        assert len(session.scalars(select(Version)).all()) == 2


def test_a_linked_record_keeps_its_link_when_its_key_changes(sessions: Sessions) -> None:
    """Whoever overwrites the External ID makes a break, not another link."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        save_erp(session, customer(number="C2"))
        save_crm(session, replace(seen, erp_key="C2"), read_at=SOON)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == seen.salesforce_id
        assert crm_version(session, customer()).crm_key == "C2"
        assert row_of(session, customer(number="C2")).salesforce_id is None


def test_a_key_that_a_live_record_holds_makes_the_newcomer_a_stranger(sessions: Sessions) -> None:
    """Two live Salesforce records with one key: the first keeps the link."""
    first, second = crm_record(customer()), crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, first)
        save_crm(session, second, read_at=SOON)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == first.salesforce_id
        assert strangers(session) == [second.salesforce_id]


def test_two_records_of_one_page_that_name_one_key(sessions: Sessions) -> None:
    """One of them is linked and the other a stranger: none is lost."""
    both = crm_record(customer()), crm_record(customer())
    with sessions.begin() as session:
        assert save_crm(session, *both).changed == 2
    with sessions() as session:
        linked = row_of(session, customer()).salesforce_id
        assert {linked, *strangers(session)} == {one.salesforce_id for one in both}


def test_a_record_takes_the_place_of_a_deleted_one(sessions: Sessions) -> None:
    """Deleted and created again under one key: the link moves, and nothing is agreed any more."""
    old, new = crm_record(customer()), crm_record(customer(), modified_at=LATER)
    with sessions.begin() as session:
        save_crm(session, old)
        save(session, System.AGREED, key_of(customer()), crm_values(customer()))
        save_crm(session, replace(old, deleted=True), read_at=SOON)
        assert version_of(session, customer(), System.AGREED) is not None
        save_crm(session, new, read_at=LATER)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == new.salesforce_id
        assert not crm_version(session, customer()).deleted
        assert version_of(session, customer(), System.AGREED) is None


@pytest.mark.parametrize("newer_first", [False, True])
def test_a_deleted_record_and_its_successor_in_one_page(
    sessions: Sessions, newer_first: bool
) -> None:
    """The successor takes the link, in whatever order the page and the ids come."""
    ids = sorted([salesforce_id(), salesforce_id()], reverse=newer_first)
    old, new = (crm_record(customer(), salesforce_id=one) for one in ids)
    page = [replace(old, deleted=True), new]
    with sessions.begin() as session:
        save_crm(session, old)
        save_crm(session, *(page[::-1] if newer_first else page), read_at=SOON)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == new.salesforce_id
        assert not crm_version(session, customer()).deleted
        assert strangers(session) == []


def test_a_successor_that_was_a_stranger_takes_the_link(sessions: Sessions) -> None:
    """It was read while its predecessor lived, and both stand in the page that tells of the end."""
    new_id, old_id = salesforce_id(), salesforce_id()
    old, new = (crm_record(customer(), salesforce_id=one) for one in (old_id, new_id))
    with sessions.begin() as session:
        save_crm(session, old)
        save_crm(session, new, read_at=SOON)
        assert strangers(session) == [new_id]
        save_crm(session, replace(old, deleted=True), new, read_at=LATER)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == new_id
        assert not crm_version(session, customer()).deleted
        assert strangers(session) == []


def test_an_unknown_deleted_record_is_left_out(sessions: Sessions) -> None:
    """What was gone before anyone saw it leaves no trace."""
    with sessions.begin() as session:
        outcome = save_crm(session, crm_record(customer(), deleted=True))
        assert (outcome.changed, outcome.deleted) == (0, 0)
        assert session.scalars(select(models.Record)).all() == []


def test_a_known_record_that_was_deleted_is_marked(sessions: Sessions) -> None:
    """The version stays, marked; undeleting it in Salesforce takes the mark away."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        outcome = save_crm(session, replace(seen, deleted=True), read_at=SOON)
        assert outcome == PageOutcome(read=1, changed=1, deleted=1)
        assert crm_version(session, customer()).deleted
        outcome = save_crm(session, seen, read_at=LATER)
        assert outcome == PageOutcome(read=1, changed=1, deleted=0)
        assert not crm_version(session, customer()).deleted


# Versions


def test_the_last_of_a_record_in_a_page_counts(sessions: Sessions) -> None:
    """A record that changed while the page was read stands twice in it."""
    first = crm_record(customer())
    second = replace(first, values={**first.values, "phone": "2"})
    with sessions.begin() as session:
        assert save_crm(session, first, second).read == 1
        assert (values_in(session, customer(), System.CRM) or {})["phone"] == "2"


def test_a_page_older_than_a_write_of_the_bridge_does_not_overwrite(sessions: Sessions) -> None:
    """What the bridge learned after the page's reading began is the newer word."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        written = crm_values(customer(), phone="written")
        save(session, System.CRM, key_of(customer()), written, at=LATER)
        outcome = save_crm(session, replace(seen, modified_at=SOON), read_at=SOON)
        assert outcome == PageOutcome(read=1, changed=0, deleted=0)
        assert values_in(session, customer(), System.CRM) == written
        assert save_crm(session, seen, read_at=LATER).changed == 1


@pytest.mark.parametrize("touch", [False, True])
def test_an_echo_is_no_change(sessions: Sessions, touch: bool) -> None:
    """Values as stored keep their `modified_at`: the bridge's own write wins no `latest`."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        echo = replace(seen, modified_at=LATER)
        assert save_crm(session, echo, read_at=LATER, touch=touch).changed == 0
        version = crm_version(session, customer())
        assert version.modified_at == EARLY
        assert version.known_at == (LATER if touch else EARLY)


@pytest.mark.parametrize(
    "change",
    [{"erp_key": "C9"}, {"values": {"name": "Other"}}, {"deleted": True}],
)
def test_a_change_takes_its_own_time(sessions: Sessions, change: Mapping[str, object]) -> None:
    """Other values, another key or a deletion bring the record's SystemModstamp along."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        changed = replace(seen, modified_at=LATER, **change)  # type: ignore[arg-type]
        assert save_crm(session, changed, read_at=LATER).changed == 1
        assert crm_version(session, customer()).modified_at == LATER


def test_a_value_that_could_not_be_read_stays_absent(sessions: Sessions) -> None:
    """Unread is neither empty nor the value of before."""
    seen = crm_record(customer())
    values = {name: value for name, value in seen.values.items() if name != "phone"}
    with sessions.begin() as session:
        save_crm(session, seen)
        save_crm(session, replace(seen, values=values), read_at=SOON)
        assert "phone" not in (values_in(session, customer(), System.CRM) or {"phone"})


def test_a_page_of_thousands(sessions: Sessions) -> None:
    """A whole page of Salesforce, two thousand records, is linked and stored."""
    page = [crm_record(customer(number=f"C{number}")) for number in range(2_000)]
    with sessions.begin() as session:
        assert save_crm(session, *page).changed == 2_000
        assert save_crm(session, *page, read_at=SOON).changed == 0
        keys = [RecordKey(RecordType.CUSTOMER, "", f"C{number}") for number in range(2_000)]
        assert len(find_records(session, keys)) == 2_000


def test_an_empty_page(sessions: Sessions) -> None:
    """Nothing read, nothing stored."""
    with sessions.begin() as session:
        assert save_crm(session) == PageOutcome()


# A full read


def test_what_a_full_read_did_not_show_is_gone(sessions: Sessions, now: datetime) -> None:
    """Unseen records of that type are marked deleted; seen, newer and other ones are not."""
    seen, unseen, written = (crm_record(customer(number=f"C{n}")) for n in range(3))
    with sessions.begin() as session:
        save_crm(session, seen, unseen, written)
        save_crm(session, crm_record(invoice()), record_type=RecordType.INVOICE)
        save_erp(session, customer(number="C1"))
        save_crm(session, seen, read_at=now, touch=True)
        save(session, System.CRM, key_of(customer(number="C2")), {}, at=now + timedelta(seconds=1))
        gone = mark_unseen_as_deleted(session, record_type=RecordType.CUSTOMER, read_since=now)
        again = mark_unseen_as_deleted(session, record_type=RecordType.CUSTOMER, read_since=now)
        assert (gone, again) == (1, 0)
    with sessions() as session:
        deleted = [crm_version(session, customer(number=f"C{n}")).deleted for n in range(3)]
        assert deleted == [False, True, False]
        assert not crm_version(session, invoice()).deleted
        erp = version_of(session, customer(number="C1"), System.ERP)
        assert erp is not None
        assert not erp.deleted


def test_page_outcomes_add_up() -> None:
    """The counts of pages sum to the counts of a fetch."""
    total = PageOutcome(1, 2, 3)
    total.add(PageOutcome(10, 20, 30))
    assert total == PageOutcome(11, 22, 33)


def test_ids_of_these_tests_are_salesforces() -> None:
    """The builders make ids of 18 characters, each once."""
    assert len(salesforce_id()) == 18
    assert salesforce_id() != salesforce_id()
