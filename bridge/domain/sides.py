"""What both systems hold for a company, a currency and a customer, beside each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from bridge.domain.records import System


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSum:
    """What one system holds at a place: of all customers together where the number is empty."""

    system: System
    company_code: str
    currency: str
    customer_number: str


@dataclass(slots=True, kw_only=True)
class SidesRow:
    """Both systems' amounts at a place, by column."""

    company_code: str
    currency: str
    customer_number: str
    sides: dict[System, dict[str, Decimal]] = field(default_factory=dict)

    def amount(self, system: System, column: str) -> Decimal:
        """What a system holds in one column."""
        return self.sides.get(system, {}).get(column, Decimal(0))

    def total(self, system: System, columns: Iterable[str]) -> Decimal:
        """What a system holds in these columns together."""
        return sum((self.amount(system, column) for column in columns), Decimal(0))

    def differs_in(self, columns: Iterable[str]) -> bool:
        """Whether both sides disagree in any of these columns."""
        return any(
            self.amount(System.ERP, column) != self.amount(System.CRM, column) for column in columns
        )


Row = TypeVar("Row", bound=SidesRow)


def rows_of(kind: type[Row], amounts: Iterable[tuple[SideSum, str, Decimal]]) -> list[Row]:
    """Rows of a kind from amounts in columns, by company, currency and customer."""
    rows: dict[tuple[str, str, str], Row] = {}
    for one, column, amount in amounts:
        place = (one.company_code, one.currency, one.customer_number)
        row = rows.setdefault(
            place, kind(company_code=place[0], currency=place[1], customer_number=place[2])
        )
        side = row.sides.setdefault(one.system, {})
        side[column] = side.get(column, Decimal(0)) + amount
    return [rows[place] for place in sorted(rows)]
