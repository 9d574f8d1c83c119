"""Both sides of a bridge: people who change things in either, and what is true there."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine

from bridge.domain.comparison import Sense, agree
from bridge.domain.crm import CrmRecord
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
from bridge.matching.finding import Matcher
from bridge.matching.settings import MatchingSettings
from bridge.operations.changes import Change, acknowledge_changes, fetch_changes
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import CurrencyTotal, begin_snapshot, close_snapshot
from bridge.operations.submissions import Receipt, submit_records
from bridge.salesforce.pages import Page
from bridge.sandbox import SandboxServer
from bridge.store.engine import open_engine
from bridge.store.settings import DatabaseSettings
from jobs.context import RunReport
from jobs.schedule import run_now
from tests.jobs.conftest import settings_of
from tests.jobs.killing import killed_at
from tests.jobs.words import Words
from tests.jobs.world import MAPPINGS, RULES, Clock, World, build_world
from tests.sandbox.partner import NS, Partner, sobject

ERP = Consumer("erp")
SOBJECTS = {one.sobject: record_type for record_type, one in MAPPINGS.items()}
WEATHER = """
seed = {seed}
[[fault]]
kind = "http"
share = {share}
[[fault]]
kind = "http"
status = 502
operations = ["token"]
share = {share}
[[fault]]
kind = "fault"
code = "SERVER_UNAVAILABLE"
share = {share}
[[fault]]
kind = "session"
share = {share}
[[fault]]
kind = "row"
code = "UNABLE_TO_LOCK_ROW"
share = {share}
[[fault]]
kind = "reset"
share = {share}
[[fault]]
kind = "lost"
share = {share}
"""


@dataclass
class Sides:
    """An ERP with its books, a Salesforce with its users, and the bridge between them.

    `books` is what the ERP holds, `words` who said what of customers, `entered` the ids of records
    that users of Salesforce entered.
    """

    world: World
    clock: Clock
    sandbox: SandboxServer
    open: Callable[[], tuple[Engine, World]]
    engine: Engine
    books: dict[RecordKey, Record] = field(default_factory=dict)
    words: Words = field(default_factory=lambda: Words(RULES[RecordType.CUSTOMER]))
    entered: set[str] = field(default_factory=set)
    heirs: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)
    taken: dict[tuple[RecordKey, str], Any] = field(default_factory=dict)
    told: set[RecordKey] = field(default_factory=set)
    last_message: tuple[str, RecordType, list[Record], Receipt] | None = None
    stormy: bool = False

    def __post_init__(self) -> None:
        self.partner = Partner(self.sandbox)
        self.http = requests.Session()
        self.numbers = itertools.count(1)

    def close(self) -> None:
        self.world.crm.close()
        self.engine.dispose()
        self.partner.http.close()
        self.http.close()

    def pass_time(self, **by: float) -> None:
        """Lets time pass; whoever was logged in is not any more."""
        self.clock.moment += timedelta(**by)
        self.partner.renew()

    # the ERP

    def book(self, record: Record) -> None:
        """Somebody enters or changes a record in the ERP, which tells the bridge."""
        key = key_of(record)
        if isinstance(record, Customer):
            before = self.books.get(key)
            self.words.said_in_erp(key, values_of(before) if before else {}, values_of(record))
        self.books[key] = record
        self.tell(key)

    def tell(self, *keys: RecordKey, snapshot_id: str | None = None) -> None:
        """The ERP submits what it holds of these records, of one type."""
        records = [self.books[key] for key in keys]
        record_type = keys[0].record_type
        message_id = f"m{next(self.numbers)}"
        receipt = self._submit(message_id, record_type, records, snapshot_id)
        assert {one.outcome for one in receipt.results} <= {"ACCEPTED", "UNCHANGED"}, receipt
        self.told.update(keys)
        if snapshot_id is None:
            self.last_message = message_id, record_type, records, receipt

    def tell_again(self) -> None:
        """A message that the ERP sent comes a second time: the same receipt, no other effect."""
        if self.last_message is not None:
            message_id, record_type, records, receipt = self.last_message
            again = self._submit(message_id, record_type, records, None)
            assert again.replayed
            assert again.results == receipt.results

    def strike(self, key: RecordKey) -> None:
        """The ERP loses a record, and shows that by a snapshot of what is left."""
        del self.books[key]
        self.world.tick()
        left = [one for one in self.books if one[:2] == key[:2]]
        begun = begin_snapshot(
            self.world.sessions,
            consumer=ERP,
            record_type=key.record_type,
            company_code=key.company_code or None,
            as_of=self.clock(),
            settings=SnapshotSettings(),
            now=self.clock(),
        )
        self.world.tick()
        self.tell(*left, snapshot_id=begun.snapshot_id)
        self.world.tick()
        close_snapshot(
            self.world.sessions,
            consumer=ERP,
            snapshot_id=begun.snapshot_id,
            count=len(left),
            totals=_sums([self.books[one] for one in left]),
            settings=SnapshotSettings(),
            now=self.clock(),
        )

    def take_changes(
        self, record_type: RecordType, *, apply: bool, submit: bool, acknowledge: bool
    ) -> int:
        """The ERP fetches what it has to change; perhaps it does, says so or goes down."""
        page = fetch_changes(self.world.sessions, record_type=record_type, after=0, limit=100)
        for change in page.changes if apply else ():
            self._apply(change)
        keys = list(dict.fromkeys(one.key for one in page.changes))
        if apply and submit and keys:
            self.world.tick()
            self.tell(*[key for key in keys if key in self.books])
        if apply and acknowledge:
            self.world.tick()
            acknowledge_changes(
                self.world.sessions, record_type=record_type, up_to=page.next, now=self.clock()
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
            self.world.sessions,
            consumer=ERP,
            message_id=message_id,
            record_type=record_type,
            records=records,
            snapshot_id=snapshot_id,
            now=self.clock(),
        )

    # Salesforce

    def crm_records(self, record_type: RecordType) -> dict[str, CrmRecord]:
        """All that the org shows of a kind, deleted ones too, by id."""
        mapping = MAPPINGS[record_type]
        soql = f"SELECT {', '.join(mapping.select())} FROM {mapping.sobject} ORDER BY Id"
        page = Page.decode(self.partner.query(soql, operation="queryAll"))
        return {one.salesforce_id: one for one in map(mapping.read, page.rows)}

    @contextmanager
    def late(self, seconds: int) -> Iterator[None]:
        """What is written commits so long after the moment that its rows bear."""
        now = self.clock.moment
        self.clock.moment -= timedelta(seconds=seconds)
        yield
        self.clock.moment = now

    def enter(self, record_type: RecordType, **fields: str) -> str | None:
        """A user enters a record; its id, or None where Salesforce refuses it."""
        (result,) = self.partner.create(MAPPINGS[record_type].sobject, fields)
        if not result.success:
            assert result.codes == ("DUPLICATE_VALUE",), result
            return None
        assert result.id is not None
        self.entered.add(result.id)
        self._listen(record_type, result.id, {})
        return result.id

    def edit(
        self, record_type: RecordType, salesforce_id: str, late_seconds: int, **fields: str | None
    ) -> None:
        """A user changes a record; the commit may come late, unless others wrote it since."""
        before = self.crm_records(record_type)[salesforce_id]
        if before.modified_at > self.clock() - timedelta(seconds=late_seconds):
            late_seconds = 0
        with self.late(late_seconds):
            (result,) = self.partner.update(
                MAPPINGS[record_type].sobject, {"Id": salesforce_id, **fields}
            )
        assert result.success, result
        self._listen(record_type, salesforce_id, before.values)

    def delete(self, salesforce_id: str) -> None:
        """A user deletes a record."""
        (result,) = self.partner.delete(salesforce_id)
        assert result.success, result

    def undelete(self, salesforce_id: str) -> bool:
        """A user takes a record out of the recycle bin, unless its place is taken."""
        (result,) = self.partner.undelete(salesforce_id)
        assert result.success or result.codes in (("DUPLICATE_VALUE",), ("UNDELETE_FAILED",))
        if result.success:
            self.merged.pop(salesforce_id, None)
        return result.success

    def empty_bin(self, salesforce_id: str) -> None:
        """A user throws a record out of the recycle bin for good."""
        self.partner.empty_recycle_bin(salesforce_id)

    def merge(self, winner: CrmRecord, loser: CrmRecord) -> None:
        """A user merges two Accounts into one, which is what it was."""
        request = (
            f"<p:request><p:masterRecord>{sobject('Account', {'Id': winner.salesforce_id})}"
            f"</p:masterRecord><p:recordToMergeIds>{loser.salesforce_id}</p:recordToMergeIds>"
            "</p:request>"
        )
        (result,) = self.partner.call("merge", request)
        assert result.findtext("p:success", "", NS) == "true"
        self.merged[loser.salesforce_id] = winner.salesforce_id
        if winner.erp_key is None and winner.salesforce_id not in self.heirs:
            self.words.inherit(loser.salesforce_id, winner.salesforce_id)
            self.words.said_in_crm(winner.salesforce_id, loser.values, winner.values)
            if loser.erp_key or loser.salesforce_id in self.heirs:
                self.heirs.add(winner.salesforce_id)

    def _listen(self, record_type: RecordType, salesforce_id: str, before: Any) -> None:
        if record_type is RecordType.CUSTOMER:
            after = self.crm_records(record_type)[salesforce_id].values
            self.words.said_in_crm(salesforce_id, before, after)

    # the bridge

    def run(self, job: str, *, seed: int | None = None, share: float = 0.1) -> RunReport:
        """Runs a job, in fine weather or in a storm."""
        self.world.tick()
        if seed is not None:
            self.stormy = True
            self._weather(WEATHER.format(seed=seed, share=share))
        try:
            return run_now(self.world.context, job)
        finally:
            if seed is not None:
                self._weather("")
            self.world.tick()

    def run_and_die(self, job: str, step: int) -> None:
        """Runs a job until its process is killed at a step, and starts another process."""
        self.stormy = True
        self.world.tick()
        with killed_at(self.world, step):
            run_now(self.world.context, job)
        self.restart()

    def restart(self) -> None:
        """Another process: nothing is left but the database."""
        self.world.crm.close()
        self.engine.dispose()
        self.engine, self.world = self.open()

    def _weather(self, rules: str) -> None:
        url = f"{self.sandbox.url}/sandbox/faults"
        self.http.put(url, data=rules, timeout=10).raise_for_status()


@contextmanager
def build_sides(
    folder: Path, database_url: str, sandbox_key: bytes, clock: Clock
) -> Iterator[Sides]:
    """Both sides around an empty database and a new org."""
    (folder / "org.db.jwt-key.pem").write_bytes(sandbox_key)
    with SandboxServer(folder / "org.db", clock=clock) as sandbox:

        def start() -> tuple[Engine, World]:
            engine = open_engine(DatabaseSettings(url=database_url))
            world = build_world(engine, clock, settings_of(sandbox, attempts=3, batch_size=3))
            world.sandbox = sandbox
            # Whom matching finds has tests of its own; here each record is what its key says.
            world.context = replace(world.context, matcher=Matcher(MatchingSettings(enabled=False)))
            return engine, world

        engine, world = start()
        sides = Sides(world, clock, sandbox, start, engine)
        try:
            yield sides
        finally:
            sides.close()


def _sums(records: Sequence[Record]) -> list[CurrencyTotal]:
    sums: dict[str, Decimal] = {}
    for one in records:
        name = SUMMED.get(key_of(one).record_type)
        if name:
            currency = str(one.currency)
            sums[currency] = sums.get(currency, Decimal(0)) + getattr(one, name)
    return [CurrencyTotal(*one) for one in sorted(sums.items())]
