"""The crosswalk and the versions."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import chain
from threading import Barrier

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import (
    RecordKey,
    RecordType,
    key_of,
)
from bridge.store import models
from bridge.store.linking import link
from bridge.store.records import (
    Located,
    ensure_records,
    find_records,
    key_of_row,
    known_customers,
    locate_records,
    reachable_customers,
)
from tests.builders import (
    crm_record,
    customer,
    invoice,
)
from tests.storing import row_of, save_crm, save_erp

Sessions = sessionmaker[Session]


def keys(count: int, record_type: RecordType = RecordType.INVOICE) -> list[RecordKey]:
    return [RecordKey(record_type, "1000", f"N{number}") for number in range(count)]


def test_rows_are_made_once(sessions: Sessions) -> None:
    """Asking again for the rows of keys gives the same rows, and makes only what is missing."""
    with sessions.begin() as session:
        first = ensure_records(session, keys(2))
    with sessions.begin() as session:
        second = ensure_records(session, [*keys(3), *keys(3)])
        assert session.scalar(select(func.count()).select_from(models.Record)) == 3
    assert first.items() <= second.items()


def test_what_is_new_is_told(sessions: Sessions) -> None:
    """One row or many; what is there already is not."""
    for count in (1, 2, 600):
        with sessions.begin() as session:
            before = find_records(session, keys(count))
            ids, made = locate_records(session, keys(count))
            assert len(ids) == count
            assert made == set(ids.values()) - set(before.values())


def test_more_keys_than_a_statement_names(sessions: Sessions) -> None:
    """Thousands of keys at once are found and made."""
    with sessions.begin() as session:
        made = ensure_records(session, keys(1_201))
        assert len(set(made.values())) == 1_201
        assert find_records(session, keys(1_300)) == made


def test_nothing_asked_is_nothing_found(sessions: Sessions) -> None:
    """No keys, no rows, no error."""
    with sessions.begin() as session:
        assert ensure_records(session, []) == {}
        assert find_records(session, []) == {}


def test_a_number_means_another_record_in_each_type_and_company(sessions: Sessions) -> None:
    """Type, company code and number together are the key."""
    with sessions.begin() as session:
        ids = ensure_records(
            session,
            [
                RecordKey(RecordType.CUSTOMER, "", "1"),
                RecordKey(RecordType.INVOICE, "1000", "1"),
                RecordKey(RecordType.INVOICE, "2000", "1"),
                RecordKey(RecordType.PAYMENT, "1000", "1"),
            ],
        )
    assert len(set(ids.values())) == 4


def test_a_row_gives_its_key_back(sessions: Sessions) -> None:
    """A row of an ERP key gives that key; one that only Salesforce knows has none."""
    with sessions.begin() as session:
        save_erp(session, invoice(), customer())
        assert key_of_row(row_of(session, invoice())) == key_of(invoice())
        assert key_of_row(row_of(session, customer())) == key_of(customer())
    stranger = models.Record(record_type=RecordType.CUSTOMER, salesforce_id="001", key_hash=1)
    assert key_of_row(stranger) is None


def test_many_at_once_make_one_row_each(sessions: Sessions) -> None:
    """Callers that meet on new keys, in any order, all get the same rows, each made by one."""
    wanted, meet = keys(200), Barrier(4)

    def locate(order: int) -> Located:
        meet.wait()
        with sessions.begin() as session:
            return locate_records(session, wanted[::order])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(locate, (1, -1, 1, -1)))
    assert all(one.ids == found[0].ids for one in found)
    assert sorted(chain.from_iterable(one.made for one in found)) == sorted(found[0].ids.values())
    assert len(set(found[0].ids.values())) == 200


def test_customers_are_known_once_the_erp_has_sent_them(sessions: Sessions) -> None:
    """Known is what the ERP has; Salesforce alone, or a document of that number, does not count."""
    with sessions.begin() as session:
        save_erp(session, customer(number="C1"))
        save_erp(session, customer(number="C2"), deleted=True)
        save_crm(session, crm_record(customer(number="C3")))
        save_erp(session, invoice(number="C4"))
        assert known_customers(session, ["C1", "C2", "C3", "C4", "C5", "C1"]) == {"C1"}
        assert known_customers(session, []) == set()


def test_customers_are_reachable_unless_salesforce_deleted_them(
    sessions: Sessions, now: datetime
) -> None:
    """A document may refer to a customer that is in the CRM under its key, or is about to be."""
    with sessions.begin() as session:
        for number in ("alive", "gone", "new", "keyless", "renamed", "linked"):
            save_erp(session, customer(number=number))
        for number, key in (("alive", "alive"), ("keyless", None), ("renamed", "other")):
            named = crm_record(customer(number=number))
            save_crm(session, named)
            save_crm(session, replace(named, erp_key=key), read_at=now)
        found = crm_record(customer(number="linked"), erp_key=None)
        save_crm(session, found)
        link(session, [(row_of(session, customer(number="linked")).id, found.salesforce_id)])
        gone = crm_record(customer(number="gone"), salesforce_id="001GONE0000000AAAA")
        save_crm(session, gone)
        again = crm_record(customer(number="gone"), salesforce_id=gone.salesforce_id, deleted=True)
        save_crm(session, again, read_at=now)
        numbers = ["alive", "gone", "new", "unknown", "keyless", "renamed", "linked"]
        assert reachable_customers(session, numbers) == {"alive", "new", "linked"}
        assert known_customers(session, numbers) == set(numbers) - {"unknown"}
