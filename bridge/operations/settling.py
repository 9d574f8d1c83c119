"""A clerk asks which open payments settle which open invoices, by what the ERP holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.domain.settling import MOST_STEPS, OpenItem, Settlement, settle
from bridge.store.engine import reading
from bridge.store.open_items import OpenRow, open_rows


@dataclass(frozen=True, slots=True)
class CustomerSettlement:
    """What belongs together among the open items of one customer, company and currency."""

    company_code: str
    currency: str
    customer_number: str
    settlement: Settlement


def suggest_settlements(
    sessions: sessionmaker[Session],
    *,
    company_code: str | None = None,
    customer_number: str | None = None,
    most_steps: int = MOST_STEPS,
) -> Iterator[CustomerSettlement]:
    """Suggestions customer by customer; nothing is changed.

    Only items with an open amount above zero take part. `most_steps` as in
    `bridge.domain.settling.settle`.
    """
    with reading(sessions) as session:
        rows = open_rows(session, company_code=company_code, customer_number=customer_number)
        for place, items in _by_place(rows):
            payments = [_item(row) for row in items if row.record_type is RecordType.PAYMENT]
            invoices = [_item(row) for row in items if row.record_type is RecordType.INVOICE]
            for settlement in settle(payments, invoices, most_steps=most_steps):
                yield CustomerSettlement(*place, settlement)


def _by_place(rows: Iterator[OpenRow]) -> Iterator[tuple[tuple[str, str, str], list[OpenRow]]]:
    items: list[OpenRow] = []
    for row in rows:
        if items and row.place != items[0].place:
            yield items[0].place, items
            items = []
        items.append(row)
    if items:
        yield items[0].place, items


def _item(row: OpenRow) -> OpenItem:
    return OpenItem(row.number, row.open_amount)
