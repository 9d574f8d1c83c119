"""Customers' balances, both sides beside each other."""

from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.balances import BalanceRow
from bridge.domain.records import DocumentStatus, RecordType, System
from bridge.operations.balances import get_balances
from tests.builders import credit_memo, crm_record, invoice, payment
from tests.storing import save_crm, save_erp

Sessions = sessionmaker[Session]
D = Decimal
ERP, CRM = System.ERP, System.CRM


def figures(row: BalanceRow, system: System) -> dict[str, str]:
    """What is not zero."""
    return {name: f"{amount:f}" for name, amount in row.sides.get(system, {}).items() if amount}


def test_a_balance_is_what_is_open_and_what_was_billed_less_what_came(sessions: Sessions) -> None:
    """Where every open amount follows from its documents, the two are one."""
    with sessions.begin() as session:
        save_erp(session, invoice(open_amount=D("11.10")), invoice(number="I2"))
        save_erp(session, credit_memo(open_amount=D("1.90")))
        save_erp(session, payment(amount=D("100"), unapplied_amount=D("2.10")))
    (row,) = get_balances(sessions)
    assert (row.company_code, row.currency, row.customer_number) == ("1000", "EUR", "C1")
    assert figures(row, ERP) == {
        "invoiced": "238",
        "credited": "-11.9",
        "received": "-100",
        "open invoices": "130.1",
        "open credits": "-1.9",
        "unapplied": "-2.1",
    }
    assert (row.balance(ERP), row.unrolled(ERP)) == (D("126.1"), D(0))
    assert (row.balance(CRM), row.differs) == (D(0), True)


def test_sides_that_agree_and_roll_are_quiet(sessions: Sessions) -> None:
    """A void invoice was never owed, whatever it says is open."""
    void = invoice(number="I3", status=DocumentStatus.VOID)
    with sessions.begin() as session:
        for one in (invoice(), void):
            save_erp(session, one)
            save_crm(session, crm_record(one), record_type=RecordType.INVOICE)
    (row,) = get_balances(sessions)
    assert not row.differs
    assert row.balance(CRM) == D(119)


def test_a_side_that_contradicts_itself_differs(sessions: Sessions) -> None:
    """Both hold the same, and it cannot be: nothing was paid of what is not open."""
    paid = invoice(open_amount=D(100))
    with sessions.begin() as session:
        save_erp(session, paid)
        save_crm(session, crm_record(paid), record_type=RecordType.INVOICE)
    (row,) = get_balances(sessions)
    assert (row.unrolled(ERP), row.unrolled(CRM), row.differs) == (D(-19), D(-19), True)


def test_balances_of_one(sessions: Sessions) -> None:
    """Of a company, or of a customer."""
    with sessions.begin() as session:
        save_erp(session, invoice(), invoice(company_code="2000", customer_number="C2"))
        save_erp(session, invoice(number="I2", currency="USD"))
    places = [(row.company_code, row.currency) for row in get_balances(sessions)]
    assert places == [("1000", "EUR"), ("1000", "USD"), ("2000", "EUR")]
    (row,) = get_balances(sessions, company_code="2000")
    assert row.customer_number == "C2"
    assert len(get_balances(sessions, customer_number="C1")) == 2
