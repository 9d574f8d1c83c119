"""Customers' balances: what was billed and received, beside what is open of it.

Both ways to add up give the same balance where every open amount follows from its documents.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.records import RecordType, System
from bridge.domain.sides import SidesRow, SideSum, rows_of

MOVEMENTS = ("invoiced", "credited", "received")
OPEN_ITEMS = ("open invoices", "open credits", "unapplied")
"""By record type in this order; what lowers a balance is negative."""

COLUMNS = (*MOVEMENTS, *OPEN_ITEMS)
_TYPES = (RecordType.INVOICE, RecordType.CREDIT_MEMO, RecordType.PAYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSum(SideSum):
    """The documents of one system, type, company, currency and customer: amounts, and what is open
    (of a payment: not applied).
    """

    record_type: RecordType
    amount: Decimal
    open_amount: Decimal


@dataclass(slots=True, kw_only=True)
class BalanceRow(SidesRow):
    """Both sides' balances of one company, currency and customer."""

    def balance(self, system: System) -> Decimal:
        """What is owed, by what is open."""
        return self.total(system, OPEN_ITEMS)

    def unrolled(self, system: System) -> Decimal:
        """What is open beyond what was billed less what was credited and received."""
        return self.balance(system) - self.total(system, MOVEMENTS)

    @property
    def differs(self) -> bool:
        """Whether both sides disagree, or one of them with itself."""
        return self.differs_in(COLUMNS) or any(
            self.unrolled(system) for system in (System.ERP, System.CRM)
        )


def balance_table(sums: Iterable[BalanceSum]) -> list[BalanceRow]:
    """Both systems' sums in rows, by company, currency and customer."""
    return rows_of(BalanceRow, (amount for one in sums for amount in _amounts(one)))


def _amounts(one: BalanceSum) -> Iterator[tuple[BalanceSum, str, Decimal]]:
    position = _TYPES.index(one.record_type)
    sign = 1 if one.record_type is RecordType.INVOICE else -1
    yield one, MOVEMENTS[position], sign * one.amount
    yield one, OPEN_ITEMS[position], sign * one.open_amount
