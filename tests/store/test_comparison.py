"""Which fields the stored digests cover."""

from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.comparison import digest
from bridge.domain.content import decode_values
from bridge.domain.records import RECORD_CLASSES, RecordType, System, fields_of
from bridge.store.comparison import adopt_comparison, compared_fields, is_adopted
from bridge.store.models import Comparison, Version
from tests.builders import compared, crm_record, customer, invoice, names_of
from tests.storing import save_crm, save_erp, version_of

Sessions = sessionmaker[Session]


def test_everything_but_items_until_something_is_adopted(sessions: Sessions) -> None:
    """Before any rules were read, digests cover every field that Salesforce may hold."""
    with sessions() as session:
        every = names_of(fields_of(RECORD_CLASSES[RecordType.INVOICE]).values())
        assert names_of(compared_fields(session, RecordType.INVOICE)) == every[:-1]


def test_adopted_fields_are_remembered(sessions: Sessions) -> None:
    """Every process finds the same fields in the same order, and types do not mix."""
    fields = compared(RecordType.CUSTOMER, "phone", "name")
    with sessions.begin() as session:
        assert adopt_comparison(session, {RecordType.CUSTOMER: fields}) == [RecordType.CUSTOMER]
    with sessions.begin() as session:
        assert compared_fields(session, RecordType.CUSTOMER) == fields
        assert adopt_comparison(session, {RecordType.CUSTOMER: fields}) == []
        assert len(compared_fields(session, RecordType.INVOICE)) > 2


def test_adopting_the_default_is_no_news(sessions: Sessions) -> None:
    """Rules that compare every field make no digest anew."""
    everything = {record_type: compared(record_type) for record_type in RecordType}
    with sessions.begin() as session:
        assert adopt_comparison(session, everything) == []


def test_another_form_makes_all_digests_anew(sessions: Sessions) -> None:
    """Stored digests of an older way to normalise are not held against newer ones."""
    fields = compared(RecordType.CUSTOMER)
    with sessions.begin() as session:
        adopt_comparison(session, {RecordType.CUSTOMER: fields})
        save_erp(session, customer())
        before = version_of(session, customer(), System.ERP)
        assert before is not None
        digest_before = before.digest
        session.execute(update(Version).values(digest=b"of an older form"))
        session.execute(update(Comparison).values(form="0"))
    with sessions.begin() as session:
        assert not is_adopted(session, {RecordType.CUSTOMER: fields})
        assert adopt_comparison(session, {RecordType.CUSTOMER: fields}) == [RecordType.CUSTOMER]
        assert is_adopted(session, {RecordType.CUSTOMER: fields})
        after = version_of(session, customer(), System.ERP)
        assert after is not None
        assert after.digest == digest_before


def test_other_fields_make_all_digests_anew(sessions: Sessions) -> None:
    """Versions of all systems, in batches; of other types, none."""
    fields = compared(RecordType.CUSTOMER, "name", "email")
    with sessions.begin() as session:
        save_erp(session, *(customer(number=f"N{n}", phone=str(n)) for n in range(50)))
        save_crm(session, crm_record(customer(number="N1")))
        save_erp(session, invoice())
        untouched = version_of(session, invoice(), System.ERP)
        assert untouched is not None
        before = untouched.digest
        adopt_comparison(session, {RecordType.CUSTOMER: fields})
    with sessions() as session:
        for row in session.scalars(select(Version).where(Version.customer_number.is_(None))):
            values = decode_values(RecordType.CUSTOMER, row.content)
            assert row.digest == digest(fields, values)
        after = version_of(session, invoice(), System.ERP)
        assert after is not None
        assert after.digest == before


def test_a_field_that_is_gone_from_the_catalogue_is_passed_over(sessions: Sessions) -> None:
    """A database of a version that knew more fields still opens."""
    (name,) = compared(RecordType.CUSTOMER, "name")
    with sessions.begin() as session:
        fields = [name, replace(name, name="fax")]
        adopt_comparison(session, {RecordType.CUSTOMER: fields})
    with sessions() as session:
        assert compared_fields(session, RecordType.CUSTOMER) == (name,)
