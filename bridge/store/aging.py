"""Open items, added up by the database."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, or_
from sqlalchemy.orm import Session

from bridge.domain.aging import CREDITS, UNAPPLIED, OpenSum, age_starts
from bridge.domain.money import from_scaled
from bridge.domain.records import RecordType, System
from bridge.store.documents import document_sums
from bridge.store.models import Record, Version
from bridge.store.totals import joined_sum

_SIGNS = {RecordType.INVOICE: 1, RecordType.CREDIT_MEMO: -1, RecordType.PAYMENT: -1}


def open_sums(
    session: Session,
    *,
    as_of: date,
    by_customer: bool = False,
    company_code: str | None = None,
    customer_number: str | None = None,
) -> list[OpenSum]:
    """What both systems hold as open on a day, per company, currency and column.

    And per customer, if asked for; of one company or customer alone, likewise. What is gone or
    void, and what nothing is open of, is left aside.
    """
    column = case(
        (Record.record_type == RecordType.CREDIT_MEMO, CREDITS),
        (Record.record_type == RecordType.PAYMENT, UNAPPLIED),
        else_=_age(as_of),
    )
    query = document_sums(
        _SIGNS,
        [Version.open_amount],
        groups=[column],
        by_customer=by_customer,
        company_code=company_code,
        customer_number=customer_number,
    ).where(Version.open_amount != Decimal(0))
    return [_sum(*row) for row in session.execute(query)]


def _age(as_of: date) -> ColumnElement[str]:
    *young, (oldest, _) = age_starts(as_of)
    whens = [
        (or_(Version.due_on.is_(None), Version.due_on >= start), age)
        if position == 0
        else (Version.due_on >= start, age)
        for position, (age, start) in enumerate(young)
    ]
    return case(*whens, else_=oldest)


def _sum(
    system: System,
    record_type: RecordType,
    company_code: str,
    currency: str,
    customer_number: str,
    column: str,
    *parts: Any,
) -> OpenSum:
    return OpenSum(
        system=system,
        company_code=company_code,
        currency=currency,
        customer_number=customer_number,
        column=column,
        amount=_SIGNS[record_type] * from_scaled(joined_sum(*parts)),
    )
