"""What each system says of a record: saved, read and confirmed."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.comparison import digest
from bridge.domain.content import encode_record, encode_values
from bridge.domain.records import (
    Record,
    RecordKey,
    RecordType,
    System,
    Values,
    key_of,
    record_type_of,
    values_of,
)
from bridge.store.models import Version
from bridge.store.records import ensure_records, find_records
from bridge.store.versions import (
    NewVersion,
    Told,
    add_versions,
    contents_of,
    save_told,
    save_versions,
    touch_versions,
)
from tests.builders import (
    EARLY,
    EXAMPLES,
    compared,
    credit_memo,
    crm_record,
    customer,
    invoice,
    payment,
)
from tests.storing import save, save_crm, save_erp, version_of

Sessions = sessionmaker[Session]


def new(record_id: int, values: Values, at: datetime = EARLY) -> NewVersion:
    """What the ERP may hold of a record."""
    return NewVersion(
        record_id=record_id, system=System.ERP, values=values, modified_at=at, known_at=at
    )


def keys(count: int, record_type: RecordType = RecordType.INVOICE) -> list[RecordKey]:
    return [RecordKey(record_type, "1000", f"N{number}") for number in range(count)]


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
                [new(record_id, {}, now) for record_id in record_ids],
                record_type=RecordType.INVOICE,
                compared=compared(RecordType.INVOICE),
            )

    with ThreadPoolExecutor(2) as pool:
        with sessions.begin() as session:  # both shall meet at the record in the middle
            save(session, System.ERP, wanted[10], {})
            both = [pool.submit(store, order) for order in (ids, ids[::-1])]
            time.sleep(0.3)
        for one in both:
            one.result()


@pytest.mark.parametrize("record", EXAMPLES.values(), ids=lambda record: type(record).__name__)
def test_what_is_told_whole_is_saved_alike(sessions: Sessions, record: Record) -> None:
    """Column by column or version by version: the row is the same, whatever stood there before."""
    told, record_type = Told(record, encode_record(record)), record_type_of(record)
    fields = compared(record_type)
    with sessions.begin() as session:
        save_erp(session, record)
        saved = session.execute(select(Version.__table__)).one()
        save_erp(session, record, at=EARLY + timedelta(days=1), deleted=True)
        ids = {saved.record_id: told}
        save_told(session, ids, record_type=record_type, compared=fields, now=EARLY)
        assert session.execute(select(Version.__table__)).one() == saved
        save_told(session, {}, record_type=record_type, compared=fields, now=EARLY)


def test_versions_of_all_shapes_are_saved_together(sessions: Sessions) -> None:
    """As each alone: digests and contents cover what was read; the last of one record counts."""
    whole = dict(values_of(invoice()))
    some = {name: whole[name] for name in ("number", "currency", "gross_amount")}
    turned = dict(reversed(whole.items()))
    shapes: list[Values] = [whole, some, {}, turned, {**whole, "due_on": None}]
    fields = compared(RecordType.INVOICE)
    with sessions.begin() as session:
        ids = sorted(ensure_records(session, keys(5)).values())

        def saved(*versions: NewVersion) -> list[Version]:
            save_versions(session, versions, record_type=RecordType.INVOICE, compared=fields)
            query = select(Version).order_by(Version.record_id)
            rows = session.scalars(query.execution_options(populate_existing=True)).all()
            return [one for one in rows if one.record_id in {it.record_id for it in versions}]

        versions = list(map(new, ids, shapes))
        alone = [(row.content, row.digest) for one in versions for row in saved(one)]
        session.execute(delete(Version))
        rows = saved(new(ids[4], {}), *reversed(versions))
        assert [(row.content, row.digest) for row in rows] == alone
        assert [row.content for row in rows] == list(map(encode_values, shapes))
        assert [row.digest for row in rows] == [digest(fields, one) for one in shapes]
        assert saved() == []


def test_what_is_there_already_stays(sessions: Sessions) -> None:
    """Adding versions replaces none."""
    fields = compared(RecordType.INVOICE)
    with sessions.begin() as session:
        (there,) = save_erp(session, invoice())
        missing = ensure_records(session, keys(1))[keys(1)[0]]
        added = [new(there, {}), new(missing, {})]
        for _ in range(2):
            add_versions(session, added, record_type=RecordType.INVOICE, compared=fields)
        contents = contents_of(session, [there, missing], System.ERP)
        assert contents == {there: (encode_record(invoice()), False), missing: ("{}", False)}
