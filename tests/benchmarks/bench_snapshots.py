"""Many invoices told in a snapshot, and its close: what that costs the database.

Milliseconds per submission of 500 records, new and unchanged, outside a snapshot and in one, and
the seconds of a close that finds every tenth record gone. ERP_BRIDGE_DATABASE__URL names an empty
PostgreSQL database to use instead of SQLite.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import CurrencyTotal, begin_snapshot, close_snapshot
from bridge.operations.submissions import submit_records
from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.settings import DatabaseSettings
from tests.benchmarks.measuring import Row
from tests.benchmarks.samples import BATCH, invoice

ERP = Consumer("erp")
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)


def measure(size: int) -> Iterator[Row]:
    """A row for each way to submit, and one for the close, of so many invoices."""
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{folder}/bridge.db")
        engine = open_engine(DatabaseSettings(url=url))
        upgrade_schema(engine)
        yield from steps(session_factory(engine), size)
        engine.dispose()


def steps(sessions: sessionmaker[Session], size: int) -> Iterator[Row]:
    """Submissions before, in and after a snapshot."""
    told = [n for n in range(size) if n % 10]
    yield submit(sessions, "new", range(size), hours=0)
    yield submit(sessions, "unchanged", range(size), hours=1)
    begun = begin_snapshot(
        sessions,
        consumer=ERP,
        record_type=RecordType.INVOICE,
        company_code="1000",
        as_of=BEGINNING + timedelta(hours=2),
        settings=SnapshotSettings(),
        now=BEGINNING + timedelta(hours=2),
    )
    snapshot_id = begun.snapshot_id
    yield submit(sessions, "unchanged, in a snapshot", told, hours=3, snapshot_id=snapshot_id)
    yield close(sessions, snapshot_id, told, gone=size - len(told))
    yield submit(sessions, "new, of which every tenth comes back", range(size), hours=5)


def submit(
    sessions: sessionmaker[Session],
    what: str,
    numbers: Sequence[int],
    *,
    hours: int,
    snapshot_id: str | None = None,
) -> Row:
    """Submits all of them, a full batch at a time; what one batch took."""
    seconds = 0.0
    starts = range(0, len(numbers), BATCH)
    for start in starts:
        records = [invoice(n) for n in numbers[start : start + BATCH]]
        started = time.monotonic()
        submit_records(
            sessions,
            consumer=ERP,
            message_id=f"{what} {start}",
            record_type=RecordType.INVOICE,
            records=records,
            snapshot_id=snapshot_id,
            now=BEGINNING + timedelta(hours=hours),
        )
        seconds += time.monotonic() - started
    per_batch = seconds / len(starts) * 1000
    return Row(what=f"{len(numbers):,} invoices, {what}: each {BATCH}", value=per_batch, unit="ms")


def close(
    sessions: sessionmaker[Session], snapshot_id: str, told: Sequence[int], *, gone: int
) -> Row:
    """Closes the snapshot."""
    total = sum((invoice(n).gross_amount for n in told), Decimal(0))
    started = time.monotonic()
    closed = close_snapshot(
        sessions,
        consumer=ERP,
        snapshot_id=snapshot_id,
        count=len(told),
        totals=[CurrencyTotal("EUR", total)],
        settings=SnapshotSettings(),
        now=BEGINNING + timedelta(hours=4),
    )
    seconds = time.monotonic() - started
    assert closed.gone == gone
    return Row(what=f"close a snapshot of {len(told):,}, {gone:,} gone", value=seconds, unit="s")
