"""Invoices with what their payments and credit memos took off them, in both systems."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, select, type_coerce
from sqlalchemy.orm import Session, aliased

from bridge.domain.money import from_scaled, to_scaled
from bridge.domain.records import RecordType, System
from bridge.domain.roll_forward import Position, RolledInvoice
from bridge.store.documents import VOID
from bridge.store.models import Record, Version

EVERY_COMPANY = "*"
_AT_ONCE = 5_000


def rolled_invoices(session: Session, companies: Collection[str]) -> Iterator[RolledInvoice]:
    """Invoices of these companies whose open amount is not gross less what was taken off it.

    Looked at are those that both systems hold and that are not void. What a payment was applied to
    only the ERP tells; it counts in Salesforce once the payment is there. An invoice that is paid
    in another currency is left aside. What was taken off is summed in memory, by invoice.
    """
    taken = _Taken()
    for row in session.execute(_documents(RecordType.PAYMENT, companies)):
        taken.add_payment(*row)
    for row in session.execute(_documents(RecordType.CREDIT_MEMO, companies)):
        taken.add_memo(*row)
    for row in session.execute(_invoices(companies)):
        record_id, company_code, number, currency, *amounts = row
        off = taken.off(company_code, number, currency)
        if off is not None and any(_is_off(side) for side in _sides(amounts, off)):
            erp, crm = (_position(side) for side in _sides(amounts, off))
            yield RolledInvoice(record_id=record_id, currency=currency, erp=erp, crm=crm)


@dataclass(slots=True)
class _Off:
    """What was taken off one invoice, in ten-thousandths: paid and credited, in each system."""

    currency: str
    erp_paid: int = 0
    crm_paid: int = 0
    erp_credited: int = 0
    crm_credited: int = 0
    is_mixed: bool = False


class _Taken:
    """What was taken off all invoices, by company and number."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], _Off] = {}

    def off(self, company_code: str, number: str, currency: str) -> _Off | None:
        """What was taken off an invoice of this currency; None where that cannot be told."""
        found = self._found.get((company_code, number)) or _Off(currency)
        return None if found.is_mixed or found.currency != currency else found

    def add_payment(self, company_code: str, currency: str, content: str, *rest: Any) -> None:
        """A payment and what the ERP applied it to."""
        in_crm = rest[-1] is not None
        for one in json.loads(content).get("applications") or ():
            amount = to_scaled(Decimal(one["amount"]))
            off = self._at(company_code, one["invoice_number"], currency)
            off.erp_paid += amount
            off.crm_paid += amount if in_crm else 0

    def add_memo(self, company_code: str, currency: str, content: str, *amounts: int) -> None:
        """A credit memo that names the invoice it is of."""
        number = json.loads(content).get("invoice_number")
        if number:
            gross, is_open, crm_gross, crm_open = (one or 0 for one in amounts)
            off = self._at(company_code, number, currency)
            off.erp_credited += gross - is_open
            off.crm_credited += crm_gross - crm_open

    def _at(self, company_code: str, number: str, currency: str) -> _Off:
        off = self._found.setdefault((company_code, number), _Off(currency))
        off.is_mixed |= off.currency != currency
        return off


def _documents(record_type: RecordType, companies: Collection[str]) -> Any:
    """What takes off: the ERP's, and Salesforce's amounts where it holds the same document."""
    erp, crm = aliased(Version), aliased(Version)
    in_crm = (crm.record_id == Record.id) & (crm.system == System.CRM) & crm.deleted.is_(False)
    query = (
        select(
            Record.company_code,
            erp.currency,
            erp.content,
            *_amounts(erp, crm),
        )
        .join(erp, (erp.record_id == Record.id) & (erp.system == System.ERP))
        .outerjoin(crm, in_crm)
        .where(Record.record_type == record_type, erp.deleted.is_(False))
        .where(erp.content.not_like(VOID))
    )
    return _of_companies(query, companies)


def _invoices(companies: Collection[str]) -> Any:
    erp, crm = aliased(Version), aliased(Version)
    query = (
        select(
            Record.id,
            Record.company_code,
            Record.number,
            erp.currency,
            *_amounts(erp, crm),
        )
        .join(erp, (erp.record_id == Record.id) & (erp.system == System.ERP))
        .join(crm, (crm.record_id == Record.id) & (crm.system == System.CRM))
        .where(Record.record_type == RecordType.INVOICE)
        .where(erp.deleted.is_(False), crm.deleted.is_(False), crm.currency == erp.currency)
        .where(erp.content.not_like(VOID), crm.content.not_like(VOID))
        .order_by(Record.id)
    )
    return _of_companies(query, companies)


def _of_companies(query: Any, companies: Collection[str]) -> Any:
    if EVERY_COMPANY not in companies:
        query = query.where(Record.company_code.in_(companies))
    return query.execution_options(yield_per=_AT_ONCE)


def _amounts(*sides: Any) -> list[ColumnElement[int]]:
    """Gross and open of each side, in ten-thousandths."""
    return [
        type_coerce(getattr(side, name), BigInteger).label(f"{name}_{place}")
        for place, side in enumerate(sides)
        for name in ("amount", "open_amount")
    ]


_Side = tuple[int, int, int, int]
"""Gross, open, paid, credited."""


def _sides(amounts: list[int | None], off: _Off) -> tuple[_Side, _Side]:
    gross, is_open, crm_gross, crm_open = (one or 0 for one in amounts)
    return (
        (gross, is_open, off.erp_paid, off.erp_credited),
        (crm_gross, crm_open, off.crm_paid, off.crm_credited),
    )


def _is_off(side: _Side) -> bool:
    gross, is_open, paid, credited = side
    return gross - paid - credited != is_open


def _position(side: _Side) -> Position:
    gross, is_open, paid, credited = (from_scaled(one) for one in side)
    return Position(gross=gross, open=is_open, applied=paid, credited=credited)
