"""Many invoices submitted by SOAP, carried to the sandbox, read back and reconciled.

Seconds of each step, Salesforce calls beside the fewest that the work takes, and the greatest
memory and the CPU time of each process. ERP_BRIDGE_DATABASE__URL names an empty PostgreSQL database
to use instead of SQLite.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge.app import Application, utc_now
from bridge.consumer import ServiceConsumer
from bridge.demo.processes import Place, Process, lay_out, running_bridge, running_sandbox
from bridge.domain.records import Record
from bridge.operations.consumers import create_consumer
from bridge.operations.overview import ask_for_run, get_run
from bridge.settings import load_settings
from tests.benchmarks.measuring import BenchmarkFailed, Row
from tests.benchmarks.samples import BATCH, CUSTOMERS, customer, invoice
from tests.benchmarks.servers import peak_megabytes_of, seconds_of, workers_of

COMPARE = ("reconcile-customers", "reconcile-financials")


def measure(size: int) -> Iterator[Row]:
    """A row for each step and each process, of so many invoices."""
    with tempfile.TemporaryDirectory() as folder:
        place = lay_out(Path(folder), os.environ.get("ERP_BRIDGE_DATABASE__URL"))
        application = Application(load_settings(environment=place.environment))
        application.prepare_database()
        with (
            running_sandbox(place) as sandbox,
            running_bridge(place, every_seconds=0) as bridge,
        ):
            yield from steps(size, application, place)
            for name, process in (("the sandbox", sandbox), ("the bridge", bridge)):
                yield from processes(f"{size:,} invoices: {name}", process)
        application.engine.dispose()


def steps(size: int, application: Application, place: Place) -> Iterator[Row]:
    """The whole way of the invoices, and back."""
    name = f"erp-{size}"
    erp = ServiceConsumer(
        place.bridge_url, name, create_consumer(application.sessions, name=name, now=utc_now())
    )
    run(application, "fetch")
    yield timed(f"{size:,} invoices: submit", lambda: submit(erp, size))
    for job in (*COMPARE, "relay", "fetch"):
        yield timed(f"{size:,} invoices: {job}", lambda job=job: run(application, job))
    summary: Mapping[str, Any] = {}

    def compare_again() -> Mapping[str, Any]:
        nonlocal summary
        summary = run(application, "reconcile-financials")
        return summary

    yield timed(f"{size:,} invoices: reconcile-financials again", compare_again)
    if summary["types"]["INVOICE"]["differing"]:
        raise BenchmarkFailed(f"both sides differ in the end: {summary}")


def submit(erp: ServiceConsumer, size: int) -> None:
    """Sends all records, a full batch a call."""
    records: list[Record] = [customer(n) for n in range(CUSTOMERS)]
    for batch in (records, *batches(size)):
        erp.submit(f"{type(batch[0]).__name__}-{batch[0].number}", batch)


def batches(size: int) -> Iterator[list[Record]]:
    """The invoices in full submissions."""
    for start in range(0, size, BATCH):
        yield [invoice(n) for n in range(start, min(start + BATCH, size))]


def run(application: Application, job: str) -> Mapping[str, Any]:
    """Has the scheduler run a job; its summary."""
    run_id = ask_for_run(application.sessions, job=job, now=utc_now())
    while not (view := get_run(application.sessions, run_id=run_id)).ended:
        time.sleep(0.05)
    if view.error is not None:
        raise BenchmarkFailed(f"{job}: {view.error}")
    return view.summary


def timed(what: str, work: Callable[[], Mapping[str, Any] | None]) -> Row:
    """A row of the seconds that the work takes, with the calls that its summary tells."""
    started = time.monotonic()
    summary = work() or {}
    seconds = time.monotonic() - started
    details = {}
    if summary.get("fewest_calls"):
        calls = sum(summary["salesforce_calls"].values())
        details = {"Salesforce calls": calls, "at least": summary["fewest_calls"]}
    return Row(what=what, value=seconds, unit="s", details=details)


def processes(what: str, process: Process) -> Iterator[Row]:
    """What a program's processes have used so far."""
    for pid in (process.pid, *workers_of(process.pid)):
        which = what if pid == process.pid else f"{what}'s worker"
        details = {"CPU s": seconds_of(pid)}
        yield Row(what=which, value=peak_megabytes_of(pid), unit="MB", details=details)
