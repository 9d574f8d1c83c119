"""Control totals, added up by the database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Invoice, RecordType, System, key_of
from bridge.domain.totals import ControlTotal, key_hash
from bridge.store.models import Record
from bridge.store.totals import add_up, save_totals, totals_of_run
from tests.builders import EARLY, crm_record, customer, invoice, payment
from tests.storing import new_run, save_crm, save_erp
from tests.strategies import GREATEST, amounts

Sessions = sessionmaker[Session]
D = Decimal
GREATEST_AMOUNT = D(GREATEST).scaleb(-4)


def by_place(
    session: Session, record_type: RecordType, *, strangers: bool = True
) -> Mapping[tuple[System, str], ControlTotal]:
    totals = add_up(session, record_type, strangers=strangers)
    return {(total.system, total.currency): total for total in totals}


def test_each_side_and_currency_is_added_up(sessions: Sessions) -> None:
    """Counts, sums and hash totals, per system and currency."""
    with sessions.begin() as session:
        dollars = invoice(number="I2", currency="USD", net_amount=D("99.9975"))
        euros = invoice(), invoice(number="I3", gross_amount=D("-19.00"))
        save_erp(session, *euros, dollars)
        save_crm(session, crm_record(invoice()), record_type=RecordType.INVOICE)
        totals = by_place(session, RecordType.INVOICE)
        assert set(totals) == {
            (System.ERP, "EUR"),
            (System.ERP, "USD"),
            (System.CRM, "EUR"),
        }
        erp = totals[System.ERP, "EUR"]
        assert erp.count == 2
        assert erp.amounts == {
            "amount": D(100),
            "net_amount": D(200),
            "tax_amount": D(38),
            "open_amount": D(238),
        }
        assert erp.hash_total == sum(key_hash(str(key_of(one))) for one in euros)
        assert totals[System.ERP, "USD"].amounts["net_amount"] == D("99.9975")
        assert totals[System.CRM, "EUR"].amounts["amount"] == D(119)


def test_each_type_has_its_own_columns(sessions: Sessions) -> None:
    """A customer has a credit limit, a payment what is unapplied; neither has tax."""
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2", credit_limit=None))
        save_erp(session, customer(number="C3", currency=None, credit_limit=None))
        save_erp(session, payment(unapplied_amount=D("0.5")))
        customers = by_place(session, RecordType.CUSTOMER)
        assert customers[System.ERP, "EUR"].amounts == {"amount": D(5000)}
        assert customers[System.ERP, "XXX"].amounts == {"amount": D(0)}
        (payments,) = by_place(session, RecordType.PAYMENT).values()
        assert payments.amounts == {"amount": D(119), "open_amount": D("0.5")}


def test_what_is_gone_does_not_count(sessions: Sessions) -> None:
    """Deleted versions are out of the sums, on either side."""
    seen = crm_record(invoice())
    with sessions.begin() as session:
        save_erp(session, invoice(), deleted=True)
        save_crm(session, seen, record_type=RecordType.INVOICE)
        assert set(by_place(session, RecordType.INVOICE)) == {(System.CRM, "EUR")}
        later = EARLY + timedelta(hours=1)
        gone = replace(seen, deleted=True)
        save_crm(session, gone, record_type=RecordType.INVOICE, read_at=later)
        assert by_place(session, RecordType.INVOICE) == {}


@pytest.mark.parametrize("strangers", [True, False])
def test_strangers_count_where_they_are_expected(sessions: Sessions, strangers: bool) -> None:
    """Records without an ERP key count for documents, and not for customers (prospects)."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer(), erp_key=None), crm_record(customer()))
        (total,) = by_place(session, RecordType.CUSTOMER, strangers=strangers).values()
        assert total.count == (2 if strangers else 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(parts=st.lists(amounts(), min_size=1, max_size=12))
def test_sums_are_exact(sessions: Sessions, parts: list[Decimal]) -> None:
    """Whatever the amounts and signs, the database's sum is the sum."""
    with sessions() as session:
        session.execute(delete(Record))
        found = [
            invoice(number=f"I{n}", gross_amount=part, net_amount=-part)
            for n, part in enumerate(parts)
        ]
        save_erp(session, *found)
        (total,) = add_up(session, RecordType.INVOICE, strangers=True)
        assert total.amounts["amount"] == sum(parts)
        assert total.amounts["net_amount"] == -sum(parts)
        session.rollback()


def test_sums_beyond_64_bits(sessions: Sessions) -> None:
    """Ten thousand times the greatest amount is added up, kept and given back to the last digit."""
    with sessions.begin() as session:
        many: list[Invoice] = [
            invoice(number=f"I{n}", gross_amount=GREATEST_AMOUNT, net_amount=-GREATEST_AMOUNT)
            for n in range(100)
        ]
        save_erp(session, *many)
        (total,) = add_up(session, RecordType.INVOICE, strangers=True)
        assert total.amounts["amount"] == 100 * GREATEST_AMOUNT > D(2**63).scaleb(-4)
        assert total.amounts["net_amount"] == -100 * GREATEST_AMOUNT
        run_id = new_run(session, EARLY)
        save_totals(session, run_id, [total])
        assert totals_of_run(session, run_id) == [total]


def test_a_run_keeps_its_totals(sessions: Sessions) -> None:
    """All of them come back equal, and only to their run."""
    with sessions.begin() as session:
        save_erp(session, invoice(), invoice(number="I2", currency="USD"), customer())
        found = [
            total
            for record_type in (RecordType.INVOICE, RecordType.CUSTOMER)
            for total in add_up(session, record_type, strangers=True)
        ]
        run_id, other = new_run(session, EARLY), new_run(session, EARLY, "another")
        save_totals(session, run_id, found)
        kept = totals_of_run(session, run_id)
        assert len(kept) == 3
        assert all(total in found for total in kept)
        assert totals_of_run(session, other) == []


def test_no_records_have_no_totals(sessions: Sessions) -> None:
    """Nothing to add up is nothing to keep."""
    with sessions.begin() as session:
        assert add_up(session, RecordType.INVOICE, strangers=True) == []
        save_totals(session, new_run(session, EARLY), [])
