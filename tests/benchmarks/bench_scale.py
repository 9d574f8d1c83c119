"""N invoices submitted by SOAP, carried to the sandbox, read back and reconciled.

`python -m tests.benchmarks.bench_scale [N ...]` (10,000 and 100,000 by default) prints seconds per
step, Salesforce calls beside the fewest that the work takes, and each process's greatest memory and
CPU time (which other work on the machine disturbs less than the clock).
ERP_BRIDGE_DATABASE__URL names an empty PostgreSQL database to use instead of SQLite.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.app import Application, ready_application, utc_now
from bridge.consumer import ServiceConsumer
from bridge.demo.processes import Process, lay_out, running_bridge, running_sandbox
from bridge.domain.records import Customer, CustomerStatus, DocumentStatus, Invoice, Record
from bridge.operations.consumers import create_consumer
from bridge.operations.overview import ask_for_run, get_run

CUSTOMERS = 40
BATCH = 500


def main() -> None:
    """Runs each size in a world of its own."""
    for size in [int(argument) for argument in sys.argv[1:]] or [10_000, 100_000]:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, Path(folder))


def measure(size: int, folder: Path) -> None:
    """Prints the figures of one size."""
    place = lay_out(folder, os.environ.get("ERP_BRIDGE_DATABASE__URL"))
    os.environ.update(place.environment)
    print(f"--- {size:,} invoices")
    with running_sandbox(place) as sandbox, ready_application() as application:
        secret = create_consumer(application.sessions, name=f"erp-{size}", now=utc_now())
        with running_bridge(place, every_seconds=0) as bridge:
            run(application, "fetch")
            erp = ServiceConsumer(place.bridge_url, f"erp-{size}", secret)
            with timed("submit"):
                submit(erp, [customer(n) for n in range(CUSTOMERS)])
                submit(erp, [invoice(n) for n in range(size)])
            for job in ("reconcile-customers", "reconcile-financials", "relay"):
                run(application, job)
            for job in ("fetch", "reconcile-financials"):
                summary = run(application, job)
            assert summary["types"]["INVOICE"]["differing"] == 0, summary
            for name, process in (("sandbox", sandbox), ("bridge", bridge)):
                for pid, peak, seconds in usage(process):
                    print(f"{name} process {pid}: {peak:,} KB at most, {seconds:.1f} s of CPU")


def submit(erp: ServiceConsumer, records: list[Record]) -> None:
    """Sends all records, a full batch a call."""
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        erp.submit(f"{type(batch[0]).__name__}-{start}", batch)


def run(application: Application, job: str) -> Mapping[str, Any]:
    """Has the scheduler run a job, and prints what it took."""
    with timed(job):
        run_id = ask_for_run(application.sessions, job=job, now=utc_now())
        while not (view := get_run(application.sessions, run_id=run_id)).ended:
            time.sleep(0.05)
    assert view.error is None, view
    calls, fewest = view.summary.get("salesforce_calls"), view.summary.get("fewest_calls")
    if fewest:
        print(f"    calls {calls}, at least {fewest}")
    return view.summary


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints how long the block took."""
    started = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - started:.1f} s")


def usage(process: Process) -> Iterator[tuple[int, int, float]]:
    """Greatest resident size (KB) and CPU seconds of a process and its children, by process id."""
    ticks = os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, children)):
        status = Path(f"/proc/{pid}/status").read_text()
        figures = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(figures[11]) + int(figures[12])) / ticks  # utime, stime: proc(5)
        yield pid, int(status.split("VmHWM:")[1].split()[0]), cpu


def customer(n: int) -> Customer:
    return Customer(number=f"C{n}", name=f"Company {n}", status=CustomerStatus.ACTIVE)


def invoice(n: int) -> Invoice:
    net = Decimal(1_000 + n) / 8
    gross = (net * Decimal("1.19")).quantize(Decimal("0.01"))
    return Invoice(
        company_code="1000",
        number=f"{n:08}",
        customer_number=f"C{n % CUSTOMERS}",
        issued_on=date(2026, 1, 1 + n % 28),
        currency="EUR",
        net_amount=net,
        tax_amount=gross - net,
        gross_amount=gross,
        open_amount=gross,
        status=DocumentStatus.OPEN,
    )


if __name__ == "__main__":
    main()
