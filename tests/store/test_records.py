"""The crosswalk and the versions."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.content import encode_record
from bridge.domain.records import (
    Record,
    RecordKey,
    RecordType,
    System,
    key_of,
)
from bridge.store import models
from bridge.store.models import Version
from bridge.store.records import (
    NewVersion,
    contents_of,
    ensure_records,
    find_records,
    key_of_row,
    known_customers,
    reachable_customers,
    save_versions,
    touch_versions,
)
from tests.builders import (
    EARLY,
    compared,
    credit_memo,
    crm_record,
    customer,
    invoice,
    payment,
)
from tests.storing import row_of, save, save_crm, save_erp, version_of

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
        save_versions(session, [])


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
    """Callers that meet on new keys, in any order, all get the same rows, and none fails."""
    wanted, meet = keys(200), Barrier(4)

    def ensure(order: int) -> dict[RecordKey, int]:
        meet.wait()
        with sessions.begin() as session:
            return ensure_records(session, wanted[::order])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ensure, (1, -1, 1, -1)))
    assert all(one == found[0] for one in found)
    assert len(set(found[0].values())) == 200


@pytest.mark.parametrize(
    ("record", "currency", "amounts"),
    [
        (customer(), "EUR", ["5000", None, None, None]),
        (customer(currency=None, credit_limit=None), "XXX", [None, None, None, None]),
        (invoice(open_amount=Decimal("1.01")), "EUR", ["119", "100", "19", "1.01"]),
        (payment(unapplied_amount=Decimal(3)), "EUR", ["119", None, None, "3"]),
        (credit_memo(), "EUR", ["11.9", "10", "1.9", "0"]),
    ],
)
def test_amounts_stand_beside_the_content(
    sessions: Sessions, record: Record, currency: str, amounts: list[str | None]
) -> None:
    """Currency, customer and amounts are where the database can use them."""
    with sessions.begin() as session:
        save_erp(session, record)
    with sessions() as session:
        row = version_of(session, record, System.ERP)
        assert row is not None
        found = [row.amount, row.net_amount, row.tax_amount, row.open_amount]
        assert [None if one is None else str(one) for one in found] == amounts
        assert row.currency == currency
        assert row.customer_number == getattr(record, "customer_number", None)


def test_a_version_is_replaced_as_a_whole(sessions: Sessions, now: datetime) -> None:
    """Saving a record's version of one system again replaces that one, and no other system's."""
    with sessions.begin() as session:
        save_erp(session, invoice())
        save(session, System.AGREED, key_of(invoice()), {"status": None})
        before = version_of(session, invoice(), System.ERP)
        assert before is not None
        digest = before.digest
        save_erp(session, invoice(gross_amount=Decimal(7), currency="USD"), at=now, deleted=True)
    with sessions() as session:
        after = version_of(session, invoice(), System.ERP)
        assert after is not None
        assert (after.amount, after.currency, after.deleted) == (Decimal(7), "USD", True)
        assert (after.modified_at, after.known_at) == (now, now)
        assert after.digest != digest
        assert session.scalar(select(func.count()).select_from(Version)) == 2


def test_contents_tell_what_is_stored(sessions: Sessions) -> None:
    """One system's contents and deletions, by record."""
    with sessions.begin() as session:
        here, gone = (
            save_erp(session, invoice()),
            save_erp(session, invoice(number="I2"), deleted=True),
        )
        unsaid = ensure_records(session, keys(1))
        found = contents_of(session, [*here, *gone, *unsaid.values()], System.ERP)
        assert found == {
            here[0]: (encode_record(invoice()), False),
            gone[0]: (encode_record(invoice(number="I2")), True),
        }
        assert contents_of(session, here, System.CRM) == {}


def test_what_is_said_again_is_known_anew(sessions: Sessions, now: datetime) -> None:
    """Of that system and those records alone; it has not changed there."""
    with sessions.begin() as session:
        (told, _) = save_erp(session, customer(), customer(number="C2"))
        save_crm(session, crm_record(customer()))
        touch_versions(session, [told], System.ERP, known_at=now)
    with sessions() as session:
        erp, crm, other = (
            version_of(session, record, system)
            for record, system in (
                (customer(), System.ERP),
                (customer(), System.CRM),
                (customer(number="C2"), System.ERP),
            )
        )
        assert erp is not None
        assert (erp.modified_at, erp.known_at) == (EARLY, now)
        assert [one and one.known_at for one in (crm, other)] == [EARLY, EARLY]


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
    """A document may refer to a customer that is alive in the CRM, or is about to be."""
    with sessions.begin() as session:
        for number in ("alive", "gone", "new"):
            save_erp(session, customer(number=number))
        save_crm(session, crm_record(customer(number="alive")))
        gone = crm_record(customer(number="gone"), salesforce_id="001GONE0000000AAAA")
        save_crm(session, gone)
        again = crm_record(customer(number="gone"), salesforce_id=gone.salesforce_id, deleted=True)
        save_crm(session, again, read_at=now)
        numbers = ["alive", "gone", "new", "unknown"]
        assert reachable_customers(session, numbers) == {"alive", "new"}
        assert known_customers(session, numbers) == {"alive", "gone", "new"}


def test_opposite_orders_do_not_deadlock(sessions: Sessions, now: datetime) -> None:
    """Two callers that save versions of the same records, one from each end, both succeed."""
    wanted = keys(21)
    with sessions.begin() as session:
        for key in wanted:
            save(session, System.ERP, key, {"number": key.number})
        ids = list(find_records(session, wanted).values())

    def store(record_ids: list[int]) -> None:
        with sessions.begin() as session:
            save_versions(
                session,
                [
                    NewVersion(
                        record_id=record_id,
                        system=System.ERP,
                        record_type=RecordType.INVOICE,
                        values={},
                        compared=compared(RecordType.INVOICE),
                        modified_at=now,
                        known_at=now,
                    )
                    for record_id in record_ids
                ],
            )

    with ThreadPoolExecutor(2) as pool:
        with sessions.begin() as session:  # both shall meet at the record in the middle
            save(session, System.ERP, wanted[10], {})
            both = [pool.submit(store, order) for order in (ids, ids[::-1])]
            time.sleep(0.3)
        for one in both:
            one.result()
