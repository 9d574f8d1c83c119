"""Snapshots: an ERP tells the whole of something, and what may be concluded from it.

What was told is held against the ERP's own count and sums. If they agree, whatever the ERP sent
before and did not tell now is gone there; if not, something was lost on the way, and nothing is
concluded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.money import MAX_DIGITS, InexactAmount, sum_to_scaled, trimmed
from bridge.domain.records import AMOUNT_COLUMNS, Record, RecordKey, RecordType, record_type_of

SUMMED: Mapping[RecordType, str] = {
    record_type: columns["amount"]
    for record_type, columns in AMOUNT_COLUMNS.items()
    if record_type is not RecordType.CUSTOMER
}
"""The field that snapshots add up. Customers are counted alone: their credit limits are terms."""

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a snapshot is the whole of: a record type, of one company where the type has such."""

    record_type: RecordType
    company_code: str

    def holds(self, key: RecordKey) -> bool:
        """Whether a record belongs to it."""
        return (key.record_type, key.company_code) == (self.record_type, self.company_code)

    def __str__(self) -> str:
        plural = f"{self.record_type.lower().replace('_', ' ')}s"
        return f"{plural} of company {self.company_code}" if self.company_code else plural


@dataclass(frozen=True, slots=True)
class SnapshotTotals:
    """How many records, and their sum by currency; a currency that is missing sums to zero."""

    count: int
    sums: Mapping[str, Decimal]

    def sum_of(self, currency: str) -> Decimal:
        """The sum in a currency."""
        return self.sums.get(currency, _ZERO)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the ERP and the bridge see differently: `Count`, or `Total[EUR]`."""

    figure: str
    erp: Decimal | int
    bridge: Decimal | int

    def __str__(self) -> str:
        return f"{self.figure} is {_shown(self.erp)} in the ERP and {_shown(self.bridge)} here"


def amount_in_totals(record: Record) -> tuple[str, Decimal]:
    """A record's currency and the amount that it adds there, as they were submitted.

    Customers add nothing. Nor does an amount that the contract cannot carry: it is rejected, and
    then the sums differ.
    """
    field = SUMMED.get(record_type_of(record))
    if field is None:
        return "", _ZERO
    amount: Decimal = getattr(record, field)
    return str(record.currency), amount if _can_be_carried(amount) else _ZERO


def differences(stated: SnapshotTotals, found: SnapshotTotals) -> list[Difference]:
    """Where the ERP's totals and those of what was submitted differ; empty where they agree."""
    return list(_differences(stated, found))


def leaves_too_little(
    *, members: int, held: int, gone: int, below_share: Decimal, from_records: int
) -> bool:
    """Whether a snapshot is more likely a wrong selection than the truth.

    Of `held` records, `gone` are missing from it. Leaving fewer than `below_share` of at least
    `from_records` is too little, and so is an empty snapshot that leaves anything out.
    """
    if not gone:
        return False
    return not members or (held >= from_records and held - gone < held * below_share)


def _differences(stated: SnapshotTotals, found: SnapshotTotals) -> Iterator[Difference]:
    if stated.count != found.count:
        yield Difference("Count", stated.count, found.count)
    for currency in sorted({*stated.sums, *found.sums}):
        erp, bridge = stated.sum_of(currency), found.sum_of(currency)
        if erp != bridge:
            yield Difference(f"Total[{currency}]", erp, bridge)


def _can_be_carried(amount: Decimal) -> bool:
    """Whether an amount has MAX_DIGITS digits before the point and SCALE behind it at most."""
    if not amount.is_finite() or amount.adjusted() >= MAX_DIGITS:
        return False
    try:
        sum_to_scaled(amount)
    except InexactAmount:
        return False
    return True


def _shown(figure: Decimal | int) -> str:
    return f"{trimmed(figure):f}" if isinstance(figure, Decimal) else str(figure)
