"""A controller asks for customers' balances on both sides."""

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.balances import BalanceRow, balance_table
from bridge.store.balances import balance_sums
from bridge.store.engine import reading


def get_balances(
    sessions: sessionmaker[Session],
    *,
    company_code: str | None = None,
    customer_number: str | None = None,
) -> list[BalanceRow]:
    """Balances by company, currency and customer, as both systems hold them now."""
    with reading(sessions) as session:
        return balance_table(
            balance_sums(session, company_code=company_code, customer_number=customer_number)
        )
