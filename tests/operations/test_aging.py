"""Open items by age, both sides beside each other."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.aging import AGES, AgingRow
from bridge.domain.records import DocumentStatus, RecordType, System
from bridge.operations.aging import get_aging
from bridge.store.models import Record
from tests.builders import credit_memo, crm_record, invoice, payment
from tests.storing import save_crm, save_erp
from tests.strategies import amounts

Sessions = sessionmaker[Session]
DAY = date(2026, 6, 30)
D = Decimal
ERP, CRM = System.ERP, System.CRM


def aged(sessions: Sessions, **which: object) -> list[AgingRow]:
    return get_aging(sessions, as_of=DAY, **which)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (-1, "current"),
        (0, "current"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, "over 90"),
        (4000, "over 90"),
    ],
)
def test_an_invoice_belongs_to_an_age(sessions: Sessions, days: int, age: str) -> None:
    """By the days that it is past due: due today is current."""
    with sessions.begin() as session:
        save_erp(session, invoice(due_on=DAY - timedelta(days=days)))
    (row,) = aged(sessions)
    assert {name: row.amount(ERP, name) for name in AGES if row.amount(ERP, name)} == {age: D(119)}


def test_what_is_void_was_never_owed(sessions: Sessions) -> None:
    """As in balances, whatever it says is open."""
    with sessions.begin() as session:
        save_erp(session, invoice(status=DocumentStatus.VOID))
    assert aged(sessions) == []


def test_without_a_due_date_the_date_of_issue_counts(sessions: Sessions) -> None:
    """It was due at once."""
    with sessions.begin() as session:
        save_erp(session, invoice(due_on=None, issued_on=DAY - timedelta(days=45)))
    (row,) = aged(sessions)
    assert row.amount(ERP, "31-60") == D(119)


def test_credits_lower_the_balance(sessions: Sessions) -> None:
    """Open credit memos and unapplied payments stand beside the ages."""
    with sessions.begin() as session:
        save_erp(session, invoice(due_on=DAY), payment(unapplied_amount=D("19.50")))
        save_erp(session, credit_memo(open_amount=D("10.25")))
    (row,) = aged(sessions)
    assert (row.amount(ERP, "credit memos"), row.amount(ERP, "unapplied")) == (
        D("-10.25"),
        D("-19.50"),
    )
    assert row.balance(ERP) == D("89.25")


def test_both_sides_beside_each_other(sessions: Sessions) -> None:
    """Paid in Salesforce, open in the ERP: the rows differ."""
    with sessions.begin() as session:
        save_erp(session, invoice(due_on=DAY), invoice(number="I2", due_on=DAY))
        for number, rest in (("I1", D(0)), ("I2", D(119))):
            record = invoice(number=number, due_on=DAY, open_amount=rest)
            save_crm(session, crm_record(record), record_type=RecordType.INVOICE)
    (row,) = aged(sessions)
    assert (row.balance(ERP), row.balance(CRM), row.differs) == (D(238), D(119), True)


def test_companies_currencies_and_customers(sessions: Sessions) -> None:
    """Each by itself; of one alone where it is named."""
    with sessions.begin() as session:
        save_erp(
            session,
            invoice(),
            invoice(number="I2", currency="USD"),
            invoice(company_code="2000"),
            invoice(number="I3", customer_number="C2"),
        )
    places = [(row.company_code, row.currency, row.balance(ERP)) for row in aged(sessions)]
    assert places == [("1000", "EUR", D(238)), ("1000", "USD", D(119)), ("2000", "EUR", D(119))]
    assert len(aged(sessions, by_customer=True)) == 4
    (only,) = aged(sessions, customer_number="C2")
    assert (only.customer_number, only.balance(ERP)) == ("C2", D(119))
    (other,) = aged(sessions, company_code="2000")
    assert other.company_code == "2000"


def test_what_is_gone_or_settled_is_not_open(sessions: Sessions) -> None:
    """Neither a deleted document nor one without an open amount."""
    with sessions.begin() as session:
        save_erp(session, invoice(), deleted=True)
        save_erp(session, invoice(number="I2", open_amount=D(0)))
    assert aged(sessions) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(parts=st.lists(st.tuples(amounts(), st.integers(-5, 200)), min_size=1, max_size=12))
def test_ages_add_up_to_the_balance(sessions: Sessions, parts: list[tuple[Decimal, int]]) -> None:
    """Exactly, whatever the amounts and days: nothing is lost between two ages."""
    with sessions.begin() as session:
        session.execute(delete(Record))
        save_erp(
            session,
            *(
                invoice(number=f"I{n}", open_amount=part, due_on=DAY - timedelta(days=days))
                for n, (part, days) in enumerate(parts)
            ),
        )
    expected = sum((part for part, _ in parts), D(0))
    assert sum((row.balance(ERP) for row in aged(sessions)), D(0)) == expected
