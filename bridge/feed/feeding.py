"""Feeding a file: find its duplicates, then send its records, batch by batch."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from bridge import BridgeError
from bridge.consumer import ServiceConsumer, ServiceFault
from bridge.domain.records import key_of
from bridge.domain.validation import ProblemCode
from bridge.feed.columns import Columns
from bridge.feed.duplicates import Duplicate, Duplicates
from bridge.feed.reading import Fault, ReadRow, RowReader
from bridge.feed.rejects import Reject, open_rejects
from bridge.feed.report import FeedReport, Tally
from bridge.feed.source import SourceFile
from bridge.operations.submissions import Outcome, RecordResult
from bridge.soap.calls import UnreadableAnswer

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
    progress: Progress,
) -> FeedReport:
    """Sends the records of a CSV file and tells what became of every row.

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
        feeding = _Feeding(consumer, Tally(columns.record_type), reject)
        feeding.send(_reported(map(reader.read, source.rows()), progress), duplicates)
        return feeding.tally.report(
            file=path, rejects=rejects, differing_keys=duplicates.differing_keys()
        )


class _Feeding:
    """One feed: its message ids, and what has become of its rows so far."""

    def __init__(self, consumer: ServiceConsumer, tally: Tally, reject: Reject) -> None:
        self.tally = tally
        self._consumer, self._write_reject = consumer, reject
        self._name = uuid4().hex

    def send(self, rows: Iterable[ReadRow], duplicates: Duplicates) -> None:
        """Sends what can be sent and reports the rest."""
        fit = self._fit(rows, duplicates)
        while batch := list(islice(fit, BATCH_RECORDS)):
            self._send(batch)

    def _fit(self, rows: Iterable[ReadRow], duplicates: Duplicates) -> Iterator[ReadRow]:
        """The rows to send, one for each key."""
        for read in rows:
            self.tally.rows += 1
            for warning in read.warnings:
                self.tally.warn(read, warning.code, warning.field, warning.message)
            duplicate = duplicates.at(read.row.line)
            if read.fault is not None:
                self._reject(read, read.fault)
            elif duplicate is None:
                yield read
            elif duplicate.differing:
                self._reject(read, _duplicate_key(duplicate))
            else:
                self.tally.repeated += 1

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
                self._reject(batch[0], Fault(fault.code, "", fault.message))
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
        records = [read.record for read in batch if read.record is not None]
        receipt = self._consumer.submit(message_id, records)
        by_key = {(one.company_code, one.number): one for one in receipt.results}
        try:
            return [by_key[key.company_code, key.number] for key in map(key_of, records)]
        except KeyError as error:
            raise UnreadableAnswer(f"the receipt {message_id} has no result for {error}") from error

    def _take(self, read: ReadRow, result: RecordResult) -> None:
        code, message = result.code or "", result.message or ""
        if read.record is None or result.outcome is Outcome.REJECTED:
            self._reject(read, Fault(code, "", message))
            return
        self.tally.store(read.record, result.outcome)
        if code and code not in {warning.code for warning in read.warnings}:
            self.tally.warn(read, code, "", message)

    def _reject(self, read: ReadRow, fault: Fault) -> None:
        self.tally.reject(read, fault)
        self._write_reject(read.row, fault)

    def _stopped(self, batch: Sequence[ReadRow], error: BridgeError) -> FeedStopped:
        return FeedStopped(
            f"stopped at line {batch[0].row.line}: {error}; {self.tally.stored} records are"
            " stored: feed the file again, and they count as unchanged"
        )


def _reported(rows: Iterable[ReadRow], progress: Progress) -> Iterator[ReadRow]:
    done = 0
    for done, read in enumerate(rows, start=1):
        yield read
        if done % BATCH_RECORDS == 0:
            progress.advance(BATCH_RECORDS)
    progress.advance(done % BATCH_RECORDS)


def _duplicate_key(duplicate: Duplicate) -> Fault:
    lines = ", ".join(map(str, duplicate.lines))
    more = " and others" if duplicate.times > len(duplicate.lines) else ""
    message = f"{duplicate.times} rows with this key differ: lines {lines}{more}"
    return Fault(ProblemCode.DUPLICATE_KEY, "number", message)
