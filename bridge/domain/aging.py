"""Open items by age: what customers owe, and since when it should have been paid.

Ages follow the usual schedule of receivables: not due yet, then 1 to 30, 31 to 60, 61 to 90 and
more than 90 days past due. Credit memos and payments that settle nothing yet stand beside the ages:
they lower the balance, whatever the age of what they will settle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from bridge.domain.records import System

AGES = ("current", "1-30", "31-60", "61-90", "over 90")
"""The ages by the days that an invoice is past due, youngest first."""

CREDITS, UNAPPLIED = "credit memos", "unapplied"
"""What lowers a balance: open credit memos, and payments that are not applied yet."""

COLUMNS = (*AGES, CREDITS, UNAPPLIED)
_LAST_DAYS = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSum:
    """What is open in one system and column; credits are negative."""

    system: System
    company_code: str
    currency: str
    customer_number: str
    column: str
    amount: Decimal


@dataclass(slots=True, kw_only=True)
class AgingRow:
    """Both sides' open items of a company and currency, and of a customer where one is named."""

    company_code: str
    currency: str
    customer_number: str
    sides: dict[System, dict[str, Decimal]] = field(default_factory=dict)

    def amount(self, system: System, column: str) -> Decimal:
        """What a system holds in one column."""
        return self.sides.get(system, {}).get(column, Decimal(0))

    def balance(self, system: System) -> Decimal:
        """All columns together: what is owed."""
        return sum((self.amount(system, column) for column in COLUMNS), Decimal(0))

    @property
    def differs(self) -> bool:
        """Whether both sides disagree in any column."""
        return any(
            self.amount(System.ERP, column) != self.amount(System.CRM, column) for column in COLUMNS
        )


def age_starts(as_of: date) -> list[tuple[str, date | None]]:
    """The ages with the first due date that belongs to each, youngest first; None: any earlier."""
    starts = [as_of - timedelta(days=days) for days in _LAST_DAYS]
    return list(zip(AGES, [*starts, None], strict=True))


def aging_table(sums: Iterable[OpenSum]) -> list[AgingRow]:
    """Both systems' sums in rows, by company, currency and customer."""
    rows: dict[tuple[str, str, str], AgingRow] = {}
    for one in sums:
        place = (one.company_code, one.currency, one.customer_number)
        row = rows.setdefault(
            place, AgingRow(company_code=place[0], currency=place[1], customer_number=place[2])
        )
        side = row.sides.setdefault(one.system, {})
        side[one.column] = side.get(one.column, Decimal(0)) + one.amount
    return [rows[place] for place in sorted(rows)]
