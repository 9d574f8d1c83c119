"""Customers that both sides have without a link, matched: 5,000, 20,000 and 50,000 a side.

Made-up companies (tests.quality), a tenth of them affiliates. Each size has a process of its own.
The CPU seconds tell whether the work grows as the customers do: those of the machine's other work
are not among them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from math import log2
from typing import Any

from tests.benchmarks.measuring import BenchmarkFailed, Row

SIZES = (5_000, 20_000, 50_000)
LINEAR_AIM = 1 / 1.5


def measure() -> Iterator[Row]:
    """A row for each size, beside what the first one makes one expect."""
    taken = {size: match(size) for size in SIZES}
    yield from rows(taken)


def match(size: int) -> dict[str, Any]:
    """Matches so many a side in a new process. Raises BenchmarkFailed."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.matching", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkFailed(f"matching {size}: {done.stderr.strip()[-1000:]}")
    taken: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return taken


def rows(taken: dict[int, dict[str, Any]]) -> Iterator[Row]:
    """A row for each size, the smallest first."""
    sizes = sorted(taken)
    for before, size in zip((None, *sizes), sizes, strict=False):
        one = taken[size]
        details = {"seconds": one["seconds"], "proposals": one["proposals"]}
        if before is not None:
            times = one["cpu_seconds"] / taken[before]["cpu_seconds"]
            details["times for twice as many"] = times ** (1 / log2(size / before))
        yield Row(
            what=f"{size:,} customers matched against {size:,}",
            value=one["cpu_seconds"],
            unit="CPU s",
            rival="" if before is None else f"linear from {sizes[0]:,}",
            rival_value=(
                None if before is None else taken[sizes[0]]["cpu_seconds"] * size / sizes[0]
            ),
            aim=None if before is None else LINEAR_AIM,
            details=details | {"greatest MB": one["megabytes"]},
        )
