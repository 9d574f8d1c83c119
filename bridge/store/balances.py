"""Documents of customers, added up by the database."""

from typing import Any

from sqlalchemy.orm import Session

from bridge.domain.balances import BalanceSum
from bridge.domain.money import from_scaled
from bridge.domain.records import FINANCIAL_TYPES, RecordType, System
from bridge.store.documents import document_sums
from bridge.store.models import Version
from bridge.store.totals import joined_sum


def balance_sums(
    session: Session, *, company_code: str | None = None, customer_number: str | None = None
) -> list[BalanceSum]:
    """What both systems hold, per type, place and customer; gone and void documents aside."""
    query = document_sums(
        FINANCIAL_TYPES,
        [Version.amount, Version.open_amount],
        company_code=company_code,
        customer_number=customer_number,
    )
    return [_sum(*row) for row in session.execute(query)]


def _sum(
    system: System,
    record_type: RecordType,
    company_code: str,
    currency: str,
    customer_number: str,
    *parts: Any,
) -> BalanceSum:
    return BalanceSum(
        system=system,
        record_type=record_type,
        company_code=company_code,
        currency=currency,
        customer_number=customer_number,
        amount=from_scaled(joined_sum(*parts[:2])),
        open_amount=from_scaled(joined_sum(*parts[2:])),
    )
