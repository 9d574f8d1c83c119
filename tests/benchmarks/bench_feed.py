"""N rows of a flat file fed into a running bridge: seconds, rows a second, greatest memory.

`python -m tests.benchmarks.bench_feed [N ...]` (10,000 and 200,000 by default). One row in ten
repeats an earlier one, one in a hundred contradicts one. Every size is fed twice: the second time
all records are unchanged.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bridge.app import ready_application, utc_now
from bridge.demo.processes import Place, lay_out, running_bridge
from bridge.operations.consumers import create_consumer

HEADER = "SALESORDERID,PARTNERID,CREATEDAT,CURRENCY,NETAMOUNT,TAXAMOUNT,GROSSAMOUNT\n"
COLUMNS = Path(__file__).parents[1] / "feed/columns/sap-bikes-invoices.toml"


def main() -> None:
    """Feeds each size into a bridge of its own."""
    for size in [int(argument) for argument in sys.argv[1:]] or [10_000, 200_000]:
        with tempfile.TemporaryDirectory() as folder:
            place = lay_out(Path(folder), None)
            os.environ.update(place.environment)
            with ready_application() as application:
                os.environ["ERP_BRIDGE_CONSUMER_SECRET"] = create_consumer(
                    application.sessions, name="erp", now=utc_now()
                )
                with running_bridge(place, every_seconds=0):
                    measure(size, place)


def measure(size: int, place: Place) -> None:
    """Prints the figures of one size."""
    file = place.folder / "export.csv"
    with file.open("w") as rows:
        rows.write(HEADER)
        rows.writelines(row(n) for n in range(size))
    print(f"--- {size:,} rows, {file.stat().st_size / 1e6:,.1f} MB")
    for times in ("first", "second"):
        started = time.monotonic()
        report = feed(file, place)
        seconds = time.monotonic() - started
        counts = {name: report[name] for name in ("accepted", "unchanged", "repeated", "rejected")}
        print(f"{times} time: {seconds:.1f} s, {size / seconds:,.0f} rows a second, {counts}")
        assert sum(counts.values()) == size
    peak_kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"the feed's greatest memory so far: {peak_kilobytes:,} KB")


def feed(file: Path, place: Place) -> dict[str, int]:
    """Runs the command, and reads its report."""
    what = ["--as", "invoices", "--columns", str(COLUMNS), "--json"]
    whither = ["--url", place.bridge_url, "--consumer", "erp"]
    command = [sys.executable, "-m", "bridge", "feed", str(file), *what, *whither]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    report: dict[str, int] = json.loads(done.stdout)
    return report


def row(n: int) -> str:
    """Row `n`: its own invoice, an earlier one again, or an earlier one with another amount."""
    number = n if n % 10 else n // 2
    gross = 119 + (n % 100 == 90)
    return f"{number:010},{number % 500},20240131,EUR,100.00,19.00,{gross}.00\n"


if __name__ == "__main__":
    main()
