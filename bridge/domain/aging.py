"""Open items by age: what customers owe, and since when it should have been paid.

Ages follow the usual schedule of receivables: not due yet, then 1 to 30, 31 to 60, 61 to 90 and
more than 90 days past due. Credit memos and payments that settle nothing yet stand beside the ages:
they lower the balance, whatever the age of what they will settle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bridge.domain.records import System
from bridge.domain.sides import SidesRow, SideSum, rows_of

AGES = ("current", "1-30", "31-60", "61-90", "over 90")
"""The ages by the days that an invoice is past due, youngest first."""

CREDITS, UNAPPLIED = "credit memos", "unapplied"
"""What lowers a balance: open credit memos, and payments that are not applied yet."""

COLUMNS = (*AGES, CREDITS, UNAPPLIED)
_LAST_DAYS = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSum(SideSum):
    """What is open in one system and column; credits are negative."""

    column: str
    amount: Decimal


@dataclass(slots=True, kw_only=True)
class AgingRow(SidesRow):
    """Both sides' open items of a company and currency, and of a customer where one is named."""

    def balance(self, system: System) -> Decimal:
        """All columns together: what is owed."""
        return self.total(system, COLUMNS)

    @property
    def differs(self) -> bool:
        """Whether both sides disagree in any column."""
        return self.differs_in(COLUMNS)


def age_starts(as_of: date) -> list[tuple[str, date | None]]:
    """The ages with the first due date that belongs to each, youngest first; None: any earlier."""
    starts = [as_of - timedelta(days=days) for days in _LAST_DAYS]
    return list(zip(AGES, [*starts, None], strict=True))


def aging_table(sums: Iterable[OpenSum]) -> list[AgingRow]:
    """Both systems' sums in rows, by company, currency and customer."""
    return rows_of(AgingRow, ((one, one.column, one.amount) for one in sums))
