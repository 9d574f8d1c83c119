"""An ERP: people who change its books, and what it tells the bridge and takes from it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from bridge.domain.comparison import Sense, agree
from bridge.domain.records import (
    RECORD_CLASSES,
    Customer,
    Record,
    RecordKey,
    RecordType,
    fields_of,
    key_of,
    values_of,
)
from bridge.domain.snapshots import SUMMED
from bridge.operations.changes import Change, acknowledge_changes, fetch_changes
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import CurrencyTotal, begin_snapshot, close_snapshot
from bridge.operations.submissions import Receipt, submit_records
from tests.jobs.both_sides.bridge import Bridge
from tests.jobs.both_sides.words import Words
from tests.jobs.world import RULES

CONSUMER = Consumer("erp")


@dataclass
class Erp:
    """An ERP with its books.

    `told` are the keys that it ever told the bridge, `taken` the last values that it took over.
    """

    bridge: Bridge
    words: Words
    books: dict[RecordKey, Record] = field(default_factory=dict)
    told: set[RecordKey] = field(default_factory=set)
    taken: dict[tuple[RecordKey, str], Any] = field(default_factory=dict)
    last_message: tuple[str, RecordType, list[Record], Receipt] | None = None

    def __post_init__(self) -> None:
        self.numbers = itertools.count(1)

    def book(self, record: Record) -> None:
        """Somebody enters or changes a record; the bridge is told."""
        key = key_of(record)
        if isinstance(record, Customer):
            before = self.books.get(key)
            self.words.said_in_erp(key, values_of(before) if before else {}, values_of(record))
        self.books[key] = record
        self.tell(key)

    def tell(self, *keys: RecordKey, snapshot_id: str | None = None) -> None:
        """Submits what it holds of these records, of one type."""
        records = [self.books[key] for key in keys]
        record_type = keys[0].record_type
        message_id = f"m{next(self.numbers)}"
        receipt = self._submit(message_id, record_type, records, snapshot_id)
        assert {one.outcome for one in receipt.results} <= {"ACCEPTED", "UNCHANGED"}, receipt
        self.told.update(keys)
        if snapshot_id is None:
            self.last_message = message_id, record_type, records, receipt

    def tell_again(self) -> None:
        """A message comes a second time: the same receipt, no other effect."""
        if self.last_message is not None:
            message_id, record_type, records, receipt = self.last_message
            again = self._submit(message_id, record_type, records, None)
            assert again.replayed
            assert again.results == receipt.results

    def strike(self, key: RecordKey) -> None:
        """Loses a record, and shows that by a snapshot of what is left."""
        del self.books[key]
        self.bridge.world.tick()
        left = [one for one in self.books if one[:2] == key[:2]]
        begun = begin_snapshot(
            self.bridge.sessions,
            consumer=CONSUMER,
            record_type=key.record_type,
            company_code=key.company_code or None,
            as_of=self.bridge.clock(),
            settings=SnapshotSettings(),
            now=self.bridge.clock(),
        )
        self.bridge.world.tick()
        self.tell(*left, snapshot_id=begun.snapshot_id)
        self.bridge.world.tick()
        close_snapshot(
            self.bridge.sessions,
            consumer=CONSUMER,
            snapshot_id=begun.snapshot_id,
            count=len(left),
            totals=_sums([self.books[one] for one in left]),
            settings=SnapshotSettings(),
            now=self.bridge.clock(),
        )

    def take_changes(
        self, record_type: RecordType, *, apply: bool, submit: bool, acknowledge: bool
    ) -> int:
        """Fetches what it has to change; perhaps it does, says so or goes down. How many."""
        page = fetch_changes(self.bridge.sessions, record_type=record_type, after=0, limit=100)
        for change in page.changes if apply else ():
            self._apply(change)
        keys = list(dict.fromkeys(one.key for one in page.changes))
        if apply and submit and keys:
            self.bridge.world.tick()
            self.tell(*[key for key in keys if key in self.books])
        if apply and acknowledge:
            self.bridge.world.tick()
            acknowledge_changes(
                self.bridge.sessions,
                record_type=record_type,
                up_to=page.next,
                now=self.bridge.clock(),
            )
        return len(page.changes)

    def _apply(self, change: Change) -> None:
        """As the contract has it: a field that is no longer as the bridge knows it stays."""
        record = self.books[change.key]
        catalogue = fields_of(RECORD_CLASSES[change.key.record_type])
        assert isinstance(record, Customer), f"{change.key} is mirrored, and was to be changed"
        for one in change.fields:
            assert one.name not in RULES[RecordType.CUSTOMER].mirrored
            held, taken = getattr(record, one.name), self.taken.get((change.key, one.name))
            if any(agree(catalogue[one.name], held, it, Sense()) for it in (one.old, taken)):
                record = replace(record, **{one.name: one.new})
                self.taken[change.key, one.name] = one.new
            else:
                self.words.kept_in_erp(change.key, one.name, one.new)
        self.books[change.key] = record

    def _submit(
        self,
        message_id: str,
        record_type: RecordType,
        records: Sequence[Record],
        snapshot_id: str | None,
    ) -> Receipt:
        return submit_records(
            self.bridge.sessions,
            consumer=CONSUMER,
            message_id=message_id,
            record_type=record_type,
            records=records,
            snapshot_id=snapshot_id,
            now=self.bridge.clock(),
        )


def _sums(records: Sequence[Record]) -> list[CurrencyTotal]:
    sums: dict[str, Decimal] = {}
    for one in records:
        name = SUMMED.get(key_of(one).record_type)
        if name:
            currency = str(one.currency)
            sums[currency] = sums.get(currency, Decimal(0)) + getattr(one, name)
    return [CurrencyTotal(*one) for one in sorted(sums.items())]
