"""Feeding a file: find its duplicates, then send its records, batch by batch."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from bridge import BridgeError
from bridge.consumer import ServiceConsumer, ServiceFault
from bridge.domain.records import Record, key_of
from bridge.domain.validation import ProblemCode
from bridge.feed.columns import Columns
from bridge.feed.duplicates import Duplicate, Duplicates
from bridge.feed.reading import Fault, ReadRow, RowReader
from bridge.feed.rejects import Reject, open_rejects
from bridge.feed.report import FeedReport, Tally
from bridge.feed.source import SourceFile
from bridge.feed.telling import Telling, Told
from bridge.operations.submissions import Outcome, RecordResult
from bridge.soap.calls import UnreadableAnswer
from bridge.wording import counted

BATCH_RECORDS = 500  # the contract's most for one submission

_ABOUT_RECORDS = ("ContractViolated", "RequestTooLarge")
"""Codes of faults that fewer or other records might not get."""


class FeedStopped(BridgeError):
    """The service stopped answering in the middle of a file. What it has answered is stored."""


class Progress(Protocol):
    """Where long work tells how far it is."""

    def start(self, what: str, total: int | None) -> None:
        """A stretch of work begins; `total` steps, where that is known."""

    def advance(self, steps: int) -> None:
        """So many steps are done."""


def feed(
    path: Path,
    *,
    columns: Columns,
    consumer: ServiceConsumer,
    rejects: Path | None = None,
    all_as_of: datetime | None = None,
    progress: Progress,
) -> FeedReport:
    """Sends the records of a CSV file and tells what became of every row.

    Where it holds all that the ERP had at the instant `all_as_of`, it is told in snapshots, and
    what is missing in it is concluded to be gone.

    Rows that cannot be records, rows whose key stands in the file with another content, and what
    the service rejects are reported and, where `rejects` is given, written there for repair.

    Each feed has its own message ids: a resent batch of this feed is answered by its stored
    receipt, while feeding the same file again finds its records UNCHANGED.

    Raises UnusableFile, ServiceFault or ServiceUnreachable before anything is sent, FeedStopped
    afterwards.
    """
    consumer.ping()
    source = SourceFile(path, columns.format)
    reader = RowReader(source, columns)
    with closing(Duplicates()) as duplicates, open_rejects(rejects, source) as reject:
        progress.start(f"checking {path.name}", None)
        rows = duplicates.index(_reported(map(reader.read, source.rows()), progress))
        progress.start(f"sending {path.name}", rows)
        telling = Telling(consumer, columns.record_type, all_as_of) if all_as_of else None
        feeding = _Feeding(consumer, Tally(columns.record_type), reject, telling)
        feeding.send(_reported(map(reader.read, source.rows()), progress), duplicates)
        return feeding.tally.report(
            file=path,
            rejects=rejects,
            differing_keys=duplicates.differing_keys(),
            told=feeding.close(),
        )


class _Feeding:
    """One feed: its message ids, and what has become of its rows so far."""

    def __init__(
        self, consumer: ServiceConsumer, tally: Tally, reject: Reject, telling: Telling | None
    ) -> None:
        self.tally = tally
        self._consumer, self._write_reject, self._telling = consumer, reject, telling
        self._name = uuid4().hex

    def send(self, rows: Iterable[ReadRow], duplicates: Duplicates) -> None:
        """Sends what can be sent and reports the rest."""
        waiting: dict[str, list[ReadRow]] = defaultdict(list)
        for read in self._fit(rows, duplicates):
            batch = waiting[self._telling.add(_record_of(read)) if self._telling else ""]
            batch.append(read)
            if len(batch) == BATCH_RECORDS:
                self._send(batch)
                batch.clear()
        for batch in filter(None, waiting.values()):
            self._send(batch)

    def close(self) -> tuple[Told, ...]:
        """Closes the snapshots, if the file is told in any."""
        try:
            return self._telling.close() if self._telling else ()
        except BridgeError as error:
            message = f"all records are stored, but what is gone is not concluded: {error}"
            raise FeedStopped(f"{message}; feed the file again") from error

    def _fit(self, rows: Iterable[ReadRow], duplicates: Duplicates) -> Iterator[ReadRow]:
        """The rows to send, one for each key."""
        for read in rows:
            self.tally.rows += 1
            for warning in read.warnings:
                self.tally.warn(read, warning.code, warning.field, warning.message)
            duplicate = duplicates.at(read.row.line)
            fault = read.fault or _contradiction(duplicate)
            if duplicate is None and (read.record or (self._telling and read.unfit)):
                yield read
            elif fault is None:
                self.tally.repeated += 1
            elif duplicate is None or duplicate.differing:
                self._leave_out(read, fault)
            else:
                self._reject(read, fault)  # what the row says was told by the first one like it

    def _send(self, batch: Sequence[ReadRow]) -> None:
        """Submits a batch; a request that the service refuses as a whole is halved, so that the
        record which spoils it is found and the others go in.
        """
        try:
            results = self._submit(batch)
        except ServiceFault as fault:
            if fault.code not in _ABOUT_RECORDS:
                raise self._stopped(batch, fault) from fault
            if len(batch) == 1:
                self._leave_out(batch[0], batch[0].fault or Fault(fault.code, "", fault.message))
                return
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
        except BridgeError as error:
            raise self._stopped(batch, error) from error
        else:
            for read, result in zip(batch, results, strict=True):
                self._take(read, result)

    def _submit(self, batch: Sequence[ReadRow]) -> list[RecordResult]:
        """The results in the order of the batch."""
        self.tally.submissions += 1
        message_id = f"feed-{self._name}-{self.tally.submissions}"
        records = [_record_of(read) for read in batch]
        snapshot_id = self._telling.snapshot_of(records[0]) if self._telling else None
        receipt = self._consumer.submit(message_id, records, snapshot_id)
        by_key = {(one.company_code, one.number): one for one in receipt.results}
        try:
            return [by_key[key.company_code, key.number] for key in map(key_of, records)]
        except KeyError as error:
            raise UnreadableAnswer(f"the receipt {message_id} has no result for {error}") from error

    def _take(self, read: ReadRow, result: RecordResult) -> None:
        code, message = result.code or "", result.message or ""
        if read.record is None or result.outcome is Outcome.REJECTED:
            self._reject(read, read.fault or Fault(code, "", message))
            return
        self.tally.store(read.record, result.outcome)
        if code and code not in {warning.code for warning in read.warnings}:
            self.tally.warn(read, code, "", message)

    def _leave_out(self, read: ReadRow, fault: Fault) -> None:
        """A row that is not sent: whatever its record is, it is not told."""
        if self._telling:
            self._telling.unsent += 1
        self._reject(read, fault)

    def _reject(self, read: ReadRow, fault: Fault) -> None:
        self.tally.reject(read, fault)
        self._write_reject(read.row, fault)

    def _stopped(self, batch: Sequence[ReadRow], error: BridgeError) -> FeedStopped:
        return FeedStopped(
            f"stopped at line {batch[0].row.line}: {error};"
            f" {counted(self.tally.stored, 'record is', 'records are')}"
            " stored: feed the file again, and what is stored counts as unchanged"
        )


def _reported(rows: Iterable[ReadRow], progress: Progress) -> Iterator[ReadRow]:
    done = 0
    for done, read in enumerate(rows, start=1):
        yield read
        if done % BATCH_RECORDS == 0:
            progress.advance(BATCH_RECORDS)
    progress.advance(done % BATCH_RECORDS)


def _record_of(read: ReadRow) -> Record:
    record = read.record or read.unfit
    assert record is not None, "only rows that are records are sent"
    return record


def _contradiction(duplicate: Duplicate | None) -> Fault | None:
    if duplicate is None or not duplicate.differing:
        return None
    lines = ", ".join(map(str, duplicate.lines))
    more = " and others" if duplicate.times > len(duplicate.lines) else ""
    message = f"{duplicate.times} rows with this key differ: lines {lines}{more}"
    return Fault(ProblemCode.DUPLICATE_KEY, "number", message)
