"""Customers' balances: what was billed and received, beside what is open of it.

Both ways to add up give the same balance where every open amount follows from its documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bridge.domain.records import RecordType, System

MOVEMENTS = ("invoiced", "credited", "received")
OPEN_ITEMS = ("open invoices", "open credits", "unapplied")
"""By record type in this order; what lowers a balance is negative."""

COLUMNS = (*MOVEMENTS, *OPEN_ITEMS)
_TYPES = (RecordType.INVOICE, RecordType.CREDIT_MEMO, RecordType.PAYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSum:
    """The documents of one system, type, company, currency and customer: amounts, and what is open
    (of a payment: not applied).
    """

    system: System
    record_type: RecordType
    company_code: str
    currency: str
    customer_number: str
    amount: Decimal
    open_amount: Decimal


@dataclass(slots=True, kw_only=True)
class BalanceRow:
    """Both sides' balances of one company, currency and customer."""

    company_code: str
    currency: str
    customer_number: str
    sides: dict[System, dict[str, Decimal]] = field(default_factory=dict)

    def amount(self, system: System, column: str) -> Decimal:
        """What a system holds in one column."""
        return self.sides.get(system, {}).get(column, Decimal(0))

    def balance(self, system: System) -> Decimal:
        """What is owed, by what is open."""
        return self._sum(system, OPEN_ITEMS)

    def unrolled(self, system: System) -> Decimal:
        """What is open beyond what was billed less what was credited and received."""
        return self.balance(system) - self._sum(system, MOVEMENTS)

    @property
    def differs(self) -> bool:
        """Whether both sides disagree, or one of them with itself."""
        return any(self.unrolled(system) for system in (System.ERP, System.CRM)) or any(
            self.amount(System.ERP, column) != self.amount(System.CRM, column) for column in COLUMNS
        )

    def _sum(self, system: System, columns: Iterable[str]) -> Decimal:
        return sum((self.amount(system, column) for column in columns), Decimal(0))


def balance_table(sums: Iterable[BalanceSum]) -> list[BalanceRow]:
    """Both systems' sums in rows, by company, currency and customer."""
    rows: dict[tuple[str, str, str], BalanceRow] = {}
    for one in sums:
        place = (one.company_code, one.currency, one.customer_number)
        row = rows.setdefault(
            place, BalanceRow(company_code=place[0], currency=place[1], customer_number=place[2])
        )
        position = _TYPES.index(one.record_type)
        sign = 1 if one.record_type is RecordType.INVOICE else -1
        side = row.sides.setdefault(one.system, {})
        side[MOVEMENTS[position]] = sign * one.amount
        side[OPEN_ITEMS[position]] = sign * one.open_amount
    return [rows[place] for place in sorted(rows)]
