"""Documents of both systems, added up by the database."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, literal, select

from bridge.domain.records import DocumentStatus, RecordType, System
from bridge.store.models import Record, Version
from bridge.store.totals import exact_sum

VOID = f'%"status":"{DocumentStatus.VOID}"%'
"""A pattern of contents: void documents were never owed, whatever they say is open."""


def document_sums(
    types: Collection[RecordType],
    amounts: Collection[Any],
    *,
    groups: Collection[Any] = (),
    by_customer: bool = True,
    company_code: str | None = None,
    customer_number: str | None = None,
) -> Select[Any]:
    """Both systems' documents of these types, of one company or customer alone if told.

    Those that are gone or void are left aside. Selects system, type, company, currency, customer
    ("" where not asked for), the groups, and each amount in the two columns of `exact_sum`.
    """
    places = (
        Version.system,
        Record.record_type,
        func.coalesce(Record.company_code, ""),
        Version.currency,
        func.coalesce(Version.customer_number, "") if by_customer else literal(""),
        *groups,
    )
    query = (
        select(*places, *(part for amount in amounts for part in exact_sum(amount)))
        .join(Record, Record.id == Version.record_id)
        .where(
            Record.record_type.in_(types),
            Version.system.in_((System.ERP, System.CRM)),
            Version.deleted.is_(False),
            Version.content.not_like(VOID),
        )
        .group_by(*places)
    )
    if company_code is not None:
        query = query.where(Record.company_code == company_code)
    if customer_number is not None:
        query = query.where(Version.customer_number == customer_number)
    return query
