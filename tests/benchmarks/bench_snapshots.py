"""N invoices told in a snapshot, and its close: what that costs the database.

`python -m tests.benchmarks.bench_snapshots [N ...]` (100,000 by default) prints milliseconds per
submission of 500 records, new and unchanged, outside a snapshot and in one, and the seconds of a
close that finds every tenth record gone. ERP_BRIDGE_DATABASE__URL names an empty PostgreSQL
database to use instead of SQLite.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Invoice, RecordType
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import CurrencyTotal, begin_snapshot, close_snapshot
from bridge.operations.submissions import submit_records
from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.settings import DatabaseSettings
from tests.benchmarks.bench_scale import BATCH, invoice

ERP = Consumer("erp")
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> None:
    """Measures each size in a database of its own."""
    for size in [int(argument) for argument in sys.argv[1:]] or [100_000]:
        with tempfile.TemporaryDirectory() as folder:
            url = os.environ.get("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{folder}/bridge.db")
            engine = open_engine(DatabaseSettings(url=url))
            upgrade_schema(engine)
            print(f"--- {size:,} invoices on {engine.dialect.name}")
            measure(session_factory(engine), size)
            engine.dispose()


def measure(sessions: sessionmaker[Session], size: int) -> None:
    """Prints the figures of one size."""
    submit(sessions, "new", range(size), hours=0)
    submit(sessions, "unchanged", range(size), hours=1)
    begun = begin_snapshot(
        sessions,
        consumer=ERP,
        record_type=RecordType.INVOICE,
        company_code="1000",
        as_of=BEGINNING + timedelta(hours=2),
        settings=SnapshotSettings(),
        now=BEGINNING + timedelta(hours=2),
    )
    told = [n for n in range(size) if n % 10]
    submit(sessions, "unchanged, in a snapshot", told, hours=3, snapshot_id=begun.snapshot_id)
    total = sum((invoice(n).gross_amount for n in told), Decimal(0))
    with timed("close"):
        closed = close_snapshot(
            sessions,
            consumer=ERP,
            snapshot_id=begun.snapshot_id,
            count=len(told),
            totals=[CurrencyTotal("EUR", total)],
            settings=SnapshotSettings(),
            now=BEGINNING + timedelta(hours=4),
        )
    assert closed.gone == size - len(told)
    submit(sessions, "new, of which every tenth comes back", range(size), hours=5)


def submit(
    sessions: sessionmaker[Session],
    what: str,
    numbers: Iterable[int],
    *,
    hours: int,
    snapshot_id: str | None = None,
) -> None:
    """Submits all of them, a full batch at a time, and prints what one batch took."""
    seconds, calls = 0.0, 0
    for batch in batches(numbers):
        started = time.monotonic()
        submit_records(
            sessions,
            consumer=ERP,
            message_id=f"{what} {calls}",
            record_type=RecordType.INVOICE,
            records=batch,
            snapshot_id=snapshot_id,
            now=BEGINNING + timedelta(hours=hours),
        )
        seconds, calls = seconds + time.monotonic() - started, calls + 1
    print(f"{what}: {seconds / calls * 1000:.0f} ms for each {BATCH}")


def batches(numbers: Iterable[int]) -> Iterator[list[Invoice]]:
    left = iter(numbers)
    while some := list(islice(left, BATCH)):
        yield [invoice(n) for n in some]


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints how long the block took."""
    started = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
