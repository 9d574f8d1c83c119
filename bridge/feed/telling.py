"""A file that holds all records of a type is told in snapshots, one for each company in it.

The totals to close by are the file's own, added up row by row as it is read: what got lost on the
way shows. A company that is not in the file is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bridge.consumer import ServiceConsumer, ServiceFault
from bridge.domain.records import Record, RecordType, key_of
from bridge.domain.snapshots import SUMMED, amount_in_totals
from bridge.operations.snapshots import CurrencyTotal

_ABOUT_TOTALS = ("SnapshotDiffers", "SnapshotNotBelieved")
"""Codes of faults after which a snapshot stays open."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of the snapshot of one company; its code is empty for customers.

    `gone` is how many records the ERP no longer has. It is None where the snapshot is not closed,
    for the reason told.
    """

    company_code: str
    snapshot_id: str
    records: int
    gone: int | None
    reason: str | None = None


@dataclass(slots=True)
class _Whole:
    """One company's part of the file: what it adds up to, and its snapshot once there is one."""

    records: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    snapshot_id: str = ""


class Telling:
    """The snapshots of one file, of what the ERP held at an instant.

    `unsent` counts rows that stand for records and cannot be submitted: where there is one, no
    company's records are all told.
    """

    def __init__(self, consumer: ServiceConsumer, record_type: RecordType, as_of: datetime) -> None:
        self.unsent = 0
        self._consumer, self._record_type, self._as_of = consumer, record_type, as_of
        self._wholes: dict[str, _Whole] = {}

    def add(self, record: Record) -> str:
        """Counts a record of the file; gives its company."""
        company_code = key_of(record).company_code
        whole = self._wholes.setdefault(company_code, _Whole())
        currency, amount = amount_in_totals(record)
        whole.records += 1
        whole.sums[currency] = whole.sums.get(currency, Decimal(0)) + amount
        return company_code

    def snapshot_of(self, record: Record) -> str:
        """The snapshot to submit a record in, begun when it is first asked for."""
        company_code = key_of(record).company_code
        whole = self._wholes[company_code]
        if not whole.snapshot_id:
            begun = self._consumer.begin_snapshot(
                self._record_type, company_code or None, as_of=self._as_of
            )
            whole.snapshot_id = begun.snapshot_id
        return whole.snapshot_id

    def close(self) -> tuple[Told, ...]:
        """Closes all snapshots, unless rows are missing in them; tells what came of each."""
        return tuple(self._close_each())

    def _close_each(self) -> Iterator[Told]:
        for company_code, whole in self._wholes.items():
            if self.unsent:
                rows = "1 row" if self.unsent == 1 else f"{self.unsent:,} rows"
                reason = f"{rows} could not be submitted: repair the file and feed it whole"
                yield Told(company_code, whole.snapshot_id, whole.records, None, reason)
            else:
                yield self._close(company_code, whole)

    def _close(self, company_code: str, whole: _Whole) -> Told:
        summed = self._record_type in SUMMED
        totals = [CurrencyTotal(*total) for total in whole.sums.items()] if summed else []
        try:
            closed = self._consumer.close_snapshot(
                whole.snapshot_id, count=whole.records, totals=totals
            )
        except ServiceFault as fault:
            if fault.code not in _ABOUT_TOTALS:
                raise
            return Told(company_code, whole.snapshot_id, whole.records, None, str(fault))
        return Told(company_code, whole.snapshot_id, whole.records, closed.gone)
