"""A flat file fed into a running bridge, and fed again: then all records are unchanged.

One row in ten repeats an earlier one, one in a hundred contradicts one.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measuring import BenchmarkFailed, Row
from tests.benchmarks.servers import Server, bridge_server

ROWS = 10_000
HEADER = "SALESORDERID,PARTNERID,CREATEDAT,CURRENCY,NETAMOUNT,TAXAMOUNT,GROSSAMOUNT\n"
COLUMNS = Path(__file__).parents[1] / "feed/columns/sap-bikes-invoices.toml"


def measure() -> Iterator[Row]:
    """A row for the first and for the second time."""
    with bridge_server(workers=1) as server, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.csv"
        with file.open("w") as rows:
            rows.write(HEADER)
            rows.writelines(csv_row(n) for n in range(ROWS))
        yield feed(file, server, f"feed {ROWS:,} rows")
        yield feed(file, server, "feed the same again")


def feed(file: Path, server: Server, what: str) -> Row:
    """Runs the command, and reads its report."""
    options = ["--as", "invoices", "--columns", str(COLUMNS), "--json"]
    whither = ["--url", server.url, "--consumer", server.consumer]
    command = [sys.executable, "-m", "bridge", "feed", str(file), *options, *whither]
    environment = {**os.environ, "ERP_BRIDGE_CONSUMER_SECRET": server.secret}
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    counts = {name: report[name] for name in ("accepted", "unchanged", "repeated", "rejected")}
    if sum(counts.values()) != ROWS:
        raise BenchmarkFailed(f"the feed tells of {counts}, which is not {ROWS} rows")
    memory = {"greatest MB": usage.ru_maxrss / 1024}
    return Row(what=what, value=ROWS / seconds, unit="rows/s", details={**counts, **memory})


def csv_row(n: int) -> str:
    """Row `n`: its own invoice, an earlier one again, or an earlier one with another amount."""
    number = n if n % 10 else n // 2
    gross = 119 + (n % 100 == 90)
    return f"{number:010},{number % 500},20240131,EUR,100.00,19.00,{gross}.00\n"
