"""Suggestions from what the ERP holds."""

from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import DocumentStatus
from bridge.operations.settling import suggest_settlements
from tests.builders import invoice, payment
from tests.storing import save_erp

D = Decimal


def suggested(sessions: sessionmaker[Session], **which: str) -> list[tuple[str, ...]]:
    return [
        (
            one.company_code,
            one.currency,
            one.customer_number,
            "+".join(item.key for item in one.settlement.payments),
            "+".join(item.key for item in one.settlement.invoices),
        )
        for one in suggest_settlements(sessions, **which)  # type: ignore[arg-type]
    ]


def test_customers_companies_and_currencies_are_apart(sessions: sessionmaker[Session]) -> None:
    """An equal amount of somebody else, elsewhere or in another currency settles nothing."""
    with sessions.begin() as session:
        save_erp(
            session,
            invoice(open_amount=D("70.50")),
            invoice(number="I2", open_amount=D("29.50")),
            invoice(number="I3", open_amount=D(55), customer_number="C2"),
            invoice(number="I4", open_amount=D(66), company_code="2000"),
            invoice(number="I5", open_amount=D(77), currency="USD"),
            invoice(number="I6", open_amount=D(0)),
            payment(unapplied_amount=D(100)),
            payment(number="P2", unapplied_amount=D(55)),
            payment(number="P3", unapplied_amount=D(66)),
            payment(number="P4", unapplied_amount=D(77)),
            payment(number="P5", unapplied_amount=D(66), company_code="2000"),
        )
    assert suggested(sessions) == [
        ("1000", "EUR", "C1", "P1", "I1+I2"),
        ("2000", "EUR", "C1", "P5", "I4"),
    ]
    assert suggested(sessions, company_code="2000") == [("2000", "EUR", "C1", "P5", "I4")]
    assert suggested(sessions, customer_number="C2") == []


def test_what_is_gone_settles_nothing(sessions: sessionmaker[Session]) -> None:
    """Nor is it settled, nor what is void."""
    with sessions.begin() as session:
        save_erp(session, invoice(open_amount=D(5)), payment(number="P2", unapplied_amount=D(7)))
        save_erp(session, invoice(number="I2", open_amount=D(7), status=DocumentStatus.VOID))
        save_erp(session, payment(unapplied_amount=D(5)), deleted=True)
    assert suggested(sessions) == []
