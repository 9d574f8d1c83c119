"""Documents of customers, added up by the database."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.domain.balances import BalanceSum
from bridge.domain.money import from_scaled
from bridge.domain.records import FINANCIAL_TYPES, DocumentStatus, RecordType, System
from bridge.store.models import Record, Version
from bridge.store.totals import exact_sum, joined_sum

VOID = f'%"status":"{DocumentStatus.VOID}"%'
"""A pattern of contents: void documents were never owed."""


def balance_sums(
    session: Session, *, company_code: str | None = None, customer_number: str | None = None
) -> list[BalanceSum]:
    """What both systems hold, per type, place and customer; gone and void documents aside."""
    company: Any = func.coalesce(Record.company_code, "")
    customer: Any = func.coalesce(Version.customer_number, "")
    groups = (Version.system, Record.record_type, company, Version.currency, customer)
    query = (
        select(*groups, *exact_sum(Version.amount), *exact_sum(Version.open_amount))
        .join(Record, Record.id == Version.record_id)
        .where(
            Record.record_type.in_(FINANCIAL_TYPES),
            Version.system.in_((System.ERP, System.CRM)),
            Version.deleted.is_(False),
            Version.content.not_like(VOID),
        )
        .group_by(*groups)
    )
    if company_code is not None:
        query = query.where(Record.company_code == company_code)
    if customer_number is not None:
        query = query.where(Version.customer_number == customer_number)
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
