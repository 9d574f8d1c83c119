"""Two ledgers compared in the store, beside the database's own join and beside other tools.

All look at the same records in turns, each in its own process, at each share of differences.
The rivals get two plain tables (`ledgers`); the bridge has three versions of each record.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from tests.benchmarks.comparing import why_not
from tests.benchmarks.ledgers import fill, forget_runs, open_ledger, plant
from tests.benchmarks.measuring import BenchmarkFailed, Row, take_turns
from tests.benchmarks.servers import postgres

SHARES = {0: 0, 0.1: 1_000, 1: 100, 10: 10, 50: 2}
"""Percent of the records that differ -> one in so many."""
JOIN_AIM = 1 / 1.5
JOIN_AIM_UP_TO_PERCENT = 1
ROUNDS = 3
OURS = {"compare": "compare", "compare_and_read": "compare, and read what differs"}
MORE = {
    "compare_and_decide": "compare and decide",
    "reconcile": "the whole job, totals and all that it writes",
}
RIVALS = {"bare_join": "bare full outer join", "datacompy": "datacompy, loading included"}
POSTGRES_RIVALS = {**RIVALS, "reladiff": "reladiff"}


def measure(size: int) -> Iterator[Row]:
    """Rows for each database and share of differences, of so many invoices a side."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-bridge-bench-"))
        yield from on_database("SQLite", f"sqlite:///{Path(folder) / 'bridge.db'}", size, RIVALS)
    with postgres() as url:
        yield from on_database("PostgreSQL", url, size, POSTGRES_RIVALS)


def on_database(name: str, url: str, size: int, rivals: Mapping[str, str]) -> Iterator[Row]:
    """All shares, each with the differences of those before and its own."""
    ledger = open_ledger(url)
    fill(ledger, size)
    differing: set[int] = set()
    with ExitStack() as stack:
        ways = {
            one: stack.enter_context(running_way(one, url))
            for one in (*OURS, *MORE, *rivals)
            if not why_not(one)
        }
        for percent, one_in in SHARES.items():
            new = set(range(1, size, one_in) if one_in else ()) - differing
            plant(ledger, sorted(new))
            differing |= new
            take = partial(taken, ways, len(differing))
            what = f"{name}: {size:,} invoices a side, {percent:g} % differ: "
            yield from beside_rivals(what, take, size, percent, rivals)
            for more, called in MORE.items():
                one = take(more)
                told = {"records/s": size / one["seconds"], "greatest MB": one["megabytes"]}
                yield Row(what=what + called, value=one["seconds"], unit="s", details=told)
            forget_runs(ledger)
    ledger.application.close()


def beside_rivals(
    what: str,
    take: Callable[[str], dict[str, Any]],
    size: int,
    percent: float,
    rivals: Mapping[str, str],
) -> Iterator[Row]:
    """Ours beside each of them."""
    absent = {rival: reason for rival in rivals if (reason := why_not(rival))}
    ways = [*OURS, *(rival for rival in rivals if rival not in absent)]
    all_taken: dict[str, list[dict[str, Any]]] = {one: [] for one in ways}

    def seconds_of(one: str) -> float:
        all_taken[one].append(take(one))
        return float(all_taken[one][-1]["seconds"])

    turns = take_turns([partial(seconds_of, one) for one in ways], rounds=ROUNDS)
    seconds = dict(zip(ways, turns, strict=True))
    memory = {one: max(some["megabytes"] for some in all_taken[one]) for one in ways}
    for (ours, words), (rival, called) in product(OURS.items(), rivals.items()):
        if rival in absent:
            yield Row(what=f"{what}{words}, beside {called}", remark=absent[rival])
            continue
        yield Row(
            what=what + words,
            value=seconds[ours],
            unit="s",
            rival=called,
            rival_value=seconds[rival],
            aim=_aim(rival, percent),
            details={"records/s": size / seconds[ours], "greatest MB": memory[ours]},
            rival_details={"greatest MB": memory[rival]},
        )


@contextmanager
def running_way(name: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that takes a way whenever it is told to."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.comparing", name, url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def taken(ways: Mapping[str, subprocess.Popen[str]], expected: int, name: str) -> dict[str, Any]:
    """What taking a way came to. Raises BenchmarkFailed where it fails or finds something else."""
    process = ways[name]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("take it\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise BenchmarkFailed(f"{name} ended with {process.wait()}, and says why above")
    told: dict[str, Any] = json.loads(answer)
    if told["found"] != expected:
        raise BenchmarkFailed(f"{name} found {told['found']} differences, not {expected}")
    return told


def _aim(rival: str, percent: float) -> float | None:
    if rival != "bare_join":
        return 1
    return JOIN_AIM if percent <= JOIN_AIM_UP_TO_PERCENT else None
